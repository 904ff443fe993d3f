//! Paths that may be passed through: plain, relative, and the same to every reader.

use crate::problem::{Problem, codes};

/// What such a path looks like, for the documentation.
pub(super) const PATTERN: &str = r"^[A-Za-z0-9._~!$&'()*+,;=:@%/-]{1,2000}$";

const LONGEST: usize = 2_000;

/// The part of a request's path behind `passthrough/`, if it leads below the base URL whoever
/// reads it: nothing in it changes its meaning when it is decoded once more or normalised.
pub(super) fn of(request_path: &str) -> Result<&str, Problem> {
    // `/v1/connections/{id}/passthrough/...`: the id is a UUID, so this is the first one.
    let path = request_path
        .split_once("/passthrough/")
        .map(|(_, path)| path)
        .unwrap_or_default();
    match fault(path) {
        None => Ok(path),
        Some(detail) => Err(Problem::new(codes::INVALID_PASSTHROUGH_PATH, detail)),
    }
}

fn fault(path: &str) -> Option<&'static str> {
    if path.is_empty() || path.len() > LONGEST {
        return Some("the path must be 1 to 2000 characters");
    }
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        let trailing = segment.is_empty() && segments.peek().is_none();
        if segment.is_empty() && !trailing {
            return Some("the path holds an empty segment");
        }
        if let Some(detail) = segment_fault(segment) {
            return Some(detail);
        }
    }
    None
}

fn segment_fault(segment: &str) -> Option<&'static str> {
    let Some(decoded) = decode(segment) else {
        return Some("the path holds a character or an escape that does not belong into it");
    };
    let Ok(text) = String::from_utf8(decoded) else {
        return Some("the path is not UTF-8");
    };
    // What stands before a `;` is the segment to some servers.
    let name = text.split(';').next().unwrap_or_default();
    if matches!(name, "." | "..") {
        return Some("the path holds `.` or `..`");
    }
    let stray = |character: char| character.is_control() || matches!(character, '/' | '\\' | '%');
    if text.chars().any(stray) {
        return Some("the path holds an encoded slash, percent sign or control character");
    }
    None
}

/// The bytes of a segment; `None` when it is malformed.
fn decode(segment: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'%' => {
                let (digits, after) = tail.split_at_checked(2)?;
                let digits = std::str::from_utf8(digits).ok()?;
                if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                    return None;
                }
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = after;
            }
            byte if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(byte) => {
                bytes.push(*byte);
            }
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::of;

    const BASE: &str = "/v1/connections/00000000-0000-0000-0000-000000000001/passthrough/";

    #[test]
    fn a_plain_path_goes_as_it_is() {
        for path in [
            "tags",
            "scenarios/12/points",
            "api/v2/ext/queue/dialog",
            "statistic/a%20b/x",
            "files/%D0%9F.txt",
            "trailing/",
            "a.b/..c/...",
            "passthrough/x",
        ] {
            assert_eq!(of(&format!("{BASE}{path}")).unwrap(), path);
        }
    }

    #[test]
    fn case_019_no_path_leads_elsewhere() {
        for path in [
            "",
            "/tags",
            "//evil.example/x",
            "a//b",
            "http://evil.example/",
            "http:%2f%2fevil.example",
            "..",
            "../x",
            "a/../x",
            "a/./x",
            "a/..",
            "%2e%2e/x",
            "%2E./x",
            ".%2e/x",
            "..;/x",
            "..;a=b/x",
            "%2e%2e%3b/x",
            "a%2fb",
            "a%2Fb",
            "a%5cb",
            "a\\b",
            "%252e%252e/x",
            "a%00b",
            "a%0d%0aX-Evil:%201",
            "a%",
            "a%2",
            "a%zz",
            "a%+1",
            "%c0%ae%c0%ae/x",
            "%ff",
            "a b",
            "a|b",
            "a\"b",
            "a<b",
            "a{b}",
            "a^b",
            "a`b",
            "a?b",
            "a#b",
            "%23/%2523",
            &"x".repeat(2_001),
        ] {
            let problem = of(&format!("{BASE}{path}")).unwrap_err();
            assert_eq!(
                problem.code().code,
                "gateway.invalid_passthrough_path",
                "{path}"
            );
        }
    }
}
