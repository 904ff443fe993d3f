//! Lists of calls that hold words.
//!
//! Words that many calls hold are met soon on a walk along the list. Words that few hold are looked up in
//! their index, some months at a time, because that gives all calls of a month and sorts them. Row-level
//! security lets no operator that could tell of foreign rows near an index before it has looked at the rows,
//! so the words are part of a policy: that of the role `callweave_search`, under which the index is read.

use callweave_model::CallId;
use jiff::{Span, tz::TimeZone};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{CallFilter, CallPosition, Order, filter::prefix_query, served};
use crate::{APP_ROLE, Result, SEARCH_ROLE, StoreError, TenantTx, calls::CallText, convert};

/// Calls that are walked first.
const FIRST_WALK: i64 = 100;
/// The most that are walked when the first ones held the words often enough.
const LONGEST_WALK: i64 = 1_000;
/// Where fewer than one of so many calls holds the words, the index is quicker than the walk.
const RARE: i64 = 15;
/// How many months are looked up at most at once.
const MOST_MONTHS: i32 = 64;

type Place = (convert::DbTime, Uuid);

/// How far a search has come.
struct Search<'a> {
    filter: &'a CallFilter,
    words: String,
    order: Order,
    limit: i64,
    /// The last call that was looked at.
    after: Option<CallPosition>,
    found: Vec<CallText>,
}

impl Search<'_> {
    fn missing(&self) -> i64 {
        self.limit - i64::try_from(self.found.len()).unwrap_or(self.limit)
    }
}

impl TenantTx {
    /// Lists the calls that hold the words of the filter.
    pub(super) async fn search_call_texts(
        &mut self,
        filter: &CallFilter,
        order: Order,
        after: Option<CallPosition>,
        limit: i64,
    ) -> Result<Vec<CallText>> {
        let without_words = CallFilter {
            words: Vec::new(),
            ..filter.clone()
        };
        let mut search = Search {
            filter: &without_words,
            words: prefix_query(&filter.words),
            order,
            limit,
            after,
            found: Vec::new(),
        };
        let (met, ended) = self.walk(&mut search, FIRST_WALK).await?;
        if ended || search.missing() <= 0 {
            return Ok(search.found);
        }
        if met * RARE >= FIRST_WALK {
            let further = (search.missing() * FIRST_WALK * 5 / (met * 4)).min(LONGEST_WALK);
            let (_, ended) = self.walk(&mut search, further).await?;
            if ended || search.missing() <= 0 {
                return Ok(search.found);
            }
        }
        self.look_up(&mut search).await?;
        Ok(search.found)
    }

    /// Walks along the list. How many calls held the words, and whether the list ended.
    async fn walk(&mut self, search: &mut Search<'_>, steps: i64) -> Result<(i64, bool)> {
        // Within the list of columns, so that no plan begins with all calls that hold the words.
        let mut query = QueryBuilder::new(
            "SELECT call.sort_at, call.id, (SELECT search.words @@ to_tsquery('simple', ",
        );
        query
            .push_bind(search.words.clone())
            .push(
                ") FROM call_search AS search WHERE search.tenant_id = call.tenant_id \
                 AND search.sort_at = call.sort_at AND search.call_id = call.id) \
                 FROM calls AS call WHERE call.tenant_id = ",
            )
            .push_bind(self.tenant().0);
        search.filter.push(&mut query);
        search.order.push_after(&mut query, search.after, "call.id");
        search.order.push_limit(&mut query, steps, "call.id");
        let rows: Vec<(convert::DbTime, Uuid, Option<bool>)> =
            query.build_query_as().fetch_all(self.executor()).await?;
        let ended = i64::try_from(rows.len()).unwrap_or(steps) < steps;
        if let Some((sort_at, id, _)) = rows.last() {
            search.after = Some(position((*sort_at, *id)));
        }
        let met: Vec<Place> = rows
            .into_iter()
            .filter(|(.., holds)| *holds == Some(true))
            .map(|(sort_at, id, _)| (sort_at, id))
            .collect();
        let count = i64::try_from(met.len()).unwrap_or(steps);
        self.take(search, met).await?;
        Ok((count, ended))
    }

    /// Looks the words up beyond what was walked, until enough is found or nothing is left.
    async fn look_up(&mut self, search: &mut Search<'_>) -> Result<()> {
        let Some(end) = self.last_place(search.order).await? else {
            return Ok(());
        };
        let mut months = 1;
        while search.missing() > 0 {
            let Some(after) = search.after else { break };
            let (after_key, end_key) = ((after.sort_at, after.id), (end.sort_at, end.id));
            let ended = match search.order {
                Order::Asc => after_key >= end_key,
                Order::Desc => after_key <= end_key,
            };
            if ended {
                break;
            }
            // Other conditions are looked at afterwards: then a few more are read at once.
            let many = if search.filter.is_plain() { 1 } else { 4 };
            let limit = search.limit.saturating_mul(many);
            let edge = edge(after, search.order, months)?;
            let places = self.indexed(search, edge, limit).await?;
            if i64::try_from(places.len()).unwrap_or(limit) < limit {
                search.after = Some(edge);
                months = (months * 2).min(MOST_MONTHS);
            } else {
                search.after = places.last().copied().map(position);
            }
            self.take(search, places).await?;
        }
        Ok(())
    }

