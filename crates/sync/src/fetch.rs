//! Fetching what is due, a few records at a time, and taking it in batch by batch.

use std::time::{Duration, Instant};

use callweave_credentials::origin;
use callweave_model::Timestamp;
use callweave_provider::{ErrorKind, ProviderError, RecordRef};
use callweave_store::{
    StoreError,
    calls::Applied,
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
const RECORD_PATIENCE: i32 = 8;

/// A vendor that did not answer for so long may be down as a whole.
const OUTAGE: Duration = Duration::from_mins(10);

/// A record and what became of its fetch.
type Outcome = (Due, Result<Fetched, ProviderError>);

impl Run<'_> {
    /// Fetches until nothing is due, or `until`. While one batch is written the next one is asked for.
    pub(crate) async fn fetch_due(
        &self,
        shutdown: &CancellationToken,
        until: Option<Instant>,
    ) -> Result<(), Stop> {
        if self.provider().lookup().is_none() || self.progress.fetching_rests() {
            return Ok(());
        }
        let mut fetched: Vec<Outcome> = Vec::new();
        let mut begun = false;
        loop {
            let over = self.go_on(shutdown).err();
            let enough = begun && until.is_some_and(|until| Instant::now() >= until);
            if over.is_some() || enough || self.progress.fetching_rests() {
                self.take_in(fetched).await?;
                return over.map_or(Ok(()), Err);
            }
            if fetched.iter().any(|(_, result)| result.is_err()) {
                // What that means for the connection comes before any further request.
                self.take_in(std::mem::take(&mut fetched)).await?;
                continue;
            }
            begun = true;
            let busy: Vec<_> = fetched.iter().map(|(due, _)| key(due)).collect();
            let due = self.next_batch(&busy).await?;
            if due.is_empty() && fetched.is_empty() {
                return Ok(());
            }
            let (next, taken) = tokio::join!(self.fetch_all(due), self.take_in(fetched));
            taken?;
            fetched = next;
        }
    }

    /// What is due and not being fetched already.
    async fn next_batch(&self, busy: &[(String, String)]) -> Result<Vec<Due>, StoreError> {
        let size = batch_size(self.progress.begin_batch());
        let mut tx = self.tenant().await?;
        let due = tx
            .due_records_but(self.connection.id, busy, self.now(), size)
            .await?;
        tx.commit().await?;
        Ok(due)
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
        let asked = self.call(|access| {
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
        });
        let change = origin::about(&due.remote_id, asked).await?;
        let fetch = Fetch {
            due,
            observed_at,
            now: self.now(),
            rules: self.rules(),
        };
        Ok(outcome::fetched(change, &fetch))
    }

    /// Takes a batch in: one transaction for what came, a later turn for what failed.
    async fn take_in(&self, outcomes: Vec<Outcome>) -> Result<(), Stop> {
        if outcomes.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        for (due, result) in outcomes {
            match result {
                Ok(record) => {
                    if due.failures > 0 {
                        batch.recovered.push(key(&due));
                    }
                    batch.fetched.push(record);
                }
                // The record stays due: nothing was learned about it.
                Err(error)
                    if failure::concerns_connection(error.kind)
                        || failure::leaves_alone(&error) =>
                {
                    batch.stop.get_or_insert(error);
                }
                Err(error) => batch.failed.push((due, error)),
            }
        }
        if !batch.fetched.is_empty() {
            self.progress.fetched();
        }
        if !batch.failed.is_empty() {
            self.progress.record_failed();
        }
        let nothing_ever = self.connection.last_ok_at.is_none() && !self.progress.has_fetched();
        let exhausted = batch.is_exhausted(nothing_ever);
        self.commit_batch(&mut batch, exhausted).await?;
        if let Some(error) = batch.stop {
            return Err(Stop::Vendor(error));
        }
        let mut failed = batch.failed.into_iter().map(|(_, error)| error);
        if exhausted && let Some(error) = failed.find(|error| failure::is_shaky(error.kind)) {
            // Lists may still work.
            self.progress.rest_fetching(error);
        }
        Ok(())
    }

    async fn commit_batch(&self, batch: &mut Batch, exhausted: bool) -> Result<(), StoreError> {
        let now = self.now();
        let mut news = std::mem::take(&mut batch.fetched);
        self.engine.store.prepare_months(&news, now).await?;
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        for (due, error) in &batch.failed {
            let before = due.failures;
            debug!(record.kind = %due.kind, error = %error, "A record could not be fetched");
            if before + 1 >= RECORD_PATIENCE && self.vendor_is_well(now) {
                news.push(put_aside(due, error, now));
                batch.recovered.push(key(due));
                continue;
            }
            let mut pause = failure::record_pause(before);
            if exhausted {
                pause = pause.min(failure::LONGEST);
            }
            tx.note_fetch_failure(
                self.connection.id,
                &due.kind,
                &due.remote_id,
                now.plus(pause),
            )
            .await?;
        }
        let (records, unread) = (news.len(), Unread::of(&news));
        let applied = tx.apply_all(&self.scope, news, now).await?;
        tx.count_changes(self.connection.id, &applied).await?;
        tx.forget_fetch_failures(self.connection.id, &batch.recovered)
            .await?;
        tx.commit().await?;
        let vendor = self.scope.vendor.clone();
        metrics::counter!("callweave_sync_records_total", "vendor" => vendor.clone())
            .increment(u64::try_from(records).unwrap_or(0));
        count_changes(&vendor, &applied);
        unread.count(&vendor);
        info!(
            sync.created = applied.created,
            sync.updated = applied.updated,
            sync.deleted = applied.deleted,
            sync.quarantined = applied.quarantined,
            sync.failed = batch.failed.len(),
            "Took in {records} records",
        );
        Ok(())
    }

    /// Whether the vendor answered lately: a record is not blamed for an outage.
    fn vendor_is_well(&self, now: Timestamp) -> bool {
        let lately = |at: Timestamp| now.since(at) <= OUTAGE;
        self.progress.has_answer() || self.connection.last_ok_at.is_some_and(lately)
    }
}

