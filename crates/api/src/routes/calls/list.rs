//! `GET /v1/calls`.

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use callweave_model::{CallId, ConnectionId, connection::Freshness};
use callweave_store::{
    Plans, TenantTx,
    calls::{CallFilter, CallPosition, CallText, Order},
    overview::ConnectionFreshness,
};

use super::{
    filter::{authorize, filter, filter_params, order},
    include::{INCLUDE, Include},
    raw_ref,
};
use crate::{
    ApiState,
    cursor::{List, Place},
    extract::{
        ApiQuery, Authorized,
        query::{CURSOR, FromQuery, LIMIT, Param, Query, document_query},
    },
    problem::{BadQuery, Problem, Secured},
    respond,
    routes::connections::manifest,
    scope::CallsRead,
    wire::{
        call::{Surroundings, document},
        call_parts::{CallList, Note},
    },
};

/// Which calls are listed, and how.
#[derive(Debug)]
pub(crate) struct CallsQuery {
    filter: CallFilter,
    include: Include,
    order: Order,
    limit: i64,
    cursor: Option<String>,
    fingerprint: String,
}

impl FromQuery for CallsQuery {
    const PARAMS: &'static [Param] = filter_params![LIMIT, CURSOR, INCLUDE];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let include = Include::read(query);
        Ok(Self {
            filter: filter(query, include),
            include,
            order: order(query),
            limit: query.limit(),
            cursor: query.text("cursor"),
            fingerprint: query.fingerprint(),
        })
    }
}
document_query!(CallsQuery);

/// Lists calls.
///
/// The newest first, with keyset paging. `freshness` says for each connection that the query looks
/// at how fresh its data is, `notes` what the query could not do.
#[utoipa::path(
    get,
    path = "/v1/calls",
    tag = "calls",
    params(CallsQuery),
    responses((status = 200, description = "A page of calls.", body = CallList), Secured, BadQuery),
    security(("bearer" = ["calls:read"])),
)]
pub(crate) async fn list_calls(
    authorized: Authorized<CallsRead>,
    State(state): State<ApiState>,
    ApiQuery(query): ApiQuery<CallsQuery>,
) -> Result<Response, Problem> {
    query.include.authorize(&authorized.caller)?;
    authorize(&query.filter, &authorized.caller)?;
    let tenant = authorized.caller.tenant;
    let list = List {
        tenant,
        name: "calls",
        query: &query.fingerprint,
    };
    let after = state.cursor_key().begin(list, query.cursor.as_deref())?;
    let filter = &query.filter;
    let plans = if filter.is_plain() {
        Plans::Kept
    } else {
        Plans::Free
    };
    let query = &query;
    let (calls, more, refs, fresh) = state
        .read(tenant, plans, |mut tx| async move {
            let (calls, more) = page(&mut tx, query, after).await?;
            let refs = raw_refs(&mut tx, query, &calls).await?;
            let fresh = tx
                .list_freshness(&filter.connections, &filter.vendors)
                .await?;
            tx.leave();
            Ok((calls, more, refs, fresh))
        })
        .await?;
    let next_cursor = calls.last().filter(|_| more).map(|last| {
        let place = Place {
            at: last.sort_at,
            id: last.id.0,
        };
        state.cursor_key().seal(list, place)
    });
    let notes = notes(&state, &query.filter, &fresh);
    let freshness: BTreeMap<ConnectionId, Freshness> = fresh
        .into_iter()
        .map(|known| (known.id, known.freshness))
        .collect();
    let data: Result<_, Problem> = calls
        .iter()
        .map(|call| {
            let around = Surroundings {
                freshness: freshness.get(&call.connection_id),
                raw_refs: refs.get(&call.id).cloned(),
            };
            document(tenant, call, query.include.shown, around)
        })
        .collect();
    respond::ok(&CallList {
        data: data?,
        next_cursor,
        freshness,
        notes,
    })
}

/// One page, and whether there is another.
async fn page(
    tx: &mut TenantTx,
    query: &CallsQuery,
    after: Option<Place>,
) -> Result<(Vec<CallText>, bool), Problem> {
    let after = after.map(|place| CallPosition {
        sort_at: place.at,
        id: CallId(place.id),
    });
    let mut calls = tx
        .list_call_texts(&query.filter, query.order, after, query.limit + 1)
        .await?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let more = calls.len() > limit;
    calls.truncate(limit);
    let shown = query.include.shown;
    tx.attach_texts(&mut calls, shown.transcript, shown.analyses)
        .await?;
    Ok((calls, more))
}

async fn raw_refs(
    tx: &mut TenantTx,
    query: &CallsQuery,
    calls: &[CallText],
) -> Result<BTreeMap<CallId, Vec<String>>, Problem> {
    let mut refs: BTreeMap<CallId, Vec<String>> = BTreeMap::new();
    if query.include.shown.provenance {
        let ids: Vec<CallId> = calls.iter().map(|call| call.id).collect();
        for (id, hash) in tx.document_hashes(&ids).await? {
            refs.entry(id).or_default().push(raw_ref(&hash));
        }
    }
    Ok(refs)
}

/// Which connections a date range could not be applied to.
pub(super) fn notes(
    state: &ApiState,
    filter: &CallFilter,
    fresh: &[ConnectionFreshness],
) -> Vec<Note> {
    if filter.started_after.is_none() && filter.started_before.is_none() {
        return Vec::new();
    }
    fresh
        .iter()
        .filter(|known| {
            manifest(state, &known.vendor).is_some_and(|vendor| !vendor.calls_have_start_time)
        })
        .map(|known| Note {
            code: "date_range_not_applied",
            connection_id: known.id,
            detail:
                "the vendor does not tell when calls started; only calls whose start was given \
                     by the client or read off their id are within the range"
                    .to_owned(),
        })
        .collect()
}
