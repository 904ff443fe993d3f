//! What is wrong with the form of a vendor's documents although they could be read. It is told the
//! same way of every vendor, in a call's `flags`.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet},
};

use serde_json::Value;

use crate::{RawDocument, decode::string, tolerant::mend};

/// The bytes were no clean UTF-8, began with a byte order mark, or held lone surrogates; U+FFFD
/// stands in the place of what was no text.
pub const ENCODING_REPAIRED: &str = "encoding_repaired";
/// U+0000 stood in a text or a name; U+FFFD is stored in its place.
pub const ZERO_CHARACTERS: &str = "zero_characters";
/// An object named a member twice; the last one counts.
pub const DUPLICATE_KEYS: &str = "duplicate_keys";

/// The flags of a record that was read from these documents.
pub fn flags(documents: &[RawDocument]) -> BTreeSet<String> {
    let mut flags = BTreeSet::new();
    let mut flag = |name: &str, is: bool| {
        if is {
            flags.insert(name.to_owned());
        }
    };
    for document in documents {
        if document.content_type != "application/json" {
            continue;
        }
        let mended = mend(&document.body);
        let marked = document.body.starts_with(b"\xef\xbb\xbf");
        flag(ENCODING_REPAIRED, marked || matches!(mended, Cow::Owned(_)));
        let form = Form::of(&mended);
        flag(ZERO_CHARACTERS, form.zero_characters);
        flag(DUPLICATE_KEYS, form.duplicate_keys);
    }
    flags
}

/// The same JSON with U+FFFD in the place of U+0000, in texts and in names.
pub fn without_zeros(value: Value) -> Value {
    let clean = |text: String| text.replace('\0', "\u{fffd}");
    match value {
        Value::String(text) => Value::String(clean(text)),
        Value::Array(items) => items.into_iter().map(without_zeros).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (clean(name), without_zeros(value)))
            .collect(),
        other => other,
    }
}

#[derive(Debug, Default)]
struct Form {
    zero_characters: bool,
    duplicate_keys: bool,
}

impl Form {
    /// One pass over the bytes of a document, without recursion.
    fn of(bytes: &[u8]) -> Self {
        let mut form = Self::default();
        let mut open = Names::default();
        let mut last: Option<&[u8]> = None;
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            match byte {
                b'"' => {
                    let text = string(after);
                    form.zero_characters |= holds_zero(text);
                    last = Some(text);
                    rest = after.get(text.len() + 1..).unwrap_or_default();
                }
                b':' => {
                    if let Some(name) = last.take() {
                        form.duplicate_keys |= open.repeats(unescaped(name));
                    }
                }
                b'{' | b'[' => open.enter(),
                b'}' | b']' => open.leave(),
                _ => {}
            }
        }
        form
    }
}

/// So many names of one object are compared one by one; those of a larger one are hashed.
const FEW: usize = 24;

/// The names so far of the objects that are open, in one list.
#[derive(Default)]
struct Names<'a> {
    all: Vec<Cow<'a, [u8]>>,
    /// Where the names of each open object begin.
    begins: Vec<usize>,
    /// The names of large objects, by how deep they lie.
    large: HashMap<usize, HashSet<Cow<'a, [u8]>>>,
}

impl<'a> Names<'a> {
    fn enter(&mut self) {
        self.begins.push(self.all.len());
    }

    fn leave(&mut self) {
        if let Some(begin) = self.begins.pop() {
            self.all.truncate(begin);
            if !self.large.is_empty() {
                self.large.remove(&self.begins.len());
            }
        }
    }

    /// Whether the innermost object has had the name before.
    fn repeats(&mut self, name: Cow<'a, [u8]>) -> bool {
        let Some(begin) = self.begins.last() else {
            return false;
        };
        let known = self.all.get(*begin..).unwrap_or_default();
        if known.len() < FEW {
            let repeated = known.contains(&name);
            self.all.push(name);
            return repeated;
        }
        let large = self
            .large
            .entry(self.begins.len() - 1)
            .or_insert_with(|| known.iter().cloned().collect());
        !large.insert(name)
    }
}

/// Whether U+0000 is among the escapes of a string.
fn holds_zero(mut text: &[u8]) -> bool {
    while let Some(at) = memchr::memchr(b'\\', text) {
        let escape = text.get(at + 1..).unwrap_or_default();
        if escape.starts_with(b"u0000") {
            return true;
        }
        text = escape.get(1..).unwrap_or_default();
    }
    false
}

/// A name as it is meant, however it is written.
fn unescaped(name: &[u8]) -> Cow<'_, [u8]> {
    if !name.contains(&b'\\') {
        return Cow::Borrowed(name);
    }
    let quoted = [b"\"", name, b"\""].concat();
    match serde_json::from_slice::<String>(&quoted) {
        Ok(text) => Cow::Owned(text.into_bytes()),
        // Only a text that serde_json refuses, and then the document was refused before.
        Err(_) => Cow::Borrowed(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &'static [u8]) -> Vec<String> {
        let documents = [RawDocument::json("X-1", body)];
        flags(&documents).into_iter().collect()
    }

    #[test]
    fn a_sound_document_has_no_flags() {
        assert_eq!(
            of(br#"{"a": {"b": 1}, "b": ["a", "a", ":"], "c": "\\u0000"}"#),
            [""; 0]
        );
        assert_eq!(
            of("[{\"a\":\"\u{44f}\"},{\"a\":\"\\ud83d\\ude00\"}]".as_bytes()),
            [""; 0]
        );
        assert_eq!(of(b""), [""; 0]);
    }

    #[test]
    fn case_022_a_repaired_encoding_is_flagged() {
        for body in [
            &b"{\"a\": \"\xff\"}"[..],
            b"\xef\xbb\xbf{}",
            br#"["\ud800"]"#,
            br#"["\udc00\ud800"]"#,
        ] {
            assert_eq!(
                of(body),
                [ENCODING_REPAIRED],
                "{}",
                String::from_utf8_lossy(body)
            );
        }
    }

    #[test]
    fn case_024_a_zero_character_is_flagged_wherever_it_stands() {
        for body in [
            &br#"{"a": "x\u0000"}"#[..],
            br#"{"\u0000": 1}"#,
            br#"["\\\u0000"]"#,
        ] {
            assert_eq!(
                of(body),
                [ZERO_CHARACTERS],
                "{}",
                String::from_utf8_lossy(body)
            );
        }
    }

    #[test]
    fn case_025_a_name_that_comes_twice_is_flagged_however_it_is_written() {
        for body in [
            &br#"{"a": 1, "a": 1}"#[..],
            br#"[{"x": {"a": [{}], "\u0061" : 2}}]"#,
        ] {
            assert_eq!(
                of(body),
                [DUPLICATE_KEYS],
                "{}",
                String::from_utf8_lossy(body)
            );
        }
    }
}
