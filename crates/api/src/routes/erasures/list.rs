//! `GET /v1/erasures`.

use axum::{extract::State, response::Response};

use crate::{
    ApiState,
    cursor::{List, Place},
    extract::{
        ApiQuery, Authorized,
        query::{CURSOR, FromQuery, LIMIT, Param, Query, document_query},
    },
    problem::{BadQuery, Problem, Secured},
    respond,
    scope::CallsErase,
    wire::erasure::ErasureList,
};

/// Which receipts are listed.
#[derive(Debug)]
pub(crate) struct ErasureQuery {
    limit: i64,
    cursor: Option<String>,
    fingerprint: String,
}

impl FromQuery for ErasureQuery {
    const PARAMS: &'static [Param] = &[LIMIT, CURSOR];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            limit: query.limit(),
            cursor: query.text("cursor"),
            fingerprint: query.fingerprint(),
        })
    }
}
document_query!(ErasureQuery);

/// Lists the receipts of erasures, the newest first.
///
/// Each says when what kind of subject was erased, by what kind of caller, and how much there was;
/// none says whom.
#[utoipa::path(
    get,
    path = "/v1/erasures",
    tag = "calls",
    params(ErasureQuery),
    responses((status = 200, description = "A page of receipts.", body = ErasureList), Secured, BadQuery),
    security(("bearer" = ["calls:erase"])),
)]
pub(crate) async fn list_erasures(
    authorized: Authorized<CallsErase>,
    State(state): State<ApiState>,
    ApiQuery(query): ApiQuery<ErasureQuery>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let list = List {
        tenant,
        name: "erasures",
        query: &query.fingerprint,
    };
    let after = state
        .cursor_key()
        .begin(list, query.cursor.as_deref())?
        .map(|place| (place.at, place.id));
    let mut tx = state.store().tenant(tenant).await?;
    let mut erasures = tx.list_erasures(after, query.limit + 1).await?;
    tx.commit().await?;
    let next_cursor = state
        .cursor_key()
        .cut(list, &mut erasures, query.limit, |last| Place {
            at: last.erased_at,
            id: last.id,
        });
    respond::ok(&ErasureList {
        data: erasures.into_iter().map(Into::into).collect(),
        next_cursor,
    })
}
