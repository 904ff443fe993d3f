//! Reading a query by its table.

use std::{borrow::Cow, collections::BTreeMap};

use callweave_model::Timestamp;
use uuid::Uuid;

use super::{Kind, Param};
use crate::problem::{FieldError, Problem, codes};

/// More pairs than this are no honest query.
const PAIRS: usize = 200;
/// Values of one list parameter.
pub(super) const VALUES: usize = 50;

/// A query whose values all fit their table.
#[derive(Debug)]
pub(crate) struct Query {
    values: BTreeMap<&'static str, Vec<String>>,
}

impl Query {
    /// Reads a raw query; every error is reported at once.
    pub(crate) fn read(raw: &str, params: &'static [Param]) -> Result<Self, Problem> {
        let mut values: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        let mut errors = Vec::new();
        for (number, (name, value)) in pairs(raw).enumerate() {
            if number >= PAIRS {
                errors.push(FieldError::query(
                    "",
                    "too_many",
                    format!("more than {PAIRS} parameters"),
                ));
                break;
            }
            match params.iter().find(|param| param.name == name) {
                Some(param) => match split(param, &value) {
                    Ok(mut parts) => values.entry(param.name).or_default().append(&mut parts),
                    Err(error) => errors.push(error),
                },
                None => errors.push(unknown(&name, params)),
            }
        }
        for param in params {
            let repeats = values.get(param.name).map_or(0, Vec::len);
            if repeats > 1 && !takes_many(param.kind) {
                errors.push(FieldError::query(
                    param.name,
                    "repeated",
                    "may be given once only",
                ));
            }
            if repeats > VALUES {
                let detail = format!("may hold at most {VALUES} values");
                errors.push(FieldError::query(param.name, "too_many", detail));
            }
        }
        if errors.is_empty() {
            return Ok(Self { values });
        }
        let detail = errors
            .first()
            .map(|error| {
                format!(
                    "{}: {}",
                    error.pointer.trim_start_matches('/'),
                    error.detail
                )
            })
            .unwrap_or_default();
        Err(Problem::new(codes::INVALID_QUERY, detail).with_errors(errors))
    }

    /// The values of a parameter, as they were given.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.values.get(name).cloned().unwrap_or_default()
    }

    /// The only value of a parameter.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.values
            .get(name)
            .and_then(|values| values.first())
            .cloned()
    }

    /// An instant; checked before.
    pub(crate) fn instant(&self, name: &str) -> Option<Timestamp> {
        self.text(name).and_then(|text| parse_instant(&text))
    }

    /// A whole number; checked before.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.text(name).and_then(|text| parse_integer(&text))
    }

    /// How many to return at most.
    pub(crate) fn limit(&self) -> i64 {
        self.integer("limit").unwrap_or(50)
    }

    /// A number; checked before.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.text(name)?.parse().ok()
    }

    /// A truth value; checked before.
    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        self.text(name)?.parse().ok()
    }

    /// Ids; checked before.
    pub(crate) fn uuids(&self, name: &str) -> Vec<Uuid> {
        self.all(name)
            .iter()
            .filter_map(|text| text.parse().ok())
            .collect()
    }

    /// Whether a list parameter holds a word.
    pub(crate) fn has(&self, name: &str, word: &str) -> bool {
        self.values
            .get(name)
            .is_some_and(|values| values.iter().any(|value| value == word))
    }

    /// The query in a fixed form, without what may change from page to page.
    pub(crate) fn fingerprint(&self) -> String {
        let mut text = String::new();
        for (name, values) in &self.values {
            if matches!(*name, "cursor" | "limit") {
                continue;
            }
            let mut values = values.clone();
            values.sort_unstable();
            values.dedup();
            for value in values {
                text.push_str(name);
                text.push('=');
                text.push_str(&value);
                // Text parameters hold no control character.
                text.push('\u{1f}');
            }
        }
        text
    }
}

const fn takes_many(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Words(_) | Kind::Keys | Kind::Uuids | Kind::Texts(_) | Kind::EventTypes
    )
}

