//! Numbers about the interaction: given by the vendor, or derived from timed utterances.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    call::Party,
    enums::{PartyRole, StatSource},
    transcript::Utterance,
};

/// A number and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stat {
    /// The number, in the unit its name says.
    pub value: f64,
    /// Given by the vendor or derived by the gateway.
    pub source: StatSource,
}

/// Numbers about the interaction, by name; a name that is missing is unknown.
///
/// `talk_ms_agent, talk_ms_customer, talk_ms_bot, talk_ratio_agent` (0-1)`, silence_ms,
/// silence_count, hold_ms, hold_count, interruptions, longest_monologue_ms_agent,
/// longest_monologue_ms_customer, patience_ms` (median gap before the agent answers)`,
/// interactivity` (speaker switches a minute)`, words_per_minute_agent,
/// words_per_minute_customer, profanity_count, turns`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct InteractionStats(pub BTreeMap<String, Stat>);

impl InteractionStats {
    /// Keeps a number the vendor gave.
    pub fn give(&mut self, name: &str, value: f64) {
        self.0.insert(
            name.to_owned(),
            Stat {
                value,
                source: StatSource::Vendor,
            },
        );
    }

    /// Adds what timed utterances tell; a number the vendor gave is never replaced.
    pub fn derive(&mut self, utterances: &[Utterance], parties: &[Party]) {
        for (name, value) in derived(utterances, parties) {
            self.0.entry(name).or_insert(Stat {
                value: round4(value),
                source: StatSource::Derived,
            });
        }
    }
}

/// Rounds to four decimals, so that a hash over the number is stable.
pub fn round4(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

struct Turn {
    role: &'static str,
    start: i64,
    end: i64,
    words: usize,
}

fn timed_turns(utterances: &[Utterance], parties: &[Party]) -> Vec<Turn> {
    utterances
        .iter()
        .filter_map(|utterance| {
            let index = utterance.party_index?;
            let party = parties.iter().find(|party| party.index == index)?;
            let role = match party.role {
                PartyRole::Agent => "agent",
                PartyRole::Customer => "customer",
                PartyRole::Bot => "bot",
                _ => return None,
            };
            Some(Turn {
                role,
                start: utterance.start_ms?,
                end: utterance.end_ms?,
                words: utterance.text.split_whitespace().count(),
            })
        })
        .collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "durations of calls are far below 2^52 ms"
)]
fn derived(utterances: &[Utterance], parties: &[Party]) -> Vec<(String, f64)> {
    let turns = timed_turns(utterances, parties);
    let mut numbers = Vec::new();
    if turns.is_empty() {
        return numbers;
    }
    let mut talk: BTreeMap<&str, (i64, usize)> = BTreeMap::new();
    for turn in &turns {
        let entry = talk.entry(turn.role).or_default();
        entry.0 += turn.end - turn.start;
        entry.1 += turn.words;
    }
    for (role, (millis, words)) in &talk {
        numbers.push((format!("talk_ms_{role}"), *millis as f64));
        if *millis > 0 {
            let minutes = *millis as f64 / 60_000.0;
            numbers.push((format!("words_per_minute_{role}"), *words as f64 / minutes));
        }
    }
    let total: i64 = talk.values().map(|(millis, _)| millis).sum();
    if let (Some((agent, _)), true) = (talk.get("agent").or_else(|| talk.get("bot")), total > 0) {
        numbers.push(("talk_ratio_agent".to_owned(), *agent as f64 / total as f64));
    }
    numbers.extend(flow(&turns));
    numbers.push(("turns".to_owned(), utterances.len() as f64));
    numbers
}

/// What the order of turns tells: monologues, switches, gaps, interruptions.
#[expect(
    clippy::cast_precision_loss,
    reason = "durations of calls are far below 2^52 ms"
)]
fn flow(turns: &[Turn]) -> Vec<(String, f64)> {
    let mut longest: BTreeMap<&str, i64> = BTreeMap::new();
    let mut gaps = Vec::new();
    let (mut switches, mut interruptions) = (0_u32, 0_u32);
    let mut run: Option<(&str, i64, i64)> = None;
    // How far anybody has spoken: a turn may outlast the interjections inside it.
    let mut spoken = i64::MIN;
    for turn in turns {
        match run {
            Some((role, start, end)) if role == turn.role => {
                run = Some((role, start, end.max(turn.end)));
            }
            Some(_) => {
                switches += 1;
                interruptions += u32::from(turn.start < spoken);
                if turn.role != "customer" && turn.start >= spoken {
                    gaps.push(turn.start - spoken);
                }
                run = Some((turn.role, turn.start, turn.end));
            }
            None => run = Some((turn.role, turn.start, turn.end)),
        }
        spoken = spoken.max(turn.end);
        if let Some((role, start, end)) = run {
            let entry = longest.entry(role).or_default();
            *entry = (*entry).max(end - start);
        }
    }
    let mut numbers: Vec<(String, f64)> = longest
        .iter()
        .map(|(role, millis)| (format!("longest_monologue_ms_{role}"), *millis as f64))
        .collect();
    let first = turns.iter().map(|turn| turn.start).min().unwrap_or(0);
    let last = turns.iter().map(|turn| turn.end).max().unwrap_or(0);
    if last > first {
        let minutes = (last - first) as f64 / 60_000.0;
        numbers.push(("interactivity".to_owned(), f64::from(switches) / minutes));
    }
    numbers.push(("interruptions".to_owned(), f64::from(interruptions)));
    gaps.sort_unstable();
    if let Some(median) = gaps.get(gaps.len() / 2) {
        numbers.push(("patience_ms".to_owned(), *median as f64));
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utterance(party: i32, start: i64, end: i64) -> Utterance {
        Utterance {
            party_index: Some(party),
            start_ms: Some(start),
            end_ms: Some(end),
            text: "one two".to_owned(),
            ..Utterance::default()
        }
    }

    #[test]
    fn talk_time_and_patience_come_from_timed_utterances() {
        let parties = [
            Party::new(0, PartyRole::Agent),
            Party::new(1, PartyRole::Customer),
        ];
        let turns = [
            utterance(0, 0, 3_000),
            utterance(1, 3_500, 4_500),
            utterance(0, 5_000, 7_000),
        ];
        let mut stats = InteractionStats::default();
        stats.give("turns", 99.0);
        stats.derive(&turns, &parties);
        assert_eq!(stats.0["talk_ms_agent"].value, 5_000.0);
        assert_eq!(stats.0["patience_ms"].value, 500.0);
        assert_eq!(stats.0["talk_ratio_agent"].value, 0.8333);
        assert_eq!(stats.0["turns"].value, 99.0, "the vendor's number stays");
    }

    #[test]
    fn an_interjection_inside_a_longer_turn_gives_no_gap() {
        let parties = [
            Party::new(0, PartyRole::Agent),
            Party::new(1, PartyRole::Customer),
        ];
        let turns = [
            utterance(1, 0, 10_000),
            utterance(0, 2_000, 2_500),
            utterance(1, 4_000, 9_000),
            utterance(0, 10_400, 11_000),
        ];
        let mut stats = InteractionStats::default();
        stats.derive(&turns, &parties);
        assert_eq!(stats.0["patience_ms"].value, 400.0);
        assert_eq!(stats.0["interruptions"].value, 2.0);
    }

    #[test]
    fn utterances_without_times_derive_nothing() {
        let mut stats = InteractionStats::default();
        stats.derive(&[Utterance::default()], &[Party::new(0, PartyRole::Agent)]);
        assert!(stats.0.is_empty());
    }
}