/// Counts what was written, by what it did to a call.
pub(crate) fn count_changes(vendor: &str, applied: &Applied) {
    for (change, number) in [
        ("created", applied.created),
        ("updated", applied.updated),
        ("restored", applied.restored),
        ("deleted", applied.deleted),
    ] {
        metrics::counter!("callweave_sync_changes_total",
            "vendor" => vendor.to_owned(), "change" => change)
        .increment(u64::from(number));
    }
}

/// How many records a batch has; the batches of a turn grow.
fn batch_size(begun_before: u32) -> i64 {
    let grown = 3_i64.checked_pow(begun_before);
    grown.map_or(BATCH, |times| FIRST_BATCH.saturating_mul(times).min(BATCH))
}

/// What no mapper consumed, and what was set aside.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unread {
    members: u64,
    quarantined: u64,
}

impl Unread {
    pub(crate) fn of(news: &[Fetched]) -> Self {
        let mut unread = Self::default();
        for record in news {
            match &record.news {
                News::Upsert { unmapped: left, .. } => {
                    unread.members += u64::try_from(left.len()).unwrap_or(0);
                }
                News::Quarantined { .. } => unread.quarantined += 1,
                _ => {}
            }
        }
        unread
    }

    /// Counts it. Both counters begin at zero, so that a graph shows the first one.
    pub(crate) fn count(self, vendor: &str) {
        metrics::counter!("callweave_unmapped_members_total", "vendor" => vendor.to_owned())
            .increment(self.members);
        metrics::counter!("callweave_records_quarantined_total", "vendor" => vendor.to_owned())
            .increment(self.quarantined);
    }
}

/// A batch after its fetches.
#[derive(Default)]
struct Batch {
    fetched: Vec<Fetched>,
    failed: Vec<(Due, ProviderError)>,
    /// Of which there is news although the vendor failed on them before.
    recovered: Vec<(String, String)>,
    /// A failure of the whole connection.
    stop: Option<ProviderError>,
}

impl Batch {
    /// Whether the connection, not the records, seems to be at fault.
    fn is_exhausted(&self, nothing_ever_fetched: bool) -> bool {
        let shaky = self
            .failed
            .iter()
            .filter(|(_, error)| failure::is_shaky(error.kind))
            .count();
        let all = self.fetched.len() + self.failed.len();
        let none_fetched = self.fetched.is_empty();
        (none_fetched && shaky >= PATIENCE)
            || (all >= 10 && shaky * 2 > all)
            || (none_fetched && shaky > 0 && nothing_ever_fetched)
    }
}

fn key(due: &Due) -> (String, String) {
    (due.kind.clone(), due.remote_id.clone())
}

/// A record whose fetch fails again and again goes into quarantine.
fn put_aside(due: &Due, error: &ProviderError, now: Timestamp) -> Fetched {
    Fetched {
        kind: due.kind.clone(),
        remote_id: due.remote_id.clone(),
        observed_at: now,
        fingerprint: due.fingerprint.clone(),
        news: News::Quarantined {
            reason: error.to_string(),
            pointer: None,
        },
        documents: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_batches_of_a_turn_are_small() {
        let sizes: Vec<i64> = [0, 1, 2, 3, 1_000, u32::MAX].map(batch_size).into();
        assert_eq!(sizes, [8, 24, BATCH, BATCH, BATCH, BATCH]);
    }
}
