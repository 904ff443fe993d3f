//! The forms in which the vendor writes instants, and those it reads.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// How an instant is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `2025-10-20T08:45:25.670423Z`
    ZuluMicros,
    /// `2025-10-20T08:45:25.670423+00:00`
    OffsetMicros,
    /// `2025-10-20T08:45:14+00:00`
    Offset,
    /// `2025-10-20T12:35:41Z`
    Zulu,
    /// `2025-10-31T12:00:00`, without a zone.
    Naive,
}

impl Form {
    /// One of the forms in which tasks carry instants.
    pub(crate) const fn of_task(number: u64) -> Self {
        match number % 3 {
            0 => Self::ZuluMicros,
            1 => Self::OffsetMicros,
            _ => Self::Offset,
        }
    }

    /// Writes the instant in this form.
    pub(crate) fn write(self, instant: Timestamp) -> String {
        let pattern = match self {
            Self::ZuluMicros => "%Y-%m-%dT%H:%M:%S.%6fZ",
            Self::OffsetMicros => "%Y-%m-%dT%H:%M:%S.%6f+00:00",
            Self::Offset => "%Y-%m-%dT%H:%M:%S+00:00",
            Self::Zulu => "%Y-%m-%dT%H:%M:%SZ",
            Self::Naive => "%Y-%m-%dT%H:%M:%S",
        };
        instant
            .to_zoned(TimeZone::UTC)
            .strftime(pattern)
            .to_string()
    }
}

/// The calendar day of an instant, in UTC.
pub(crate) fn day(instant: Timestamp) -> String {
    instant.to_zoned(TimeZone::UTC).date().to_string()
}

/// Reads the first instant that a `date_from` stands for. Without a zone it is UTC.
pub(crate) fn first_of(text: &str) -> Option<Timestamp> {
    read(text).map(|(instant, _)| instant)
}

/// Reads the last instant that a `date_to` stands for: of a bare date, the whole day.
pub(crate) fn last_of(text: &str) -> Option<Timestamp> {
    let (instant, is_day) = read(text)?;
    if !is_day {
        return Some(instant);
    }
    instant
        .checked_add(SignedDuration::from_micros(86_400_000_000 - 1))
        .ok()
}

/// An instant, and whether the text names a day only.
fn read(text: &str) -> Option<(Timestamp, bool)> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some((instant, false));
    }
    if text.len() <= 10 {
        let start = text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?;
        return Some((start.timestamp(), true));
    }
    let moment = text
        .parse::<DateTime>()
        .ok()?
        .to_zoned(TimeZone::UTC)
        .ok()?;
    Some((moment.timestamp(), false))
}

#[cfg(test)]
mod tests {
    use super::{Form, first_of, last_of};

    #[test]
    fn days_instants_and_naive_times_are_read() {
        let midnight = first_of("2025-10-01").unwrap();
        assert_eq!(first_of("2025-10-01T00:00:00"), Some(midnight));
        assert_eq!(first_of("2025-10-01T03:00:00+03:00"), Some(midnight));
        assert_eq!(first_of("2025-10-01T00:00:00Z"), Some(midnight));
        assert_eq!(
            Form::OffsetMicros.write(last_of("2025-10-01").unwrap()),
            "2025-10-01T23:59:59.999999+00:00"
        );
        assert_eq!(last_of("2025-10-01T00:00:00Z"), Some(midnight));
        assert_eq!(first_of("01.10.2025"), None);
        assert_eq!(first_of("soon"), None);
    }

    #[test]
    fn each_form_is_written() {
        let instant = first_of("2025-10-20T08:45:25.670423Z").unwrap();
        assert_eq!(
            Form::ZuluMicros.write(instant),
            "2025-10-20T08:45:25.670423Z"
        );
        assert_eq!(
            Form::OffsetMicros.write(instant),
            "2025-10-20T08:45:25.670423+00:00"
        );
        assert_eq!(Form::Offset.write(instant), "2025-10-20T08:45:25+00:00");
        assert_eq!(Form::Naive.write(instant), "2025-10-20T08:45:25");
    }
}
