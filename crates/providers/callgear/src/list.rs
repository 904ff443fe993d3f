//! Pages of scenario results (CG-16), row by row: a row that cannot be read costs itself only.

use bytes::Bytes;
use callweave_model::Timestamp;
use callweave_provider::{
    CallContext, Change, ErrorKind, RawDocument, RecordRef, Result,
    decode::DecodeError,
    envelope,
    number::as_id,
    raw::fingerprint,
    tolerant::{mend, parse},
};
use serde_json::{Value, value::RawValue};

use crate::{
    client::{Client, Got, bad_response},
    error::error,
    node::Node,
    walk::RowKey,
};

/// The operation that lists results.
pub(crate) const OPERATION: &str = "CG-16";
/// The kind of record that is listed.
pub(crate) const RESULT: &str = "scenario_result";
/// The largest hint that is handed on.
const LARGEST_HINT: usize = 8 * 1_024;

/// One listed row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) key: RowKey,
    /// What the row says.
    pub(crate) change: Change,
    /// The row without its phrases.
    pub(crate) hint: Option<Value>,
    /// The session that the row belongs to, where it says so.
    pub(crate) session: Option<String>,
}

/// Fetches the rows from position `start` to `end`; `filter` is appended to the query. `None`
/// where the vendor says that there is nothing.
pub(crate) async fn rows(
    client: &Client,
    context: &CallContext<'_>,
    (start, end): (u64, u64),
    filter: &str,
) -> Result<Option<(Vec<Row>, Bytes)>> {
    let path = format!("/scenario_result?_sort=id&_order=asc&_start={start}&_end={end}{filter}");
    match client.get(context, OPERATION, &path).await? {
        Got::Json(body) => Ok(Some((read(&body)?, body))),
        Got::Nothing(status) if status == http::StatusCode::NOT_FOUND => Ok(None),
        Got::Nothing(status) => Err(error(OPERATION, ErrorKind::BadResponse).with_status(status)),
    }
}

fn read(body: &[u8]) -> Result<Vec<Row>> {
    let mended = mend(body);
    let list: Vec<&RawValue> = serde_json::from_slice(&mended)
        .map_err(|_source| bad_response(OPERATION, "the answer is not a list of results"))?;
    Ok(list.into_iter().map(|item| row(item.get())).collect())
}

fn row(text: &str) -> Row {
    let Ok(node) = serde_json::from_str::<Node<'_>>(text) else {
        return match parse(text.as_bytes()) {
            Err(error) => spoiled(text, error),
            Ok(_) => unreadable(text, "the row cannot be read", String::new()),
        };
    };
    let id = |name: &str| node.get(name).and_then(|id| as_id(&id.whole()));
    let session = id("call_session_id");
    let Some(key) = key_of(id("id")) else {
        return unreadable(text, "a result without a readable id", "/id".to_owned());
    };
    let mut canonical = Vec::with_capacity(text.len());
    node.write_canonical(&mut canonical);
    let hint = hint(&node);
    Row {
        change: Change::Seen {
            record: RecordRef::new(RESULT, key.id.clone()),
            fingerprint: fingerprint(&canonical),
            hint: hint.clone(),
        },
        key,
        hint,
        session,
    }
}

/// The id of a result, where it is one.
fn key_of(id: Option<String>) -> Option<RowKey> {
    let id = id.filter(|id| is_id(id))?;
    let number = Some(id.parse().ok()?);
    Some(RowKey { id, number })
}

/// A row that cannot be read whole, under its result's id where that can be read.
fn spoiled(text: &str, error: DecodeError) -> Row {
    let Some((members, error)) = envelope::remains(text.as_bytes()) else {
        return unreadable(text, error.reason(), error.pointer);
    };
    let Some(key) = key_of(members.get("id").and_then(as_id)) else {
        return unreadable(text, error.reason(), error.pointer);
    };
    set_aside(key, text, error.reason(), error.pointer)
}

/// Mixes into a row's fingerprint how often its result was due to be fetched again by now. Each
/// result has an hour of its own within the period, so that not all of them are due at once.
pub(crate) fn age(row: &mut Row, now: Timestamp, days: u64) {
    let (
        Change::Seen {
            fingerprint: print, ..
        },
        Some(number),
    ) = (&mut row.change, row.key.number)
    else {
        return;
    };
    let hours = u64::try_from(now.as_millis()).unwrap_or(0) / 3_600_000;
    let Some(turn) = hours.wrapping_add(number).checked_div(days * 24) else {
        return;
    };
    print.extend_from_slice(&turn.to_be_bytes());
    *print = fingerprint(print);
}

