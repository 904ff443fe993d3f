//! Writing calls: the rows of a changed call are replaced, in whichever month they belong.

use std::{collections::BTreeSet, mem};

use callweave_model::{
    AnalyzedCall, CallId, MAPPER_VERSION, Timestamp,
    enums::{ArtifactState, PartyRole},
    facts::{CallFacts, Told},
    merge,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{apply::ConnectionScope, row::Loaded};
use crate::{Result, StoreError, TenantTx, convert};

/// The longest text that goes into full-text search; PostgreSQL refuses vectors beyond 1 MiB.
const SEARCH_LIMIT: usize = 400_000;

/// A call as it is to be written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) id: CallId,
    /// The call as it is served: with the facts of the CRM.
    pub(crate) call: AnalyzedCall,
    /// What the vendor told of what the facts fill.
    pub(crate) told: Option<Told>,
    pub(crate) old_sort_at: Option<Timestamp>,
    pub(crate) sort_at: Timestamp,
    pub(crate) first_seen_at: Timestamp,
    pub(crate) version: i32,
    pub(crate) cause: &'static str,
    pub(crate) changed: Vec<String>,
    pub(crate) payload_hash: Vec<u8>,
    pub(crate) client_metadata: Value,
    pub(crate) external_refs: Value,
    pub(crate) facts: CallFacts,
    pub(crate) unmapped: Vec<String>,
    pub(crate) observed_at: Timestamp,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) deletion_evidence: Option<String>,
    pub(crate) vendor_expired_at: Option<Timestamp>,
    /// The rules that wrote what stands of it; rises only when the whole call was mapped.
    pub(crate) mapper_version: i32,
    ready_before: BTreeSet<String>,
}

impl Written {
    /// Compares a call, as its vendor tells it, with what stands; `None` when nothing is to be
    /// written. A call that comes over another connection than before (the account was connected
    /// again) moves to it.
    pub(crate) fn decide(
        id: CallId,
        connection: Uuid,
        before: Option<&Loaded>,
        after: Option<AnalyzedCall>,
        first_seen_at: Timestamp,
        now: Timestamp,
    ) -> Option<Self> {
        let was_deleted = before.is_some_and(|loaded| loaded.deleted_at.is_some());
        let (mut call, deleted) = match (after, before) {
            (Some(call), _) => (call, false),
            (None, Some(loaded)) if !was_deleted => (loaded.call.clone(), true),
            (None, _) => return None,
        };
        let facts = before
            .map(|loaded| loaded.facts.clone())
            .unwrap_or_default();
        let told = (!facts.is_empty()).then(|| Told::of(&call));
        facts.fill(&mut call);
        merge::assign_ids(&mut call, id);
        let payload_hash = hash(&call)?;
        let same = before.is_some_and(|loaded| {
            loaded.payload_hash == payload_hash && loaded.connection == connection
        });
        if same && !deleted && !was_deleted {
            return None;
        }
        let cause = match (before, deleted, was_deleted) {
            (None, ..) => "created",
            (_, true, _) => "deleted",
            (_, _, true) => "restored",
            _ => "updated",
        };
        Some(Self {
            id,
            told,
            changed: before
                .map(|loaded| differences(&loaded.served(), &call))
                .unwrap_or_default(),
            ready_before: before.map(|loaded| ready(&loaded.call)).unwrap_or_default(),
            old_sort_at: before.map(|loaded| loaded.sort_at),
            sort_at: call.started_at.unwrap_or(first_seen_at),
            first_seen_at,
            version: before.map_or(1, |loaded| loaded.version + 1),
            cause,
            payload_hash,
            client_metadata: before.map_or(json!({}), |loaded| loaded.client_metadata.clone()),
            external_refs: before.map_or(json!([]), |loaded| loaded.external_refs.clone()),
            facts,
            unmapped: before
                .map(|loaded| loaded.unmapped.clone())
                .unwrap_or_default(),
            observed_at: before.map_or(now, |loaded| loaded.observed_at),
            deleted_at: deleted.then_some(now),
            deletion_evidence: deleted.then(String::new),
            vendor_expired_at: before.and_then(|loaded| loaded.vendor_expired_at),
            mapper_version: before.map_or(MAPPER_VERSION, |loaded| loaded.mapper_version),
            call,
        })
    }

