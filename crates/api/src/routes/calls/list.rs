//! `GET /v1/calls`.

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use callweave_model::{
    CallId, ConnectionId,
    connection::Freshness,
    enums::{CallKind, CallStatus, Channel, Direction, SentimentLabel},
    phone,
};
use callweave_store::{
    TenantTx,
    calls::{CallFilter, CallPosition, Order, StoredCall},
    overview::ConnectionFreshness,
};

use super::{
    include::{INCLUDE, Include},
    raw_ref,
};
use crate::{
    ApiState,
    cursor::{List, Place},
    extract::{
        ApiQuery, Authorized,
        query::{CURSOR, FromQuery, Kind, LIMIT, Param, Query, document_query},
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

/// More words than this narrow nothing.
const WORDS_LIMIT: usize = 16;

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
    const PARAMS: &'static [Param] = &[
        Param::new("connection_id", Kind::Uuids, "Of one of these connections."),
        Param::new("vendor", Kind::Keys, "Of one of these vendors."),
        Param::new("remote_id", Kind::Text(200), "With this id at the vendor."),
        Param::new(
            "started_after",
            Kind::Instant,
            "Started at or after. Calls without a known start do not match; `notes` names the connections that have such calls.",
        ),
        Param::new(
            "started_before",
            Kind::Instant,
            "Started before. Calls without a known start do not match.",
        ),
        Param::new(
            "modified_after",
            Kind::Instant,
            "Changed in the gateway after.",
        ),
        Param::new(
            "channel",
            Kind::Words(Channel::WORDS),
            "The medium: any of these.",
        ),
        Param::new(
            "direction",
            Kind::Words(Direction::WORDS),
            "The direction: any of these.",
        ),
        Param::new(
            "kind",
            Kind::Words(CallKind::WORDS),
            "Who talks with the customer: any of these.",
        ),
        Param::new(
            "status",
            Kind::Words(CallStatus::WORDS),
            "What became of the call: any of these.",
        ),
        Param::new(
            "agent",
            Kind::Text(200),
            "Name or vendor id of an agent who took part.",
        ),
        Param::new(
            "phone",
            Kind::Text(40),
            "A phone that took part, in any usual spelling.",
        ),
        Param::new(
            "tag",
            Kind::Texts(200),
            "All of these tags; repeat the parameter.",
        ),
        Param::new(
            "sentiment",
            Kind::Words(SentimentLabel::WORDS),
            "The tone of the call: any of these.",
        ),
        Param::new("passed", Kind::Boolean, "Passed the scorecards, or not."),
        Param::new(
            "score_min",
            Kind::Number(0.0, 100.0),
            "At least this score.",
        ),
        Param::new("score_max", Kind::Number(0.0, 100.0), "At most this score."),
        Param::new("has_transcript", Kind::Boolean, "Has a transcript, or not."),
        Param::new(
            "q",
            Kind::Text(200),
            "Words that all occur in transcript, summaries, tags or names; each matches as a beginning. Needs the scope `transcripts:read`.",
        ),
        Param::new(
            "order",
            Kind::Word(&["asc", "desc"]),
            "By the start of the call (or its first sight, where the start is unknown); `desc` unless told.",
        ),
        LIMIT,
        CURSOR,
        INCLUDE,
    ];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let include = Include::read(query);
        Ok(Self {
            filter: CallFilter {
                connections: query.uuids("connection_id"),
                vendors: query.all("vendor"),
                remote_id: query.text("remote_id"),
                started_after: query.instant("started_after"),
                started_before: query.instant("started_before"),
                modified_after: query.instant("modified_after"),
                channels: query.all("channel"),
                directions: query.all("direction"),
                kinds: query.all("kind"),
                statuses: query.all("status"),
                agent: query.text("agent"),
                phones: query
                    .text("phone")
                    .map(|text| spellings(&text))
                    .unwrap_or_default(),
                tags: query.all("tag"),
                sentiments: query.all("sentiment"),
                passed: query.boolean("passed"),
                score_min: query.number("score_min"),
                score_max: query.number("score_max"),
                has_transcript: query.boolean("has_transcript"),
                words: query.text("q").map(|text| words(&text)).unwrap_or_default(),
                with_deleted: include.deleted,
            },
            include,
            order: match query.text("order").as_deref() {
                Some("asc") => Order::Asc,
                _ => Order::Desc,
            },
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
    if !query.filter.words.is_empty() {
        // Search looks into what was said.
        authorized.caller.require(&["transcripts:read"])?;
    }
    let tenant = authorized.caller.tenant;
    let list = List {
        tenant,
        name: "calls",
        query: &query.fingerprint,
    };
    let after = query
        .cursor
        .as_deref()
        .map(|cursor| state.cursor_key().open(list, cursor))
        .transpose()?;
    let mut tx = state.store().tenant(tenant).await?;
    let (calls, more) = page(&mut tx, &query, after).await?;
    let refs = raw_refs(&mut tx, &query, &calls).await?;
    let filter = &query.filter;
    let fresh = tx
        .list_freshness(&filter.connections, &filter.vendors)
        .await?;
    tx.commit().await?;
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
    let data = calls
        .into_iter()
        .map(|call| {
            let around = Surroundings {
                freshness: freshness.get(&call.connection_id),
                raw_refs: refs.get(&call.id).cloned(),
            };
            document(tenant, call, query.include.shown, around)
        })
        .collect();
    respond::ok(&CallList {
        data,
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
) -> Result<(Vec<StoredCall>, bool), Problem> {
    let after = after.map(|place| CallPosition {
        sort_at: place.at,
        id: CallId(place.id),
    });
    let mut calls = tx
        .list_calls(&query.filter, query.order, after, query.limit + 1)
        .await?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let more = calls.len() > limit;
    calls.truncate(limit);
    let shown = query.include.shown;
    tx.attach_documents(&mut calls, shown.transcript, shown.analyses)
        .await?;
    Ok((calls, more))
}

async fn raw_refs(
    tx: &mut TenantTx,
    query: &CallsQuery,
    calls: &[StoredCall],
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
fn notes(state: &ApiState, filter: &CallFilter, fresh: &[ConnectionFreshness]) -> Vec<Note> {
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

/// The spellings under which a phone may be stored. An unescaped `+` arrived as a space.
fn spellings(text: &str) -> Vec<String> {
    let trimmed = text.trim();
    let mut spellings = vec![trimmed.to_owned()];
    let candidates = [
        phone::to_e164(trimmed),
        phone::to_e164(&format!("+{trimmed}")),
        (text.starts_with(' ')).then(|| format!("+{trimmed}")),
    ];
    for candidate in candidates.into_iter().flatten() {
        if !spellings.contains(&candidate) {
            spellings.push(candidate);
        }
    }
    spellings
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .take(WORDS_LIMIT)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::spellings;

    #[test]
    fn a_phone_is_found_under_each_of_its_spellings() {
        for text in [
            "+79990001122",
            " 79990001122",
            "79990001122",
            "8 999 000-11-22",
        ] {
            assert!(
                spellings(text).contains(&"+79990001122".to_owned()),
                "{text}"
            );
        }
        assert_eq!(spellings("101"), ["101"]);
    }
}
