//! Lists whose rows carry no ids.
//!
//! Nothing tells such rows apart, so they are paged through beside a list that has ids and is
//! counted by the same records: both are asked for the same stretch, and the one with ids says how
//! far that was, whether the vendor counts from 0 or 1, caps pages, or takes `_end` for a size.
//! Whether every record gives one row or several is documented for some lists only. Where it is
//! not, the list is asked on after the last record until nothing comes, so that it is told whole
//! as well if it counts its rows.

use bytes::Bytes;
use callweave_provider::{
    CallContext, Result,
    listing::{ListQuery, Listing},
    tolerant::parse,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{List, MOST_REQUESTS, Row, digest, go_on, limit, paged, place};
use crate::{CallGear, client::bad_response, walk::Position, walk::Sizes};

/// How often a stretch may begin with records of the one before.
const MOST_SHIFTS: usize = 3;

/// A list without ids.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bare {
    pub(crate) operation: &'static str,
    pub(crate) path: &'static str,
    /// Every record gives exactly one row.
    pub(crate) one_each: bool,
}

/// Where a page ended.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    /// The next stretch.
    at: u64,
    /// Where the list begins.
    base: u64,
    /// The greatest id of the records so far.
    last: Option<u64>,
    /// How many rows came with the stretches before.
    rows: u64,
    /// How many rows of the stretch are told.
    skip: usize,
    /// What the stretch before looked like.
    seen: String,
    /// The records are all told.
    after_records: bool,
}

/// A stretch of both lists.
struct Window {
    records: Vec<Row>,
    rows: Vec<Value>,
    look: String,
}

impl Window {
    /// The record that a row belongs to, if it belongs to any one.
    fn record_of(&self, row: usize) -> Option<&Value> {
        let paired = self.records.len() == self.rows.len();
        let record = self.records.get(row).filter(|_| paired)?;
        record.value.as_ref()
    }
}

