//! Calls.

mod accept;
mod analyses;
mod create;
mod delete;
mod document;
mod export;
mod filter;
mod get;
mod import;
mod include;
mod item_stats;
mod list;
mod media;
mod raw;
mod stats;
mod transcript;
mod update;
mod vcon;
mod versions;

use axum::response::Response;
use callweave_model::{CallId, TenantId, Timestamp};
use callweave_store::{
    StoreError, TenantTx,
    calls::{CallInFull, ConnectionScope, StoredCall},
};
use http::{HeaderName, HeaderValue};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    ApiState,
    extract::ETag,
    hex::hex,
    problem::{Problem, codes},
    respond,
    wire::call::{CallDocument, Shown, Surroundings, document},
};

const DATA_FRESH_AS_OF: HeaderName = HeaderName::from_static("data-fresh-as-of");

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_calls, create::create_call))
        .routes(routes!(export::route::export_calls))
        .routes(routes!(stats::get_call_stats))
        .routes(routes!(item_stats::get_rubric_item_stats))
        .routes(routes!(
            get::get_call,
            update::update_call,
            delete::delete_call
        ))
        .routes(routes!(transcript::get::get_call_transcript))
        .routes(routes!(analyses::list_call_analyses))
        .routes(routes!(media::list::list_call_media))
        .routes(routes!(media::get::get_call_media))
        .routes(routes!(raw::list_call_documents))
        .routes(routes!(document::get_call_document))
        .routes(routes!(versions::list_call_versions))
        .routes(routes!(vcon::get_call_vcon))
}

/// The address of a call.
fn address(id: Uuid) -> String {
    format!("/v1/calls/{id}")
}

/// The call with this id. A deleted one is not found unless asked for.
pub(super) async fn find(
    tx: &mut TenantTx,
    id: Uuid,
    with_deleted: bool,
) -> Result<StoredCall, Problem> {
    let stored = tx
        .find_call(CallId(id))
        .await?
        .ok_or_else(|| Problem::not_found("call"))?;
    refuse_deleted(stored.deleted_at, with_deleted)?;
    Ok(stored)
}

fn refuse_deleted(deleted_at: Option<Timestamp>, with_deleted: bool) -> Result<(), Problem> {
    match deleted_at {
        Some(at) if !with_deleted => Err(Problem::new(
            codes::NOT_FOUND,
            format!("the call was deleted at {at}; `include=deleted` shows what is left of it"),
        )),
        _ => Ok(()),
    }
}

/// The connection of a call, which may be deleted.
pub(super) async fn scope_of(
    tx: &mut TenantTx,
    stored: &StoredCall,
) -> Result<ConnectionScope, Problem> {
    let scope = tx.connection_scope(stored.connection_id).await?;
    scope.ok_or_else(|| {
        StoreError::Inconsistent {
            table: "connections",
            source: "a call has no connection".into(),
        }
        .into()
    })
}

/// One call to be served.
pub(super) struct Rendered {
    found: CallInFull,
    tenant: TenantId,
    shown: Shown,
    raw_refs: Vec<String>,
    pub(super) tag: ETag,
    fresh_as_of: Option<Timestamp>,
}

impl Rendered {
    /// The call as it is served.
    pub(super) fn document(&self) -> Result<CallDocument<'_>, Problem> {
        let known = self.found.freshness.as_ref().map(|known| &known.freshness);
        let around = Surroundings {
            freshness: known.filter(|_| self.shown.freshness),
            raw_refs: Some(self.raw_refs.clone()),
        };
        document(self.tenant, &self.found.call, self.shown, around)
    }

    /// Completes an answer that shows the call: its tag, and how fresh its data is, which moves
    /// without it.
    pub(super) fn complete(&self, response: &mut Response) {
        respond::set_tag(response, &self.tag);
        let fresh = self
            .fresh_as_of
            .and_then(|at| HeaderValue::from_str(&at.to_string()).ok());
        if let Some(value) = fresh {
            response.headers_mut().insert(DATA_FRESH_AS_OF, value);
        }
    }
}

/// Renders the call with this id. A deleted one is not found unless asked for.
pub(super) async fn render_one(
    tx: &mut TenantTx,
    id: Uuid,
    with_deleted: bool,
    shown: Shown,
) -> Result<Rendered, Problem> {
    let found = tx
        .find_call_text(CallId(id), shown.transcript, shown.analyses)
        .await?
        .ok_or_else(|| Problem::not_found("call"))?;
    let stored = &found.call;
    refuse_deleted(stored.deleted_at, with_deleted)?;
    let hashes = found.document_hashes.iter();
    let raw_refs: Vec<String> = hashes.map(|hash| raw_ref(hash)).collect();
    let known = found.freshness.as_ref();
    let fresh_as_of = known.and_then(|known| known.freshness.data_fresh_as_of);
    // What is shown, and what of it may move without the version.
    let form = format!(
        "{shown:?} {} {} {raw_refs:?} {:?}",
        stored.mapper_version,
        stored.unmapped.len(),
        fresh_as_of.filter(|_| shown.freshness)
    );
    Ok(Rendered {
        tag: ETag::new(stored.version, form.as_bytes()),
        tenant: tx.tenant(),
        found,
        shown,
        raw_refs,
        fresh_as_of,
    })
}

/// The name of a vendor document in `raw_refs`.
pub(super) fn raw_ref(hash: &[u8]) -> String {
    format!("sha256:{}", hex(hash))
}
