//! Mending of documents that are JSON but for their text encoding.

use std::borrow::Cow;

/// The document without a byte order mark, with U+FFFD in the place of bytes that are not UTF-8
/// and of surrogates that have no partner. A sound document is not copied.
pub fn repair(body: &[u8]) -> Cow<'_, [u8]> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = match std::str::from_utf8(body) {
        Ok(_) => Cow::Borrowed(body),
        Err(_) => Cow::Owned(String::from_utf8_lossy(body).into_owned().into_bytes()),
    };
    let lonely = lonely_surrogates(&text);
    if lonely.is_empty() {
        return text;
    }
    let mut mended = text.into_owned();
    for at in lonely {
        if let Some(digits) = mended.get_mut(at..at + 4) {
            digits.copy_from_slice(b"fffd");
        }
    }
    Cow::Owned(mended)
}

/// Where the four digits of `\uXXXX` escapes stand that are half a surrogate pair.
fn lonely_surrogates(text: &[u8]) -> Vec<usize> {
    let mut lonely = Vec::new();
    let mut at = 0;
    while let Some(offset) = text
        .get(at..)
        .and_then(|rest| rest.iter().position(|b| *b == b'\\'))
    {
        let escape = at + offset;
        match surrogate(text, escape) {
            Some(0xd800..=0xdbff) => {
                if matches!(surrogate(text, escape + 6), Some(0xdc00..=0xdfff)) {
                    at = escape + 12;
                } else {
                    lonely.push(escape + 2);
                    at = escape + 6;
                }
            }
            Some(0xdc00..=0xdfff) => {
                lonely.push(escape + 2);
                at = escape + 6;
            }
            _ => at = escape + 2,
        }
    }
    lonely
}

/// The code unit of the escape `\uXXXX` that begins here.
fn surrogate(text: &[u8], at: usize) -> Option<u32> {
    let escape = text.get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::repair;

    #[test]
    fn case_022_wrong_encoding_is_mended_and_sound_text_is_left_alone() {
        let read = |body: &[u8]| serde_json::from_slice::<Value>(&repair(body)).unwrap();
        assert_eq!(read(b"\xef\xbb\xbf{\"a\":1}"), json!({"a": 1}));
        assert_eq!(read(b"[\"a\xffb\"]"), json!(["a\u{fffd}b"]));
        assert_eq!(
            read(br#"["\ud800x", "\udc00", "\ud83d\ude00", "\\ud800"]"#),
            json!(["\u{fffd}x", "\u{fffd}", "\u{1f600}", "\\ud800"])
        );
        assert!(matches!(
            repair(br#"{"a":"\u0430"}"#),
            std::borrow::Cow::Borrowed(_)
        ));
    }
}
