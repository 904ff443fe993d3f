//! Fetching what is due, a few records at a time, and taking it in batch by batch.

use callweave_provider::{ErrorKind, ProviderError, RecordRef};
use callweave_store::{
    StoreError,
    records::{Due, Fetched, News},
};
use futures::{StreamExt as _, stream};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::{
    failure,
    outcome::{self, Fetch},
    run::{Run, Stop},
};

/// Records of one transaction; a turn begins with few, so that its first calls show soon.
const BATCH: i64 = 50;
const FIRST_BATCH: i64 = 8;

/// Failed fetches within one batch after which the connection, not the record, is at fault.
const PATIENCE: usize = 5;

/// Failed fetches of one record in a row after which it is put aside.
const RECORD_PATIENCE: i32 = 5;

/// A record and what became of its fetch.
type Outcome = (Due, Result<Fetched, ProviderError>);

impl Run<'_> {
    /// Fetches until nothing is due.
    pub(crate) async fn fetch_due(&self, shutdown: &CancellationToken) -> Result<(), Stop> {
        if self.provider().lookup().is_none() {
            return Ok(());
        }
        let mut batch = FIRST_BATCH;
        loop {
            self.go_on(shutdown)?;
            let mut tx = self.tenant().await?;
            let due = tx
                .due_records(self.connection.id, self.now(), batch)
                .await?;
            batch = (batch * 3).min(BATCH);
            tx.commit().await?;
            if due.is_empty() {
                return Ok(());
            }
            let outcomes = self.fetch_all(due).await;
            self.take_in(outcomes).await?;
        }
    }

    /// Fetches records side by side, as many at once as the vendor bears.
    async fn fetch_all(&self, due: Vec<Due>) -> Vec<Outcome> {
        let at_once = self
            .open
            .provider()
            .manifest()
            .rate_budget
            .concurrency
            .clamp(1, 16);
        stream::iter(due)
            .map(|due| async move {
                let result = self.fetch_one(&due).await;
                (due, result)
            })
            .buffer_unordered(usize::try_from(at_once).unwrap_or(1))
            .collect()
            .await
    }

    async fn fetch_one(&self, due: &Due) -> Result<Fetched, ProviderError> {
        let observed_at = self.now();
        let record = RecordRef::new(&due.kind, due.remote_id.clone());
        let provider = self.open.provider();
        let change = self
            .call(|access| {
                let record = record.clone();
                Box::pin(async move {
                    let context = access.context();
                    match provider.lookup() {
                        Some(lookup) => lookup.fetch(&context, &record, due.hint.as_ref()).await,
                        None => Err(ProviderError::new(
                            provider.manifest().vendor,
                            "lookup",
                            ErrorKind::Unsupported,
                        )),
                    }
                })
            })
            .await?;
        let deadline = self.engine.options.readiness_deadline;
        let fetch = Fetch {
            due,
            observed_at,
            now: self.now(),
            deadline,
        };
        Ok(outcome::fetched(change, &fetch))
    }

    /// Takes a batch in: one transaction for what came, a later turn for what failed.
    async fn take_in(&self, outcomes: Vec<Outcome>) -> Result<(), Stop> {
        let mut fetched = Vec::new();
        let mut failed = Vec::new();
        for (due, result) in outcomes {
            match result {
                Ok(record) => fetched.push(record),
                Err(error) => failed.push((due, error)),
            }
        }
        let stop = failed
            .iter()
            .position(|(_, error)| concerns_connection(error.kind));
        let shaky = failed
            .iter()
            .filter(|(_, error)| error.kind == ErrorKind::Transport)
            .count();
        let exhausted = shaky >= PATIENCE || (shaky > 0 && fetched.is_empty());
        let verdict = stop.or_else(|| {
            let at = failed
                .iter()
                .position(|(_, error)| error.kind == ErrorKind::Transport);
            at.filter(|_| exhausted)
        });
        self.put_aside_hopeless(&mut failed, &mut fetched);
        self.commit_fetched(&fetched, &failed).await?;
        match verdict.and_then(|at| (at < failed.len()).then(|| failed.swap_remove(at))) {
            Some((_, error)) => Err(Stop::Vendor(error)),
            None => Ok(()),
        }
    }

    /// Records whose answer cannot be read again and again go into quarantine.
    fn put_aside_hopeless(
        &self,
        failed: &mut Vec<(Due, ProviderError)>,
        fetched: &mut Vec<Fetched>,
    ) {
        let now = self.now();
        failed.retain(|(due, error)| {
            let record_at_fault = matches!(
                error.kind,
                ErrorKind::BadResponse | ErrorKind::InvalidRequest | ErrorKind::Unsupported
            );
            let hopeless = record_at_fault && due.attempts + 1 >= RECORD_PATIENCE;
            if hopeless {
                fetched.push(Fetched {
                    kind: due.kind.clone(),
                    remote_id: due.remote_id.clone(),
                    observed_at: now,
                    fingerprint: due.fingerprint.clone(),
                    news: News::Quarantined {
                        reason: error.to_string(),
                        pointer: None,
                    },
                    documents: Vec::new(),
                });
            }
            !hopeless
        });
    }

    async fn commit_fetched(
        &self,
        fetched: &[Fetched],
        failed: &[(Due, ProviderError)],
    ) -> Result<(), StoreError> {
        let now = self.now();
        self.engine.store.prepare_months(fetched, now).await?;
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        let applied = tx.apply(&self.scope, fetched, now).await?;
        for (due, error) in failed {
            debug!(record.kind = %due.kind, error = %error, "A record could not be fetched");
            let pause = failure::backoff(due.attempts + 2);
            tx.postpone_record(
                self.connection.id,
                &due.kind,
                &due.remote_id,
                now.plus(pause),
            )
            .await?;
        }
        tx.commit().await?;
        let vendor = self.scope.vendor.clone();
        metrics::counter!("callweave_sync_records_total", "vendor" => vendor)
            .increment(u64::try_from(fetched.len()).unwrap_or(0));
        info!(
            sync.created = applied.created,
            sync.updated = applied.updated,
            sync.deleted = applied.deleted,
            sync.quarantined = applied.quarantined,
            sync.failed = failed.len(),
            "Took in {} records",
            fetched.len()
        );
        Ok(())
    }
}

/// Whether a failure is about the connection rather than about one record.
const fn concerns_connection(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unauthorized
            | ErrorKind::InvalidCredentials
            | ErrorKind::RateLimited
            | ErrorKind::EgressDenied
            | ErrorKind::UnexpectedRedirect
    )
}
