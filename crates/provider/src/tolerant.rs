//! Reading vendor JSON that does not keep to its document: what does not fit costs itself only.
//!
//! A wire type is written with optional members of their documented types. [`read`] decodes into
//! it; a member of another type is put aside with its pointer and the rest is read without it, so
//! one odd member neither loses a record nor goes unnoticed.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error as _};
use serde_json::Value;

use crate::{
    decode::{DecodeError, decode_text, decode_value, parse_text},
    number,
};

/// The most members of one document that may be put aside; a document with more is not of the
/// type at all.
const MOST_MISFITS: usize = 64;

/// A document as far as it could be read.
#[derive(Clone, Debug)]
pub struct Read<T> {
    /// The value.
    pub value: T,
    /// Members that went nowhere, each with its JSON pointer: unknown ones and those of another
    /// type. What stands here belongs into an `extra` of the canonical form.
    pub left_over: Vec<(String, Value)>,
    /// The bytes were no clean UTF-8 or held lone surrogates, and U+FFFD stands in their place.
    pub encoding_repaired: bool,
}

/// Reads a document, putting aside what does not fit.
///
/// Fails where the document is not JSON, is nested too deep, or where its root or more than 64
/// members are of another type. Of members with the same name the last one counts.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Read<T>, DecodeError> {
    let text = mend_text(bytes);
    let encoding_repaired = matches!(text, Cow::Owned(_));
    if let Ok(decoded) = decode_text::<T>(&text) {
        let left_over = if decoded.unmapped.is_empty() {
            Vec::new()
        } else {
            pick(&parse_text(&text)?, decoded.unmapped)
        };
        return Ok(Read {
            value: decoded.value,
            left_over,
            encoding_repaired,
        });
    }
    let mut read = read_value(parse_text(&text)?)?;
    read.encoding_repaired = encoding_repaired;
    Ok(read)
}

/// [`read`] for a document whose root must be an object: serde would take a list for a struct.
pub fn read_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<Read<T>, DecodeError> {
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if start.trim_ascii_start().first() == Some(&b'{') {
        return read(bytes);
    }
    let source = match parse(bytes) {
        Ok(_other) => serde_json::Error::custom("not an object"),
        Err(error) => return Err(error),
    };
    Err(DecodeError {
        pointer: String::new(),
        source,
    })
}

/// Reads a value that was parsed already, putting aside what does not fit.
pub fn read_value<T: DeserializeOwned>(mut value: Value) -> Result<Read<T>, DecodeError> {
    let mut misfits: Vec<(String, Value)> = Vec::new();
    loop {
        match decode_value::<T>(&value) {
            Ok(decoded) => {
                misfits.extend(pick(&value, decoded.unmapped));
                return Ok(Read {
                    value: decoded.value,
                    left_over: misfits,
                    encoding_repaired: false,
                });
            }
            Err(error) => {
                let place = value
                    .pointer_mut(&error.pointer)
                    .filter(|place| !error.pointer.is_empty() && !place.is_null());
                match place {
                    Some(place) if misfits.len() < MOST_MISFITS => {
                        misfits.push((error.pointer, place.take()));
                    }
                    _ => return Err(error),
                }
            }
        }
    }
}

/// Parses JSON of any shape with the limits of [`decode`](crate::decode::decode).
pub fn parse(bytes: &[u8]) -> Result<Value, DecodeError> {
    parse_text(&mend_text(bytes))
}

fn pick(whole: &Value, pointers: Vec<String>) -> Vec<(String, Value)> {
    pointers
        .into_iter()
        .map(|pointer| {
            let value = whole.pointer(&pointer).cloned().unwrap_or_default();
            (pointer, value)
        })
        .collect()
}

/// JSON text as it should have been encoded: without a byte order mark, and with U+FFFD for bytes
/// that are no UTF-8 and for escaped surrogates without their other half. Borrowed when nothing
/// had to be changed.
pub fn mend(bytes: &[u8]) -> Cow<'_, [u8]> {
    match mend_text(bytes) {
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
    }
}

/// [`mend`] as text.
pub(crate) fn mend_text(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match simdutf8::basic::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_damaged) => String::from_utf8_lossy(bytes),
    };
    match without_lone_surrogates(&text) {
        Some(repaired) => Cow::Owned(repaired),
        None => text,
    }
}

/// The text with lone surrogate escapes replaced; `None` when there are none.
fn without_lone_surrogates(text: &str) -> Option<String> {
    let mut escapes = memchr::memmem::find_iter(text.as_bytes(), "\\u");
    if !escapes.any(|at| matches!(text.as_bytes().get(at + 2), Some(b'd' | b'D'))) {
        return None;
    }
    let (mut repaired, mut changed) = (String::with_capacity(text.len()), false);
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        repaired.push_str(before);
        let unit = escape_unit(escape);
        let pair = unit
            .filter(|unit| (0xd800..0xdc00).contains(unit))
            .and_then(|_| {
                escape
                    .get(6..)
                    .and_then(escape_unit)
                    .filter(|low| (0xdc00..0xe000).contains(low))
            });
        let lone = unit.is_some_and(|unit| (0xd800..0xe000).contains(&unit)) && pair.is_none();
        let length = match (unit, pair) {
            (Some(_), Some(_)) => 12,
            (Some(_), None) => 6,
            (None, _) => escape
                .char_indices()
                .nth(2)
                .map_or(escape.len(), |(end, _)| end),
        };
        let (taken, after) = escape.split_at(length);
        repaired.push_str(if lone { "\\ufffd" } else { taken });
        changed |= lone;
        rest = after;
    }
    repaired.push_str(rest);
    changed.then_some(repaired)
}

