//! `GET /v1/calls/{id}/analyses`.

use axum::{extract::State, response::Response};
use uuid::Uuid;

use super::find;
use crate::{
    ApiState,
    extract::{
        ApiPath, ApiQuery, Authorized,
        query::{FromQuery, Kind, Param, Query, document_query},
    },
    problem::{BadQuery, NotFound, Problem, Secured},
    respond,
    scope::CallsRead,
    wire::{call_parts::AnalysisList, vendor_values},
};

/// What is shown of the analyses.
#[derive(Debug)]
pub(crate) struct AnalysesQuery {
    vendor_values: bool,
}

impl FromQuery for AnalysesQuery {
    const PARAMS: &'static [Param] = &[Param::new(
        "include",
        Kind::Words(&["vendor_values"]),
        "What to show besides: `vendor_values` (all vendor words, not only untranslated ones).",
    )];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            vendor_values: query.has("include", "vendor_values"),
        })
    }
}
document_query!(AnalysesQuery);

/// Shows the analyses of a call.
///
/// One for each run of the vendor: scorecards, tags, events, sentiments, summaries and the rest. A
/// call whose analysis is not ready answers 200 with its state.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}/analyses",
    tag = "calls",
    params(("id" = Uuid, Path, description = "The id of the call."), AnalysesQuery),
    responses((status = 200, description = "The analyses.", body = AnalysisList), Secured, BadQuery, NotFound),
    security(("bearer" = ["calls:read"])),
)]
pub(crate) async fn list_call_analyses(
    authorized: Authorized<CallsRead>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    ApiQuery(query): ApiQuery<AnalysesQuery>,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let mut stored = find(&mut tx, id, false).await?;
    tx.attach_documents(std::slice::from_mut(&mut stored), false, true)
        .await?;
    tx.commit().await?;
    if !query.vendor_values {
        vendor_values::prune_analyses(&mut stored.call.analyses);
    }
    respond::ok(&AnalysisList {
        call_id: stored.id,
        state: stored.call.artifact_state("analysis"),
        data: stored.call.analyses,
    })
}
