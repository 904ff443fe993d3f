//! A call as a row of a CSV (RFC 4180).

use callweave_model::enums::PartyRole;
use callweave_store::calls::StoredCall;
use serde::Serialize;
use serde_json::Value;

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Ndjson,
    Csv,
}

impl Format {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }
}

/// The first row.
pub(super) const HEADING: &str = "id,connection_id,vendor,remote_id,channel,kind,direction,status,\
started_at,duration_ms,subject,agents,customers,customer_phones,score_pct,passed,sentiment,tags,\
summary,has_transcript,modified_at,version,deleted_at\r\n";

/// Appends the row of a call.
pub(super) fn write(stored: &StoredCall, bytes: &mut Vec<u8>) {
    let call = &stored.call;
    let named = |role: PartyRole| -> Vec<&str> {
        let parties = call.parties.iter().filter(|party| party.role == role);
        parties.filter_map(|party| party.name.as_deref()).collect()
    };
    let phones: Vec<&str> = call
        .parties
        .iter()
        .filter(|party| party.role == PartyRole::Customer)
        .filter_map(|party| party.phone.as_deref())
        .collect();
    let rollup = &call.rollup;
    let cells = [
        stored.id.to_string(),
        stored.connection_id.to_string(),
        text(&stored.vendor),
        text(&call.remote_id),
        word(&call.channel),
        word(&call.kind),
        word(&call.direction),
        word(&call.status),
        call.started_at.map(|at| at.to_string()).unwrap_or_default(),
        call.duration_ms
            .map(|length| length.to_string())
            .unwrap_or_default(),
        text(call.subject.as_deref().unwrap_or_default()),
        text(&named(PartyRole::Agent).join("; ")),
        text(&named(PartyRole::Customer).join("; ")),
        // E.164 and nothing else.
        phones.join("; "),
        rollup
            .score_pct
            .map(|score| score.to_string())
            .unwrap_or_default(),
        rollup
            .passed
            .map(|passed| passed.to_string())
            .unwrap_or_default(),
        word(&rollup.sentiment),
        text(&rollup.tags.join("; ")),
        text(rollup.summary.as_deref().unwrap_or_default()),
        stored.has_transcript.to_string(),
        stored.modified_at.to_string(),
        stored.version.to_string(),
        stored
            .deleted_at
            .map(|at| at.to_string())
            .unwrap_or_default(),
    ];
    for (number, cell) in cells.iter().enumerate() {
        if number > 0 {
            bytes.push(b',');
        }
        append(cell, bytes);
    }
    bytes.extend_from_slice(b"\r\n");
}

/// A cell, in quotes where it needs them.
fn append(cell: &str, bytes: &mut Vec<u8>) {
    if cell.contains(['"', ',', '\r', '\n']) {
        bytes.push(b'"');
        bytes.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
        bytes.push(b'"');
    } else {
        bytes.extend_from_slice(cell.as_bytes());
    }
}

/// Text from elsewhere: a spreadsheet must not take it for a formula.
fn text(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The word of an enum; nothing where there is none.
fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_hold_no_formula() {
        let row = |cell: &str| {
            let mut bytes = Vec::new();
            append(&text(cell), &mut bytes);
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(row("plain"), "plain");
        assert_eq!(row("a, \"b\"\nc"), "\"a, \"\"b\"\"\nc\"");
        assert_eq!(row("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(row("@SUM"), "'@SUM");
        assert_eq!(row("-1"), "'-1");
        assert_eq!(row(""), "");
    }

    #[test]
    fn the_heading_names_each_cell_once() {
        let names: Vec<&str> = HEADING.trim_end().split(',').collect();
        assert_eq!(names.len(), 23);
        let distinct: std::collections::BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(distinct.len(), names.len());
    }
}