fn unknown(name: &str, params: &[Param]) -> FieldError {
    let known: Vec<&str> = params.iter().map(|param| param.name).collect();
    let name: String = name
        .chars()
        .filter(|character| !character.is_control())
        .take(80)
        .collect();
    let detail = if known.is_empty() {
        "unknown parameter; this operation takes none".to_owned()
    } else {
        format!("unknown parameter; known are {}", known.join(", "))
    };
    FieldError::query(&name, "unknown_parameter", detail)
}

/// Splits a value into its parts and checks each.
fn split(param: &Param, value: &str) -> Result<Vec<String>, FieldError> {
    let parts: Vec<&str> = match param.kind {
        Kind::Words(_) | Kind::Keys | Kind::Uuids | Kind::EventTypes => {
            value.split(',').map(str::trim).collect()
        }
        _ => vec![value],
    };
    let checked: Result<Vec<String>, String> = parts
        .into_iter()
        .map(|part| check(param.kind, part).map(|()| part.to_owned()))
        .collect();
    checked.map_err(|detail| FieldError::query(param.name, "invalid_value", detail))
}

fn check(kind: Kind, value: &str) -> Result<(), String> {
    match kind {
        Kind::Word(words) | Kind::Words(words) => words
            .contains(&value)
            .then_some(())
            .ok_or_else(|| format!("must be one of {}", words.join(", "))),
        Kind::Key | Kind::Keys => is_key(value)
            .then_some(())
            .ok_or_else(|| "must be a vendor key: lower-case letters, digits and _".to_owned()),
        // Only the usual form with hyphens: others would give one resource several spellings.
        Kind::Uuids => (value.len() == 36 && value.parse::<Uuid>().is_ok())
            .then_some(())
            .ok_or_else(|| "must be a UUID".to_owned()),
        Kind::Text(limit) | Kind::Texts(limit) => check_text(value, limit),
        Kind::Instant => parse_instant(value).map(drop).ok_or_else(|| {
            "must be an RFC 3339 instant with an offset, e.g. 2026-03-02T09:15:00Z".to_owned()
        }),
        Kind::Integer(min, max) => parse_integer(value)
            .filter(|number| (min..=max).contains(number))
            .map(drop)
            .ok_or_else(|| format!("must be a whole number from {min} to {max}")),
        Kind::Number(min, max) => value
            .parse::<f64>()
            .ok()
            .filter(|number| *number >= min && *number <= max)
            .map(drop)
            .ok_or_else(|| format!("must be a number from {min} to {max}")),
        Kind::Boolean => matches!(value, "true" | "false")
            .then_some(())
            .ok_or_else(|| "must be true or false".to_owned()),
        Kind::Cursor | Kind::LiveCursor | Kind::Position => Ok(()),
        Kind::EventTypes => is_event_type(value)
            .then_some(())
            .ok_or_else(|| "must be a type such as call.updated, or call.*".to_owned()),
    }
}

fn is_event_type(value: &str) -> bool {
    let word = |text: &str| {
        (1..=40).contains(&text.len())
            && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_'))
    };
    value
        .split_once('.')
        .is_some_and(|(family, name)| word(family) && (word(name) || name == "*"))
}

fn check_text(value: &str, limit: usize) -> Result<(), String> {
    if value.is_empty() {
        return Err("must not be empty".to_owned());
    }
    if value.chars().count() > limit {
        return Err(format!("must be at most {limit} characters"));
    }
    if value.chars().any(char::is_control) {
        return Err("must hold no control characters".to_owned());
    }
    Ok(())
}

/// Whether a text has the form of a vendor key.
pub(crate) fn is_key(value: &str) -> bool {
    value.len() <= 64
        && value.starts_with(|first: char| first.is_ascii_lowercase())
        && value
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// A whole number, spelled as JSON may spell it: `50` and `50.0` are the same.
fn parse_integer(value: &str) -> Option<i64> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    let is_whole = !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0');
    whole.parse().ok().filter(|_| is_whole)
}

/// An instant as people write it into an address: an unescaped `+` arrives as a space.
fn parse_instant(value: &str) -> Option<Timestamp> {
    let text = value.replace(' ', "+");
    let instant: Timestamp = text.parse().ok()?;
    // PostgreSQL's and jiff's calendars differ far away from here.
    let year = instant.as_jiff().to_zoned(jiff_utc()).year();
    (1..=9999).contains(&year).then_some(instant)
}

