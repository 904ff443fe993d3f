//! Lists of calls that hold words, or a phone.
//!
//! What many calls hold is met soon on a walk along the list. What few hold is looked up in its index, some
//! months at a time, because that gives all calls of a month and sorts them. Row-level security lets no
//! operator that could tell of foreign rows near an index before it has looked at the rows, so what is looked
//! for is part of a policy: that of the role `callweave_search`, under which the index is read.

use std::mem;

use callweave_model::CallId;
use jiff::{Span, tz::TimeZone};
use sqlx::{Postgres, QueryBuilder};
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

/// What is looked for in an index. The other conditions are tested on what it gives.
enum Sought {
    /// Calls of a phone, in one of these spellings.
    Phones(Vec<String>),
    /// Calls that hold the words of this query.
    Words(String),
}

impl Sought {
    /// What the index is asked for, and the filter of the rest; `None` where no index helps. A phone goes
    /// before words: fewer calls have it.
    fn of(filter: &CallFilter) -> Option<(Self, CallFilter)> {
        let mut rest = filter.clone();
        let sought = if !filter.phones.is_empty() {
            Self::Phones(mem::take(&mut rest.phones))
        } else if !filter.words.is_empty() {
            Self::Words(prefix_query(&mem::take(&mut rest.words)))
        } else {
            return None;
        };
        Some((sought, rest))
    }

    /// Appends whether a call holds it, as a column: so no plan begins with all calls that do.
    fn push_test(&self, query: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Phones(phones) => {
                query.push("call.phones && ").push_bind(phones.clone());
            }
            Self::Words(words) => {
                query
                    .push("(SELECT search.words @@ to_tsquery('simple', ")
                    .push_bind(words.clone())
                    .push(
                        ") FROM call_search AS search WHERE search.tenant_id = call.tenant_id \
                         AND search.sort_at = call.sort_at AND search.call_id = call.id)",
                    );
            }
        }
    }

    /// The table of the index, and its column for the id of a call.
    const fn table(&self) -> (&'static str, &'static str) {
        match self {
            Self::Phones(_) => ("calls", "call.id"),
            Self::Words(_) => ("call_search", "call.call_id"),
        }
    }
}

/// How far a search has come.
struct Search<'a> {
    sought: &'a Sought,
    filter: &'a CallFilter,
    /// The same without words, which a walk does not test: few calls may hold them.
    walked: &'a CallFilter,
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

    /// Whether calls up to this place were not looked at yet.
    fn is_before(&self, end: CallPosition) -> bool {
        self.after.is_some_and(|after| {
            let (after, end) = ((after.sort_at, after.id), (end.sort_at, end.id));
            match self.order {
                Order::Asc => after < end,
                Order::Desc => after > end,
            }
        })
    }
}

impl TenantTx {
    /// Lists the calls that hold the words, or the phone, of the filter; `None` where it has none.
    pub(super) async fn search_call_texts(
        &mut self,
        filter: &CallFilter,
        order: Order,
        after: Option<CallPosition>,
        limit: i64,
    ) -> Result<Option<Vec<CallText>>> {
        let Some((sought, rest)) = Sought::of(filter) else {
            return Ok(None);
        };
        let walked = CallFilter {
            words: Vec::new(),
            ..rest.clone()
        };
        let mut search = Search {
            sought: &sought,
            filter: &rest,
            walked: &walked,
            order,
            limit,
            after,
            found: Vec::new(),
        };
        let (met, ended) = self.walk(&mut search, FIRST_WALK).await?;
        if ended || search.missing() <= 0 {
            return Ok(Some(search.found));
        }
        if met * RARE >= FIRST_WALK {
            let further = search.missing() * FIRST_WALK * 5 / (met * 4);
            // Not every number, because each has a statement of its own.
            let further = if further > LONGEST_WALK / 4 {
                LONGEST_WALK
            } else {
                LONGEST_WALK / 4
            };
            let (_, ended) = self.walk(&mut search, further).await?;
            if ended || search.missing() <= 0 {
                return Ok(Some(search.found));
            }
        }
        self.look_up(&mut search).await?;
        Ok(Some(search.found))
    }

