//! Calls.

mod analyses;
mod create;
mod delete;
mod get;
mod import;
mod include;
mod list;
mod media;
mod raw;
mod transcript;
mod update;
mod versions;

use callweave_model::CallId;
use callweave_store::{
    StoreError, TenantTx,
    calls::{ConnectionScope, StoredCall},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    ApiState,
    extract::ETag,
    hex::hex,
    problem::{Problem, codes},
    wire::call::{CallDocument, Shown, Surroundings, document},
};

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_calls, create::create_call))
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
        .routes(routes!(versions::list_call_versions))
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
    match stored.deleted_at {
        Some(at) if !with_deleted => Err(Problem::new(
            codes::NOT_FOUND,
            format!("the call was deleted at {at}; `include=deleted` shows what is left of it"),
        )),
        _ => Ok(stored),
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

/// One call as it is served, with its tag.
pub(super) async fn render_one(
    tx: &mut TenantTx,
    mut stored: StoredCall,
    shown: Shown,
) -> Result<(CallDocument, ETag), Problem> {
    let (id, version, tenant) = (stored.id, stored.version, tx.tenant());
    tx.attach_documents(
        std::slice::from_mut(&mut stored),
        shown.transcript,
        shown.analyses,
    )
    .await?;
    let raw_refs = tx.document_hashes(&[id]).await?;
    let freshness = tx.list_freshness(&[stored.connection_id.0], &[]).await?;
    let around = Surroundings {
        freshness: freshness.first().map(|known| &known.freshness),
        raw_refs: Some(raw_refs.iter().map(|(_, hash)| raw_ref(hash)).collect()),
    };
    let document = document(tenant, stored, shown, around);
    // The form is what was asked to be shown: freshness moves without the call.
    let form = [
        shown.transcript,
        shown.analyses,
        shown.vendor_values,
        shown.provenance,
    ]
    .map(u8::from);
    Ok((document, ETag::new(version, &form)))
}

/// The name of a vendor document in `raw_refs`.
pub(super) fn raw_ref(hash: &[u8]) -> String {
    format!("sha256:{}", hex(hash))
}
