//! Which questions the figures by day answer, and how they are asked.

use std::time::Duration;

use callweave_model::Timestamp;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::{CallFilter, GroupBy};
use crate::convert;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// What of a question the figures by day answer.
#[derive(Debug, PartialEq)]
pub(super) struct DayQuery {
    /// What the calls of a day are told apart by.
    axis: &'static str,
    /// Only these of it.
    values: Vec<String>,
    /// Whole days from here.
    from: Option<Timestamp>,
    /// Whole days up to here.
    to: Option<Timestamp>,
    /// The zone whose days are meant, where these are not those of the figures.
    zone: Option<String>,
}

/// The numbers of a figure, in the order of those that are counted.
const NUMBERS: &str = "figure.calls, figure.with_transcript, figure.timed, figure.duration_ms, \
     figure.scored, figure.score, figure.passed, figure.failed";

/// The same of all figures of an hour.
const NUMBERS_OF_HOUR: &str = "sum(figure.calls) AS calls, sum(figure.with_transcript) AS with_transcript, \
     sum(figure.timed) AS timed, sum(figure.duration_ms) AS duration_ms, sum(figure.scored) AS scored, \
     sum(figure.score) AS score, sum(figure.passed) AS passed, sum(figure.failed) AS failed";

/// From the first instant of an hour to the last.
const HOUR: &str = "interval '59 minutes 59.999999 seconds'";

impl DayQuery {
    /// What is answered by the figures, and the filters of the calls that have to be counted besides: those of days
    /// that are asked for in part. `None` where the figures do not tell these calls from others.
    pub(super) fn of(filter: &CallFilter, by: &GroupBy) -> Option<(Self, Vec<CallFilter>)> {
        let (mut axis, values) = axis(filter, by)?;
        let zone = match by {
            GroupBy::Day(zone) if zone != "UTC" => Some(zone.clone()),
            _ => None,
        };
        if zone.is_some() {
            // By the hour they are told apart by nothing else.
            if axis != "all" {
                return None;
            }
            axis = "hour";
        }
        let from = match filter.started_after {
            Some(after) => Some(end_of_begun_day(after)?),
            None => None,
        };
        let to = filter.started_before.map(beginning_of_day);
        if from.is_some_and(|from| to.is_some_and(|to| from >= to)) {
            return None;
        }
        let mut rest = Vec::new();
        if from != filter.started_after {
            rest.push(CallFilter {
                started_before: from,
                ..filter.clone()
            });
        }
        if to != filter.started_before {
            rest.push(CallFilter {
                started_after: to,
                ..filter.clone()
            });
        }
        let query = Self {
            axis,
            values,
            from,
            to,
            zone,
        };
        Some((query, rest))
    }

    /// Appends the statement that gives the figures.
    pub(super) fn push(
        &self,
        query: &mut QueryBuilder<Postgres>,
        tenant: Uuid,
        filter: &CallFilter,
        by: &GroupBy,
    ) {
        if let Some(zone) = &self.zone {
            self.push_hours(query, tenant, filter, zone);
            return;
        }
        let key = match by {
            GroupBy::Nothing => "NULL",
            GroupBy::Day(_) => "CASE WHEN figure.dated THEN to_char(figure.day, 'YYYY-MM-DD') END",
            GroupBy::Vendor => "figure.vendor",
            GroupBy::Connection => "figure.connection_id::text",
            _ => "figure.value",
        };
        query.push(format!("SELECT {key} AS key, {NUMBERS}, true AS whole"));
        self.push_figures(query, tenant, filter);
    }

    /// The same by the days of a zone. A figure is not `whole` where its hour is not of one of these days: the
    /// zone is half an hour off, or changes its clocks in that hour.
    fn push_hours(
        &self,
        query: &mut QueryBuilder<Postgres>,
        tenant: Uuid,
        filter: &CallFilter,
        zone: &str,
    ) {
        query
            .push(format!(
                "SELECT CASE WHEN figure.dated THEN to_char(local.begins, 'YYYY-MM-DD') END AS key, {NUMBERS}, \
                 local.begins::date = local.ends::date AND local.ends - local.begins = {HOUR} AS whole \
                 FROM (SELECT figure.dated, figure.day, figure.value, {NUMBERS_OF_HOUR}"
            ));
        self.push_figures(query, tenant, filter);
        query
            .push(
                " GROUP BY 1, 2, 3) AS figure CROSS JOIN LATERAL (SELECT (figure.day \
                 + make_interval(hours => figure.value::int)) AT TIME ZONE 'UTC' AS begins OFFSET 0) AS hour \
                 CROSS JOIN LATERAL (SELECT hour.begins AT TIME ZONE ",
            )
            .push_bind(zone.to_owned())
            .push(format!(
                " AS begins, (hour.begins + {HOUR}) AT TIME ZONE "
            ))
            .push_bind(zone.to_owned())
            .push(" AS ends OFFSET 0) AS local");
    }

