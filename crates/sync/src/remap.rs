//! Mapping calls again from their stored documents, after the mapping rules or the settings of the
//! connection changed, without asking the vendor.

use std::time::Instant;

use callweave_model::MAPPER_VERSION;
use callweave_provider::{Lookup, RawDocument, RecordRef};
use callweave_store::{
    StoreError,
    calls::{Mapped, StoredForMapping, StoredRecord},
    documents::Document,
    records::{Due, Fetched, News},
    sync_state::Mapping,
};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{
    outcome::{self, Fetch},
    run::{Run, Stop},
};

/// Calls of one transaction.
const BATCH: i64 = 50;

impl Run<'_> {
    /// Maps all calls again that were mapped with other rules or settings, as far as a share of
    /// the turn lasts; the next turn goes on.
    pub(crate) async fn remap(&mut self, shutdown: &CancellationToken) -> Result<(), Stop> {
        let provider = self.provider();
        let settings = self.settings_hash();
        let standing = self.state.mapping.clone();
        let outdated = standing
            .version
            .is_some_and(|version| version < MAPPER_VERSION)
            || standing
                .settings
                .as_ref()
                .is_some_and(|known| *known != settings);
        let Some(lookup) = provider.lookup().filter(|_| outdated) else {
            if standing.settings.as_ref() != Some(&settings) {
                self.end_mapping(settings).await?;
            }
            return Ok(());
        };
        let mut mapping = standing;
        if mapping.target.as_ref() != Some(&settings) {
            mapping.target = Some(settings.clone());
            mapping.after = None;
        }
        let share = self.started_at() + self.engine.options.turn / 3;
        loop {
            self.go_on(shutdown)?;
            if Instant::now() >= share {
                return Ok(());
            }
            let mut tx = self.tenant().await?;
            let calls = tx
                .calls_for_mapping(self.connection.id, mapping.after.as_deref(), BATCH)
                .await?;
            tx.commit().await?;
            let Some(last) = calls.last() else {
                self.remap_quarantine(lookup, shutdown).await?;
                self.end_mapping(settings).await?;
                return Ok(());
            };
            mapping.after = Some(last.remote_id.clone());
            self.remap_batch(lookup, calls, &mapping).await?;
        }
    }

    /// A hash of the settings. Maps are sorted, so that the same settings give the same hash.
    fn settings_hash(&self) -> Vec<u8> {
        let text = serde_json::to_vec(&self.connection.settings).unwrap_or_default();
        callweave_provider::raw::fingerprint(&text)
    }

    async fn end_mapping(&mut self, settings: Vec<u8>) -> Result<(), StoreError> {
        let mapping = Mapping {
            // A replica of an older release does not take back what a newer one mapped.
            version: self.state.mapping.version.max(Some(MAPPER_VERSION)),
            settings: Some(settings),
            target: None,
            after: None,
        };
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        tx.save_mapping(self.connection.id, &mapping).await?;
        tx.commit().await?;
        self.state.mapping = mapping;
        Ok(())
    }

    async fn remap_batch(
        &self,
        lookup: &dyn Lookup,
        calls: Vec<StoredForMapping>,
        mapping: &Mapping,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let (mut mapped, mut wanted) = (Vec::new(), Vec::new());
        for call in calls {
            match self.read_again(lookup, &call) {
                Some(call) => mapped.push(call),
                None => wanted.push(call),
            }
        }
        self.engine.store.prepare_mapped(&mapped, now).await?;
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        let applied = tx.apply_mapped(&self.scope, &mapped, now).await?;
        tx.count_changes(self.connection.id, &applied).await?;
        for record in wanted.iter().flat_map(|call| &call.records) {
            tx.want_record(
                self.connection.id,
                &record.kind,
                &record.remote_id,
                None,
                now,
            )
            .await?;
        }
        tx.save_mapping(self.connection.id, mapping).await?;
        tx.commit().await?;
        info!(
            sync.remapped = mapped.len(),
            sync.wanted = wanted.len(),
            "Mapped {} calls again",
            mapped.len()
        );
        Ok(())
    }

    /// What the documents of a call tell now; `None` when those of a record do not suffice: it has
    /// to be fetched. A record without documents tells nothing and is no reason to ask.
    fn read_again(&self, lookup: &dyn Lookup, call: &StoredForMapping) -> Option<Mapped> {
        let documented = call
            .records
            .iter()
            .filter(|record| !record.documents.is_empty());
        let records = documented
            .map(|record| self.read_record(lookup, record))
            .collect::<Option<Vec<Fetched>>>()?;
        Some(Mapped {
            id: call.id,
            records,
            given_up: call.records.iter().any(|record| record.given_up),
        })
    }

    fn read_record(&self, lookup: &dyn Lookup, record: &StoredRecord) -> Option<Fetched> {
        let raw: Vec<RawDocument> = record.documents.iter().map(raw).collect();
        let reference = RecordRef::new(&record.kind, record.remote_id.clone());
        let change = lookup.remap(&reference, &raw)?;
        let due = Due {
            kind: record.kind.clone(),
            remote_id: record.remote_id.clone(),
            fingerprint: record.fetched.clone(),
            hint: None,
            attempts: 0,
            failures: 0,
            first_seen_at: record.first_seen_at,
            listed: false,
            missing: false,
            call_at: None,
        };
        let fetch = Fetch {
            due: &due,
            observed_at: record.observed_at,
            now: self.now(),
            rules: self.rules(),
        };
        Some(outcome::fetched(change, &fetch))
    }

    /// Looks again at the documents of records that never became part of a call.
    async fn remap_quarantine(
        &self,
        lookup: &dyn Lookup,
        shutdown: &CancellationToken,
    ) -> Result<(), Stop> {
        let mut after = None;
        loop {
            self.go_on(shutdown)?;
            let mut tx = self.tenant().await?;
            let records = tx
                .quarantined_for_mapping(self.connection.id, after.as_ref(), BATCH)
                .await?;
            tx.commit().await?;
            let Some(last) = records.last() else {
                return Ok(());
            };
            after = Some((last.kind.clone(), last.remote_id.clone()));
            let readable: Vec<Fetched> = records
                .iter()
                .filter_map(|record| self.read_record(lookup, record))
                .filter(|record| matches!(record.news, News::Upsert { .. }))
                .collect();
            self.commit_readable(&readable).await?;
        }
    }

    async fn commit_readable(&self, records: &[Fetched]) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let now = self.now();
        self.engine.store.prepare_months(records, now).await?;
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        let applied = tx.apply(&self.scope, records, now).await?;
        tx.count_changes(self.connection.id, &applied).await?;
        tx.commit().await
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
