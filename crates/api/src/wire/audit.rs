//! Entries of the audit log as they are served.

use callweave_model::Timestamp;
use callweave_store::audit::Entry;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// Something that was done, or tried.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct EntryDocument {
    /// Its id.
    id: Uuid,
    /// When.
    at: Timestamp,
    /// Who.
    actor: ActorDocument,
    /// What: `key.created`, `key.rotated`, `key.revoked`, `connection.created`,
    /// `connection.updated`, `connection.credentials_replaced`, `connection.paused`,
    /// `connection.resumed`, `connection.deleted`,
    /// `connection.sync_requested`, `connection.deletions_approved`, `connection.write`,
    /// `quarantine.replayed`, `backfill.created`, `backfill.canceled`, `backfill.paused`,
    /// `backfill.resumed`, `call.registered`,
    /// `call.imported`, `call.updated`, `call.erased`, `erasure.created`, `erasure.lifted`,
    /// `erasures.replayed`, `calls.export_begun`, `calls.exported`,
    /// `job.created`, `job.canceled`, `job.cancel_requested`, `job.resubmitted`, `job.write`, `vendor.write`, `passthrough`, `token.created`, `limits.changed`, `retention.changed`, `authentication.failed`
    /// and others.
    #[schema(example = "connection.created")]
    action: String,
    /// The address of the thing.
    #[schema(example = "/v1/connections/0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d")]
    resource: Option<String>,
    /// The request, as in `X-Request-Id` and in the gateway's log.
    request_id: Option<String>,
    /// `succeeded`, `refused` (the caller may not do it), `failed` or `unknown` (the caller left, or
    /// the vendor gave no answer).
    #[schema(example = "succeeded")]
    outcome: String,
    /// How often; failed authentications of one key from one address are gathered.
    #[schema(minimum = 1, example = 1)]
    count: i32,
    /// What it was, without secrets and without content.
    #[schema(value_type = Object)]
    detail: Value,
}

/// Who acted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditActor)]
pub(crate) struct ActorDocument {
    /// `api_key`, `token` (made for an API key), `foreign_token` (of a trusted issuer),
    /// `command_line`, `gateway`, or `nobody`, who could not show who it is.
    #[serde(rename = "type")]
    #[schema(example = "api_key")]
    kind: String,
    /// The API key; for a token of a trusted issuer an id that follows from issuer and subject.
    id: Option<Uuid>,
    /// What a trusted issuer calls the caller.
    subject: Option<String>,
    /// The address the request came from.
    #[schema(example = "192.0.2.1")]
    source: Option<String>,
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditList {
    /// The entries.
    pub(crate) data: Vec<EntryDocument>,
    /// What to ask for next, as `cursor`.
    pub(crate) next_cursor: Option<String>,
}

impl From<Entry> for EntryDocument {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            at: entry.at(),
            actor: ActorDocument {
                kind: entry.actor_kind,
                id: entry.actor_id,
                subject: entry.subject,
                source: entry.source,
            },
            action: entry.action,
            resource: entry.resource,
            request_id: entry.request_id,
            outcome: entry.outcome,
            count: entry.count,
            detail: entry.detail,
        }
    }
}
