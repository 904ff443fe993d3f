//! Listing: the tasks by `updated_at` (TR-09), one stream.

use async_trait::async_trait;
use bytes::Bytes;
use callweave_provider::{
    CallContext, Change, Cursor, ErrorKind, Next, Page, ProviderError, Pull, RawDocument,
    RecordRef, Result, Walk as Purpose, WindowCost,
    envelope::{self, Envelope},
    number::as_id,
    raw::fingerprint,
    when,
};
use jiff::{ToSpan as _, tz::TimeZone};
use serde_json::{Map, Value, json};

use crate::{
    Transcripto, VENDOR,
    body::Body,
    client::{Call, Fetched},
    error::{Outer, bad_response, is_unknown_path},
    walk::{MOST_TRIES, Position, Resume, SMALL_PAGE, Seen, Step, Totals, VERSION, Walk},
};

/// The one stream.
const STREAM: &str = "tasks";

/// The kind of record that is one task, named by its code.
pub(crate) const TASK: &str = "task";

#[async_trait]
impl Pull for Transcripto {
    async fn streams(&self, _context: &CallContext<'_>) -> Result<Vec<String>> {
        Ok(vec![STREAM.to_owned()])
    }

    async fn page(
        &self,
        context: &CallContext<'_>,
        stream: &str,
        purpose: Purpose,
        cursor: Option<&Cursor>,
    ) -> Result<Page> {
        if stream != STREAM {
            return Err(
                ProviderError::new(VENDOR, "TR-09", ErrorKind::InvalidRequest)
                    .with_source("no such stream"),
            );
        }
        let mut walk = begin(purpose, cursor);
        let asked = walk.page;
        let read = match self.tasks(context, &mut walk).await {
            Ok(fetched) => Tasks::read(&fetched.members, &self.settings.zone)?,
            // A page beyond the last one may be an error here instead of an empty list.
            Err(error) if asked > 1 && is_beyond(&error) => Tasks::default(),
            Err(error) => return Err(error),
        };
        let step = walk.take(&read.seen, read.totals);
        let enough = matches!(purpose, Purpose::Window { .. }) && walk.tries >= MOST_TRIES;
        let next = match step {
            Step::More => Next::More(cursor_of(&Position::Walk(Box::new(walk.clone())))),
            Step::Unproved(reason) if !enough => Next::Unproved {
                resume: cursor_of(&Position::Resume(walk.resume(false))),
                reason: reason.to_owned(),
            },
            Step::Done | Step::Unproved(_) => Next::Done {
                resume: cursor_of(&Position::Resume(walk.resume(true))),
            },
        };
        Ok(Page {
            changes: read.changes,
            next,
            total_hint: walk.total(),
        })
    }

    fn window_cost(&self) -> WindowCost {
        WindowCost {
            // The task, its analysis and the answers to its questions.
            requests_per_record: 3,
            lists_everything: false,
            charged: false,
        }
    }
}

impl Transcripto {
    /// One page of tasks; smaller ones where the vendor refuses large ones, under the other path
    /// where it does not know the first.
    pub(crate) async fn tasks(
        &self,
        context: &CallContext<'_>,
        walk: &mut Walk,
    ) -> Result<Fetched> {
        let first = self.ask(context, walk).await;
        match first {
            Err(error) if !walk.alias && is_unknown_path(&error) => {
                walk.alias = true;
                let again = self.ask(context, walk).await;
                if again.as_ref().is_err_and(is_unknown_path) {
                    return Err(error);
                }
                again
            }
            Err(error)
                if walk.page == 1
                    && walk.per_page > SMALL_PAGE
                    && error.kind == ErrorKind::InvalidRequest =>
            {
                walk.per_page = SMALL_PAGE;
                self.ask(context, walk).await
            }
            other => other,
        }
    }

    async fn ask(&self, context: &CallContext<'_>, walk: &Walk) -> Result<Fetched> {
        if walk.alias {
            return self.ask_alias(context, walk).await;
        }
        let mut body = Body::page(walk.page, walk.per_page);
        body.set_some("task_type", walk.only.as_deref());
        if let Some((first, last)) = &walk.days {
            body.set("date_from", first.as_str());
            body.set("date_to", last.as_str());
        }
        let call = Call::ask("TR-09", "/tasks/filter", body);
        self.client.fetch(context, call).await
    }

    /// The introduction names another path for the same list, with GET.
    async fn ask_alias(&self, context: &CallContext<'_>, walk: &Walk) -> Result<Fetched> {
        let (page, per_page) = (walk.page.to_string(), walk.per_page.to_string());
        let mut query = vec![("page", page.as_str()), ("per_page", per_page.as_str())];
        if let Some(only) = &walk.only {
            query.push(("task_type", only));
        }
        if let Some((first, last)) = &walk.days {
            query.extend([("date_from", first.as_str()), ("date_to", last.as_str())]);
        }
        let call = Call::get("TR-09", "/user/tasks/filter").with_query(&query);
        self.client.fetch(context, call).await
    }