fn jiff_utc() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::UTC
}

fn pairs(raw: &str) -> impl Iterator<Item = (String, String)> {
    raw.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

/// Percent-decoding of a form; what is not UTF-8 becomes U+FFFD.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (other, _) => bytes.push(*other),
        }
    }
    match String::from_utf8_lossy(&bytes) {
        Cow::Borrowed(_) => String::from_utf8(bytes).unwrap_or_default(),
        Cow::Owned(repaired) => repaired,
    }
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: &[Param] = &[
        Param::new("limit", Kind::Integer(1, 200), ""),
        Param::new("kind", Kind::Words(&["a", "b"]), ""),
        Param::new("id", Kind::Uuids, ""),
        Param::new("from", Kind::Instant, ""),
        Param::new("score", Kind::Number(0.0, 100.0), ""),
        Param::new("q", Kind::Text(5), ""),
        Param::new("tag", Kind::Texts(20), ""),
        Param::new("passed", Kind::Boolean, ""),
        Param::new("cursor", Kind::Cursor, ""),
    ];

    #[test]
    fn lists_are_repeated_or_separated_by_commas() {
        let query = Query::read("kind=a,b&kind=a&tag=x%2Cy&tag=z&q=%D0%9F+x", PARAMS).unwrap();
        assert_eq!(query.all("kind"), ["a", "b", "a"]);
        assert_eq!(query.all("tag"), ["x,y", "z"]);
        assert_eq!(query.text("q").as_deref(), Some("П x"));
        let offset = Query::read("from=2026-03-02T12:15:00+03:00", PARAMS).unwrap();
        assert_eq!(
            offset.instant("from").unwrap().to_string(),
            "2026-03-02T09:15:00.000Z"
        );
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        let limit = |raw: &str| Query::read(raw, PARAMS).unwrap().limit();
        assert_eq!(
            (limit("limit=20"), limit("limit=20.0"), limit("")),
            (20, 20, 50)
        );
    }

    #[test]
    fn the_fingerprint_knows_filters_and_not_pages() {
        let print = |raw: &str| Query::read(raw, PARAMS).unwrap().fingerprint();
        assert_eq!(
            print("kind=b,a&limit=5&cursor=x"),
            print("kind=a&kind=b&limit=9")
        );
        assert_ne!(print("kind=a"), print("kind=b"));
        assert_ne!(print("tag=a&tag=b"), print("tag=ab"));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let cases = [
            ("limit=0", "/limit", "invalid_value"),
            ("limit=-1", "/limit", "invalid_value"),
            ("limit=201", "/limit", "invalid_value"),
            ("limit=", "/limit", "invalid_value"),
            ("limit=5.", "/limit", "invalid_value"),
            ("limit=5.5", "/limit", "invalid_value"),
            ("limit=.0", "/limit", "invalid_value"),
            ("limit=1&limit=2", "/limit", "repeated"),
            ("kind=c", "/kind", "invalid_value"),
            ("kind=a,,b", "/kind", "invalid_value"),
            ("id=x", "/id", "invalid_value"),
            (
                "id=00000000000000000000000000000001",
                "/id",
                "invalid_value",
            ),
            ("from=2026-03-02", "/from", "invalid_value"),
            ("from=2026-03-02T00:00:00", "/from", "invalid_value"),
            ("from=-009999-01-01T00:00:00Z", "/from", "invalid_value"),
            ("score=NaN", "/score", "invalid_value"),
            ("score=101", "/score", "invalid_value"),
            ("q=", "/q", "invalid_value"),
            ("q=123456", "/q", "invalid_value"),
            ("q=a%00", "/q", "invalid_value"),
            ("q=a%0a", "/q", "invalid_value"),
            ("passed=1", "/passed", "invalid_value"),
            ("lmit=5", "/lmit", "unknown_parameter"),
        ];
        for (raw, pointer, code) in cases {
            let document = Query::read(raw, PARAMS).unwrap_err().document("r", "");
            assert_eq!(document.errors[0].pointer, pointer, "{raw}");
            assert_eq!(document.errors[0].code, code, "{raw}");
            assert_eq!(document.errors[0].place, "query");
        }
    }
}