    /// Appends which figures are meant.
    fn push_figures(&self, query: &mut QueryBuilder<Postgres>, tenant: Uuid, filter: &CallFilter) {
        query
            .push(" FROM call_days AS figure WHERE figure.tenant_id = ")
            .push_bind(tenant)
            .push(" AND figure.axis = ")
            .push_bind(self.axis);
        if !filter.with_deleted {
            query.push(" AND NOT figure.deleted");
        }
        if !filter.connections.is_empty() {
            query
                .push(" AND figure.connection_id = ANY(")
                .push_bind(filter.connections.clone())
                .push(")");
        }
        for (column, words) in [("vendor", &filter.vendors), ("value", &self.values)] {
            if !words.is_empty() {
                query
                    .push(format!(" AND figure.{column} = ANY("))
                    .push_bind(words.clone())
                    .push(")");
            }
        }
        if self.from.is_some() || self.to.is_some() {
            query.push(" AND figure.dated");
        }
        for (sign, border) in [(">=", self.from), ("<", self.to)] {
            if let Some(border) = border {
                query
                    .push(format!(" AND figure.day {sign} ("))
                    .push_bind(convert::db(border))
                    .push(" AT TIME ZONE 'UTC')::date");
            }
        }
    }
}

/// What the calls of a day must be told apart by, and which of it are meant. The figures tell them apart by
/// one thing at a time.
fn axis(filter: &CallFilter, by: &GroupBy) -> Option<(&'static str, Vec<String>)> {
    let CallFilter {
        connections: _,
        vendors: _,
        remote_id: None,
        started_after: _,
        started_before: _,
        modified_after: None,
        channels,
        directions,
        kinds,
        statuses,
        agent,
        phones,
        tags,
        sentiments,
        passed: None,
        score_min: None,
        score_max: None,
        has_transcript: None,
        words,
        with_deleted: _,
    } = filter
    else {
        return None;
    };
    // Of calls with two tags at once, or two agents, the figures know nothing.
    if !(phones.is_empty() && words.is_empty() && tags.len() < 2) {
        return None;
    }
    let agent: Vec<String> = agent.iter().cloned().collect();
    let (each, of_each) = match by {
        GroupBy::Agent => ("agent", true),
        GroupBy::Tag => ("tag", true),
        GroupBy::Status => ("status", false),
        GroupBy::Direction => ("direction", false),
        GroupBy::Sentiment => ("sentiment", false),
        GroupBy::Nothing | GroupBy::Day(_) | GroupBy::Vendor | GroupBy::Connection => {
            ("all", false)
        }
    };
    let mut narrowed = [
        ("channel", channels),
        ("direction", directions),
        ("kind", kinds),
        ("status", statuses),
        ("sentiment", sentiments),
        ("agent", &agent),
        ("tag", tags),
    ]
    .into_iter()
    .filter(|(_, values)| !values.is_empty());
    match (narrowed.next(), narrowed.next()) {
        (None, _) => Some((each, Vec::new())),
        (Some((axis, values)), None) if each == "all" || (each == axis && !of_each) => {
            Some((axis, values.clone()))
        }
        _ => None,
    }
}

/// The last midnight in UTC.
fn beginning_of_day(at: Timestamp) -> Timestamp {
    let since = at.as_millis().rem_euclid(DAY);
    at.minus(Duration::from_millis(since.unsigned_abs()))
}

