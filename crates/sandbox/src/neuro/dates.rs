//! The date forms of the vendor: four it accepts, five it writes.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// A form in which the vendor writes an instant. None of them names a time zone; here it is UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateForm {
    /// `2024-03-09 18:05:07.250000`
    SpaceMicros,
    /// `2024-03-09 18:05:07`
    Space,
    /// `2024-03-09T18:05:07`
    T,
    /// `2024-03-09T18:05:07.250000`
    TMicros,
    /// `09-03-2024 18:05:07`
    DayFirst,
}

impl DateForm {
    const ALL: [Self; 5] = [
        Self::SpaceMicros,
        Self::Space,
        Self::T,
        Self::TMicros,
        Self::DayFirst,
    ];

    /// One of the five, by any number.
    pub(crate) fn by_number(number: u64) -> Self {
        let index = usize::try_from(number % 5).unwrap_or(0);
        Self::ALL.get(index).copied().unwrap_or(Self::Space)
    }

    /// Writes the instant in this form.
    pub(crate) fn write(self, instant: Timestamp) -> String {
        let pattern = match self {
            Self::SpaceMicros => "%Y-%m-%d %H:%M:%S.%6f",
            Self::Space => "%Y-%m-%d %H:%M:%S",
            Self::T => "%Y-%m-%dT%H:%M:%S",
            Self::TMicros => "%Y-%m-%dT%H:%M:%S.%6f",
            Self::DayFirst => "%d-%m-%Y %H:%M:%S",
        };
        instant
            .to_zoned(TimeZone::UTC)
            .strftime(pattern)
            .to_string()
    }
}

/// Reads one of the four documented forms, as strictly as `strptime` of the vendor's language:
/// no zone, and one to six digits after the point.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    if let Some((_, fraction)) = text.split_once('.')
        && (fraction.is_empty()
            || fraction.len() > 6
            || !fraction.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return None;
    }
    let moment = DateTime::strptime("%Y-%m-%d %H:%M:%S%.f", text)
        .or_else(|_| DateTime::strptime("%Y-%m-%dT%H:%M:%S%.f", text))
        .ok()?;
    moment
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::{DateForm, parse};

    #[test]
    fn the_four_documented_forms_are_read() {
        let whole = parse("2020-11-26 10:08:05").unwrap();
        assert_eq!(parse("2020-11-26T10:08:05"), Some(whole));
        assert_eq!(parse("2020-11-26 10:08:05.0"), Some(whole));
        assert_eq!(parse("2020-11-26T10:08:05.000000"), Some(whole));
        assert_eq!(
            parse("2020-11-26 10:08:05.25")
                .unwrap()
                .subsec_millisecond(),
            250
        );
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "2020-11-26",
            "2020-11-26T10:08:05Z",
            "2020-11-26T10:08:05+03:00",
            "26-11-2020 10:08:05",
            "2020-11-26 10:08:05.",
            "2020-11-26 10:08:05.1234567",
            "2020-02-30 10:08:05",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn five_forms_are_written() {
        let instant = parse("2024-03-09 18:05:07.25").unwrap();
        let written: Vec<String> = (0..5)
            .map(|number| DateForm::by_number(number).write(instant))
            .collect();
        assert_eq!(
            written,
            [
                "2024-03-09 18:05:07.250000",
                "2024-03-09 18:05:07",
                "2024-03-09T18:05:07",
                "2024-03-09T18:05:07.250000",
                "09-03-2024 18:05:07",
            ]
        );
    }
}