    /// The end of the list that a walk comes to.
    async fn last_place(&mut self, order: Order) -> Result<Option<CallPosition>> {
        let mut query = QueryBuilder::new(
            "SELECT call.sort_at, call.id FROM calls AS call WHERE call.tenant_id = ",
        );
        query.push_bind(self.tenant().0);
        order.reversed().push_limit(&mut query, 1, "call.id");
        let place: Option<Place> = query
            .build_query_as()
            .fetch_optional(self.executor())
            .await?;
        Ok(place.map(position))
    }

    /// The calls up to an edge that hold the words, off their index.
    async fn indexed(
        &mut self,
        search: &Search<'_>,
        edge: CallPosition,
        limit: i64,
    ) -> Result<Vec<Place>> {
        // What reading a row's words costs no plan counts: without the index it would read them all.
        self.take_on(SEARCH_ROLE, &search.words, "off").await?;
        let mut query = QueryBuilder::new(
            "SELECT call.sort_at, call.call_id AS id FROM call_search AS call WHERE call.sort_at ",
        );
        query.push(match search.order {
            Order::Asc => "< ",
            Order::Desc => ">= ",
        });
        query.push_bind(convert::db(edge.sort_at));
        search
            .order
            .push_after(&mut query, search.after, "call.call_id");
        search.order.push_limit(&mut query, limit, "call.call_id");
        let places = query.build_query_as().fetch_all(self.executor()).await?;
        self.take_on(APP_ROLE, "", "on").await?;
        Ok(places)
    }

    /// Goes on under a role, with these words in its policy. Other ways to the rows than an index of words are
    /// on or off; a plan is made for the words and months that are asked for.
    async fn take_on(&mut self, role: &str, words: &str, others: &str) -> Result<()> {
        sqlx::query(
            "SELECT set_config('role', $1, true), set_config('app.words', $2, true), \
                 set_config('enable_seqscan', $3, true), set_config('enable_indexscan', $3, true), \
                 set_config('enable_indexonlyscan', $3, true), \
                 set_config('plan_cache_mode', CASE $3 WHEN 'off' THEN 'force_custom_plan' ELSE 'auto' END, true)",
        )
        .bind(role)
        .bind(words)
        .bind(others)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Adds those of these calls that the filter shows.
    async fn take(&mut self, search: &mut Search<'_>, places: Vec<Place>) -> Result<()> {
        if places.is_empty() {
            return Ok(());
        }
        let (sort, ids): (Vec<convert::DbTime>, Vec<Uuid>) = places.into_iter().unzip();
        let mut query = QueryBuilder::new("SELECT ");
        query
            .push(served::COLUMNS)
            .push(" FROM UNNEST(")
            .push_bind(sort)
            .push("::timestamptz[], ")
            .push_bind(ids)
            .push("::uuid[]) AS wanted (sort_at, id) JOIN calls AS call ON call.sort_at = wanted.sort_at \
                   AND call.id = wanted.id WHERE call.tenant_id = ")
            .push_bind(self.tenant().0);
        search.filter.push(&mut query);
        search
            .order
            .push_limit(&mut query, search.missing(), "call.id");
        let rows: Vec<CallText> = query.build_query_as().fetch_all(self.executor()).await?;
        search.found.extend(rows);
        Ok(())
    }
}

fn position((sort_at, id): Place) -> CallPosition {
    CallPosition {
        sort_at: convert::model(sort_at),
        id: CallId(id),
    }
}

/// Where so many months end, counted from the month of a place.
fn edge(from: CallPosition, order: Order, months: i32) -> Result<CallPosition> {
    let broken = |error: jiff::Error| StoreError::inconsistent("calls", error);
    let day = from.sort_at.as_jiff().to_zoned(TimeZone::UTC).date();
    let month = day.first_of_month();
    let moved = match order {
        Order::Asc => month.saturating_add(Span::new().months(months)),
        Order::Desc => month.saturating_sub(Span::new().months(months - 1)),
    };
    // On the edge of a month, going back, the month before is meant.
    let at_edge = order == Order::Desc
        && convert::db(from.sort_at).to_jiff()
            == month.to_zoned(TimeZone::UTC).map_err(broken)?.timestamp();
    let moved = if at_edge {
        moved.saturating_sub(Span::new().months(1))
    } else {
        moved
    };
    let at = moved.to_zoned(TimeZone::UTC).map_err(broken)?.timestamp();
    Ok(CallPosition {
        sort_at: callweave_model::Timestamp::from_jiff(at),
        id: CallId(Uuid::nil()),
    })
}