    /// The call as it stands, under a new version, for a change of the CRM's own members.
    pub(crate) fn with_notes(
        id: CallId,
        loaded: Loaded,
        first_seen_at: Timestamp,
        changed: Vec<String>,
    ) -> Self {
        let call = loaded.served();
        Self {
            id,
            ready_before: ready(&loaded.call),
            told: (!loaded.facts.is_empty()).then(|| Told::of(&loaded.call)),
            old_sort_at: Some(loaded.sort_at),
            // Facts tell the start of a deleted call as well.
            sort_at: call.started_at.unwrap_or(loaded.sort_at),
            call,
            first_seen_at,
            version: loaded.version + 1,
            cause: "client",
            changed,
            payload_hash: loaded.payload_hash,
            client_metadata: loaded.client_metadata,
            external_refs: loaded.external_refs,
            facts: loaded.facts,
            unmapped: loaded.unmapped,
            observed_at: loaded.observed_at,
            deleted_at: loaded.deleted_at,
            deletion_evidence: loaded.deletion_evidence,
            vendor_expired_at: loaded.vendor_expired_at,
            mapper_version: loaded.mapper_version,
        }
    }

    /// The same, put down to something else.
    pub(crate) fn caused_by(self, cause: &'static str) -> Self {
        Self { cause, ..self }
    }

    /// Whether an artifact was not ready before and is now.
    pub(crate) fn became_ready(&self, artifact: &str) -> bool {
        self.call.artifact_state(artifact) == ArtifactState::Ready
            && !self.ready_before.contains(artifact)
            && self.deleted_at.is_none()
    }
}

fn ready(call: &AnalyzedCall) -> BTreeSet<String> {
    call.artifacts
        .iter()
        .filter(|(_, status)| status.state == ArtifactState::Ready)
        .map(|(name, _)| name.clone())
        .collect()
}

/// The content hash over the canonical form; what changes without meaning is not part of it.
pub(crate) fn hash(call: &AnalyzedCall) -> Option<Vec<u8>> {
    serde_json::to_vec(call)
        .ok()
        .map(|bytes| convert::sha256(&bytes))
}

/// The top-level members that differ; one that is left out when it is empty counts as well.
pub(crate) fn differences(before: &AnalyzedCall, after: &AnalyzedCall) -> Vec<String> {
    match (serde_json::to_value(before), serde_json::to_value(after)) {
        (Ok(Value::Object(old)), Ok(Value::Object(new))) => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            names
                .into_iter()
                .filter(|name| old.get(*name) != new.get(*name))
                .cloned()
                .collect()
        }
        _ => Vec::new(),
    }
}

#[derive(Default)]
struct Columns {
    ids: Vec<Uuid>,
    sort: Vec<convert::DbTime>,
    remote_ids: Vec<String>,
    words: [Vec<String>; 4],
    started: Vec<Option<convert::DbTime>>,
    durations: Vec<Option<i64>>,
    sentiments: Vec<Option<String>>,
    passed: Vec<Option<bool>>,
    scores: Vec<Option<f64>>,
    has_transcript: Vec<bool>,
    agents: Vec<Value>,
    phones: Vec<Value>,
    tags: Vec<Value>,
    bodies: Vec<String>,
    metadata: Vec<Value>,
    refs: Vec<Value>,
    facts: Vec<Value>,
    versions: Vec<i32>,
    hashes: Vec<Vec<u8>>,
    unmapped: Vec<Value>,
    first_seen: Vec<convert::DbTime>,
    observed: Vec<convert::DbTime>,
    deleted: Vec<Option<convert::DbTime>>,
    evidence: Vec<Option<String>>,
    told: Vec<Option<Value>>,
    expired: Vec<Option<convert::DbTime>>,
    mapper_versions: Vec<i32>,
    transcripts: Vec<Option<Vec<u8>>>,
    analyses: Vec<Vec<u8>>,
    search: Vec<String>,
    causes: Vec<&'static str>,
    changed: Vec<Value>,
}