    /// Walks along the list. How many calls held what is sought, and whether the list ended.
    async fn walk(&mut self, search: &mut Search<'_>, steps: i64) -> Result<(i64, bool)> {
        let mut query = QueryBuilder::new("SELECT call.sort_at, call.id, ");
        search.sought.push_test(&mut query);
        query
            .push(" FROM calls AS call WHERE call.tenant_id = ")
            .push_bind(self.tenant().0);
        search.walked.push(&mut query);
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

    /// Looks up what is sought beyond what was walked, until enough is found or nothing is left.
    async fn look_up(&mut self, search: &mut Search<'_>) -> Result<()> {
        let Some(end) = self.last_place(search.order).await? else {
            return Ok(());
        };
        // Other conditions are looked at afterwards: then a few more are read at once.
        let many = if search.filter.is_plain() { 1 } else { 4 };
        let wanted = search.limit.saturating_mul(many);
        let mut months = 1;
        while search.missing() > 0 && search.is_before(end) {
            let mode = self.search_as(search.sought).await?;
            let mut places: Vec<Place> = Vec::new();
            while count(&places) < wanted && search.is_before(end) {
                let found = self.indexed(search, months, wanted).await?;
                months = next_months(months, count(&found), wanted - count(&places));
                places.extend(found);
            }
            self.search_no_more(&mode).await?;
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

    /// The next calls, of so many months, that hold what is sought, off its index.
    async fn indexed(
        &mut self,
        search: &mut Search<'_>,
        months: i32,
        limit: i64,
    ) -> Result<Vec<Place>> {
        let Some(after) = search.after else {
            return Ok(Vec::new());
        };
        let edge = edge(after, search.order, months)?;
        let (table, id) = search.sought.table();
        let mut query = QueryBuilder::new(format!(
            "SELECT call.sort_at, {id} FROM {table} AS call WHERE call.sort_at "
        ));
        query.push(match search.order {
            Order::Asc => "< ",
            Order::Desc => ">= ",
        });
        query.push_bind(convert::db(edge.sort_at));
        search.order.push_after(&mut query, search.after, id);
        search.order.push_limit(&mut query, limit, id);
        let places: Vec<Place> = query.build_query_as().fetch_all(self.executor()).await?;
        search.after = match places.last() {
            Some(last) if count(&places) >= limit => Some(position(*last)),
            _ => Some(edge),
        };
        Ok(places)
    }

    /// Goes on under the role of the indexes, with what is sought in its policies. What reading a row's words
    /// costs no plan counts, so there is no other way to the rows; a plan is made for what is sought and the
    /// months that are asked for. What comes back says how plans were made before.
    async fn search_as(&mut self, sought: &Sought) -> Result<String> {
        let (words, phones) = match sought {
            Sought::Words(words) => (words.as_str(), None),
            Sought::Phones(phones) => ("", Some(phones)),
        };
        let (mode, _): (String, String) = sqlx::query_as(
            "SELECT current_setting('plan_cache_mode'), concat(set_config('role', $1, true), \
                 set_config('app.words', $2, true), \
                 set_config('app.phones', COALESCE($3::text[]::text, ''), true), \
                 set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'off', true), \
                 set_config('enable_indexonlyscan', 'off', true), \
                 set_config('plan_cache_mode', 'force_custom_plan', true))",
        )
        .bind(SEARCH_ROLE)
        .bind(words)
        .bind(phones)
        .fetch_one(self.executor())
        .await?;
        Ok(mode)
    }

    /// Goes on as the gateway, which makes plans as before.
    async fn search_no_more(&mut self, mode: &str) -> Result<()> {
        sqlx::query(
            "SELECT set_config('role', $1, true), set_config('app.words', '', true), \
                 set_config('app.phones', '', true), set_config('enable_seqscan', 'on', true), \
                 set_config('enable_indexscan', 'on', true), set_config('enable_indexonlyscan', 'on', true), \
                 set_config('plan_cache_mode', $2, true)",
        )
        .bind(APP_ROLE)
        .bind(mode)
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
        // One text for all: not as many as are missing now.
        search.order.push_limit(&mut query, search.limit, "call.id");
        let rows: Vec<CallText> = query.build_query_as().fetch_all(self.executor()).await?;
        let missing = usize::try_from(search.missing()).unwrap_or(0);
        search.found.extend(rows.into_iter().take(missing));
        Ok(())
    }
}

fn count(places: &[Place]) -> i64 {
    i64::try_from(places.len()).unwrap_or(i64::MAX)
}

/// How many months are looked up after some that gave so many of those that were missing: somewhat more than
/// the rest needs if it lies as dense.
fn next_months(months: i32, found: i64, missing: i64) -> i32 {
    let times = match found {
        0 => 4,
        found => ((missing - found) * 5).div_euclid(found * 4) + 1,
    };
    let months = i64::from(months).saturating_mul(times);
    i32::try_from(months).map_or(MOST_MONTHS, |months| months.clamp(1, MOST_MONTHS))
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