    /// The listed form of one task, for a task that was never listed to us.
    pub(crate) async fn listed(
        &self,
        context: &CallContext<'_>,
        code: &str,
    ) -> Result<Option<Value>> {
        let body = json!({"task_code": code, "page": 1, "per_page": SMALL_PAGE});
        let call = Call::ask("TR-09", "/tasks/filter", body);
        match self.client.fetch(context, call).await {
            Ok(fetched) => Ok(rows("TR-09", &fetched.members)?
                .into_iter()
                .find_map(|(row, _)| row.filter(|row| code_of(row).as_deref() == Some(code)))
                .map(Value::Object)),
            Err(error) if matches!(error.kind, ErrorKind::InvalidRequest | ErrorKind::NotFound) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// A page of tasks, read.
#[derive(Default)]
struct Tasks {
    changes: Vec<Change>,
    seen: Vec<Seen>,
    totals: Totals,
}

impl Tasks {
    fn read(members: &Outer, zone: &TimeZone) -> Result<Self> {
        let mut tasks = Self {
            totals: Totals::of(members, "tasks"),
            ..Self::default()
        };
        for (row, bytes) in rows("TR-09", members)? {
            tasks.add(row, &bytes, zone);
        }
        Ok(tasks)
    }

    fn add(&mut self, row: Option<Map<String, Value>>, bytes: &Bytes, zone: &TimeZone) {
        let code = row.as_ref().and_then(code_of);
        let (Some(row), Some(code)) = (row, code) else {
            self.set_aside(bytes, zone);
            return;
        };
        self.seen.push(seen(&row, code.clone(), zone));
        if is_report(row.get("type")) {
            return;
        }
        let hint = Value::Object(row);
        let listed = serde_json::to_vec(&hint).unwrap_or_default();
        self.changes.push(Change::Seen {
            record: RecordRef::new(TASK, code),
            fingerprint: fingerprint(&listed),
            hint: Some(hint),
        });
    }
}

impl Tasks {
    /// A row that cannot be read whole, under its task's code where that can be read.
    fn set_aside(&mut self, bytes: &Bytes, zone: &TimeZone) {
        let remains = envelope::remains(bytes);
        let named = remains.and_then(|(row, error)| Some((code_of(&row)?, row, error)));
        let (seen, record, reason, pointer) = match named {
            Some((code, row, error)) => (
                seen(&row, code.clone(), zone),
                RecordRef::new(TASK, code),
                format!("TR-09: {}", error.reason()),
                error.pointer,
            ),
            None => (
                unreadable(bytes),
                RecordRef::new("task_row", hex(bytes)),
                "the listed task cannot be read or has no code".to_owned(),
                "/task_code".to_owned(),
            ),
        };
        self.seen.push(seen);
        self.changes.push(Change::Quarantined {
            record,
            raw: vec![RawDocument::json("TR-09", bytes.clone())],
            reason,
            pointer: Some(pointer),
        });
    }
}

/// What a walk needs to know of a task.
pub(crate) fn seen(row: &Map<String, Value>, code: String, zone: &TimeZone) -> Seen {
    let updated_at = row
        .get("updated_at")
        .and_then(Value::as_str)
        .and_then(|text| when::read(text, zone))
        .map(|read| read.instant.as_millis());
    Seen { code, updated_at }
}

/// The same of a row that cannot be read or has no code.
pub(crate) fn unreadable(bytes: &Bytes) -> Seen {
    Seen {
        code: format!("?{}", hex(bytes)),
        updated_at: None,
    }
}

/// A task that makes a report over many calls is no call.
pub(crate) fn is_report(kind: Option<&Value>) -> bool {
    kind.and_then(Value::as_str)
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("callreport"))
}

/// The public code of a task; the integer id is another thing.
pub(crate) fn code_of(row: &Map<String, Value>) -> Option<String> {
    ["task_code", "code"]
        .into_iter()
        .find_map(|name| row.get(name).and_then(as_id))
}

pub(crate) type Row = (Option<Map<String, Value>>, Bytes);

/// The rows of a page, each with its own text.
pub(crate) fn rows(operation: &'static str, members: &Outer) -> Result<Vec<Row>> {
    let no_list = || bad_response(operation, "the tasks are no list");
    let raw = members.get("tasks").ok_or_else(no_list)?;
    let Ok(Envelope::Array(rows)) = Envelope::inside(raw) else {
        return Err(no_list());
    };
    Ok(rows
        .iter()
        .map(|raw| {
            let bytes = Bytes::copy_from_slice(raw.get().as_bytes());
            match envelope::value(raw) {
                Ok(Value::Object(row)) => (Some(row), bytes),
                _ => (None, bytes),
            }
        })
        .collect())
}

/// The walk that a cursor stands for; a cursor of another version begins anew.
fn begin(purpose: Purpose, cursor: Option<&Cursor>) -> Walk {
    let position = cursor.and_then(|cursor| serde_json::from_value(cursor.0.clone()).ok());
    match (position, purpose) {
        (Some(Position::Walk(walk)), _) if walk.v == VERSION => *walk,
        (Some(Position::Resume(resume)), Purpose::Incremental) if resume.v == VERSION => {
            Walk::since(&resume)
        }
        (position, Purpose::Window { from, to }) => {
            let before = match position {
                Some(Position::Resume(resume)) if resume.v == VERSION => resume,
                _ => Resume::default(),
            };
            // Plain days are the documented form; a day more on each side covers every zone.
            let day = |instant: callweave_model::Timestamp, days: i64| {
                let date = instant.as_jiff().to_zoned(TimeZone::UTC).date();
                date.saturating_add(days.days()).to_string()
            };
            Walk::days(day(from, -1), day(to, 1), &before)
        }
        (_, Purpose::Incremental | Purpose::Full) => Walk::whole(&Resume::default()),
    }
}

pub(crate) fn is_beyond(error: &ProviderError) -> bool {
    matches!(error.kind, ErrorKind::InvalidRequest | ErrorKind::NotFound)
}

fn hex(bytes: &[u8]) -> String {
    fingerprint(bytes)
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn cursor_of(position: &Position) -> Cursor {
    Cursor(serde_json::to_value(position).unwrap_or(Value::Null))
}