impl Columns {
    fn push(&mut self, row: Written) -> Result<()> {
        self.search.push(search_text(&row.call));
        let mut head = row.call;
        let transcript = head.transcript.take();
        let analyses = mem::take(&mut head.analyses);
        let broken = |error: serde_json::Error| StoreError::inconsistent("calls", error);
        self.ids.push(row.id.0);
        self.sort.push(convert::db(row.sort_at));
        self.remote_ids.push(convert::text(&head.remote_id));
        for (column, word) in self.words.iter_mut().zip([
            head.channel.as_str(),
            head.kind.as_str(),
            head.direction.as_str(),
            head.status.as_str(),
        ]) {
            column.push(word.to_owned());
        }
        self.started.push(convert::db_option(head.started_at));
        self.durations.push(head.duration_ms);
        self.sentiments
            .push(head.rollup.sentiment.map(|label| label.as_str().to_owned()));
        self.passed.push(head.rollup.passed);
        self.scores.push(head.rollup.score_pct);
        self.has_transcript.push(transcript.is_some());
        self.agents.push(agents(&head));
        self.phones.push(phones(&head));
        self.tags.push(convert::json(&json!(head.rollup.tags)));
        self.bodies
            .push(serde_json::to_string(&head).map_err(broken)?);
        self.metadata.push(row.client_metadata);
        self.refs.push(row.external_refs);
        self.facts
            .push(serde_json::to_value(&row.facts).map_err(broken)?);
        self.versions.push(row.version);
        self.hashes.push(row.payload_hash);
        self.unmapped.push(convert::json(&json!(row.unmapped)));
        self.first_seen.push(convert::db(row.first_seen_at));
        self.observed.push(convert::db(row.observed_at));
        self.deleted.push(convert::db_option(row.deleted_at));
        self.evidence.push(row.deletion_evidence);
        self.told.push(
            row.told
                .as_ref()
                .map(serde_json::to_value)
                .transpose()
                .map_err(broken)?
                .as_ref()
                .map(convert::json),
        );
        self.expired.push(convert::db_option(row.vendor_expired_at));
        self.mapper_versions.push(row.mapper_version);
        self.transcripts.push(
            transcript
                .as_ref()
                .map(|value| convert::pack("call_documents", value))
                .transpose()?,
        );
        self.analyses
            .push(convert::pack("call_documents", &analyses)?);
        self.causes.push(row.cause);
        self.changed.push(json!(row.changed));
        Ok(())
    }
}

fn agents(call: &AnalyzedCall) -> Value {
    let names: BTreeSet<String> = call
        .parties
        .iter()
        .filter(|party| matches!(party.role, PartyRole::Agent | PartyRole::Bot))
        .flat_map(|party| [party.name.as_deref(), party.remote_id.as_deref()])
        .flatten()
        .map(convert::text)
        .collect();
    json!(names)
}

fn phones(call: &AnalyzedCall) -> Value {
    let numbers: BTreeSet<String> = call
        .parties
        .iter()
        .flat_map(|party| [party.phone.as_deref(), party.phone_raw.as_deref()])
        .flatten()
        .map(convert::text)
        .collect();
    json!(numbers)
}

fn search_text(call: &AnalyzedCall) -> String {
    let mut text = String::new();
    let mut add = |part: &str| {
        if text.len() + part.len() < SEARCH_LIMIT {
            text.push_str(&convert::text(part));
            text.push('\n');
        }
    };
    call.subject.iter().for_each(|subject| add(subject));
    call.rollup.tags.iter().for_each(|tag| add(tag));
    for party in &call.parties {
        [&party.name, &party.phone, &party.external_id]
            .into_iter()
            .flatten()
            .for_each(|part| add(part));
    }
    for analysis in &call.analyses {
        analysis
            .summaries
            .iter()
            .for_each(|summary| add(&summary.text));
    }
    if let Some(transcript) = &call.transcript {
        if transcript.utterances.is_empty() {
            transcript.text.iter().for_each(|whole| add(whole));
        }
        transcript
            .utterances
            .iter()
            .for_each(|utterance| add(&utterance.text));
    }
    text
}

