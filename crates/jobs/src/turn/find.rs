//! Asking the vendor whether it has what was sent.

use callweave_model::{
    Timestamp,
    job::{Delivery, JobState},
};
use callweave_provider::{ErrorKind, ProviderError, cannot, submit::Found};
use callweave_store::{StoreError, jobs::Next};
use tracing::info;

use super::{Handed, Turn};
use crate::{input::Input, pace, verdict::own_error};

impl Turn<'_> {
    /// Looks for a job whose sending had no known outcome. It is never sent from here.
    pub(super) async fn find(&mut self) -> Result<(), StoreError> {
        let (Some(input), Some(sent_at)) = (self.input()?, self.job.sent_at) else {
            // What was erased cannot be looked for.
            return self.settle(Some(Next::Never)).await;
        };
        if !self.job.news().is_empty() {
            self.settle(None).await?;
        }
        match self.ask_for(&input, sent_at).await {
            Ok(Found::Yes(handed)) => self.taken(handed, &input).await,
            Ok(Found::No) => self.not_there(sent_at).await,
            Ok(Found::Unknown) => self.ask_again().await,
            Err(error) if cannot_tell(&error) => {
                self.job.looks = i32::MAX;
                self.ask_again().await
            }
            Err(error) => {
                info!(error = %error, "The vendor could not be asked about a job");
                self.ask_again().await
            }
        }
    }

    async fn ask_for(
        &self,
        input: &Input,
        sent_at: Timestamp,
    ) -> Result<Found<Handed>, ProviderError> {
        let request_id = self.request_id();
        self.open
            .run(&request_id, |access| {
                Box::pin(async move {
                    let provider = self.open.provider().as_ref();
                    let context = access.context();
                    match input {
                        Input::Analysis(order) => {
                            let submit = provider
                                .submit()
                                .ok_or_else(|| cannot(provider, "submit"))?;
                            let found = submit.find(&context, &order.submission, sent_at).await?;
                            Ok(map(found, |taken| Handed::Record {
                                record: taken.record,
                                hint: taken.hint,
                            }))
                        }
                        Input::Dialog(order) => {
                            let dialogs = provider
                                .dialogs()
                                .ok_or_else(|| cannot(provider, "dialogs"))?;
                            let found = dialogs
                                .find_dialog(&context, &order.target, &order.request, sent_at)
                                .await?;
                            Ok(map(found, |started| Handed::Record {
                                record: started.record,
                                hint: started.hint,
                            }))
                        }
                        Input::Report(order) => {
                            let reports = provider
                                .reports()
                                .ok_or_else(|| cannot(provider, "reports"))?;
                            let found = reports
                                .find_report(&context, &order.request, sent_at)
                                .await?;
                            Ok(map(found, Handed::Report))
                        }
                        Input::Batch { .. } => Ok(Found::Unknown),
                    }
                })
            })
            .await
    }

    /// The vendor says that it does not have it. It may still be at work on the request: that is
    /// believed only some time after it was sent.
    async fn not_there(&mut self, sent_at: Timestamp) -> Result<(), StoreError> {
        let ended_at = self.job.attempts.last().and_then(|last| last.ended_at);
        let quiet = self.now().since(ended_at.unwrap_or(sent_at));
        if let Some(left) = self.jobs.options.settle.checked_sub(quiet)
            && !left.is_zero()
        {
            return self.save(Some(Next::After(left))).await;
        }
        let error = own_error(
            "vendor.not_found",
            "the vendor does not have it: what was sent did not arrive",
        );
        self.fail(error, Delivery::None);
        self.settle(Some(Next::Never)).await
    }

    /// The vendor cannot tell yet, or cannot tell at all.
    async fn ask_again(&mut self) -> Result<(), StoreError> {
        self.job.looks = self.job.looks.saturating_add(1);
        let next = match pace::find(self.job.looks) {
            Some(pause) if self.job.state() == JobState::OutcomeUnknown => Next::After(pause),
            _ => Next::Never,
        };
        self.save(Some(next)).await
    }
}

/// Asking again would not help.
pub(crate) const fn cannot_tell(error: &ProviderError) -> bool {
    matches!(
        error.kind,
        ErrorKind::CapabilityNotSupported | ErrorKind::Unsupported
    )
}

fn map<T, U>(found: Found<T>, change: impl FnOnce(T) -> U) -> Found<U> {
    match found {
        Found::Yes(value) => Found::Yes(change(value)),
        Found::No => Found::No,
        Found::Unknown => Found::Unknown,
    }
}
