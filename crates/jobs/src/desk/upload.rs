//! An analysis that comes with its file: the bytes go straight to the vendor and are not kept.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use callweave_credentials::connector::OpenConnection;
use callweave_model::job::Delivery;
use callweave_provider::{
    CallContext, ErrorKind, ProviderError, cannot, http_client::UploadBody, submit::Submit,
};
use callweave_store::{
    StoreError,
    connections::Connection,
    jobs::{Holder, Insertion, Job, JobLease, Next},
};
use futures::StreamExt as _;

use super::{Accepted, Requester, as_known, count};
use crate::{
    AnalysisOrder, Jobs, Refusal,
    input::Input,
    turn::{Failed, Handed, Turn},
    verdict::{job_error, own_error},
};

/// What came of beginning an upload.
#[derive(Debug)]
pub enum Begun {
    /// The file may come.
    New(Box<Upload>),
    /// The same request has made a job before.
    Known(Accepted),
}

/// An upload that has its job and waits for its file. Dropped without [`Upload::send`], its job
/// ends by itself: nothing was sent.
#[derive(Debug)]
pub struct Upload {
    jobs: Jobs,
    lease: JobLease,
    job: Job,
    connection: Connection,
    open: OpenConnection,
    input: Input,
    request_id: String,
}

impl Jobs {
    /// Takes an analysis on whose file comes along, as far as that goes before the file: the
    /// vendor takes it, the plan has room, and the vendor accepts our token, since a streamed body
    /// cannot be sent again when it does not.
    pub async fn begin_upload(
        &self,
        connection: &Connection,
        requester: &Requester,
        order: AnalysisOrder,
    ) -> Result<Begun, Refusal> {
        let tenant = connection.tenant_id;
        if let Some(known) = self.known(tenant, requester).await? {
            return Ok(Begun::Known(known));
        }
        let open = self.open(connection)?;
        let mut job = self
            .new_analysis(&open, connection, requester, &order.submission)
            .await?;
        self.prove_token(&open, &requester.doer.request_id).await?;
        let input = Input::Analysis(order);
        job.streamed = true;
        // What it is looked for by, should its answer be lost.
        self.seal(tenant, &mut job, &input)?;
        let holder = Holder {
            owner: self.owner,
            lease: self.options.lease,
        };
        let mut tx = self.store.tenant(tenant).await?;
        let trace = self.options.traces.here();
        let inserted = tx
            .insert_job(&job, Some(holder), trace.as_deref(), self.keys_since())
            .await?;
        let lease = match inserted {
            Insertion::New(lease) => lease,
            Insertion::Known(known) => {
                return Ok(Begun::Known(as_known(&mut tx, *known).await?));
            }
        };
        tx.audit(&requester.doer.did("job.created", &job)).await?;
        tx.commit().await?;
        count(&job);
        job.news_told();
        Ok(Begun::New(Box::new(Upload {
            jobs: self.clone(),
            lease,
            job,
            connection: connection.clone(),
            open,
            input,
            request_id: requester.doer.request_id.clone(),
        })))
    }

    /// Makes the vendor's cheapest call, so that the token is known to be accepted.
    async fn prove_token(&self, open: &OpenConnection, request_id: &str) -> Result<(), Refusal> {
        let provider = open.provider();
        open.run(request_id, |access| {
            Box::pin(async move { provider.check(&access.context()).await })
        })
        .await?;
        Ok(())
    }
}

impl Upload {
    /// The job, as it stands before the file.
    pub const fn job(&self) -> &Job {
        &self.job
    }

    /// Sends the file, once, as it comes. The job says what came of it: taken, refused, broken off
    /// before it was whole (then the vendor does not have it), or not known.
    ///
    /// `again` tells after the end whether the same request may make another job: a caller that
    /// broke off has sent nothing.
    pub async fn send(
        self,
        content: UploadBody,
        again: impl Fn() -> bool,
    ) -> Result<Job, StoreError> {
        let (jobs, lease) = (self.jobs.clone(), self.lease);
        let work = Box::pin(self.send_held(content, again));
        jobs.hold(lease, work).await
    }

