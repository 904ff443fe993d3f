//! One reader for the instants that vendors write, in every form they were seen in.

use callweave_model::Timestamp;
use jiff::{civil::DateTime, tz::TimeZone};

/// An instant as read, and what had to be assumed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// The instant.
    pub instant: Timestamp,
    /// The text had no zone; the connection's was used.
    pub zone_assumed: bool,
    /// The local time happens twice (a fold) or never (a gap): the earlier reading was taken.
    pub ambiguous: bool,
}

const EARLIEST_MS: i64 = 946_684_800_000; // 2000-01-01
const LATEST_MS: i64 = 4_102_444_800_000; // 2100-01-01

/// Reads an instant: RFC 3339 with any offset; the same without zone and with `T` or a blank,
/// with or without a fraction; `DD-MM-YYYY HH:MM:SS`; a date; Unix seconds or milliseconds.
///
/// A text without zone is local time in `zone`. What lies outside the years 2000 to 2100 is no
/// instant of a call and gives `None`, as does what cannot be read. Day and month are never
/// guessed: the form with dashes and the year last is day first.
pub fn read(text: &str, zone: &TimeZone) -> Option<Read> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return read_unix(number);
    }
    if let Some(instant) = zoned(text) {
        return within(instant, false, false);
    }
    let local = civil(text)?;
    let ambiguous_zoned = zone.to_ambiguous_zoned(local);
    let ambiguous = ambiguous_zoned.is_ambiguous();
    let instant = ambiguous_zoned.earlier().ok()?.timestamp();
    within(instant, true, ambiguous)
}

/// Reads Unix time: seconds, or milliseconds where seconds would lie beyond the year 2100.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "bounded before the cast"
)]
pub fn read_unix(number: f64) -> Option<Read> {
    if !number.is_finite() || number.abs() > LATEST_MS as f64 {
        return None;
    }
    let millis = if number > (LATEST_MS / 1_000) as f64 {
        number
    } else {
        number * 1_000.0
    };
    let instant = jiff::Timestamp::from_millisecond(millis.round() as i64).ok()?;
    within(instant, false, false)
}

fn within(instant: jiff::Timestamp, zone_assumed: bool, ambiguous: bool) -> Option<Read> {
    let millis = instant.as_millisecond();
    (EARLIEST_MS..LATEST_MS).contains(&millis).then(|| Read {
        instant: Timestamp::from_jiff(instant),
        zone_assumed,
        ambiguous,
    })
}

fn zoned(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok()
}

fn civil(text: &str) -> Option<DateTime> {
    const FORMS: [&str; 4] = [
        "%d-%m-%Y %H:%M:%S%.f",
        "%d.%m.%Y %H:%M:%S%.f",
        "%d-%m-%Y %H:%M",
        "%d-%m-%Y",
    ];
    let year_first = text
        .get(..4)
        .is_some_and(|year| year.bytes().all(|byte| byte.is_ascii_digit()));
    if year_first {
        return text.parse::<DateTime>().ok();
    }
    FORMS.iter().find_map(|form| {
        let date_only = || {
            jiff::civil::Date::strptime(form, text)
                .ok()
                .map(|date| date.at(0, 0, 0, 0))
        };
        DateTime::strptime(form, text).ok().or_else(date_only)
    })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::read;

    fn at(text: &str, zone: &str) -> Option<(String, bool, bool)> {
        let zone = TimeZone::get(zone).unwrap();
        read(text, &zone).map(|read| (read.instant.to_string(), read.zone_assumed, read.ambiguous))
    }

    #[test]
    fn case_034_every_documented_form_is_read() {
        let utc = |text: &str| at(text, "UTC").map(|(instant, _, _)| instant);
        for text in [
            "2026-03-02T09:15:30Z",
            "2026-03-02T12:15:30+03:00",
            "2026-03-02 09:15:30",
            "2026-03-02T09:15:30",
            "2026-03-02 09:15:30.000000",
            "02-03-2026 09:15:30",
            "1772442930",
            "1772442930000",
        ] {
            assert_eq!(
                utc(text).as_deref(),
                Some("2026-03-02T09:15:30.000Z"),
                "{text}"
            );
        }
        assert_eq!(
            utc("2026-03-02").as_deref(),
            Some("2026-03-02T00:00:00.000Z")
        );
        assert_eq!(
            utc("02-03-2026").as_deref(),
            Some("2026-03-02T00:00:00.000Z")
        );
    }

    #[test]
    fn case_034_gaps_folds_and_nonsense_have_a_rule() {
        assert_eq!(
            at("2026-10-25 02:30:00", "Europe/Berlin"),
            Some(("2026-10-25T00:30:00.000Z".into(), true, true)),
            "a time that happens twice is read as the earlier one"
        );
        assert!(
            at("2026-03-29 02:30:00", "Europe/Berlin").unwrap().2,
            "a time that never happens"
        );
        for text in [
            "",
            "soon",
            "1970-01-01T00:00:00Z",
            "9999-01-01T00:00:00Z",
            "2026-13-01",
            "NaN",
            "1e30",
        ] {
            assert_eq!(at(text, "UTC"), None, "{text}");
        }
        assert_eq!(
            at("2026-03-02 09:15:30", "Europe/Moscow").unwrap().0,
            "2026-03-02T06:15:30.000Z"
        );
    }
}