/// The code unit of a `\uXXXX` escape at the beginning of the text.
fn escape_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

/// An integer, also as text or as a whole float; anything else does not fit.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    fitting(deserializer, number::as_i64, "an integer")
}

/// A finite number, also as text; anything else does not fit.
pub fn float<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    fitting(deserializer, number::as_f64, "a number")
}

/// An id: a whole number or text, as text; anything else does not fit.
pub fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    fitting(deserializer, number::as_id, "an id")
}

/// A text, also written as a number or a boolean; anything else does not fit.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(truth) => Ok(Some(truth.to_string())),
        _ => Err(D::Error::custom("expected a text")),
    }
}

/// A truth value, also as 0, 1 or text; anything else does not fit.
pub fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let as_truth = |value: &Value| match value {
        Value::Bool(truth) => Some(*truth),
        Value::Number(number) if number.as_i64() == Some(0) => Some(false),
        Value::Number(number) if number.as_i64() == Some(1) => Some(true),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    };
    fitting(deserializer, as_truth, "a truth value")
}

fn fitting<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    fit: impl Fn(&Value) -> Option<T>,
    what: &str,
) -> Result<Option<T>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(empty) if empty.trim().is_empty() => Ok(None),
        value => fit(&value)
            .map(Some)
            .ok_or_else(|| D::Error::custom(format_args!("expected {what}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde::Deserialize;
    use serde_json::json;

    use super::{mend, read, read_object};

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Wire {
        #[serde(deserialize_with = "super::id")]
        id: Option<String>,
        #[serde(deserialize_with = "super::integer")]
        count: Option<i64>,
        #[serde(deserialize_with = "super::truth")]
        passed: Option<bool>,
        rows: Option<Vec<Option<Row>>>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Row {
        #[serde(deserialize_with = "super::text")]
        name: Option<String>,
    }

    #[test]
    fn case_027_a_member_of_another_type_costs_itself_only() {
        let text = br#"{"id": 7, "count": "many", "passed": "yes", "new": 1,
                        "rows": [{"name": "a"}, "b", {"name": {"ru": "c"}}, null]}"#;
        let read = read::<Wire>(text).unwrap();
        assert_eq!(read.value.id.as_deref(), Some("7"));
        assert_eq!((read.value.count, read.value.passed), (None, Some(true)));
        let rows = read.value.rows.unwrap();
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[0].as_ref().unwrap().name.as_deref(), Some("a"));
        let mut left_over = read.left_over;
        left_over.sort_by(|one, two| one.0.cmp(&two.0));
        assert_eq!(
            left_over,
            [
                ("/count".to_owned(), json!("many")),
                ("/new".to_owned(), json!(1)),
                ("/rows/1".to_owned(), json!("b")),
                ("/rows/2/name".to_owned(), json!({"ru": "c"})),
            ]
        );
    }

    #[test]
    fn case_025_of_equal_keys_the_last_counts_and_a_number_out_of_range_is_refused() {
        assert_eq!(
            read::<Wire>(br#"{"id": 1, "id": 2}"#)
                .unwrap()
                .value
                .id
                .as_deref(),
            Some("2")
        );
        assert!(read::<Wire>(br#"{"id": 1, "count": 1e400}"#).is_err());
        assert!(read_object::<Wire>(b"[1]").is_err());
        assert!(read::<Wire>(b"").is_err());
    }

    #[test]
    fn case_022_broken_encoding_is_mended_and_said() {
        assert!(matches!(
            mend(br#"{"a": "\ud83d\ude00 \u0041"}"#),
            Cow::Borrowed(_)
        ));
        let lone = mend(br#"{"a": "\\ud83d \ud83d x \ude00"}"#);
        assert_eq!(&lone[..], br#"{"a": "\\ud83d \ufffd x \ufffd"}"#);
        let read = read::<Wire>(b"\xef\xbb\xbf{\"rows\": [{\"name\": \"\xff!\"}]}").unwrap();
        assert!(read.encoding_repaired);
        let name = read.value.rows.unwrap()[0].as_ref().unwrap().name.clone();
        assert_eq!(name.as_deref(), Some("\u{fffd}!"));
        for odd in ["\\", "\"\\u", "\"\\uд", "\\ud8\\", "{\"\\ud800"] {
            let _ = mend(odd.as_bytes());
        }
    }
}
