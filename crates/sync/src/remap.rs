//! Mapping calls again from their stored documents after the mapping rules changed, without asking
//! the vendor.

use callweave_model::{MAPPER_VERSION, Timestamp};
use callweave_provider::{RawDocument, RecordRef};
use callweave_store::{
    StoreError,
    documents::Document,
    records::{Due, Outdated},
};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{
    outcome::{self, Fetch},
    run::{Run, Stop},
};

/// Records of one transaction.
const BATCH: i64 = 50;

impl Run<'_> {
    /// Maps what older rules wrote again. A record whose documents do not suffice is fetched.
    pub(crate) async fn remap_outdated(&self, shutdown: &CancellationToken) -> Result<(), Stop> {
        let provider = self.provider();
        let Some(lookup) = provider.lookup() else {
            return Ok(());
        };
        loop {
            self.go_on(shutdown)?;
            let mut tx = self.tenant().await?;
            let outdated = tx
                .outdated_records(self.connection.id, MAPPER_VERSION, BATCH)
                .await?;
            tx.commit().await?;
            if outdated.is_empty() {
                return Ok(());
            }
            let now = self.now();
            let (mut mapped, mut to_fetch) = (Vec::new(), Vec::new());
            for record in outdated {
                let raw: Vec<RawDocument> = record.documents.iter().map(raw).collect();
                let reference = RecordRef::new(&record.kind, record.remote_id.clone());
                match lookup.remap(&reference, &raw) {
                    Some(change) => {
                        let due = due_of(&record, now);
                        let deadline = self.engine.options.readiness_deadline;
                        let fetch = Fetch {
                            due: &due,
                            observed_at: record.observed_at,
                            now,
                            deadline,
                        };
                        mapped.push((record, outcome::fetched(change, &fetch)));
                    }
                    None => to_fetch.push(record),
                }
            }
            let count = mapped.len();
            self.commit_remapped(mapped, to_fetch).await?;
            info!(sync.remapped = count, "Mapped {count} records again");
        }
    }

    async fn commit_remapped(
        &self,
        mapped: Vec<(Outdated, callweave_store::records::Fetched)>,
        to_fetch: Vec<Outdated>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let calls: Vec<_> = mapped
            .iter()
            .map(|(record, _)| record.call)
            .chain(to_fetch.iter().map(|r| r.call))
            .collect();
        let fetched: Vec<_> = mapped.into_iter().map(|(_, fetched)| fetched).collect();
        self.engine.store.prepare_months(&fetched, now).await?;
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        tx.apply(&self.scope, &fetched, now).await?;
        for record in &to_fetch {
            tx.want_record(
                self.connection.id,
                &record.kind,
                &record.remote_id,
                None,
                now,
            )
            .await?;
        }
        tx.mark_mapped(&calls, MAPPER_VERSION).await?;
        tx.commit().await
    }
}

/// A record as if it had just been heard of: mapping it again does not end a wait.
fn due_of(record: &Outdated, now: Timestamp) -> Due {
    Due {
        kind: record.kind.clone(),
        remote_id: record.remote_id.clone(),
        fingerprint: record.fetched.clone(),
        hint: None,
        attempts: 0,
        first_seen_at: now,
    }
}

fn raw(document: &Document) -> RawDocument {
    RawDocument {
        operation: document.operation.clone(),
        part: document.part.clone(),
        content_type: document.content_type.clone(),
        body: document.body.clone().into(),
    }
}
