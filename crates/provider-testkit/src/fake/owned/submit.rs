//! Analyses at the fake vendor: each is written down, and ready when a test says so.

use async_trait::async_trait;
use callweave_model::{AnalyzedCall, Timestamp};
use callweave_provider::{
    CallContext, ErrorKind, RecordRef, Result,
    http_client::UploadBody,
    submit::{Cost, Found, Progress, Source, Submission, Submit, Submitted},
};
use futures::StreamExt as _;

use super::{Finds, Work};
use crate::fake::{
    operation::{FIND, PROGRESS, SUBMIT},
    provider::FakeProvider,
    vendor::{Fate, KIND, Standing},
};

/// What analyses take from the plan, where the plan has it.
pub const MINUTES: &str = "minutes";

impl FakeProvider {
    /// Reads a file to its end; `None` when it broke off before.
    async fn swallow(&self, upload: UploadBody) -> Result<u64> {
        let mut content = upload.content;
        let mut read = 0;
        let limit = self.vendor.owned(|owned| owned.reads_at_most);
        while let Some(piece) = content.next().await {
            let Ok(piece) = piece else {
                self.vendor.owned(|owned| owned.broken_uploads += 1);
                return Err(self.vendor.error(SUBMIT, ErrorKind::Transport));
            };
            read += piece.len() as u64;
            self.vendor.owned(|owned| owned.bytes_read = read);
            if limit.is_some_and(|limit| read > limit) {
                return Err(self.vendor.error(SUBMIT, ErrorKind::InvalidRequest));
            }
        }
        Ok(read)
    }

    /// A record that is known and not ready.
    pub(super) fn put_pending(&self, id: &str) {
        let known = self.vendor.lock().records.contains_key(id);
        if !known {
            self.vendor.put(AnalyzedCall::new(id));
        }
        self.vendor.set_standing(id, Standing::NotReady);
    }
}

fn submitted(id: &str) -> Submitted {
    Submitted {
        record: RecordRef::new(KIND, id),
        hint: None,
    }
}

#[async_trait]
impl Submit for FakeProvider {
    fn sources(&self) -> &'static [&'static str] {
        &["vendor_call", "recording", "recording_url", "audio", "chat"]
    }

    fn validate(&self, submission: &Submission) -> Result<()> {
        match &submission.source {
            Source::RecordingUrl { url } if !url.starts_with("https://") => {
                Err(self.refused(SUBMIT, "/source/url", "must be an https address"))
            }
            _ => Ok(()),
        }
    }

    fn cost(&self, submission: &Submission) -> Option<Cost> {
        let planned = self
            .vendor
            .owned(|owned| owned.usage.resources.contains_key(MINUTES));
        #[expect(clippy::cast_precision_loss, reason = "no test lasts that long")]
        let minutes = submission
            .duration_ms
            .map(|length| length as f64 / 60_000.0);
        planned.then_some(Cost {
            resource: MINUTES,
            amount: minutes,
        })
    }

    async fn submit(
        &self,
        context: &CallContext<'_>,
        submission: &Submission,
        upload: Option<UploadBody>,
    ) -> Result<Submitted> {
        let fate = self.enter_write(SUBMIT, context).await?;
        let bytes = match upload {
            Some(upload) => Some(self.swallow(upload).await?),
            None => None,
        };
        let id = match &submission.source {
            Source::VendorCall { call_remote_id } => call_remote_id.clone(),
            _ => self
                .vendor
                .owned(|owned| format!("work-{}", owned.next_id())),
        };
        self.put_pending(&id);
        let work = Work {
            id: id.clone(),
            submission: submission.clone(),
            bytes,
        };
        self.vendor.owned(|owned| owned.work.push(work));
        match fate {
            Fate::Answers => Ok(submitted(&id)),
            Fate::Lost => Err(self.vendor.error(SUBMIT, ErrorKind::Transport)),
        }
    }

    async fn find(
        &self,
        context: &CallContext<'_>,
        submission: &Submission,
        _sent_at: Timestamp,
    ) -> Result<Found<Submitted>> {
        self.enter(FIND, context).await?;
        Ok(self.vendor.owned(|owned| match owned.finds {
            Finds::CannotTell => Found::Unknown,
            Finds::Nothing => Found::No,
            Finds::Truth => {
                let mut work = owned.work.iter().rev();
                work.find(|known| known.submission == *submission)
                    .map_or(Found::No, |known| Found::Yes(submitted(&known.id)))
            }
        }))
    }

    async fn progress(&self, context: &CallContext<'_>, record: &RecordRef) -> Result<Progress> {
        self.enter(PROGRESS, context).await?;
        let world = self.vendor.lock();
        let standing = world.records.get(&record.remote_id);
        Ok(match standing.map(|record| record.standing) {
            Some(Standing::Ready | Standing::Hidden) => Progress::Done,
            Some(Standing::NotReady) => Progress::Processing {
                state_raw: Some("working".to_owned()),
            },
            Some(Standing::Broken) | None => Progress::Failed {
                code: Some("17".to_owned()),
                message: Some("the sound is too bad".to_owned()),
            },
        })
    }
}
