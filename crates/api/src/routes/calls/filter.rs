//! Which calls are meant: the same words for the list and for the export.

use callweave_model::phone;
use callweave_store::calls::{CallFilter, Order};

use super::include::Include;
use crate::{Caller, extract::query::Query, problem::Problem};

/// More words than this narrow nothing.
const WORDS_LIMIT: usize = 16;

/// Refuses a caller who may not look for words: they look into what was said.
pub(super) fn authorize(filter: &CallFilter, caller: &Caller) -> Result<(), Problem> {
    if filter.words.is_empty() {
        return Ok(());
    }
    caller.require(&["transcripts:read"])
}

/// The parameters of the filter, and those that are given besides.
macro_rules! filter_params {
    ($($besides:expr),* $(,)?) => {{
        use callweave_model::enums::{CallKind, CallStatus, Channel, Direction, SentimentLabel};
        use $crate::extract::query::{Kind, Param};
        &[
            Param::new("connection_id", Kind::Uuids, "Of one of these connections."),
            Param::new("vendor", Kind::Keys, "Of one of these vendors."),
            Param::new("remote_id", Kind::Text(200), "With this id at the vendor."),
            Param::new(
                "started_after",
                Kind::Instant,
                "Started at or after. Calls without a known start do not match; `notes` names the connections that have such calls.",
            ),
            Param::new(
                "started_before",
                Kind::Instant,
                "Started before. Calls without a known start do not match.",
            ),
            Param::new(
                "modified_after",
                Kind::Instant,
                "Changed in the gateway after.",
            ),
            Param::new(
                "channel",
                Kind::Words(Channel::WORDS),
                "The medium: any of these.",
            ),
            Param::new(
                "direction",
                Kind::Words(Direction::WORDS),
                "The direction: any of these.",
            ),
            Param::new(
                "kind",
                Kind::Words(CallKind::WORDS),
                "Who talks with the customer: any of these.",
            ),
            Param::new(
                "status",
                Kind::Words(CallStatus::WORDS),
                "What became of the call: any of these.",
            ),
            Param::new(
                "agent",
                Kind::Text(200),
                "Name or vendor id of an agent who took part.",
            ),
            Param::new(
                "phone",
                Kind::Text(40),
                "A phone that took part, in any usual spelling.",
            ),
            Param::new(
                "tag",
                Kind::Texts(200),
                "All of these tags; repeat the parameter.",
            ),
            Param::new(
                "sentiment",
                Kind::Words(SentimentLabel::WORDS),
                "The tone of the call: any of these.",
            ),
            Param::new("passed", Kind::Boolean, "Passed the scorecards, or not."),
            Param::new(
                "score_min",
                Kind::Number(0.0, 100.0),
                "At least this score.",
            ),
            Param::new("score_max", Kind::Number(0.0, 100.0), "At most this score."),
            Param::new("has_transcript", Kind::Boolean, "Has a transcript, or not."),
            Param::new(
                "q",
                Kind::Text(200),
                "Words that all occur in transcript, summaries, tags or names; each matches as a beginning. Needs the scope `transcripts:read`.",
            ),
            Param::new(
                "order",
                Kind::Word(&["asc", "desc"]),
                "By the start of the call (or its first sight, where the start is unknown); `desc` unless told.",
            ),
            $($besides),*
        ]
    }};
}
pub(super) use filter_params;

/// The filter that a query asks for.
pub(super) fn filter(query: &Query, include: Include) -> CallFilter {
    CallFilter {
        connections: query.uuids("connection_id"),
        vendors: query.all("vendor"),
        remote_id: query.text("remote_id"),
        started_after: query.instant("started_after"),
        started_before: query.instant("started_before"),
        modified_after: query.instant("modified_after"),
        channels: query.all("channel"),
        directions: query.all("direction"),
        kinds: query.all("kind"),
        statuses: query.all("status"),
        agent: query.text("agent"),
        phones: query
            .text("phone")
            .map(|text| spellings(&text))
            .unwrap_or_default(),
        tags: query.all("tag"),
        sentiments: query.all("sentiment"),
        passed: query.boolean("passed"),
        score_min: query.number("score_min"),
        score_max: query.number("score_max"),
        has_transcript: query.boolean("has_transcript"),
        words: query.text("q").map(|text| words(&text)).unwrap_or_default(),
        with_deleted: include.deleted,
    }
}

/// Which end of the list comes first.
pub(super) fn order(query: &Query) -> Order {
    match query.text("order").as_deref() {
        Some("asc") => Order::Asc,
        _ => Order::Desc,
    }
}

/// The spellings under which a phone may be stored. An unescaped `+` arrived as a space.
fn spellings(text: &str) -> Vec<String> {
    let trimmed = text.trim();
    let mut spellings = vec![trimmed.to_owned()];
    let candidates = [
        phone::to_e164(trimmed),
        phone::to_e164(&format!("+{trimmed}")),
        (text.starts_with(' ')).then(|| format!("+{trimmed}")),
    ];
    for candidate in candidates.into_iter().flatten() {
        if !spellings.contains(&candidate) {
            spellings.push(candidate);
        }
    }
    spellings
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .take(WORDS_LIMIT)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::spellings;

    #[test]
    fn a_phone_is_found_under_each_of_its_spellings() {
        for text in [
            "+79990001122",
            " 79990001122",
            "79990001122",
            "8 999 000-11-22",
        ] {
            assert!(
                spellings(text).contains(&"+79990001122".to_owned()),
                "{text}"
            );
        }
        assert_eq!(spellings("101"), ["101"]);
    }
}