impl TenantTx {
    /// Replaces the rows of these calls; their keys are locked already.
    pub(crate) async fn write_calls(
        &mut self,
        scope: &ConnectionScope,
        written: Vec<Written>,
        now: Timestamp,
    ) -> Result<()> {
        if written.is_empty() {
            return Ok(());
        }
        self.remove_rows(&written).await?;
        let mut columns = Columns::default();
        for row in written {
            columns.push(row)?;
        }
        self.insert_rows(scope, &columns, now).await?;
        self.insert_documents(&columns).await?;
        sqlx::query(
            "UPDATE call_keys AS key SET sort_at = new.sort_at, connection_id = $4 \
             FROM UNNEST($2::uuid[], $3::timestamptz[]) AS new (id, sort_at) \
             WHERE key.tenant_id = $1 AND key.id = new.id \
                 AND (key.sort_at <> new.sort_at OR key.connection_id <> $4)",
        )
        .bind(self.tenant().0)
        .bind(&columns.ids)
        .bind(&columns.sort)
        .bind(scope.id.0)
        .execute(self.executor())
        .await?;
        sqlx::query(
            "INSERT INTO call_versions (tenant_id, call_id, version, at, cause, changed, payload_hash) \
             SELECT $1, id, version, $2, cause, ARRAY(SELECT jsonb_array_elements_text(changed)), hash \
             FROM UNNEST($3::uuid[], $4::int[], $5::text[], $6::jsonb[], $7::bytea[]) \
                 AS new (id, version, cause, changed, hash)",
        )
        .bind(self.tenant().0)
        .bind(convert::db(now))
        .bind(&columns.ids)
        .bind(&columns.versions)
        .bind(&columns.causes)
        .bind(&columns.changed)
        .bind(&columns.hashes)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    async fn remove_rows(&mut self, written: &[Written]) -> Result<()> {
        let (ids, sort): (Vec<Uuid>, Vec<convert::DbTime>) = written
            .iter()
            .filter_map(|row| row.old_sort_at.map(|at| (row.id.0, convert::db(at))))
            .unzip();
        if ids.is_empty() {
            return Ok(());
        }
        for statement in [
            "DELETE FROM calls AS old USING UNNEST($2::uuid[], $3::timestamptz[]) AS gone (id, sort_at) \
             WHERE old.tenant_id = $1 AND old.sort_at = gone.sort_at AND old.id = gone.id",
            "DELETE FROM call_documents AS old USING UNNEST($2::uuid[], $3::timestamptz[]) AS gone (id, sort_at) \
             WHERE old.tenant_id = $1 AND old.sort_at = gone.sort_at AND old.call_id = gone.id",
            "DELETE FROM call_search AS old USING UNNEST($2::uuid[], $3::timestamptz[]) AS gone (id, sort_at) \
             WHERE old.tenant_id = $1 AND old.sort_at = gone.sort_at AND old.call_id = gone.id",
        ] {
            sqlx::query(statement)
                .bind(self.tenant().0)
                .bind(&ids)
                .bind(&sort)
                .execute(self.executor())
                .await?;
        }
        Ok(())
    }

    async fn insert_rows(
        &mut self,
        scope: &ConnectionScope,
        columns: &Columns,
        now: Timestamp,
    ) -> Result<()> {
        let [channels, kinds, directions, statuses] = &columns.words;
        sqlx::query(include_str!("../../sql/insert_calls.sql"))
            .bind(self.tenant().0)
            .bind(scope.id.0)
            .bind(&scope.vendor)
            .bind(convert::db(now))
            .bind(&columns.mapper_versions)
            .bind(&columns.sort)
            .bind(&columns.ids)
            .bind(&columns.remote_ids)
            .bind(channels)
            .bind(kinds)
            .bind(directions)
            .bind(statuses)
            .bind(&columns.started)
            .bind(&columns.durations)
            .bind(&columns.sentiments)
            .bind(&columns.passed)
            .bind(&columns.scores)
            .bind(&columns.has_transcript)
            .bind(&columns.agents)
            .bind(&columns.phones)
            .bind(&columns.tags)
            .bind(&columns.bodies)
            .bind(&columns.metadata)
            .bind(&columns.refs)
            .bind(&columns.facts)
            .bind(&columns.versions)
            .bind(&columns.hashes)
            .bind(&columns.unmapped)
            .bind(&columns.first_seen)
            .bind(&columns.observed)
            .bind(&columns.deleted)
            .bind(&columns.evidence)
            .bind(&columns.told)
            .bind(&columns.expired)
            .execute(self.executor())
            .await?;
        Ok(())
    }

    async fn insert_documents(&mut self, columns: &Columns) -> Result<()> {
        sqlx::query(
            "INSERT INTO call_documents (tenant_id, sort_at, call_id, transcript, analyses) \
             SELECT $1, sort_at, id, transcript, analyses \
             FROM UNNEST($2::timestamptz[], $3::uuid[], $4::bytea[], $5::bytea[]) \
                 AS new (sort_at, id, transcript, analyses)",
        )
        .bind(self.tenant().0)
        .bind(&columns.sort)
        .bind(&columns.ids)
        .bind(&columns.transcripts)
        .bind(&columns.analyses)
        .execute(self.executor())
        .await?;
        sqlx::query(
            "INSERT INTO call_search (tenant_id, sort_at, call_id, words) \
             SELECT $1, sort_at, id, to_tsvector('simple', words) \
             FROM UNNEST($2::timestamptz[], $3::uuid[], $4::text[]) AS new (sort_at, id, words)",
        )
        .bind(self.tenant().0)
        .bind(&columns.sort)
        .bind(&columns.ids)
        .bind(&columns.search)
        .execute(self.executor())
        .await?;
        Ok(())
    }
}
