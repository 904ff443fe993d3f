//! Lists that a caller pages through live, as far as the vendor's paging can be relied on.
//!
//! Where rows have ids, a page is a step of the same walk that a synchronisation takes
//! ([`crate::walk`]): sorted by id, some rows asked for again, each id given once. Where each row
//! stands for several entries, [`nested`] pages through the entries. Rows without ids are the
//! business of [`windows`].

use std::collections::HashSet;

use callweave_provider::{
    CallContext, ErrorKind, Result,
    listing::{ListQuery, Listing},
    raw::fingerprint,
    tolerant::{mend, parse},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use crate::{
    CallGear,
    client::bad_response,
    error::{error, invalid},
    list::is_id,
    members::id_in,
    walk::{OVERLAP, Position, RowKey, Sizes, Step},
};

pub(crate) mod nested;
pub(crate) mod windows;

/// The most rows that are asked for at once.
const LARGEST_PAGE: u64 = 100;
/// The most requests for one page: where rows are left out, or come few at a time.
const MOST_REQUESTS: usize = 8;
/// The most rows of a list that is read to its end.
const MOST_ROWS: usize = 2_000;

/// A list of the vendor whose rows have ids.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<'a> {
    pub(crate) operation: &'static str,
    pub(crate) path: &'static str,
    /// The member that tells rows apart.
    pub(crate) key: &'static str,
    /// More of the query: empty, or encoded and beginning with `&`.
    pub(crate) filter: &'a str,
}

/// A row as it came; `value` is `None` where it cannot be read.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) key: RowKey,
    pub(crate) value: Option<Value>,
}

/// What one request brought.
pub(crate) struct Stepped {
    /// The rows that were not met before.
    pub(crate) rows: Vec<Row>,
    /// Fewer came than were asked for.
    pub(crate) short: bool,
    /// Where the list goes on.
    pub(crate) next: Option<Position>,
}

impl CallGear {
    /// A page of a list; what `read` gives `None` for is left out.
    pub(crate) async fn page<T: Send>(
        &self,
        context: &CallContext<'_>,
        list: &List<'_>,
        query: &ListQuery,
        read: impl Fn(Value) -> Option<T> + Send + Sync,
    ) -> Result<Listing<T>> {
        let most = limit(query);
        let mut position = match place(list.operation, query)? {
            Some(known) => position_of(list.operation, &known)?,
            None => self.beginning(),
        };
        let (mut items, mut met) = (Vec::new(), HashSet::new());
        for _ in 0..MOST_REQUESTS {
            let room = most - items.len();
            let stepped = self.step(context, list, position, room).await?;
            let new = stepped
                .rows
                .into_iter()
                .filter(|row| met.insert(row.key.id.clone()));
            items.extend(new.filter_map(|row| read(row.value?)));
            let Some(next) = stepped.next else {
                return Ok(Listing::whole(items));
            };
            position = next;
            // A short page may be the last one; only the next request tells.
            if items.len() >= most || (!stepped.short && !items.is_empty()) {
                break;
            }
        }
        go_on(list.operation, items, &position)
    }

    /// All rows of a list that is known to be short.
    pub(crate) async fn everything(
        &self,
        context: &CallContext<'_>,
        list: &List<'_>,
    ) -> Result<Vec<Value>> {
        let mut position = self.beginning();
        let (mut values, mut met) = (Vec::new(), HashSet::new());
        while values.len() < MOST_ROWS {
            let stepped = self.step(context, list, position, MOST_ROWS).await?;
            let new = stepped
                .rows
                .into_iter()
                .filter(|row| met.insert(row.key.id.clone()));
            values.extend(new.filter_map(|row| row.value));
            match stepped.next {
                Some(next) => position = next,
                None => return Ok(values),
            }
        }
        Err(bad_response(list.operation, "the list does not end"))
    }

    /// One request, and where the list goes on; at most `room` new rows are taken.
    pub(crate) async fn step(
        &self,
        context: &CallContext<'_>,
        list: &List<'_>,
        position: Position,
        room: usize,
    ) -> Result<Stepped> {
        let again = if position.is_fresh() { 0 } else { OVERLAP };
        let wanted = u64::try_from(room).unwrap_or(LARGEST_PAGE);
        let sizes = Sizes {
            page: wanted.saturating_add(again).min(LARGEST_PAGE),
            reread: 0,
        };
        let (mut position, mut rows) = self.rows_at(context, list, position, sizes).await?;
        let came = rows.len() as u64;
        let mut keys: Vec<RowKey> = rows.iter().map(|row| row.key.clone()).collect();
        let mut firsts = position.firsts(&keys);
        let met = (0..).zip(&firsts).filter(|(_, first)| **first);
        if let Some(beyond) = met.map(|(at, _)| at).nth(room) {
            position.end_is_size |= came > sizes.page + 1 && position.at > position.base;
            keys.truncate(beyond);
            rows.truncate(beyond);
            firsts.truncate(beyond);
        }
        let next = match position.step(sizes, &keys) {
            Step::More(next) => Some(next),
            Step::Done(_) => None,
            Step::Unproved(_, reason) => return Err(bad_response(list.operation, reason)),
        };
        let new = rows.into_iter().zip(firsts).filter(|(_, first)| *first);
        Ok(Stepped {
            rows: new.map(|(row, _)| row).collect(),
            short: came < sizes.page,
            next,
        })
    }

