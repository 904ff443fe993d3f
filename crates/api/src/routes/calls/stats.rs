//! `GET /v1/stats/calls`.

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use callweave_model::{ConnectionId, connection::Freshness};
use callweave_store::{
    Plans,
    calls::{CallFilter, GroupBy},
};
use jiff::tz::TimeZone;

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
    problem::{BadQuery, FieldError, Problem, Secured, codes},
    respond,
    scope::CallsRead,
    wire::stats::CallStats,
};

/// Which calls are counted, and by what.
#[derive(Debug)]
pub(crate) struct StatsQuery {
    filter: CallFilter,
    word: String,
    by: GroupBy,
    limit: i64,
}

impl FromQuery for StatsQuery {
    const PARAMS: &'static [Param] = filter_params![
        Param::new(
            "group_by",
            Kind::Word(&[
                "day",
                "vendor",
                "connection",
                "agent",
                "tag",
                "status",
                "direction",
                "sentiment",
            ]),
            "What to count by; `day` unless told. A call counts for each of its agents (by name and by \
             the vendor's id) and tags.",
        ),
        Param::new(
            "timezone",
            Kind::Text(60),
            "The IANA zone whose days are meant, e.g. `Europe/Berlin`; `UTC` unless told.",
        ),
        LIMIT,
    ];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let zone = query.text("timezone").unwrap_or_else(|| "UTC".to_owned());
        if TimeZone::get(&zone).is_err() {
            let detail = "there is no such time zone";
            let problem = Problem::new(codes::INVALID_QUERY, format!("timezone: {detail}"));
            let error = FieldError::query("timezone", "invalid_value", detail);
            return Err(problem.with_error(error));
        }
        let word = query.text("group_by").unwrap_or_else(|| "day".to_owned());
        Ok(Self {
            filter: filter(query, Include::read(query)),
            by: match word.as_str() {
                "vendor" => GroupBy::Vendor,
                "connection" => GroupBy::Connection,
                "agent" => GroupBy::Agent,
                "tag" => GroupBy::Tag,
                "status" => GroupBy::Status,
                "direction" => GroupBy::Direction,
                "sentiment" => GroupBy::Sentiment,
                _ => GroupBy::Day(zone),
            },
            word,
            limit: query.limit(),
        })
    }
}
document_query!(StatsQuery);

/// Counts calls.
///
/// By day, vendor, connection, agent, tag and the like, with the filters of the list: how many, how
/// long, how they scored.
#[utoipa::path(
    get,
    path = "/v1/stats/calls",
    tag = "calls",
    params(StatsQuery),
    responses((status = 200, description = "The figures.", body = CallStats), Secured, BadQuery),
    security(("bearer" = ["calls:read"])),
)]
pub(crate) async fn get_call_stats(
    authorized: Authorized<CallsRead>,
    State(state): State<ApiState>,
    ApiQuery(query): ApiQuery<StatsQuery>,
) -> Result<Response, Problem> {
    authorize(&query.filter, &authorized.caller)?;
    let filter = &query.filter;
    let tenant = authorized.caller.tenant;
    let (by, limit) = (&query.by, query.limit);
    let (mut groups, total, fresh) = state
        .read(tenant, Plans::Free, |mut tx| async move {
            let groups = tx.call_figures(filter, by, limit + 1).await?;
            let total = tx.call_figures(filter, &GroupBy::Nothing, 1).await?;
            let fresh = tx
                .list_freshness(&filter.connections, &filter.vendors)
                .await?;
            tx.leave();
            Ok((groups, total, fresh))
        })
        .await?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let truncated = groups.len() > limit;
    groups.truncate(limit);
    let notes = notes(&state, filter, &fresh);
    let freshness: BTreeMap<ConnectionId, Freshness> = fresh
        .into_iter()
        .map(|known| (known.id, known.freshness))
        .collect();
    respond::ok(&CallStats {
        group_by: query.word,
        data: groups.into_iter().map(Into::into).collect(),
        truncated,
        total: total.into_iter().next().map(Into::into).unwrap_or_default(),
        freshness,
        notes,
    })
}