/// An id of this vendor: a positive integer of 64 bits, in its shortest form.
pub(crate) fn is_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
        && !text.starts_with('0')
        && text.parse::<i64>().is_ok()
}

fn unreadable(text: &str, reason: &str, pointer: String) -> Row {
    let hash = fingerprint(text.as_bytes())
        .into_iter()
        .fold(0_u64, |hash, byte| (hash << 8) | u64::from(byte));
    let id = format!("row-{hash:016x}");
    set_aside(RowKey { id, number: None }, text, reason, pointer)
}

fn set_aside(key: RowKey, text: &str, reason: &str, pointer: String) -> Row {
    Row {
        change: Change::Quarantined {
            record: RecordRef::new(RESULT, key.id.clone()),
            raw: vec![RawDocument::json(OPERATION, text.to_owned())],
            reason: reason.to_owned(),
            pointer: Some(pointer),
        },
        key,
        hint: None,
        session: None,
    }
}

/// The row without what only makes it long.
fn hint(row: &Node<'_>) -> Option<Value> {
    if !matches!(row, Node::Object(_)) {
        return None;
    }
    let short = row.with(|name, member| {
        Some(if name == "result" {
            without_phrases(member)
        } else {
            member.whole()
        })
    });
    if short.to_string().len() <= LARGEST_HINT {
        return Some(short);
    }
    let members = [
        "id",
        "app_id",
        "call_session_id",
        "scenario_id",
        "scenario_name",
    ];
    Some(row.with(|name, member| members.contains(&name).then(|| member.whole())))
}

fn without_phrases(payload: &Node<'_>) -> Value {
    payload.with(|name, member| match name {
        "phrase_list" => None,
        "result" => Some(without_phrases(member)),
        _ => Some(member.whole()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_looks_at_content_and_not_at_order() {
        let print = |text: &str| match row(text).change {
            Change::Seen { fingerprint, .. } => fingerprint,
            other => panic!("{other:?}"),
        };
        let one = print(r#"{"id": 7, "result": {"a": 1, "b": [1, 2]}}"#);
        assert_eq!(one, print(r#"{"result":{"b":[1,2],"a":1},"id":7}"#));
        assert_ne!(one, print(r#"{"id": 7, "result": {"a": 1, "b": [2, 1]}}"#));
    }

    #[test]
    fn a_result_is_due_again_once_in_a_period() {
        let print = |id: u64, days_later: i64, days: u64| {
            let mut row = row(&format!(r#"{{"id": {id}}}"#));
            let now = Timestamp::from_millis(1_772_442_000_000 + days_later * 86_400_000).unwrap();
            age(&mut row, now, days);
            match row.change {
                Change::Seen { fingerprint, .. } => fingerprint,
                other => panic!("{other:?}"),
            }
        };
        let changes = |id: u64| {
            let prints: Vec<_> = (0..=28).map(|day| print(id, day, 7)).collect();
            prints.windows(2).filter(|pair| pair[0] != pair[1]).count()
        };
        assert!((1..500).all(|id| changes(id) == 4), "once a week");
        let at_once = (1..=1_000)
            .filter(|id| print(*id, 0, 7) != print(*id, 1, 7))
            .count();
        assert!((100..200).contains(&at_once), "a seventh a day: {at_once}");
        assert_eq!(print(5, 0, 0), print(5, 1_000, 0), "never");
    }

    #[test]
    fn trap_c12_only_positive_integers_are_ids() {
        for good in ["1", "34612", "9223372036854775807"] {
            assert!(is_id(good), "{good}");
        }
        for bad in [
            "",
            "0",
            "007",
            "-1",
            "1.5",
            "points",
            "../tags",
            "9223372036854775808",
            "１",
        ] {
            assert!(!is_id(bad), "{bad}");
        }
    }

    #[test]
    fn a_hint_stays_small() {
        let phrases = "x".repeat(20_000);
        let Row { hint, .. } = row(&format!(
            r#"{{"id": 7, "call_session_id": 9, "result": {{"result": {{"phrase_list": ["{phrases}"], "hold": {{}}}}}}}}"#
        ));
        assert_eq!(
            hint.unwrap().to_string(),
            r#"{"call_session_id":9,"id":7,"result":{"result":{"hold":{}}}}"#
        );
        let Row { hint, .. } = row(&format!(r#"{{"id": 7, "result": {{"x": "{phrases}"}}}}"#));
        assert_eq!(hint.unwrap().to_string(), r#"{"id":7}"#);
    }
}
