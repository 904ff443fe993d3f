//! The vendor's answers, read into plain values. Every shape that was documented or seen is
//! accepted; which members mean what is `map`'s business.

use std::collections::BTreeMap;

use callweave_model::Timestamp;
use callweave_provider::{
    Result,
    envelope::{self, Envelope},
    number::{as_i64, as_id},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

use crate::error::bad_response;

/// A JSON object with keys that nobody documents.
pub(crate) type Row = Map<String, Value>;

/// A voice agent of the company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Agent {
    pub(crate) uuid: String,
    pub(crate) name: Option<String>,
}

/// One answer of the report over a window.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    /// Elements that are no readable objects, with their place.
    pub(crate) unreadable: Vec<(usize, String)>,
    /// How many rows the vendor says there are.
    pub(crate) total: Option<u64>,
}

/// A document that cannot be translated, and why; the pointer is relative to the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) operation: &'static str,
    pub(crate) pointer: String,
    pub(crate) reason: &'static str,
}

/// What the report tells of one record; travels as its hint and is kept as its document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Listed {
    pub(crate) agent_uuid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) agent_name: Option<String>,
    pub(crate) result: Vec<Row>,
}

/// The operation of the document that [`Started`] is kept as.
pub(crate) const STARTED: &str = "NN-03";

/// What is known of a dialog from its start; travels as its record's hint and is kept as its
/// document until a list tells more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Started {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sent_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) agent_uuid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bulk_uuid: Option<String>,
}

impl Started {
    /// A dialog of an agent that was started at this time, alone or into a batch.
    pub(crate) fn at(sent_at: Timestamp, agent: &str, batch: Option<&str>) -> Self {
        Self {
            sent_at: Some(sent_at),
            agent_uuid: Some(agent.to_owned()),
            bulk_uuid: batch.map(str::to_owned),
        }
    }

    /// A dialog of a batch.
    pub(crate) fn of_batch(batch: &str) -> Self {
        Self {
            bulk_uuid: Some(batch.to_owned()),
            ..Self::default()
        }
    }

    /// The same as a record's hint.
    pub(crate) fn hint(&self) -> Option<Value> {
        serde_json::to_value(self).ok()
    }
}

/// The agents of a company (NN-07).
pub(crate) fn agents(body: &[u8]) -> Result<Vec<Agent>> {
    let bad = |_error| bad_response("NN-07", "the answer is no list of agents");
    let rows = match Envelope::open(body).map_err(bad)? {
        Envelope::Array(rows) => rows,
        envelope => inner_list(&envelope, &["data", "agents", "result"])
            .ok_or_else(|| bad_response("NN-07", "the answer is no list of agents"))?,
    };
    let mut agents = Vec::with_capacity(rows.len());
    for row in rows {
        let row = envelope::value(&row).map_err(bad)?;
        let uuid = id(row.as_object(), &["agent_uuid", "uuid"]);
        if let Some(uuid) = uuid {
            let name = row.get("name").and_then(Value::as_str).map(str::trim);
            agents.push(Agent {
                uuid,
                name: name.filter(|name| !name.is_empty()).map(str::to_owned),
            });
        }
    }
    Ok(agents)
}

/// A list as it came.
#[derive(Debug, Default)]
pub(crate) struct List {
    pub(crate) rows: Vec<Row>,
    /// How many rows the vendor says there are.
    pub(crate) total: Option<u64>,
    /// Elements that are no readable objects.
    pub(crate) unreadable: usize,
}

/// A list, bare or under one of the names that lists have.
pub(crate) fn rows(operation: &'static str, body: &[u8]) -> Result<List> {
    const NAMES: &[&str] = &["data", "result", "items"];
    let bad = |_error| bad_response(operation, "the answer is not JSON");
    let envelope = Envelope::open(body).map_err(bad)?;
    let total = total(&envelope);
    let elements = match envelope {
        Envelope::Array(elements) => elements,
        Envelope::Object(members) if is_empty_list(&members, NAMES) => Vec::new(),
        envelope => inner_list(&envelope, NAMES)
            .ok_or_else(|| bad_response(operation, "the answer is no list"))?,
    };
    let count = elements.len();
    let rows: Vec<Row> = elements
        .iter()
        .filter_map(|raw| match envelope::value(raw) {
            Ok(Value::Object(row)) => Some(row),
            _ => None,
        })
        .collect();
    Ok(List {
        total,
        unreadable: count - rows.len(),
        rows,
    })
}

/// A list that is there and `null`.
fn is_empty_list(members: &BTreeMap<String, Box<RawValue>>, names: &[&str]) -> bool {
    let mut given = names.iter().filter_map(|name| members.get(*name));
    given.next().is_some_and(|raw| raw.get() == "null")
}

fn total(envelope: &Envelope) -> Option<u64> {
    let Envelope::Object(members) = envelope else {
        return None;
    };
    let raw = members
        .get("total")
        .or_else(|| members.get("total_count"))?;
    let total = as_i64(&envelope::value(raw).ok()?)?;
    u64::try_from(total).ok()
}

/// One page of the report (NN-29).
pub(crate) fn report(body: &[u8]) -> Result<Report> {
    let bad = |_error| bad_response("NN-29", "the answer is not JSON");
    let envelope = Envelope::open(body).map_err(bad)?;
    let total = total(&envelope);
    let rows = match envelope {
        Envelope::Array(rows) => rows,
        envelope => inner_list(&envelope, &["result", "data"])
            .ok_or_else(|| bad_response("NN-29", "the answer holds no result"))?,
    };
    let mut report = Report {
        total,
        ..Report::default()
    };
    for (place, raw) in rows.into_iter().enumerate() {
        match envelope::value(&raw) {
            Ok(Value::Object(row)) => report.rows.push(row),
            _ => report.unreadable.push((place, raw.get().to_owned())),
        }
    }
    Ok(report)
}

