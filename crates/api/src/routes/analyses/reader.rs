//! Reading a form: its fields, then its file, piece by piece, bounded and hashed.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request, multipart::Field},
};
use bytes::Bytes;
use futures::{StreamExt as _, future, stream};
use http::header;
use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, oneshot};

use super::{
    form::{FILE, Fields, file_head, unreadable, wrong},
    spool::Spool,
};
use crate::{
    ApiState,
    middleware::header_text,
    problem::{Problem, codes},
    wire::order::{AnalysisInput, FileHead},
};

/// Fields that were not filled in may come behind the file, as browsers send them; so many.
const EMPTY_PARTS: usize = 32;

/// So much of a file that is not wanted is read all the same, so that a caller who is still
/// sending gets to see why.
const COURTESY: u64 = 8 * 1024 * 1024;

/// What is known before the file is passed on.
#[derive(Debug)]
pub(super) struct Head {
    /// What the fields ask for.
    pub(super) input: AnalysisInput,
    /// The file, as it is sent.
    pub(super) file: FileHead,
    /// Its size, where its part announces it.
    pub(super) length: Option<u64>,
    /// What names the request.
    pub(super) hash: Vec<u8>,
}

/// A file that was read to its end.
#[derive(Debug)]
pub(super) struct Read {
    /// SHA-256 over it.
    pub(super) hash: Vec<u8>,
}

/// What is to be done with the file.
#[derive(Debug)]
pub(super) enum Go {
    /// It is read and dropped.
    Drain,
    /// It is passed on.
    Pass {
        sender: mpsc::Sender<io::Result<Bytes>>,
        /// Its size, where that is known ahead.
        length: Option<u64>,
        /// The caller's side failed.
        failed: Arc<AtomicBool>,
    },
}

impl Go {
    /// Passes the file on; tells afterwards whether the caller's side failed.
    pub(super) fn passing(
        sender: mpsc::Sender<io::Result<Bytes>>,
        length: Option<u64>,
    ) -> (Self, Arc<AtomicBool>) {
        let failed = Arc::new(AtomicBool::new(false));
        let pass = Self::Pass {
            sender,
            length,
            failed: Arc::clone(&failed),
        };
        (pass, failed)
    }
}

/// A form that is read once.
pub(super) struct Reader {
    form: Multipart,
    target: String,
    /// The name under which the file is sent, without its ending.
    unique: String,
    limit: u64,
}

impl Reader {
    /// The form of a request, whatever its size; its file is bounded piece by piece.
    pub(super) async fn open(state: &ApiState, request: Request) -> Result<Self, Problem> {
        let target = request.uri().path().to_owned();
        let (parts, body) = request.into_parts();
        // The reader of forms takes in all that is there at once: it is given one piece at a time.
        // The end comes after a pause as well: where it came in one go with a first piece, the
        // reader would take the form for cut off without a look at the piece.
        let pieces = body.into_data_stream().map(Some);
        let paced = pieces
            .chain(stream::once(future::ready(None)))
            .then(|piece| async {
                tokio::task::yield_now().await;
                piece
            })
            .filter_map(future::ready);
        let mut request = Request::from_parts(parts, Body::from_stream(paced));
        DefaultBodyLimit::disable().apply(&mut request);
        let form = Multipart::from_request(request, state)
            .await
            .map_err(|_rejection| {
                Problem::new(
                    codes::BAD_REQUEST,
                    "the Content-Type of a form must name its boundary",
                )
            })?;
        Ok(Self {
            form,
            target,
            unique: state.ids().next().to_string(),
            limit: state.options().upload_limit,
        })
    }

