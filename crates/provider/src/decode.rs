//! Decoding of vendor JSON with the lossless meter on: what a wire type does not consume is told.

use serde::{Deserialize as _, de::DeserializeOwned};
use serde_json::Value;

use crate::tolerant::mend_text;

/// The deepest nesting that is read.
const DEEPEST: usize = 128;

/// What the error says of a document that goes deeper.
const TOO_DEEP: &str = "nested too deep";

/// A decoded document and the JSON pointers that its type did not consume.
#[derive(Clone, Debug)]
pub struct Decoded<T> {
    /// The value.
    pub value: T,
    /// Pointers (RFC 6901) of members that no field of `T` took, in document order.
    pub unmapped: Vec<String>,
}

/// The document is not JSON, or not of the documented shape.
#[derive(Debug, thiserror::Error)]
#[error("vendor document cannot be read at {pointer:?}")]
pub struct DecodeError {
    /// The JSON pointer of the offending member; empty for the whole document.
    pub pointer: String,
    /// What is wrong there. May quote a value of the document: never log it.
    #[source]
    pub source: serde_json::Error,
}

impl DecodeError {
    /// The document ends in the middle: another try may bring the rest.
    pub fn is_cut_off(&self) -> bool {
        self.source.is_eof()
    }

    /// What is wrong, without any value of the document: safe for logs and for the quarantine.
    pub fn reason(&self) -> &'static str {
        match self.source.classify() {
            serde_json::error::Category::Data if self.source.to_string() == TOO_DEEP => {
                "the document is nested too deep"
            }
            serde_json::error::Category::Eof => "the document is cut off",
            serde_json::error::Category::Syntax => "the document is not JSON",
            serde_json::error::Category::Data => "a member is missing or has another type",
            serde_json::error::Category::Io => "the document could not be read",
        }
    }
}

/// Decodes a document and tells what was not consumed.
///
/// The meter cannot look into `#[serde(flatten)]` and untagged enums; a wire type that uses them
/// consumes all that they take. A wrong text encoding is mended first; see [`crate::tolerant`].
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<Decoded<T>, DecodeError> {
    decode_text(&mend_text(bytes))
}

/// [`decode`] of a text that was mended already.
pub(crate) fn decode_text<T: DeserializeOwned>(text: &str) -> Result<Decoded<T>, DecodeError> {
    check_depth(text.as_bytes())?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut unmapped = Vec::new();
    let mut note = |path: serde_ignored::Path<'_>| unmapped.push(ignored_pointer(&path));
    let result = T::deserialize(serde_ignored::Deserializer::new(
        &mut deserializer,
        &mut note,
    ));
    match result {
        Ok(value) => {
            end(&mut deserializer)?;
            Ok(Decoded { value, unmapped })
        }
        Err(source) => Err(place_of::<T>(text, source)),
    }
}

/// Parses a text that was mended already, with the limits of [`decode`].
pub(crate) fn parse_text(text: &str) -> Result<Value, DecodeError> {
    check_depth(text.as_bytes())?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match Value::deserialize(&mut deserializer) {
        Ok(value) => {
            end(&mut deserializer)?;
            Ok(value)
        }
        Err(source) => Err(place_of::<Value>(text, source)),
    }
}

fn end<'de>(
    deserializer: &mut serde_json::Deserializer<impl serde_json::de::Read<'de>>,
) -> Result<(), DecodeError> {
    deserializer.end().map_err(|source| DecodeError {
        pointer: String::new(),
        source,
    })
}

/// Where a text failed that was read before without keeping track of the place, which would cost more than
/// the reading.
fn place_of<T: DeserializeOwned>(text: &str, source: serde_json::Error) -> DecodeError {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut deserializer, &mut track);
    let source = T::deserialize(tracked).err().unwrap_or(source);
    DecodeError {
        pointer: error_pointer(&track.path()),
        source,
    }
}

/// Decodes a value that was parsed already, and tells what was not consumed.
pub fn decode_value<T: DeserializeOwned>(value: &Value) -> Result<Decoded<T>, DecodeError> {
    let mut unmapped = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(value, &mut track);
    let mut note = |path: serde_ignored::Path<'_>| unmapped.push(ignored_pointer(&path));
    let result = T::deserialize(serde_ignored::Deserializer::new(tracked, &mut note));
    match result {
        Ok(value) => Ok(Decoded { value, unmapped }),
        Err(source) => Err(DecodeError {
            pointer: error_pointer(&track.path()),
            source,
        }),
    }
}

