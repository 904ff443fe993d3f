//! Listing: the report over windows of time, one stream per agent (NN-29).

use std::time::Duration;

use async_trait::async_trait;
use callweave_model::Timestamp;
use callweave_provider::{
    CallContext, Change, Cursor, ErrorKind, Next, Page, ProviderError, Pull, RawDocument,
    RecordRef, Result, Walk as Purpose, WindowCost, envelope, http_client::Safety,
    raw::fingerprint,
};
use serde_json::{Value, json};

use crate::{
    Neuro, VENDOR,
    client::{Authorization, Call},
    error::bad_response,
    window::{
        Counted, MOST_TRIES, Position, SMALL_LIMIT, VERSION, Walk, Window, local_seconds, text,
    },
    wire::{self, Agent, Listed, Report, Row, id},
};

/// The kind of record that is one dial attempt, named by its `call_uuid`.
pub(crate) const ATTEMPT: &str = "attempt";

/// The kind of record that is a row which names nothing; it cannot be asked for.
pub(crate) const ROW: &str = "report_row";

/// The kind of record that is a dialog whose attempts have no ids, named by its `dialog_uuid`.
pub(crate) const DIALOG: &str = "dialog";

/// The most answers in which a short span of time is read outside of a walk.
const MOST_ANSWERS: u64 = 10;

#[async_trait]
impl Pull for Neuro {
    async fn streams(&self, context: &CallContext<'_>) -> Result<Vec<String>> {
        let agents = if self.settings.agent_uuids.is_empty() {
            let listed = self.company_agents(context).await?;
            listed.into_iter().map(|agent| agent.uuid).collect()
        } else {
            self.settings.agent_uuids.clone()
        };
        Ok(agents
            .iter()
            .map(|agent| format!("agent:{agent}"))
            .collect())
    }

    async fn page(
        &self,
        context: &CallContext<'_>,
        stream: &str,
        purpose: Purpose,
        cursor: Option<&Cursor>,
    ) -> Result<Page> {
        let agent = stream.strip_prefix("agent:").ok_or_else(|| {
            ProviderError::new(VENDOR, "NN-29", ErrorKind::InvalidRequest)
                .with_source("no such stream")
        })?;
        let mut walk = self.walk(context, purpose, cursor);
        if cursor.is_none() {
            walk.name = self.agent_name(context, agent).await?;
        }
        let Some(window) = walk.window() else {
            return Ok(finished(&walk, purpose, Vec::new()));
        };
        let report = self.report(context, agent, window, &mut walk).await?;
        let changes = changes(agent, walk.name.as_deref(), &report);
        walk.take(counted(&report));
        let mut page = finished(&walk, purpose, changes);
        page.total_hint = report.total.filter(|_| cursor.is_none());
        Ok(page)
    }

    // Windows prove what they hold; a dialog older than the history is in none of them.
    fn full_walk_depth(&self) -> Option<Duration> {
        Some(Duration::from_hours(
            u64::from(self.settings.history_days) * 24,
        ))
    }

    fn window_cost(&self) -> WindowCost {
        WindowCost {
            // The statistic of the dialog and the log of the attempt.
            requests_per_record: 2,
            lists_everything: false,
            charged: false,
        }
    }
}

impl Neuro {
    /// The agents of the company (NN-07).
    pub(crate) async fn company_agents(&self, context: &CallContext<'_>) -> Result<Vec<Agent>> {
        let query = [("company_uuid", self.settings.company_uuid.as_str())];
        let call = Call::read("NN-07", "/company-agents", &query);
        let answer = self.client.get(context, call).await?;
        wire::agents(&answer.body)
    }

