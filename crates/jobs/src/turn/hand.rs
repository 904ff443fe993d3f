//! The one request that hands a job over, in the words of its kind.

use callweave_credentials::connector::{Access, Admission, Operation};
use callweave_provider::{ErrorKind, ProviderError, RecordRef, cannot, submit::Submit};
use serde_json::Value;

use super::Turn;
use crate::{
    input::Input,
    verdict::{Verdict, judge, judge_admission},
};

/// What the vendor took.
#[derive(Debug)]
pub(crate) enum Handed {
    /// A record that becomes a call.
    Record {
        record: RecordRef,
        hint: Option<Value>,
    },
    /// A report, by its id.
    Report(String),
}

/// A request that did not come to a good end, and whether the vendor has what it carried.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: ProviderError,
    pub(crate) verdict: Verdict,
}

impl Failed {
    /// A submission failed.
    pub(crate) fn sending(error: ProviderError) -> Self {
        let verdict = judge(&error);
        Self { error, verdict }
    }

    /// No token could be got: nothing was sent.
    pub(crate) const fn before(error: ProviderError) -> Self {
        let verdict = judge_admission(&error);
        Self { error, verdict }
    }
}

impl Turn<'_> {
    /// Sends one request. One that is refused for its token alone is sent once more with another:
    /// the vendor did not take it.
    pub(crate) async fn once<'a, T>(
        &'a self,
        admission: Admission,
        send: impl Fn(Access) -> Operation<'a, T> + Send + Sync,
    ) -> Result<T, Failed> {
        let error = match self.open.carry(&admission, send(admission.access())).await {
            Err(error) if error.kind == ErrorKind::Unauthorized => error,
            other => return other.map_err(Failed::sending),
        };
        let admission = self
            .open
            .readmit(admission, error)
            .await
            .map_err(Failed::before)?;
        match self.open.carry(&admission, send(admission.access())).await {
            Err(error) if error.kind == ErrorKind::Unauthorized => {
                Err(Failed::before(self.open.give_up(&admission, error).await))
            }
            other => other.map_err(Failed::sending),
        }
    }

    /// Takes a dialog out of the vendor's queue. Asked twice, it is gone all the same.
    pub(crate) async fn remove_queued(
        &self,
        agent: &str,
        dialog: &str,
    ) -> Result<(), ProviderError> {
        let request_id = self.request_id();
        self.open
            .run(&request_id, |access| {
                Box::pin(async move {
                    let provider = self.open.provider().as_ref();
                    let dialogs = provider
                        .dialogs()
                        .ok_or_else(|| cannot(provider, "dialogs"))?;
                    let context = access.context();
                    dialogs.remove_queued(&context, agent, dialog).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Hands the job over.
    pub(super) async fn hand_over<'a>(
        &'a self,
        admission: Admission,
        input: &'a Input,
    ) -> Result<Handed, Failed> {
        self.once(admission, |access| Box::pin(self.request(access, input)))
            .await
    }

    async fn request(&self, access: Access, input: &Input) -> Result<Handed, ProviderError> {
        let provider = self.open.provider().as_ref();
        let context = access.context();
        match input {
            Input::Analysis(order) => {
                let submit = provider
                    .submit()
                    .ok_or_else(|| cannot(provider, "submit"))?;
                let taken = Submit::submit(submit, &context, &order.submission, None).await?;
                Ok(Handed::Record {
                    record: taken.record,
                    hint: taken.hint,
                })
            }
            Input::Dialog(order) => {
                let dialogs = provider
                    .dialogs()
                    .ok_or_else(|| cannot(provider, "dialogs"))?;
                let started = dialogs
                    .start(&context, &order.target, &order.request)
                    .await?;
                Ok(Handed::Record {
                    record: started.record,
                    hint: started.hint,
                })
            }
            Input::Report(order) => {
                let reports = provider
                    .reports()
                    .ok_or_else(|| cannot(provider, "reports"))?;
                let id = reports.order_report(&context, &order.request).await?;
                Ok(Handed::Report(id))
            }
            // Batches have turns of their own.
            Input::Batch { .. } => Err(cannot(provider, "dialogs")),
        }
    }
}