/// Whether a text that begins like JSON ends in the middle, as after a lost connection. Looks at
/// the form only and allocates nothing.
pub fn is_cut_off(bytes: &[u8]) -> bool {
    // Where everything that was opened is closed, no end is missing, whatever else may be wrong.
    if matches!(bytes.trim_ascii().first(), Some(b'{' | b'[')) && is_closed(bytes) {
        return false;
    }
    let ends_early = |bytes: &[u8]| {
        serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_err_and(|error| error.is_eof())
    };
    // A number that is passed over and ends within itself is called a wrong one, not a short one.
    let in_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E');
    let unfinished = matches!(bytes.last(), Some(b'.' | b'+' | b'-' | b'e' | b'E'));
    let before = bytes.len()
        - bytes
            .iter()
            .rev()
            .take_while(|byte| in_number(byte))
            .count();
    ends_early(bytes) || (unfinished && bytes.get(..before).is_some_and(ends_early))
}

/// Whether all lists and objects of a text are closed at its end, and closed no earlier.
fn is_closed(bytes: &[u8]) -> bool {
    let mut open = 0_usize;
    let mut rest = bytes.trim_ascii();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = after.get(string(after).len() + 1..).unwrap_or_default(),
            b'[' | b'{' => open += 1,
            b']' | b'}' => {
                open = open.saturating_sub(1);
                if open == 0 {
                    return rest.is_empty();
                }
            }
            _ => {}
        }
    }
    false
}

/// Refuses documents nested deeper than any vendor documents; serde_json's own limit does not look
/// into members that are skipped.
pub(crate) fn check_depth(bytes: &[u8]) -> Result<(), DecodeError> {
    let mut depth = 0_usize;
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = after.get(string(after).len() + 1..).unwrap_or_default(),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            let source = serde::de::Error::custom(TOO_DEEP);
            return Err(DecodeError {
                pointer: String::new(),
                source,
            });
        }
    }
    Ok(())
}

/// A string's bytes as they are written, up to its closing quote.
pub(crate) fn string(bytes: &[u8]) -> &[u8] {
    let mut from = 0;
    while let Some(rest) = bytes.get(from..)
        && let Some(at) = memchr::memchr2(b'"', b'\\', rest)
    {
        if rest.get(at) == Some(&b'"') {
            return bytes.get(..from + at).unwrap_or_default();
        }
        from += at + 2;
    }
    bytes
}

fn ignored_pointer(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}/{index}", ignored_pointer(parent)),
        Path::Map { parent, key } => format!("{}/{}", ignored_pointer(parent), escape(key)),
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => ignored_pointer(parent),
    }
}

fn error_pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", escape(key))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// Escapes a member name for a JSON pointer.
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{decode, decode_value, is_cut_off};

    #[derive(Deserialize)]
    struct Wire {
        id: i64,
        #[serde(default)]
        items: Vec<Item>,
    }

    #[derive(Deserialize)]
    struct Item {
        name: String,
    }

    #[test]
    fn what_a_type_does_not_take_is_told_by_pointer() {
        let text = br#"{"id": 1, "new/one": true, "items": [{"name": "a", "later": [1, 2]}]}"#;
        let decoded = decode::<Wire>(text).unwrap();
        assert_eq!(decoded.value.id, 1);
        assert_eq!(decoded.value.items[0].name, "a");
        assert_eq!(
            decoded.unmapped,
            ["/new~1one", "/items/0/later"],
            "in document order"
        );
        let value = serde_json::from_slice(text).unwrap();
        assert_eq!(decode_value::<Wire>(&value).unwrap().unmapped.len(), 2);
    }

    #[test]
    fn a_wrong_member_is_named_by_pointer_and_not_quoted() {
        let error = decode::<Wire>(br#"{"id": 1, "items": [{"name": 7}]}"#)
            .err()
            .unwrap();
        assert_eq!(error.pointer, "/items/0/name");
        assert_eq!(error.reason(), "a member is missing or has another type");
    }

    #[test]
    fn case_008_a_cut_off_document_is_told_from_a_broken_one() {
        assert!(is_cut_off(br#"[{"id": 1}, {"id"#));
        assert!(is_cut_off(b""));
        let whole = br#"{"a": [1.5e+3, -0.25, true, null, "\u00e9 x"], "b": {"c": -7e-2}}"#;
        for end in 0..whole.len() {
            assert!(is_cut_off(&whole[..end]), "after {end} bytes");
        }
        assert!(!is_cut_off(whole));
        assert!(!is_cut_off(br#"{"a": 1.x, "b": -"#));
        assert!(!is_cut_off(br#"{"id": x}"#));
        assert!(!is_cut_off(b"<html>"));
        assert!(!is_cut_off(
            &b"["
                .repeat(9)
                .into_iter()
                .chain(b"]".repeat(9))
                .collect::<Vec<u8>>()
        ));
        assert!(decode::<Wire>(br#"{"id": 1"#).is_err_and(|error| error.is_cut_off()));
    }

    #[test]
    fn case_023_nesting_beyond_the_limit_is_refused() {
        let deep = format!(
            "{{\"id\":1,\"x\":{}{}}}",
            "[".repeat(10_000),
            "]".repeat(10_000)
        );
        assert!(decode::<Wire>(deep.as_bytes()).is_err());
    }
}