/// This instant where it is a midnight, else the next one; `None` at the end of time.
fn end_of_begun_day(at: Timestamp) -> Option<Timestamp> {
    let beginning = beginning_of_day(at);
    if beginning == at {
        return Some(at);
    }
    Timestamp::from_millis(beginning.as_millis().checked_add(DAY)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn utc() -> GroupBy {
        GroupBy::Day("UTC".to_owned())
    }

    fn within(after: Option<&str>, before: Option<&str>) -> CallFilter {
        CallFilter {
            started_after: after.map(at),
            started_before: before.map(at),
            ..CallFilter::default()
        }
    }

    #[test]
    fn whole_days_are_taken_from_the_figures_and_the_rest_is_counted() {
        let midnights = within(Some("2026-03-01T00:00:00Z"), Some("2026-03-04T00:00:00Z"));
        let (query, rest) = DayQuery::of(&midnights, &utc()).unwrap();
        assert_eq!(
            (query.from, query.to),
            (midnights.started_after, midnights.started_before)
        );
        assert_eq!(rest, []);

        let within_days = within(Some("2026-03-01T09:30:00Z"), Some("2026-03-04T12:00:00Z"));
        let (query, rest) = DayQuery::of(&within_days, &utc()).unwrap();
        assert_eq!(query.from, Some(at("2026-03-02T00:00:00Z")));
        assert_eq!(query.to, Some(at("2026-03-04T00:00:00Z")));
        assert_eq!(
            rest,
            [
                within(Some("2026-03-01T09:30:00Z"), Some("2026-03-02T00:00:00Z")),
                within(Some("2026-03-04T00:00:00Z"), Some("2026-03-04T12:00:00Z")),
            ]
        );

        let open = within(Some("2026-03-01T09:30:00Z"), None);
        let (query, rest) = DayQuery::of(&open, &utc()).unwrap();
        assert_eq!((query.to, rest.len()), (None, 1));
    }

    #[test]
    fn what_holds_no_whole_day_is_counted() {
        for (after, before) in [
            ("2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z"),
            ("2026-03-01T09:00:00Z", "2026-03-02T10:00:00Z"),
            ("1969-12-31T09:00:00Z", "1970-01-01T10:00:00Z"),
            ("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z"),
        ] {
            let window = within(Some(after), Some(before));
            assert_eq!(DayQuery::of(&window, &utc()), None, "{after}");
        }
    }

    #[test]
    fn calls_are_told_apart_by_one_thing_at_a_time() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let inbound = CallFilter {
            directions: words(&["inbound"]),
            ..CallFilter::default()
        };
        let axis_of = |filter: &CallFilter, by: &GroupBy| axis(filter, by).map(|(axis, _)| axis);
        assert_eq!(axis_of(&CallFilter::default(), &utc()), Some("all"));
        assert_eq!(axis_of(&inbound, &utc()), Some("direction"));
        assert_eq!(axis_of(&inbound, &GroupBy::Direction), Some("direction"));
        assert_eq!(axis_of(&inbound, &GroupBy::Agent), None);
        assert_eq!(
            axis_of(&CallFilter::default(), &GroupBy::Agent),
            Some("agent")
        );
        let anna = CallFilter {
            agent: Some("Anna".to_owned()),
            ..CallFilter::default()
        };
        assert_eq!(axis_of(&anna, &GroupBy::Vendor), Some("agent"));
        // Her calls had other agents too.
        assert_eq!(axis_of(&anna, &GroupBy::Agent), None);
        let two_tags = CallFilter {
            tags: words(&["a", "b"]),
            ..CallFilter::default()
        };
        assert_eq!(axis_of(&two_tags, &utc()), None);
        let passed = CallFilter {
            passed: Some(true),
            ..CallFilter::default()
        };
        assert_eq!(axis_of(&passed, &utc()), None);
    }

    #[test]
    fn days_of_other_zones_are_added_up_from_hours() {
        let zone = GroupBy::Day("Asia/Tashkent".to_owned());
        let (query, _) = DayQuery::of(&CallFilter::default(), &zone).unwrap();
        assert_eq!(
            (query.axis, query.zone.as_deref()),
            ("hour", Some("Asia/Tashkent"))
        );
        let (query, _) = DayQuery::of(&CallFilter::default(), &utc()).unwrap();
        assert_eq!((query.axis, query.zone), ("all", None));
        let anna = CallFilter {
            agent: Some("Anna".to_owned()),
            ..CallFilter::default()
        };
        assert_eq!(DayQuery::of(&anna, &zone), None);
    }
}