    /// Reads the fields, tells of them, and does with the file what is then said. Without a word
    /// the file is not wanted.
    ///
    /// A file behind a `submission` is passed on while it comes: nothing else may follow. Behind
    /// single fields there may be more of them, so it is put aside until the form has ended.
    pub(super) async fn read(
        mut self,
        head: oneshot::Sender<Head>,
        go: oneshot::Receiver<Go>,
    ) -> Result<Read, Problem> {
        let mut fields = Fields::default();
        let field = loop {
            let next = self.form.next_field().await;
            let Some(field) = next.map_err(|error| unreadable(&error))? else {
                return Err(missing_file());
            };
            if field.name() == Some(FILE) {
                break field;
            }
            fields.take(field).await?;
        };
        let file = file_head(&self.unique, field.file_name(), field.content_type());
        let part = FilePart {
            given_name: field.file_name().unwrap_or_default().to_owned(),
            length: length_of(&field),
            file,
        };
        if !fields.are_complete() {
            let mut spool = Spool::default();
            let mut intake = Intake::new(self.limit, part.length);
            intake.take(field, Sink::Spool(&mut spool)).await?;
            return self
                .pass_spooled(fields, part, intake, spool, head, go)
                .await;
        }
        let told = part.head(&self.target, fields)?;
        if head.send(told).is_err() {
            return Err(unwanted());
        }
        let Ok(go) = go.await else {
            let mut rest = Intake::new(COURTESY, None);
            // Whatever it is, nobody asks for it.
            let _ = rest.take(field, Sink::Nothing).await;
            return Err(unwanted());
        };
        let (sender, length, failed) = match go {
            Go::Drain => (None, None, None),
            Go::Pass {
                sender,
                length,
                failed,
            } => (Some(sender), length, Some(failed)),
        };
        let mut intake = Intake::new(self.limit, length);
        let sink = sender.as_ref().map_or(Sink::Nothing, Sink::Vendor);
        let taken = match intake.take(field, sink).await {
            Ok(()) => self.end().await,
            Err(problem) => Err(problem),
        };
        if let (Err(_), Some(failed), Some(sender)) = (&taken, failed, sender) {
            break_off(&sender, &failed).await;
        }
        taken.map(|()| intake.read())
    }

    /// Reads the fields behind a file that was put aside, tells of them, and passes it on.
    async fn pass_spooled(
        mut self,
        mut fields: Fields,
        part: FilePart,
        intake: Intake,
        spool: Spool,
        head: oneshot::Sender<Head>,
        go: oneshot::Receiver<Go>,
    ) -> Result<Read, Problem> {
        while let Some(field) = self
            .form
            .next_field()
            .await
            .map_err(|error| unreadable(&error))?
        {
            if field.name() == Some(FILE) {
                return Err(wrong("/file", "repeated", "is given twice"));
            }
            fields.take(field).await?;
        }
        let part = FilePart {
            length: Some(intake.read),
            ..part
        };
        let told = part.head(&self.target, fields)?;
        let announced = told.input.source.size_bytes;
        if announced.is_some_and(|length| length > self.limit) {
            return Err(too_large(self.limit));
        }
        if announced.is_some_and(|length| length != intake.read) {
            return Err(other_size());
        }
        if head.send(told).is_err() {
            return Err(unwanted());
        }
        if let Go::Pass { sender, failed, .. } = go.await.map_err(|_gone| unwanted())?
            && let Err(error) = spool.pass_on(&sender).await
        {
            break_off(&sender, &failed).await;
            return Err(no_room(&error));
        }
        Ok(intake.read())
    }

    /// Makes sure that the file was the last part of a whole form that says something.
    async fn end(&mut self) -> Result<(), Problem> {
        for _ in 0..=EMPTY_PARTS {
            let next = self.form.next_field().await;
            let Some(mut field) = next.map_err(|error| unreadable(&error))? else {
                return Ok(());
            };
            let piece = field.chunk().await.map_err(|error| unreadable(&error))?;
            if piece.is_some_and(|piece| !piece.is_empty()) {
                break;
            }
        }
        let detail =
            "must be the last part of a form with a `submission`, which holds all the rest";
        Err(wrong("/file", "invalid_value", detail))
    }
}