    /// The name of an agent; a company that does not tell it is no hindrance.
    async fn agent_name(&self, context: &CallContext<'_>, agent: &str) -> Result<Option<String>> {
        match self.company_agents(context).await {
            Ok(agents) => Ok(agents
                .into_iter()
                .find(|known| known.uuid == agent)
                .and_then(|known| known.name)),
            Err(error)
                if matches!(
                    error.kind,
                    ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::InvalidRequest
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The walk that a cursor stands for; a cursor of another version begins anew.
    fn walk(&self, context: &CallContext<'_>, purpose: Purpose, cursor: Option<&Cursor>) -> Walk {
        let zone = &self.settings.zone;
        let now = local_seconds(context.now, zone);
        let position = cursor.and_then(|cursor| serde_json::from_value(cursor.0.clone()).ok());
        match (position, purpose) {
            (Some(Position::Walk(walk)), _) if walk.v == VERSION => walk,
            (Some(Position::Resume(resume)), Purpose::Incremental | Purpose::Full)
                if resume.v == VERSION =>
            {
                Walk::since(now, &resume)
            }
            (Some(Position::Resume(resume)), Purpose::Window { .. }) if resume.v == VERSION => {
                Walk::doubted(now, &resume)
            }
            (_, Purpose::Window { from, to }) => {
                let first = local_seconds(from, zone);
                let length = i64::try_from(to.since(from).as_secs()).unwrap_or(i64::MAX);
                // In an hour that happens twice the local end may lie before the local start.
                let last = local_seconds(to, zone).max(first.saturating_add(length));
                Walk::span(now, first, last.saturating_add(1))
            }
            (_, Purpose::Incremental | Purpose::Full) => {
                Walk::whole(now, i64::from(self.settings.history_days) * 86_400)
            }
        }
    }

    /// One answer of the report; where the vendor refuses large pages, its default is asked for.
    async fn report(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        window: Window,
        walk: &mut Walk,
    ) -> Result<Report> {
        let first = self
            .ask(context, agent, window, walk.limit, walk.offset)
            .await;
        match first {
            Err(error) if walk.limit > SMALL_LIMIT && may_be_the_limit(&error) => {
                walk.limit = SMALL_LIMIT;
                walk.offset = 0;
                self.ask(context, agent, window, walk.limit, walk.offset)
                    .await
            }
            other => other,
        }
    }

    /// The attempts of an agent in a span of time as far as a few answers tell them, and whether
    /// those are all.
    pub(crate) async fn report_between(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(Vec<Row>, bool)> {
        let zone = &self.settings.zone;
        let window = (local_seconds(from, zone), local_seconds(to, zone) + 1);
        let (mut rows, mut whole) = (Vec::new(), true);
        for number in 0..MOST_ANSWERS {
            let offset = number * SMALL_LIMIT;
            let report = self
                .ask(context, agent, window, SMALL_LIMIT, offset)
                .await?;
            whole &= report.unreadable.is_empty();
            let read = report.rows.len() + report.unreadable.len();
            for row in report.rows {
                // Pages have no order, so one may tell again what another told.
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
            let met = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            let enough = match report.total {
                Some(total) => met >= total,
                None => u64::try_from(read).unwrap_or(u64::MAX) < SMALL_LIMIT,
            };
            if enough {
                return Ok((rows, whole));
            }
            if read == 0 {
                return Ok((rows, false));
            }
        }
        Ok((rows, false))
    }

    async fn ask(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        (from, to): Window,
        limit: u64,
        offset: u64,
    ) -> Result<Report> {
        // Whether the ends are inclusive is not documented: a second more on each side finds what
        // lies on them either way, and what is met twice is the same record.
        let body = json!({
            "agent_uuid": agent,
            "start": text(from - 1),
            "end": text(to + 1),
            "limit": limit,
            "offset": offset,
        });
        let call = Call {
            operation: "NN-29",
            safety: Safety::Read,
            path: "/statistic/dialog-report",
            query: &[],
            body: Some(body),
            authorization: Authorization::Bearer,
        };
        let answer = self.client.post(context, call).await?;
        if answer.body.is_empty() {
            return Err(bad_response("NN-29", "the answer is empty"));
        }
        wire::report(&answer.body)
    }
}

/// The document names 500 for every wrong request of this operation and 409 elsewhere.
fn may_be_the_limit(error: &ProviderError) -> bool {
    matches!(error.status, Some(400 | 409 | 422 | 500))
}

fn counted(report: &Report) -> Counted {
    let mut dialogs: Vec<String> = report
        .rows
        .iter()
        .filter_map(|row| id(Some(row), &["dialog_uuid"]))
        .collect();
    dialogs.sort_unstable();
    dialogs.dedup();
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    Counted {
        rows: count(report.rows.len() + report.unreadable.len()),
        dialogs: count(dialogs.len()),
        total: report.total,
        keys: keys(report),
    }
}

/// A hash of each row: of the attempt it names, else of all of it.
fn keys(report: &Report) -> Vec<u64> {
    let hash = |text: &str| {
        let print = fingerprint(text.as_bytes());
        print
            .into_iter()
            .fold(0, |hash: u64, byte| (hash << 8) | u64::from(byte))
    };
    let named = report.rows.iter().map(|row| {
        let name = id(Some(row), &["call_uuid"]);
        name.unwrap_or_else(|| serde_json::to_string(row).unwrap_or_default())
    });
    let unreadable = report.unreadable.iter().map(|(_, text)| text.clone());
    named.chain(unreadable).map(|text| hash(&text)).collect()
}

/// The records of one answer: every attempt is one, its rows are its fingerprint.
fn changes(agent: &str, name: Option<&str>, report: &Report) -> Vec<Change> {
    let mut records: Vec<(RecordRef, Vec<Row>)> = Vec::new();
    let mut changes = Vec::new();
    for row in &report.rows {
        let attempt = id(Some(row), &["call_uuid"]).map(|id| RecordRef::new(ATTEMPT, id));
        let dialog = || id(Some(row), &["dialog_uuid"]).map(|id| RecordRef::new(DIALOG, id));
        let Some(record) = attempt.or_else(dialog) else {
            let text = serde_json::to_string(row).unwrap_or_default();
            let reason = "the row names neither a call nor a dialog";
            changes.push(nameless("NN-29", text, reason, "/call_uuid"));
            continue;
        };
        match records.iter_mut().find(|(known, _)| *known == record) {
            Some((_, rows)) if rows.contains(row) => {}
            Some((_, rows)) => rows.push(row.clone()),
            None => records.push((record, vec![row.clone()])),
        }
    }
    for (_, text) in &report.unreadable {
        changes.push(spoiled(text, &records));
    }
    changes.extend(records.into_iter().map(|(record, mut rows)| {
        rows.sort_by_cached_key(|row| serde_json::to_string(row).unwrap_or_default());
        let listed = serde_json::to_vec(&(agent, &rows)).unwrap_or_default();
        let hint = Listed {
            agent_uuid: agent.to_owned(),
            agent_name: name.map(str::to_owned),
            result: rows,
        };
        Change::Seen {
            record,
            fingerprint: fingerprint(&listed),
            hint: serde_json::to_value(hint).ok(),
        }
    }));
    changes
}

/// A row that cannot be read whole: under its attempt's id where that can be read, and no other row
/// tells of the attempt.
fn spoiled(text: &str, listed: &[(RecordRef, Vec<Row>)]) -> Change {
    let Some((members, error)) = envelope::remains(text.as_bytes()) else {
        return nameless("NN-29", text.to_owned(), "the row cannot be read", "");
    };
    let attempt = id(Some(&members), &["call_uuid"]).map(|id| RecordRef::new(ATTEMPT, id));
    match attempt.filter(|record| listed.iter().all(|(known, _)| known != record)) {
        Some(record) => Change::Quarantined {
            record,
            raw: vec![RawDocument::json("NN-29", text.to_owned())],
            reason: error.reason().to_owned(),
            pointer: Some(error.pointer),
        },
        None => nameless("NN-29", text.to_owned(), error.reason(), &error.pointer),
    }
}

/// A row without an id is kept under a hash of itself.
pub(crate) fn nameless(operation: &str, text: String, reason: &str, pointer: &str) -> Change {
    let name = fingerprint(text.as_bytes())
        .iter()
        .fold(String::new(), |name, byte| format!("{name}{byte:02x}"));
    Change::Quarantined {
        record: RecordRef::new(ROW, name),
        raw: vec![RawDocument::json(operation, text)],
        reason: reason.to_owned(),
        pointer: Some(pointer.to_owned()),
    }
}

fn finished(walk: &Walk, purpose: Purpose, changes: Vec<Change>) -> Page {
    let enough = matches!(purpose, Purpose::Window { .. }) && walk.tries >= MOST_TRIES;
    let resume = || cursor(&Position::Resume(walk.resume()));
    let next = if walk.window().is_some() {
        Next::More(cursor(&Position::Walk(walk.clone())))
    } else if walk.doubted.is_empty() || enough {
        Next::Done { resume: resume() }
    } else {
        Next::Unproved {
            resume: resume(),
            reason: walk.reason.clone().unwrap_or_default(),
        }
    };
    Page {
        changes,
        next,
        total_hint: None,
    }
}

fn cursor(position: &Position) -> Cursor {
    Cursor(serde_json::to_value(position).unwrap_or(Value::Null))
}