    /// The rows at a position. A list whose vendor counts from 1 may refuse 0 or answer it with
    /// nothing; then, unless the settings say otherwise, it is asked from 1.
    async fn rows_at(
        &self,
        context: &CallContext<'_>,
        list: &List<'_>,
        position: Position,
        sizes: Sizes,
    ) -> Result<(Position, Vec<Row>)> {
        let first_try = self.rows(context, list, position.bounds(sizes)).await;
        let may_count_from_one =
            position.is_fresh() && position.at == 0 && self.settings.start_base.is_none();
        let refused = match &first_try {
            Ok(rows) => rows.is_empty(),
            Err(error) => error.kind == ErrorKind::InvalidRequest,
        };
        if may_count_from_one && refused {
            let from_one = Position::start(1);
            let second_try = self.rows(context, list, from_one.bounds(sizes)).await;
            if let Ok(rows) = second_try
                && !rows.is_empty()
            {
                return Ok((from_one, rows));
            }
        }
        first_try.map(|rows| (position, rows))
    }

    /// The rows between two positions; none where the vendor answers 404.
    async fn rows(
        &self,
        context: &CallContext<'_>,
        list: &List<'_>,
        bounds: (u64, u64),
    ) -> Result<Vec<Row>> {
        let path = paged(list.path, bounds, list.filter);
        let body = self.client.list(context, list.operation, &path).await?;
        body.map_or(Ok(Vec::new()), |body| {
            rows_in(list.operation, list.key, &mend(&body))
        })
    }

    /// Where a list begins.
    pub(crate) fn beginning(&self) -> Position {
        Position::start(self.settings.start_base.unwrap_or(0))
    }
}

/// A position that an earlier page handed out.
fn position_of(operation: &'static str, known: &Value) -> Result<Position> {
    Position::read(known).ok_or_else(|| no_place(operation))
}

/// The address of a stretch of a list. The vendor's defaults are never relied on.
pub(crate) fn paged(path: &str, (start, end): (u64, u64), filter: &str) -> String {
    format!("{path}?_sort=id&_order=asc&_start={start}&_end={end}{filter}")
}

/// How many entries a page holds at most.
pub(crate) fn limit(query: &ListQuery) -> usize {
    usize::try_from(query.limit).unwrap_or(1).max(1)
}

/// The place that an earlier page of the same list handed out.
pub(crate) fn place<T: DeserializeOwned>(
    operation: &'static str,
    query: &ListQuery,
) -> Result<Option<T>> {
    let read = |text: &String| serde_json::from_str(text).map_err(|_error| no_place(operation));
    query.position.as_ref().map(read).transpose()
}

fn no_place(operation: &'static str) -> callweave_provider::ProviderError {
    invalid(operation, "/cursor", "is no position of this list")
}

/// A page that is not the last one.
pub(crate) fn go_on<T>(
    operation: &'static str,
    items: Vec<T>,
    place: &impl Serialize,
) -> Result<Listing<T>> {
    let next = serde_json::to_string(place)
        .map_err(|source| error(operation, ErrorKind::BadResponse).with_source(source))?;
    Ok(Listing {
        items,
        next: Some(next),
        total: None,
    })
}

/// Refuses a search on a list that has none.
pub(crate) fn no_search(operation: &'static str, query: &ListQuery) -> Result<()> {
    match query.search {
        Some(_) => Err(invalid(operation, "/q", "this list cannot be searched")),
        None => Ok(()),
    }
}

/// Whether one of the texts holds what is searched for, in whatever case.
pub(crate) fn holds(search: Option<&str>, texts: &[Option<&str>]) -> bool {
    search.is_none_or(|search| {
        let search = search.to_lowercase();
        let mut texts = texts.iter().flatten();
        texts.any(|text| text.to_lowercase().contains(&search))
    })
}

/// The rows of an answer, each read by itself. A list of lists is read as one list: the document
/// announces the one and shows the other.
fn rows_in(operation: &'static str, key: &str, text: &[u8]) -> Result<Vec<Row>> {
    let list: Vec<&RawValue> = serde_json::from_slice(text)
        .map_err(|_source| bad_response(operation, "the answer is not a list"))?;
    let mut rows = Vec::with_capacity(list.len());
    for item in list {
        if item.get().starts_with('[') {
            rows.extend(rows_in(operation, key, item.get().as_bytes())?);
        } else {
            rows.push(row(item.get(), key));
        }
    }
    Ok(rows)
}

fn row(text: &str, key: &str) -> Row {
    let value = parse(text.as_bytes()).ok();
    let id = value.as_ref().and_then(|value| id_in(value, key));
    let number = id
        .as_deref()
        .filter(|id| is_id(id))
        .and_then(|id| id.parse().ok());
    match (id, number) {
        (Some(id), Some(number)) => Row {
            key: RowKey {
                id,
                number: Some(number),
            },
            value,
        },
        _ => Row {
            key: RowKey {
                id: format!("row-{}", digest(text.as_bytes())),
                number: None,
            },
            value: None,
        },
    }
}

/// A short name for some bytes.
fn digest(bytes: &[u8]) -> String {
    let hash = fingerprint(bytes)
        .into_iter()
        .fold(0_u64, |hash, byte| (hash << 8) | u64::from(byte));
    format!("{hash:016x}")
}