impl CallGear {
    /// A page of a list without ids. `read` gets each row, and the record at the same place where
    /// as many rows came as records.
    pub(crate) async fn windows<T: Send>(
        &self,
        context: &CallContext<'_>,
        (records, bare): (&List<'_>, Bare),
        query: &ListQuery,
        read: impl Fn(&Value, Option<&Value>) -> T + Send + Sync,
    ) -> Result<Listing<T>> {
        let most = limit(query);
        let size = limit(query).min(usize::try_from(self.settings.page_size).unwrap_or(1));
        let first = self.settings.start_base.unwrap_or(0);
        let mut at = place(bare.operation, query)?.unwrap_or(Place {
            at: first,
            base: first,
            last: None,
            rows: 0,
            skip: 0,
            seen: String::new(),
            after_records: false,
        });
        let mut items = Vec::new();
        for _ in 0..MOST_REQUESTS {
            let Some(window) = self
                .window(context, (records, bare), &mut at, size as u64)
                .await?
            else {
                return Ok(Listing::whole(items));
            };
            let room = most - items.len();
            let told = window.rows.iter().enumerate().skip(at.skip).take(room);
            items.extend(told.map(|(place, row)| read(row, window.record_of(place))));
            if window.rows.len() > at.skip + room {
                at.skip += room;
                return go_on(bare.operation, items, &at);
            }
            at.move_past(&window);
            if items.len() >= most {
                break;
            }
        }
        go_on(bare.operation, items, &at)
    }

    /// The stretch at a place; `None` at the end of the list.
    async fn window(
        &self,
        context: &CallContext<'_>,
        (list, bare): (&List<'_>, Bare),
        at: &mut Place,
        size: u64,
    ) -> Result<Option<Window>> {
        let records = self.records(context, list, at, size).await?;
        if records.is_empty() && bare.one_each {
            return Ok(None);
        }
        let came = records.len() as u64;
        let asked = if (1..size).contains(&came) {
            came
        } else {
            size
        };
        let path = paged(bare.path, (at.at, at.at.saturating_add(asked)), "");
        let Some(body) = self.client.list(context, bare.operation, &path).await? else {
            return Ok((!records.is_empty()).then(|| Window::empty(records)));
        };
        let mut window = Window {
            rows: rows_of(bare.operation, &body)?,
            look: digest(&body),
            records,
        };
        if bare.one_each && window.rows.len() > window.records.len() {
            // The vendor does not page this list; it came whole.
            let before = usize::try_from(at.rows).unwrap_or(usize::MAX);
            window.rows.drain(..before.min(window.rows.len()));
            window.rows.truncate(window.records.len());
        }
        let nothing = window.rows.is_empty() && window.records.is_empty();
        let repeated = at.skip == 0 && !bare.one_each && at.seen == window.look;
        if nothing || (repeated && !window.rows.is_empty()) {
            return Ok(None);
        }
        Ok(Some(window))
    }

    /// The records of the stretch at a place; none after the last.
    async fn records(
        &self,
        context: &CallContext<'_>,
        list: &List<'_>,
        at: &mut Place,
        size: u64,
    ) -> Result<Vec<Row>> {
        if at.after_records {
            return Ok(Vec::new());
        }
        let sizes = Sizes {
            page: size,
            reread: 0,
        };
        for _ in 0..MOST_SHIFTS {
            let (position, records) = self.rows_at(context, list, at.position(), sizes).await?;
            (at.at, at.base) = (position.at, position.base);
            let is_known = |row: &&Row| row.key.number.is_some() && row.key.number <= at.last;
            let known = records.iter().take_while(is_known).count();
            if known == records.len() {
                at.after_records = true;
                at.at = at.at.max(at.base.saturating_add(at.rows));
                return Ok(Vec::new());
            }
            if records.iter().all(|row| row.key.number.is_none()) {
                return Err(bad_response(list.operation, "no row can be read"));
            }
            if known == 0 {
                return Ok(records);
            }
            // A vendor that counts from 1 takes 0 for 1, and tells the last record again.
            at.at = at.at.saturating_add(known as u64);
            at.base = at.base.saturating_add(known as u64);
        }
        Err(bad_response(list.operation, "pages do not fit together"))
    }
}

impl Window {
    const fn empty(records: Vec<Row>) -> Self {
        Self {
            records,
            rows: Vec::new(),
            look: String::new(),
        }
    }
}

impl Place {
    /// The position of the records.
    fn position(&self) -> Position {
        let mut position = Position::start(self.base);
        position.at = self.at;
        position
    }

    fn move_past(&mut self, window: &Window) {
        let came = if self.after_records {
            window.rows.len()
        } else {
            window.records.len()
        };
        self.at = self.at.saturating_add(came as u64);
        let greatest = window.records.iter().filter_map(|row| row.key.number).max();
        self.last = self.last.max(greatest);
        self.rows = self.rows.saturating_add(window.rows.len() as u64);
        self.skip = 0;
        self.seen.clone_from(&window.look);
    }
}

/// The rows of an answer: those of a list, of the lists in it, and of `data` or `events`.
pub(crate) fn rows_of(operation: &'static str, body: &Bytes) -> Result<Vec<Value>> {
    let value = parse(body).map_err(|error| bad_response(operation, error.reason()))?;
    if !value.is_array() {
        return Err(bad_response(operation, "the answer is not a list"));
    }
    let mut rows = Vec::new();
    flatten(value, &mut rows);
    Ok(rows)
}

/// Takes the entries out of whatever surrounds them.
pub(crate) fn flatten(value: Value, entries: &mut Vec<Value>) {
    match value {
        Value::Null => {}
        Value::Array(list) => list.into_iter().for_each(|item| flatten(item, entries)),
        Value::Object(mut members) => {
            let inner = ["data", "events"]
                .into_iter()
                .find(|name| members.get(*name).is_some_and(Value::is_array));
            match inner.and_then(|name| members.remove(name)) {
                Some(list) => flatten(list, entries),
                None => entries.push(Value::Object(members)),
            }
        }
        scalar => entries.push(scalar),
    }
}