    async fn send_held(
        self,
        content: UploadBody,
        again: impl Fn() -> bool,
    ) -> Result<Job, StoreError> {
        let (open, input) = (self.open.clone(), self.input);
        let mut turn = Turn::new(&self.jobs, self.lease, self.job, self.connection, self.open);
        let admission = match open.admit(&self.request_id).await {
            Ok(admission) => admission,
            Err(error) => {
                turn.fail(job_error(&error), Delivery::None);
                turn.save(Some(Next::Never)).await?;
                return Ok(turn.job);
            }
        };
        turn.mark_submitting().await?;
        let (content, whole) = watched(content);
        let access = admission.access();
        let call = access.context();
        let outcome = open
            .carry(&admission, hand(&open, &call, &input, content))
            .await;
        match outcome {
            Ok(handed) => turn.taken(handed, &input).await?,
            Err(error) if whole.load(Ordering::SeqCst) => {
                turn.not_taken(Failed::sending(error)).await?;
            }
            Err(error) => {
                if again() {
                    turn.job.origin.key = None;
                }
                broken_off(&mut turn, &error).await?;
            }
        }
        Ok(turn.job)
    }
}

async fn hand(
    open: &OpenConnection,
    context: &CallContext<'_>,
    input: &Input,
    file: UploadBody,
) -> Result<Handed, ProviderError> {
    let provider = open.provider().as_ref();
    let (Some(submit), Input::Analysis(order)) = (provider.submit(), input) else {
        return Err(cannot(provider, "submit"));
    };
    let taken = Submit::submit(submit, context, &order.submission, Some(file)).await?;
    Ok(Handed::Record {
        record: taken.record,
        hint: taken.hint,
    })
}

/// The request ended before all of the file had left: the vendor never got a whole one.
async fn broken_off(turn: &mut Turn<'_>, error: &ProviderError) -> Result<(), StoreError> {
    let told = job_error(error);
    turn.close_attempt("refused", Some(&told.code));
    let about_the_way = matches!(
        error.kind,
        ErrorKind::Transport | ErrorKind::BadResponse | ErrorKind::VendorFailure
    );
    let failure = if about_the_way {
        own_error(
            &told.code,
            "the upload broke off before the file was whole; the vendor does not have it",
        )
    } else {
        told
    };
    turn.fail(failure, Delivery::None);
    turn.settle(Some(Next::Never)).await
}

/// The same body, and whether it came to its end. Nothing follows an error.
fn watched(body: UploadBody) -> (UploadBody, Arc<AtomicBool>) {
    let whole = Arc::new(AtomicBool::new(false));
    let begin = (Some(body.content), Arc::clone(&whole));
    let content = futures::stream::unfold(begin, |(content, mark)| async move {
        let mut content = content?;
        match content.next().await {
            Some(Ok(piece)) => Some((Ok(piece), (Some(content), mark))),
            Some(Err(error)) => Some((Err(error), (None, mark))),
            None => {
                mark.store(true, Ordering::SeqCst);
                None
            }
        }
    });
    let watched = UploadBody {
        length: body.length,
        content: content.boxed(),
    };
    (watched, whole)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::{StreamExt as _, stream};

    use super::*;

    fn body(pieces: Vec<std::io::Result<Bytes>>) -> UploadBody {
        UploadBody {
            length: None,
            content: stream::iter(pieces).boxed(),
        }
    }

    #[tokio::test]
    async fn a_body_is_whole_only_after_its_end() {
        let piece = || Ok(Bytes::from_static(b"a"));
        let (mut content, whole) = watched(body(vec![piece(), piece()]));
        for _ in 0..2 {
            assert!(content.content.next().await.is_some());
            assert!(!whole.load(Ordering::SeqCst));
        }
        assert!(content.content.next().await.is_none());
        assert!(whole.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_body_that_broke_off_is_not_whole() {
        let broken = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        let (content, whole) = watched(body(vec![Ok(Bytes::from_static(b"a")), broken]));
        let pieces: Vec<_> = content.content.collect().await;
        assert_eq!(pieces.len(), 2);
        assert!(!whole.load(Ordering::SeqCst));
    }
}