/// The rows of a dialog's statistic (NN-28, or its share of NN-30), one per attempt, and members
/// that were not taken.
pub(crate) fn statistic(
    operation: &'static str,
    body: &[u8],
) -> Result<(Vec<Row>, Vec<String>), Unreadable> {
    let unreadable = |pointer: String, reason| Unreadable {
        operation,
        pointer,
        reason,
    };
    let envelope =
        Envelope::open(body).map_err(|error| unreadable(String::new(), error.reason()))?;
    let (rows, base, unmapped) = match envelope {
        Envelope::Array(rows) => (rows, String::new(), Vec::new()),
        Envelope::Object(mut members) => {
            let list = ["data", "result"].into_iter().find_map(|name| {
                let Some(Envelope::Array(rows)) =
                    members.get(name).and_then(|raw| Envelope::inside(raw).ok())
                else {
                    return None;
                };
                Some((name, rows))
            });
            if let Some((name, rows)) = list {
                members.remove(name);
                let rest = members.keys().map(|key| pointer(operation, key)).collect();
                (rows, format!("/{name}"), rest)
            } else {
                // One attempt, told without the list around it.
                let value = serde_json::from_slice(&callweave_provider::tolerant::mend(body));
                return match value {
                    Ok(row) => Ok((vec![row], Vec::new())),
                    Err(_) => Err(unreadable(String::new(), "a number is out of range")),
                };
            }
        }
        Envelope::Scalar(Value::Null) => (Vec::new(), String::new(), Vec::new()),
        Envelope::Scalar(_) => return Err(unreadable(String::new(), "the document is no list")),
    };
    let mut read = Vec::with_capacity(rows.len());
    for (place, raw) in rows.iter().enumerate() {
        match envelope::value(raw) {
            Ok(Value::Object(row)) => read.push(row),
            Ok(_) => {
                return Err(unreadable(
                    format!("{base}/{place}"),
                    "an element is no object",
                ));
            }
            Err(error) => return Err(unreadable(format!("{base}/{place}"), error.reason())),
        }
    }
    Ok((read, unmapped))
}

/// One entry of an attempt's log (NN-32).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LogRow {
    pub(crate) action: String,
    pub(crate) agent_uuid: Option<String>,
    pub(crate) call_uuid: Option<String>,
    pub(crate) dialog_uuid: Option<String>,
    pub(crate) data: Value,
    pub(crate) date: Option<Value>,
}

/// An attempt's log as JSON (NN-32), and members that were not taken.
pub(crate) fn log(body: &[u8]) -> Result<(Vec<LogRow>, Vec<String>), Unreadable> {
    let unreadable = |pointer: String, reason| Unreadable {
        operation: "NN-32",
        pointer,
        reason,
    };
    let envelope =
        Envelope::open(body).map_err(|error| unreadable(String::new(), error.reason()))?;
    let mut unmapped = Vec::new();
    let (rows, base) = match envelope {
        Envelope::Array(rows) => (rows, ""),
        Envelope::Object(members) => {
            let known = ["data", "message"];
            let rest = members.keys().filter(|key| !known.contains(&key.as_str()));
            unmapped.extend(rest.map(|key| pointer("NN-32", key)));
            match members.get("data").map(|raw| Envelope::inside(raw)) {
                Some(Ok(Envelope::Array(rows))) => (rows, "/data"),
                None | Some(Ok(Envelope::Scalar(Value::Null))) => (Vec::new(), "/data"),
                Some(_) => return Err(unreadable("/data".to_owned(), "the log is no list")),
            }
        }
        Envelope::Scalar(Value::Null) => (Vec::new(), ""),
        Envelope::Scalar(_) => return Err(unreadable(String::new(), "the document is no log")),
    };
    let mut read = Vec::with_capacity(rows.len());
    for (place, raw) in rows.iter().enumerate() {
        let at = format!("{base}/{place}");
        match envelope::value(raw) {
            Ok(Value::Object(row)) => read.push(log_row(row, &at, &mut unmapped)),
            Ok(_) => return Err(unreadable(at, "an element is no object")),
            Err(error) => return Err(unreadable(at, error.reason())),
        }
    }
    Ok((read, unmapped))
}

fn log_row(mut row: Row, at: &str, unmapped: &mut Vec<String>) -> LogRow {
    let id = |row: &mut Row, name: &str| row.remove(name).as_ref().and_then(as_id);
    let read = LogRow {
        action: id(&mut row, "action_alias").unwrap_or_default(),
        agent_uuid: id(&mut row, "agent_uuid"),
        call_uuid: id(&mut row, "call_uuid"),
        dialog_uuid: id(&mut row, "dialog_uuid"),
        data: row.remove("data").unwrap_or_default(),
        date: row.remove("date"),
    };
    unmapped.extend(
        row.keys()
            .map(|key| format!("NN-32{at}/{}", callweave_provider::decode::escape(key))),
    );
    read
}

fn pointer(operation: &str, key: &str) -> String {
    format!("{operation}/{}", callweave_provider::decode::escape(key))
}

fn inner_list(envelope: &Envelope, names: &[&str]) -> Option<Vec<Box<RawValue>>> {
    let Envelope::Object(members) = envelope else {
        return None;
    };
    names
        .iter()
        .find_map(|name| match Envelope::inside(members.get(*name)?).ok()? {
            Envelope::Array(rows) => Some(rows),
            _ => None,
        })
}

/// The first of these members that holds an id.
pub(crate) fn id(row: Option<&Row>, names: &[&str]) -> Option<String> {
    let row = row?;
    names.iter().find_map(|name| row.get(*name).and_then(as_id))
}
