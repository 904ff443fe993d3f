//! Lists read in two steps, so that a bad element costs itself only and not its page.

use std::collections::BTreeMap;

use serde_json::{Map, Value, value::RawValue};

use crate::{
    decode::{DecodeError, check_depth, escape},
    tolerant::mend,
};

/// The outermost level of a JSON document; what lies inside is checked to be JSON and not read.
#[derive(Debug)]
pub enum Envelope {
    /// An object, by member.
    Object(BTreeMap<String, Box<RawValue>>),
    /// An array.
    Array(Vec<Box<RawValue>>),
    /// Text, a number, a boolean or `null`.
    Scalar(Value),
}

impl Envelope {
    /// Opens a document. Fails for what is not JSON. How deep it is nested does not matter: what
    /// lies inside is passed over without going into it.
    pub fn open(body: &[u8]) -> Result<Self, DecodeError> {
        let mended = mend(body);
        let first = mended.iter().find(|byte| !byte.is_ascii_whitespace());
        let opened = match first {
            Some(b'{') => serde_json::from_slice(&mended).map(Self::Object),
            Some(b'[') => serde_json::from_slice(&mended).map(Self::Array),
            _ => serde_json::from_slice(&mended).map(Self::Scalar),
        };
        opened.map_err(|source| DecodeError {
            pointer: String::new(),
            source,
        })
    }

    /// Opens an element.
    pub fn inside(raw: &RawValue) -> Result<Self, DecodeError> {
        Self::open(raw.get().as_bytes())
    }
}

/// Reads an element whole. Fails for one that is nested too deep.
pub fn value(raw: &RawValue) -> Result<Value, DecodeError> {
    check_depth(raw.get().as_bytes())?;
    serde_json::from_str(raw.get()).map_err(|source| DecodeError {
        pointer: String::new(),
        source,
    })
}

/// What can be read of a row that cannot be read whole, and why it cannot: the pointer leads to the
/// first member that is in the way. `None` where it is no object.
///
/// A member that is nested too deep, or holds a number beyond all ranges, does not hide what names
/// the row.
pub fn remains(row: &[u8]) -> Option<(Map<String, Value>, DecodeError)> {
    let Ok(Envelope::Object(raw)) = Envelope::open(row) else {
        return None;
    };
    let (mut members, mut spoiled) = (Map::new(), None);
    for (name, raw) in raw {
        match value(&raw) {
            Ok(value) => {
                members.insert(name, value);
            }
            Err(error) if spoiled.is_none() => {
                let pointer = format!("/{}", escape(&name));
                spoiled = Some(DecodeError { pointer, ..error });
            }
            Err(_) => {}
        }
    }
    Some((members, spoiled?))
}

/// Whether the document is JSON, whatever it says; numbers may lie outside every range.
pub fn is_json(body: &[u8]) -> bool {
    Envelope::open(body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{Envelope, is_json, remains, value};

    #[test]
    fn case_025_a_number_out_of_range_spoils_its_own_row_only() {
        let Envelope::Array(rows) =
            Envelope::open(br#"[{"a": 1}, {"a": 1e400}, "\ud800"]"#).unwrap()
        else {
            panic!("no array")
        };
        let read: Vec<bool> = rows.iter().map(|row| value(row).is_ok()).collect();
        assert_eq!(read, [true, false, true]);
    }

    #[test]
    fn case_023_a_row_that_is_nested_too_deep_spoils_itself_only_and_keeps_its_name() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let row = |depth| format!(r#"{{"id": 2, "a/b": {}}}"#, deep(depth));
        let page = format!(r#"[{{"id": 1}}, {}, {}]"#, row(100), row(1_000_000));
        let Envelope::Array(rows) = Envelope::open(page.as_bytes()).unwrap() else {
            panic!("no array")
        };
        let read: Vec<bool> = rows.iter().map(|row| value(row).is_ok()).collect();
        assert_eq!(read, [true, true, false]);
        let (members, error) = remains(rows[2].get().as_bytes()).unwrap();
        assert_eq!(members["id"], 2);
        assert_eq!(error.pointer, "/a~1b");
        assert_eq!(error.reason(), "the document is nested too deep");
        assert!(
            remains(rows[0].get().as_bytes()).is_none(),
            "it can be read"
        );
    }

    #[test]
    fn case_008_a_cut_off_document_is_not_json() {
        assert!(!is_json(br#"[{"a": 1}, {"a""#));
        assert!(!is_json(b"<html></html>"));
        assert!(!is_json(b""));
        assert!(is_json(b" null"));
    }
}
