//! Lists read in two steps, so that a bad element costs itself only and not its page.

use std::collections::BTreeMap;

use serde_json::{Value, value::RawValue};

use crate::{
    decode::{DecodeError, check_depth},
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
    /// Opens a document. Fails for what is not JSON, or nested too deep.
    pub fn open(body: &[u8]) -> Result<Self, DecodeError> {
        check_depth(body)?;
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

/// Reads an element whole.
pub fn value(raw: &RawValue) -> Result<Value, DecodeError> {
    serde_json::from_str(raw.get()).map_err(|source| DecodeError {
        pointer: String::new(),
        source,
    })
}

/// Whether the document is JSON, whatever it says; numbers may lie outside every range.
pub fn is_json(body: &[u8]) -> bool {
    Envelope::open(body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{Envelope, is_json, value};

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
    fn case_008_a_cut_off_document_is_not_json() {
        assert!(!is_json(br#"[{"a": 1}, {"a""#));
        assert!(!is_json(b"<html></html>"));
        assert!(!is_json(b""));
        assert!(is_json(b" null"));
    }
}
