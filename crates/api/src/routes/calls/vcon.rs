//! `GET /v1/calls/{id}/vcon`.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use uuid::Uuid;

use super::{accept::Accept, find};
use crate::{
    ApiState,
    extract::{ApiPath, Authorized, Conditions, ETag},
    problem::{NotAcceptable, NotFound, Problem, Secured, codes},
    respond,
    scope::DocumentsRead,
    wire::{vcon::Vcon, vendor_values},
};

/// The forms of a vCon, which differ by name alone, in the order of preference.
const FORMS: [&str; 2] = ["application/vcon", "application/json"];

/// Shows a call as a vCon.
///
/// The container for conversations of the IETF (`draft-ietf-vcon-vcon-core`), unsigned: the parties, the
/// pieces of dialog, and transcript, summaries and analyses as they are elsewhere in this document. What
/// the draft has no place for stands in `callweave`. It holds what was said, so both scopes are needed.
/// Recordings are not within: `callweave.media` of a dialog says where one is.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}/vcon",
    tag = "calls",
    params(("id" = Uuid, Path, description = "The id of the call.")),
    responses(
        (status = 200, description = "The vCon.",
            headers(("ETag" = String, description = "Its version.")),
            content((Vcon = "application/vcon"), (Vcon = "application/json"))),
        (status = 304, description = "`If-None-Match` names this version."),
        Secured,
        NotFound,
        NotAcceptable,
    ),
    security(("bearer" = ["calls:read", "transcripts:read"])),
)]
pub(crate) async fn get_call_vcon(
    authorized: Authorized<DocumentsRead>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    conditions: Conditions,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = Accept::of(&headers).prefers(FORMS).ok_or_else(|| {
        let detail = "a vCon can be had as application/vcon or application/json";
        Problem::new(codes::NOT_ACCEPTABLE, detail)
    })?;
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let mut stored = find(&mut tx, id, false).await?;
    tx.attach_documents(std::slice::from_mut(&mut stored), true, true)
        .await?;
    tx.commit().await?;
    let tag = ETag::new(stored.version, form.as_bytes());
    vendor_values::prune_analyses(&mut stored.call.analyses);
    if let Some(transcript) = &mut stored.call.transcript {
        vendor_values::prune_utterances(&mut transcript.utterances);
    }
    let mut response = if conditions.already_has(&tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut shown = respond::ok(&Vcon::of(stored))?;
        let headers = shown.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form));
        shown
    };
    respond::set_tag(&mut response, &tag);
    response.headers_mut().insert(
        header::VARY,
        HeaderValue::from_static("accept, authorization"),
    );
    Ok(response)
}
