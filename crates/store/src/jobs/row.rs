//! A job as its row holds it.

use callweave_model::{
    ApiKeyId, CallId, ConnectionId, JobId,
    job::{Delivery, JobState, JobType},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::{Job, Origin};
use crate::{Result, StoreError, convert};

/// The columns of a [`Row`], to be completed by a condition; `$1` is the tenant.
pub(super) const SELECT: &str = "SELECT id, connection_id, type, state, delivery, source, \
     sealed_input, streamed, call_ids, record_kind, record_id, remote_refs, result_ref, cost, error, \
     attempts, timeline, api_key_id, idempotency_key, sent_at, submitted_at, looks, cancel_asked, \
     deadline, created_at, modified_at, \
     (SELECT connection.vendor FROM connections AS connection \
      WHERE connection.tenant_id = jobs.tenant_id AND connection.id = jobs.connection_id) AS vendor \
     FROM jobs WHERE tenant_id = $1";

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: Uuid,
    connection_id: Uuid,
    vendor: String,
    #[sqlx(rename = "type")]
    job_type: String,
    state: String,
    delivery: String,
    source: Option<String>,
    sealed_input: Option<Vec<u8>>,
    streamed: bool,
    call_ids: Vec<Uuid>,
    record_kind: Option<String>,
    record_id: Option<String>,
    remote_refs: Value,
    result_ref: Option<String>,
    cost: Option<Value>,
    error: Option<Value>,
    attempts: Value,
    timeline: Value,
    api_key_id: Uuid,
    idempotency_key: Option<String>,
    sent_at: Option<convert::DbTime>,
    submitted_at: Option<convert::DbTime>,
    looks: i32,
    cancel_asked: bool,
    deadline: convert::DbTime,
    created_at: convert::DbTime,
    modified_at: convert::DbTime,
}

impl Row {
    pub(super) fn into_job(self) -> Result<Job> {
        Ok(Job {
            id: JobId(self.id),
            connection: ConnectionId(self.connection_id),
            vendor: self.vendor,
            job_type: JobType::from_word(&self.job_type),
            delivery: Delivery::from_word(&self.delivery),
            source: self.source,
            sealed_input: self.sealed_input,
            streamed: self.streamed,
            call_ids: self.call_ids.into_iter().map(CallId).collect(),
            record: self.record_kind.zip(self.record_id),
            remote_refs: read(self.remote_refs)?,
            result_ref: self.result_ref,
            cost: self.cost.map(read).transpose()?,
            error: self.error.map(read).transpose()?,
            attempts: read(self.attempts)?,
            timeline: read(self.timeline)?,
            origin: Origin {
                api_key: ApiKeyId(self.api_key_id),
                key: self.idempotency_key,
            },
            sent_at: convert::model_option(self.sent_at),
            submitted_at: convert::model_option(self.submitted_at),
            looks: self.looks,
            cancel_asked: self.cancel_asked,
            deadline: convert::model(self.deadline),
            created_at: convert::model(self.created_at),
            modified_at: convert::model(self.modified_at),
            state: JobState::from_word(&self.state),
            news: Vec::new(),
        })
    }
}

/// A JSON column of ours.
pub(super) fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| StoreError::inconsistent("jobs", error))
}

/// The same on the way in.
pub(super) fn write<T: serde::Serialize>(value: &T) -> Result<Value> {
    let value =
        serde_json::to_value(value).map_err(|error| StoreError::inconsistent("jobs", error))?;
    Ok(convert::json(&value))
}
