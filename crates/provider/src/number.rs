//! Numbers as vendors send them: integers as text, float seconds, durations in minutes.

use serde::{Deserialize, Deserializer};

/// The longest offset that is believed: thirty days. Beyond it a time is garbage.
const LONGEST_MS: f64 = 30.0 * 24.0 * 3_600.0 * 1_000.0;

/// Float seconds as whole milliseconds (`1.039999936` → 1040); `None` for what is no offset at
/// all: NaN, infinite, beyond thirty days. Negative offsets become 0.
#[expect(clippy::cast_possible_truncation, reason = "bounded by LONGEST_MS")]
pub fn seconds_to_ms(seconds: f64) -> Option<i64> {
    let millis = (seconds * 1_000.0).round();
    (millis.is_finite() && millis.abs() <= LONGEST_MS).then(|| millis.max(0.0) as i64)
}

/// Float minutes as whole milliseconds, with the bounds of [`seconds_to_ms`].
pub fn minutes_to_ms(minutes: f64) -> Option<i64> {
    seconds_to_ms(minutes * 60.0)
}

/// A span with `0 <= start <= end`, and whether something had to be mended for that.
pub fn span(start: Option<i64>, end: Option<i64>) -> (Option<i64>, Option<i64>, bool) {
    let in_range = |millis: i64| (0..=2_592_000_000).contains(&millis);
    let clean = |millis: Option<i64>| {
        millis.map(|value| {
            if in_range(value) {
                value
            } else {
                value.clamp(0, 2_592_000_000)
            }
        })
    };
    let (low, high) = (clean(start), clean(end));
    match (low, high) {
        (Some(from), Some(to)) if to < from => (Some(from), Some(from), true),
        _ => (low, high, low != start || high != end),
    }
}

/// An integer that vendors write as a number or as text.
pub fn lenient_i64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<serde_json::Value>::deserialize(deserializer)?
        .as_ref()
        .and_then(as_i64))
}

/// A number that vendors write as a number or as text.
pub fn lenient_f64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(Option::<serde_json::Value>::deserialize(deserializer)?
        .as_ref()
        .and_then(as_f64))
}

/// An id that vendors write as a number or as text; never loses a digit. Empty text is `None`.
pub fn lenient_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<serde_json::Value>::deserialize(deserializer)?
        .as_ref()
        .and_then(as_id))
}

/// Reads an integer out of a number, a whole float or text.
pub fn as_i64(value: &serde_json::Value) -> Option<i64> {
    match value {
        serde_json::Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        serde_json::Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Reads a finite number out of a number or text.
pub fn as_f64(value: &serde_json::Value) -> Option<f64> {
    let number = match value {
        serde_json::Value::Number(number) => number.as_f64()?,
        serde_json::Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// Reads an id out of a whole number or non-empty text.
pub fn as_id(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Number(number) if number.is_i64() || number.is_u64() => {
            Some(number.to_string())
        }
        serde_json::Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        _ => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "checked to be whole and exact"
)]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{as_i64, as_id, seconds_to_ms, span};

    #[test]
    fn float_seconds_lose_their_binary_noise() {
        assert_eq!(seconds_to_ms(1.039_999_936), Some(1040));
        assert_eq!(seconds_to_ms(335.255_633_92), Some(335_256));
        assert_eq!(seconds_to_ms(-0.2), Some(0));
        assert_eq!(seconds_to_ms(f64::NAN), None);
        assert_eq!(seconds_to_ms(1e9), None);
    }

    #[test]
    fn case_035_a_span_is_mended_and_says_so() {
        assert_eq!(span(Some(5), Some(9)), (Some(5), Some(9), false));
        assert_eq!(span(Some(9), Some(5)), (Some(9), Some(9), true));
        assert_eq!(span(Some(-3), Some(5)), (Some(0), Some(5), true));
        assert_eq!(span(None, Some(5)), (None, Some(5), false));
    }

    #[test]
    fn ids_keep_every_digit() {
        assert_eq!(
            as_id(&json!(9_223_372_036_854_775_807_i64)).unwrap(),
            "9223372036854775807"
        );
        assert_eq!(as_id(&json!("5139032004")).unwrap(), "5139032004");
        assert_eq!(as_id(&json!("  ")), None);
        assert_eq!(as_id(&json!(1.5)), None);
        assert_eq!(as_i64(&json!("12")), Some(12));
        assert_eq!(as_i64(&json!(1e300)), None);
    }
}
