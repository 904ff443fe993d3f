//! `GET /v1/calls/{id}/documents/{format}`.

use axum::{extract::State, response::Response};
use callweave_provider::documents::DocumentFormat;
use uuid::Uuid;

use super::find;
use crate::{
    ApiState,
    extract::{ApiPath, ApiQuery, Authorized, RequestId, query::NoQuery},
    file,
    live::{Line, Manner, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured, codes},
    scope::DocumentsRead,
    wire::bytes::Bytes,
};

/// Gets the document that the vendor writes about a call.
///
/// The bytes come from the vendor while the caller reads; nothing is kept.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}/documents/{format}",
    tag = "calls",
    params(
        ("id" = Uuid, Path, description = "The id of the call."),
        ("format" = String, Path, description = "`docx` or `txt`.", pattern = "^(docx|txt)$", example = "docx"),
    ),
    responses(
        (status = 200, description = "The document.",
            content((Bytes = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"), (String = "text/plain"), (Bytes = "application/octet-stream")),
            headers(("Content-Disposition" = String, description = "`attachment`, with the file's name."))),
        Secured,
        BadQuery,
        LiveProblems,
    ),
    security(("bearer" = ["calls:read", "transcripts:read"])),
)]
pub(crate) async fn get_call_document(
    authorized: Authorized<DocumentsRead>,
    State(state): State<ApiState>,
    ApiPath((id, word)): ApiPath<(Uuid, String)>,
    _query: ApiQuery<NoQuery>,
    RequestId(request_id): RequestId,
) -> Result<Response, Problem> {
    let format = match word.as_str() {
        "docx" => DocumentFormat::Docx,
        "txt" => DocumentFormat::Txt,
        _ => return Err(Problem::not_found("format of a document")),
    };
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let stored = find(&mut tx, id, false).await?;
    let connection = tx.find_connection(stored.connection_id).await?;
    tx.commit().await?;
    let connection = connection.ok_or_else(|| {
        Problem::new(
            codes::CONFLICT,
            "the connection of this call was removed, and with it the way to its documents",
        )
    })?;
    let live = Line::open(&state, connection, request_id, Manner::Reads)?;
    live.need::<needs::Documents>()?;
    let call = &stored.call;
    let body = ask!(
        live,
        documents.open_document(&call.remote_id, call.channel, format)
    );
    Ok(file::attachment(body, &format!("call-{id}.{word}")))
}
