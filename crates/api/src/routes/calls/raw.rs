//! `GET /v1/calls/{id}/raw`.

use axum::{extract::State, response::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use callweave_store::documents::StoredDocument;
use uuid::Uuid;

use super::find;
use crate::{
    ApiState,
    extract::{ApiPath, ApiQuery, Authorized, query::NoQuery},
    hex::hex,
    problem::{BadQuery, NotFound, Problem, Secured},
    respond,
    scope::DocumentsRead,
    wire::call_parts::{RawDocumentEntry, RawDocumentList, RecordName},
};

/// Shows the vendor's own documents behind a call, as they came.
///
/// One entry a document that the vendor sent: JSON as `json`, anything else in base64. They hold
/// what was said.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}/raw",
    tag = "calls",
    params(("id" = Uuid, Path, description = "The id of the call.")),
    responses((status = 200, description = "The documents, by record and operation.", body = RawDocumentList), Secured, BadQuery, NotFound),
    security(("bearer" = ["calls:read", "transcripts:read"])),
)]
pub(crate) async fn list_call_documents(
    authorized: Authorized<DocumentsRead>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let stored = find(&mut tx, id, false).await?;
    let documents = tx.documents_of_call(stored.id).await?;
    tx.commit().await?;
    respond::ok(&RawDocumentList {
        call_id: stored.id,
        data: documents.into_iter().map(entry).collect(),
    })
}

fn entry(stored: StoredDocument) -> RawDocumentEntry {
    let document = stored.document;
    let json = document
        .content_type
        .contains("json")
        .then(|| serde_json::from_slice(&document.body).ok())
        .flatten();
    let base64 = json.is_none().then(|| STANDARD.encode(&document.body));
    RawDocumentEntry {
        operation: document.operation,
        part: document.part,
        record: RecordName {
            kind: stored.kind,
            remote_id: stored.remote_id,
        },
        content_type: document.content_type,
        sha256: hex(&stored.hash),
        size_bytes: document.body.len(),
        json,
        base64,
    }
}
