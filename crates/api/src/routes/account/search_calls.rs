//! `POST /v1/connections/{id}/vendor-calls/search`.

use std::collections::BTreeSet;

use axum::response::Response;
use callweave_model::{CallId, owned::FoundCall};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    live::{ConnectionPath, Line, Live, OwnedJson, PageQuery, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    scope::VendorRead,
    wire::live::LiveList,
};

/// What is searched for at the vendor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchInput {
    /// The criteria, in the vendor's names and values; none finds everything.
    #[serde(default)]
    #[schema(value_type = Option<Object>, example = json!({"status": ["completed"]}))]
    criteria: Map<String, Value>,
    /// How many to return at most; 50 unless told.
    #[schema(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before. The criteria must be as they were there.
    #[schema(max_length = 8_000)]
    cursor: Option<String>,
}

/// Searches calls at the vendor.
///
/// By the vendor's own criteria, which may know more than `GET /v1/calls` does. `call_id` leads to
/// the call where it is stored here already.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/vendor-calls/search",
    tag = "vendor-account",
    params(ConnectionPath),
    request_body(content = SearchInput, example = json!({"criteria": {}, "limit": 20})),
    responses((status = 200, description = "A page of calls.", body = LiveList<FoundCall>), Secured, BadBody, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn search_vendor_calls(
    live: Live<VendorRead, needs::Account>,
    OwnedJson(input): OwnedJson<SearchInput>,
) -> Result<Response, Problem> {
    let criteria = input.criteria;
    let fingerprint = Value::Object(criteria.clone()).to_string();
    let page = PageQuery::given(input.limit.unwrap_or(50), input.cursor, fingerprint);
    let live = live.searching();
    let pages = live.pages(&["vendor-calls"], page)?;
    let mut listing = ask!(live, account.search_calls(&criteria, pages.query()));
    note_stored(&live, &mut listing.items).await?;
    pages.answer(listing)
}

/// Tells which of the calls are stored here.
async fn note_stored(live: &Line, found: &mut [FoundCall]) -> Result<(), Problem> {
    let connection = live.connection();
    let id = |call: &FoundCall| CallId::derive(connection.namespace, &call.remote_id);
    let ids: Vec<CallId> = found.iter().map(id).collect();
    let mut tx = live.state().store().tenant(connection.tenant_id).await?;
    let stored: BTreeSet<CallId> = tx.stored_calls(&ids).await?.into_iter().collect();
    tx.commit().await?;
    for call in found {
        call.call_id = Some(id(call)).filter(|id| stored.contains(id));
    }
    Ok(())
}
