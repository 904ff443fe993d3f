//! Having calls analysed (AV-01), and looking how far that is (AV-02).
//!
//! Each request begins an analysis and may cost money, and the vendor has no key that would tell a
//! second one from the first. So a call that it has analysed, or is at, is not sent again unless
//! the caller says so.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use callweave_model::{AnalyzedCall, Timestamp};
use callweave_provider::{
    CallContext, ErrorKind, ProviderError, RecordRef, Result, Retry,
    http_client::UploadBody,
    submit::{Found, Progress, Source, Submission, Submit, Submitted},
    tolerant,
};
use serde_json::Value;

use crate::{
    AloVoice, VENDOR,
    client::{Got, SEND},
    error::{bad_response, error, message},
    lookup::{CALL, begun_after, check_id},
    map::{self, Meaning},
};

/// The clocks of the vendor and of the gateway may stand so far apart.
const SKEW: Duration = Duration::from_mins(2);

/// Within so much time an analysis that was begun shows.
const SETTLED: Duration = Duration::from_hours(1);

/// What the vendor has of a call.
enum Standing {
    /// Nothing that it tells, or nothing at all. Its own words, where it has some.
    Unknown(Option<String>),
    /// An analysis that goes on, begun at this time.
    Pending(Option<Timestamp>),
    /// An analysis that is there, begun at this time.
    Ready(Option<Timestamp>),
}

#[async_trait]
impl Submit for AloVoice {
    fn sources(&self) -> &'static [&'static str] {
        &["vendor_call"]
    }

    fn validate(&self, submission: &Submission) -> Result<()> {
        call_of(submission)?;
        // What the vendor has no place for would be lost in silence.
        for (pointer, given) in [
            ("/folder_remote_id", submission.folder_remote_id.is_some()),
            ("/processing_mode", submission.processing_mode.is_some()),
        ] {
            if given {
                return Err(refused(pointer, "cannot be told to this vendor"));
            }
        }
        Ok(())
    }

    async fn submit(
        &self,
        context: &CallContext<'_>,
        submission: &Submission,
        _upload: Option<UploadBody>,
    ) -> Result<Submitted> {
        let call_id = call_of(submission)?;
        let standing = self.standing(context, call_id).await;
        let hint = match standing.map_err(ProviderError::before_sending)? {
            Standing::Unknown(_) => None,
            // The old result is there until the new one is.
            Standing::Pending(begun_at) | Standing::Ready(begun_at) if submission.force => {
                begun_at.map(begun_after)
            }
            Standing::Pending(_) | Standing::Ready(_) => {
                return Err(error(SEND, ErrorKind::Conflict)
                    .with_message(
                        "the vendor has an analysis of this call, or is at it: read it, or have \
                         it analysed again with `force`",
                    )
                    .before_sending());
            }
        };
        let body = self.client.send(context, call_id).await?;
        accepted(&body)?;
        Ok(Submitted {
            record: RecordRef::new(CALL, call_id),
            hint,
        })
    }

    /// An analysis of the call that began since is the one. Without `force` any will do, for there
    /// was none before.
    async fn find(
        &self,
        context: &CallContext<'_>,
        submission: &Submission,
        sent_at: Timestamp,
    ) -> Result<Found<Submitted>> {
        let call_id = call_of(submission)?;
        let since = |begun_at: Option<Timestamp>| {
            !submission.force || begun_at.is_some_and(|at| at >= sent_at.minus(SKEW))
        };
        let found = match self.standing(context, call_id).await? {
            Standing::Pending(begun_at) | Standing::Ready(begun_at) => since(begun_at),
            Standing::Unknown(_) => false,
        };
        if found {
            return Ok(Found::Yes(Submitted {
                record: RecordRef::new(CALL, call_id),
                hint: None,
            }));
        }
        if context.now.since(sent_at) >= SETTLED {
            return Ok(Found::No);
        }
        Ok(Found::Unknown)
    }

    async fn progress(&self, context: &CallContext<'_>, record: &RecordRef) -> Result<Progress> {
        check_id(&record.remote_id).map_err(|reason| refused("/source/call_remote_id", reason))?;
        Ok(match self.standing(context, &record.remote_id).await? {
            Standing::Ready(_) => Progress::Done,
            Standing::Pending(_) => Progress::Processing { state_raw: None },
            // An unknown call looks like one that is not analysed yet.
            Standing::Unknown(state_raw) => Progress::Processing { state_raw },
        })
    }
}

impl AloVoice {
    async fn standing(&self, context: &CallContext<'_>, call_id: &str) -> Result<Standing> {
        let Got::Json(body) = self.client.result(context, call_id).await? else {
            return Ok(Standing::Unknown(None));
        };
        match map::translate(&self.settings, call_id, &body) {
            Meaning::Ready(translation) => Ok(Standing::Ready(begun_at(&translation.call))),
            Meaning::Pending(Some(call)) => Ok(Standing::Pending(begun_at(&call))),
            Meaning::Pending(None) => {
                let words = message(&body);
                Ok(Standing::Unknown((!words.is_empty()).then_some(words)))
            }
            Meaning::Unreadable { reason, .. } => Err(bad_response("AV-02", &reason)),
        }
    }
}

/// When the analysis began, as the vendor says it.
pub(crate) fn begun_at(call: &AnalyzedCall) -> Option<Timestamp> {
    call.analyses.first()?.requested_at
}

/// The call that is to be analysed.
fn call_of(submission: &Submission) -> Result<&str> {
    let Source::VendorCall { call_remote_id } = &submission.source else {
        return Err(refused(
            "/source/type",
            "must be vendor_call: this vendor takes no recordings",
        ));
    };
    check_id(call_remote_id).map_err(|reason| refused("/source/call_remote_id", reason))?;
    Ok(call_remote_id)
}

fn refused(pointer: &'static str, detail: impl AsRef<str>) -> ProviderError {
    ProviderError::invalid_input(VENDOR, SEND, pointer, detail)
}

/// Whether the answer says that an analysis began: an `answer` that is an object. No other one is
/// documented, so of any other one it is not known what it means.
fn accepted(body: &Bytes) -> Result<()> {
    let read = tolerant::parse(body).ok();
    let answer = read.as_ref().and_then(|value| value.get("answer"));
    if answer
        .and_then(Value::as_object)
        .is_some_and(|members| !members.is_empty())
    {
        return Ok(());
    }
    let words = message(body);
    let reason = if words.is_empty() {
        "the answer does not say that an analysis began"
    } else {
        words.as_str()
    };
    Err(bad_response(SEND, reason).with_retry(Retry::Never))
}
