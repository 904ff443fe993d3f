//! An analysis with its file: the caller's bytes go to the vendor as they come.
//!
//! Two things run side by side: [`read`] takes the form in and hands the file's pieces on,
//! [`decide`] finds out from the fields what is to be done and sends. A narrow channel between
//! them holds the one back while the other is slow, so that only a few pieces are in memory.

use std::sync::atomic::Ordering;

use axum::{extract::Request, response::Response};
use callweave_jobs::{Accepted, Begun, Upload};
use callweave_provider::http_client::UploadBody;
use futures::StreamExt as _;
use http::header;
use tokio::sync::{mpsc, oneshot};

use super::reader::{Go, Head, Read, Reader, too_large};
use crate::{
    ApiState, Caller,
    audit::Witness,
    idempotency::{Claimed, RequiredKey, Ticket},
    middleware::header_text,
    problem::{Problem, codes},
    routes::{connections, jobs},
};

/// Pieces between the reader and the sender.
const PIECES: usize = 2;

/// Room for the fields and the frame of a form beside its file.
const FRAME: u64 = 2 * 1024 * 1024;

/// Takes a form in and passes its file on.
pub(super) async fn receive(
    state: ApiState,
    caller: Caller,
    key: RequiredKey,
    witness: Witness,
    request: Request,
) -> Result<Response, Problem> {
    refuse_announced(&request, state.options().upload_limit)?;
    let (to_head, head) = oneshot::channel();
    let (go, from_go) = oneshot::channel();
    let (to_end, end) = oneshot::channel();
    let reader = Reader::open(&state, request).await?;
    let reading = async {
        let read = Box::pin(reader.read(to_head, from_go)).await;
        // Nobody may wait for it any more.
        let _ = to_end.send(read);
    };
    let upload = Decision {
        state,
        caller,
        key,
        witness,
        go,
        end,
    };
    let ((), answer) = tokio::join!(reading, Box::pin(upload.decide(head)));
    answer
}

/// Refuses a body that is announced to be too large, before anything of it is read.
fn refuse_announced(request: &Request, limit: u64) -> Result<(), Problem> {
    let announced = header_text(request.headers(), header::CONTENT_LENGTH)
        .and_then(|text| text.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit.saturating_add(FRAME)) {
        return Err(too_large(limit));
    }
    Ok(())
}

/// What becomes of a form, by what stands before its file.
struct Decision {
    state: ApiState,
    caller: Caller,
    key: RequiredKey,
    witness: Witness,
    go: oneshot::Sender<Go>,
    end: oneshot::Receiver<Result<Read, Problem>>,
}

impl Decision {
    async fn decide(self, head: oneshot::Receiver<Head>) -> Result<Response, Problem> {
        let Ok(head) = head.await else {
            // The reader ended before the file: its problem is the answer.
            return Err(problem_of(self.end).await);
        };
        let limit = self.state.options().upload_limit;
        let length = head.input.source.size_bytes.or(head.length);
        if length.is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        let connection_id = head.input.connection_id;
        let order = head.input.check(Some(head.file))?;
        match Ticket::claim(&self.state, &self.caller, &self.key.0, &head.hash).await? {
            Claimed::Answered(ticket, sealed) => {
                let read = drained(self.go, self.end).await?;
                ticket.replay(&sealed, &read.hash).await
            }
            Claimed::Ours(ticket) => {
                let (tenant, state) = (self.caller.tenant, self.state.clone());
                let witness = self.witness.clone();
                let carried_out = Box::pin(self.carry_out(connection_id.0, order, length)).await;
                let (answer, read) = match carried_out {
                    Ok((accepted, read)) => (
                        jobs::answer(&state, tenant, &witness, accepted).await,
                        Some(read),
                    ),
                    Err(problem) => (Err(problem), None),
                };
                let hash = read.as_ref().map(|read| read.hash.as_slice());
                ticket.finish(hash, answer).await
            }
        }
    }

    async fn carry_out(
        self,
        connection_id: uuid::Uuid,
        order: callweave_jobs::AnalysisOrder,
        length: Option<u64>,
    ) -> Result<(Accepted, Read), Problem> {
        let mut tx = self.state.store().tenant(self.caller.tenant).await?;
        let connection = connections::find(&mut tx, connection_id)
            .await
            .map_err(|problem| problem.at_member("/connection_id"))?;
        tx.commit().await?;
        let requester = jobs::requester(&self.caller, self.key, &self.witness);
        let handle = self.state.jobs();
        match Box::pin(handle.begin_upload(&connection, &requester, order)).await? {
            Begun::Known(accepted) => Ok((accepted, drained(self.go, self.end).await?)),
            Begun::New(upload) => {
                self.witness.written();
                let (job, read) = pass_on(self.go, self.end, *upload, length).await?;
                Ok((Accepted::New(Box::new(job)), read))
            }
        }
    }
}

/// Passes the file on to the vendor while it is read. The job says what came of that; a problem
/// says that the caller's side failed, so that the vendor never got the whole file.
async fn pass_on(
    go: oneshot::Sender<Go>,
    end: oneshot::Receiver<Result<Read, Problem>>,
    upload: Upload,
    length: Option<u64>,
) -> Result<(callweave_store::jobs::Job, Read), Problem> {
    let (sender, receiver) = mpsc::channel(PIECES);
    let content = futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    let body = UploadBody {
        length,
        content: content.boxed(),
    };
    let (passing, failed) = Go::passing(sender, length);
    // A reader that has ended leaves the channel empty, which the job sees as an end too early.
    let _ = go.send(passing);
    let job = Box::pin(upload.send(body, move || failed.load(Ordering::SeqCst))).await?;
    let read = ended(end).await?;
    Ok((job, read))
}

/// Has the file read without passing it on.
async fn drained(
    go: oneshot::Sender<Go>,
    end: oneshot::Receiver<Result<Read, Problem>>,
) -> Result<Read, Problem> {
    // A reader that has ended tells it through `end`.
    let _ = go.send(Go::Drain);
    ended(end).await
}

async fn ended(end: oneshot::Receiver<Result<Read, Problem>>) -> Result<Read, Problem> {
    end.await.unwrap_or_else(|_gone| Err(broken()))
}

async fn problem_of(end: oneshot::Receiver<Result<Read, Problem>>) -> Problem {
    match ended(end).await {
        Err(problem) => problem,
        Ok(_) => broken(),
    }
}

fn broken() -> Problem {
    Problem::new(codes::INTERNAL, "the form could not be read to its end")
}
