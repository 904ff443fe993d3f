//! `GET /v1/stats/rubric-items`.

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use callweave_model::{ConnectionId, connection::Freshness};
use callweave_store::{Plans, calls::CallFilter};

use super::{
    filter::{authorize, filter, filter_params},
    include::Include,
    list::notes,
};
use crate::{
    ApiState,
    extract::{
        ApiQuery, Authorized,
        query::{FromQuery, LIMIT, Param, Query, document_query},
    },
    problem::{BadQuery, Problem, Secured},
    respond,
    scope::CallsRead,
    wire::stats::RubricItemStats,
};

/// So many of the newest calls are looked at.
const MOST: u32 = 20_000;

/// Which calls are looked at.
#[derive(Debug)]
pub(crate) struct ItemStatsQuery {
    filter: CallFilter,
    limit: i64,
}

impl FromQuery for ItemStatsQuery {
    const PARAMS: &'static [Param] = filter_params![LIMIT];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            filter: filter(query, Include::read(query)),
            limit: query.limit(),
        })
    }
}
document_query!(ItemStatsQuery);

/// Counts by rubric item.
///
/// How each item of the rubrics (scenarios, checklists) was answered, with the filters of the list: by
/// the vendor's ids, else by its words. Of very many calls the newest 20,000 are looked at, and `complete`
/// is `false`; a filter by day or agent makes them fewer.
#[utoipa::path(
    get,
    path = "/v1/stats/rubric-items",
    tag = "calls",
    params(ItemStatsQuery),
    responses((status = 200, description = "The figures.", body = RubricItemStats), Secured, BadQuery),
    security(("bearer" = ["calls:read"])),
)]
pub(crate) async fn get_rubric_item_stats(
    authorized: Authorized<CallsRead>,
    State(state): State<ApiState>,
    ApiQuery(query): ApiQuery<ItemStatsQuery>,
) -> Result<Response, Problem> {
    authorize(&query.filter, &authorized.caller)?;
    let filter = &query.filter;
    let tenant = authorized.caller.tenant;
    let (counted, fresh) = state
        .read(tenant, Plans::Free, |mut tx| async move {
            let counted = tx.item_figures(filter, MOST).await?;
            let fresh = tx
                .list_freshness(&filter.connections, &filter.vendors)
                .await?;
            tx.leave();
            Ok((counted, fresh))
        })
        .await?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let notes = notes(&state, filter, &fresh);
    let freshness: BTreeMap<ConnectionId, Freshness> = fresh
        .into_iter()
        .map(|known| (known.id, known.freshness))
        .collect();
    respond::ok(&RubricItemStats {
        truncated: counted.items.len() > limit,
        data: counted
            .items
            .into_iter()
            .take(limit)
            .map(Into::into)
            .collect(),
        calls: counted.calls,
        complete: counted.complete,
        freshness,
        notes,
    })
}