/// What its part tells of a file.
struct FilePart {
    file: FileHead,
    given_name: String,
    length: Option<u64>,
}

impl FilePart {
    /// What is known before the file is passed on.
    fn head(self, target: &str, fields: Fields) -> Result<Head, Problem> {
        let hash = fields.hash(target, &self.file, &self.given_name);
        Ok(Head {
            input: fields.read()?,
            file: self.file,
            length: self.length,
            hash,
        })
    }
}

/// The vendor's request is broken off, not ended.
async fn break_off(sender: &mpsc::Sender<io::Result<Bytes>>, failed: &AtomicBool) {
    failed.store(true, Ordering::SeqCst);
    let _ = sender
        .send(Err(io::Error::other("the caller broke off")))
        .await;
}

/// The length that the part itself announces.
fn length_of(field: &Field<'_>) -> Option<u64> {
    header_text(field.headers(), header::CONTENT_LENGTH)?
        .parse()
        .ok()
}

/// Where the pieces of a file go.
enum Sink<'a> {
    Nothing,
    Vendor(&'a mpsc::Sender<io::Result<Bytes>>),
    Spool(&'a mut Spool),
}

/// Counts and hashes a file.
struct Intake {
    limit: u64,
    length: Option<u64>,
    read: u64,
    hash: Sha256,
}

impl Intake {
    fn new(limit: u64, length: Option<u64>) -> Self {
        Self {
            limit,
            length,
            read: 0,
            hash: Sha256::new(),
        }
    }

    /// Reads a file to its end. Pieces that the vendor does not take any more are read all the
    /// same, so that the caller can be answered.
    async fn take(&mut self, mut field: Field<'_>, mut sink: Sink<'_>) -> Result<(), Problem> {
        while let Some(piece) = field.chunk().await.map_err(|error| unreadable(&error))? {
            self.count(&piece)?;
            match &mut sink {
                Sink::Nothing => {}
                Sink::Vendor(sender) => {
                    if sender.send(Ok(piece)).await.is_err() {
                        sink = Sink::Nothing;
                    }
                }
                Sink::Spool(spool) => {
                    let pushed = spool.push(&piece).await;
                    pushed.map_err(|error| no_room(&error))?;
                }
            }
        }
        match self.length {
            Some(length) if length != self.read => Err(other_size()),
            _ => Ok(()),
        }
    }

    fn read(self) -> Read {
        Read {
            hash: self.hash.finalize().to_vec(),
        }
    }

    fn count(&mut self, piece: &Bytes) -> Result<(), Problem> {
        self.read = self.read.saturating_add(piece.len() as u64);
        self.hash.update(piece);
        if self.read > self.limit {
            return Err(too_large(self.limit));
        }
        if self.length.is_some_and(|length| self.read > length) {
            return Err(other_size());
        }
        Ok(())
    }
}

pub(super) fn too_large(limit: u64) -> Problem {
    let detail = format!("a recording may have up to {limit} bytes here");
    Problem::new(codes::BODY_TOO_LARGE, detail)
}

fn other_size() -> Problem {
    wrong(
        "/source/size_bytes",
        "invalid_value",
        "is not the size of the file that came",
    )
}

fn missing_file() -> Problem {
    wrong("/file", "missing", "the form has no part `file`")
}

/// The directory for temporary files cannot hold the file.
fn no_room(error: &io::Error) -> Problem {
    tracing::error!(error = %error, "A recording could not be put aside in the directory for temporary files");
    Problem::new(
        codes::UNAVAILABLE,
        "the gateway has no room for the file at the moment",
    )
    .with_retry_after(Duration::from_secs(60))
}

/// Nobody waits for the file; nobody sees this either.
fn unwanted() -> Problem {
    Problem::new(codes::BAD_REQUEST, "the file is not wanted")
}
