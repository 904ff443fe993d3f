//! A call as the account shows it: phrases, points, tags, and the result that holds them all.

use serde_json::{Map, Value, json};

use super::{
    catalogue::{self, Scenario},
    ids,
};
use crate::{
    call::{Call, Emotion, Line, Speaker},
    random::{Random, mix},
};

/// How a scenario judged a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict {
    /// How many points were met.
    pub(super) met: usize,
    /// `percent_completion`.
    pub(super) percent: u8,
    /// Whether the percentage reaches the scenario's threshold.
    pub(super) successful: bool,
}

/// How a scenario judged this call. A score that a test set wins over the counted one.
pub(super) fn verdict(call: &Call, scenario: &Scenario) -> Verdict {
    let met = met_points(call, scenario).count();
    let total = scenario.points.len().max(1);
    let counted = u8::try_from((met * 100 + total / 2) / total).unwrap_or(100);
    let percent = if total == call.points.len() {
        call.score
    } else {
        counted
    };
    Verdict {
        met,
        percent,
        successful: percent >= scenario.threshold,
    }
}

fn met_points<'a>(
    call: &'a Call,
    scenario: &'a Scenario,
) -> impl Iterator<Item = (&'static str, &'a Line)> {
    scenario.points.iter().filter_map(|(number, name)| {
        let point = call.points.iter().find(|point| point.number == *number)?;
        let line = point
            .line
            .and_then(|line| call.lines.get(line))
            .or_else(|| call.lines.first())?;
        point.met.then_some((*name, line))
    })
}

/// Milliseconds as seconds, with the noise of a clock that counts in steps of 64 nanoseconds: the
/// document shows `1.039999936` beside `1.32`. Rounding to milliseconds takes the noise away.
pub(super) fn seconds(milliseconds: i64) -> f64 {
    let roll = mix(&[milliseconds.unsigned_abs(), 0x5ec]);
    let steps = if roll.is_multiple_of(5) {
        i64::try_from(roll % 37).unwrap_or(0)
    } else {
        0
    };
    let nanoseconds = milliseconds
        .saturating_mul(1_000_000)
        .saturating_sub(steps * 64)
        .max(0);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a call is far shorter than 2^53 nanoseconds"
    )]
    let exact = nanoseconds as f64;
    exact / 1e9
}

const fn channel(speaker: Speaker) -> u8 {
    match speaker {
        Speaker::Agent => 0,
        Speaker::Client => 1,
    }
}

/// How a phrase is shown; the vendor has several ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PhraseShape {
    /// Inside a list of results: no words, no state.
    Short,
    /// Inside a result by id: words without a channel.
    Nested,
    /// The transcript endpoints: words whose channel is null.
    Transcript,
    /// The newer edition's transcript: a role in the channel's place.
    Role,
}

/// All phrases of the call.
pub(super) fn phrases(call: &Call, shape: PhraseShape) -> Vec<Value> {
    call.lines.iter().map(|line| phrase(line, shape)).collect()
}

fn phrase(line: &Line, shape: PhraseShape) -> Value {
    let mut phrase = Map::new();
    phrase.insert("end".into(), json!(seconds(line.end_ms)));
    phrase.insert("start".into(), json!(seconds(line.start_ms)));
    phrase.insert("phrase".into(), json!(line.text));
    if shape == PhraseShape::Role {
        phrase.insert("role".into(), json!(line.speaker.key()));
        phrase.insert("words_list".into(), words(line, shape));
        return Value::Object(phrase);
    }
    phrase.insert("channel".into(), json!(channel(line.speaker)));
    if shape != PhraseShape::Short {
        phrase.insert("words_list".into(), words(line, shape));
        phrase.insert("emotion_state".into(), json!("active"));
    }
    phrase.insert("emotions_result".into(), json!(line.emotion.key()));
    Value::Object(phrase)
}

fn words(line: &Line, shape: PhraseShape) -> Value {
    let shown = line.words().into_iter().map(|word| {
        let (end, start) = (seconds(word.end_ms), seconds(word.start_ms));
        if shape == PhraseShape::Transcript {
            json!({"end": end, "word": word.text, "start": start, "channel": null})
        } else {
            json!({"end": end, "word": word.text, "start": start})
        }
    });
    Value::Array(shown.collect())
}

/// The points a scenario found met: `{name, start, end}`, with `score` inside a result.
pub(super) fn success_points(call: &Call, scenario: &Scenario, scored: bool) -> Vec<Value> {
    met_points(call, scenario)
        .map(|(name, line)| {
            let (end, start) = (seconds(line.end_ms), seconds(line.start_ms));
            if scored {
                json!({"end": end, "name": name, "score": 1, "start": start})
            } else {
                json!({"name": name, "start": start, "end": end})
            }
        })
        .collect()
}

/// The tags that were hit: `{name, start, end, color}`. A tag about the whole call has no times of
/// its own; it is shown from beginning to end.
pub(super) fn tags(call: &Call) -> Vec<Value> {
    call.tags
        .iter()
        .map(|tag| {
            let (start, end) = tag_span(call, tag.line);
            let (_, color) = catalogue::tag_by_name(&tag.name);
            json!({"name": tag.name, "start": start, "end": end, "color": color})
        })
        .collect()
}

fn tag_span(call: &Call, line: Option<usize>) -> (f64, f64) {
    let line = line.and_then(|line| call.lines.get(line));
    line.map_or((0.0, seconds(call.duration_ms)), |line| {
        (seconds(line.start_ms), seconds(line.end_ms))
    })
}

/// What an employee is measured by: moments of rude words, `{name, start, end}`.
pub(super) fn metrics(call: &Call) -> Vec<Value> {
    rude_moments(call)
        .map(|(start, end)| json!({"name": "profanity", "start": seconds(start), "end": seconds(end)}))
        .collect()
}

fn rude_moments(call: &Call) -> impl Iterator<Item = (i64, i64)> {
    let angry = call
        .lines
        .iter()
        .filter(|line| line.emotion == Emotion::Negative);
    angry.flat_map(|line| {
        let words = line.words();
        let first = words.first().map(|word| (word.start_ms, word.end_ms));
        let last = words.last().map(|word| (word.start_ms, word.end_ms));
        [first, last].into_iter().flatten()
    })
}

/// The summary: lines with labels.
pub(super) fn summary(call: &Call) -> String {
    let [topic, result, interaction, brief] = call.labels();
    format!(
        "{topic}: {}\n{result}: {}\n{interaction}: {}\n{brief}: {}",
        call.summary.topic, call.summary.result, call.summary.interaction, call.summary.brief,
    )
}

/// The `result` of a list item: the smaller set of members.
pub(super) fn short_result(call: &Call, scenario: &Scenario) -> Value {
    json!({
        "hold": {"data": [], "active_count": 0},
        "scenario": judged(call, scenario),
        "phrase_list": phrases(call, PhraseShape::Short),
    })
}

/// The `result` of a result by id, before an edition nests it once more.
pub(super) fn full_result(seed: u64, call: &Call, scenario: &Scenario) -> Value {
    json!({
        "hold": holds(call),
        "scenario": judged(call, scenario),
        "silences": silences(call),
        "profanity": profanity(seed, call),
        "tag_events": tag_events(seed, call),
        "phrase_list": phrases(call, PhraseShape::Nested),
    })
}

fn judged(call: &Call, scenario: &Scenario) -> Value {
    let verdict = verdict(call, scenario);
    json!({
        "data": success_points(call, scenario, true),
        "count": verdict.met,
        "is_successful": verdict.successful,
        "scenario_name": scenario.name,
        "percent_completion": verdict.percent,
    })
}

/// The pauses between lines that are longer than this.
fn pauses(call: &Call, longer_than_ms: i64) -> Vec<(i64, i64)> {
    let pairs = call.lines.iter().zip(call.lines.iter().skip(1));
    pairs
        .map(|(before, after)| (before.end_ms, after.start_ms))
        .filter(|(start, end)| end - start > longer_than_ms)
        .collect()
}

fn moment(name: &str, start_ms: i64, end_ms: i64, state: &str) -> Value {
    let (start, end) = (seconds(start_ms), seconds(end_ms));
    // Subtracted as it is, with the noise that gives.
    json!({"end": end, "name": name, "start": start, "state": state, "duration": end - start})
}

fn holds(call: &Call) -> Value {
    let data: Vec<Value> = pauses(call, 4_000)
        .iter()
        .map(|(start, end)| moment("hold", *start, *end, "active"))
        .collect();
    json!({"active_count": data.len(), "data": data})
}

fn silences(call: &Call) -> Value {
    let data: Vec<Value> = pauses(call, 1_200)
        .iter()
        .enumerate()
        .map(|(place, (start, end))| {
            let state = if place % 4 == 3 { "deleted" } else { "active" };
            moment("silence", *start, *end, state)
        })
        .collect();
    let active = data.iter().filter(|item| item["state"] == "active").count();
    json!({"data": data, "active_count": active})
}

/// The count of this block is not the length of its data: the document shows 6 beside one item.
fn profanity(seed: u64, call: &Call) -> Value {
    let data: Vec<Value> = rude_moments(call)
        .map(|(start, end)| moment("profanity", start, end, "active"))
        .collect();
    let more = mix(&call.key(seed, 0x9f0f)) % 3;
    let count = if data.is_empty() {
        0
    } else {
        data.len() as u64 + more
    };
    json!({"data": data, "active_count": count})
}

/// The one block whose list is called `events`.
fn tag_events(seed: u64, call: &Call) -> Value {
    let mut random = Random::new(&call.key(seed, 0x7a9));
    let events: Vec<Value> = call
        .tags
        .iter()
        .enumerate()
        .map(|(place, tag)| {
            let (start, end) = tag_span(call, tag.line);
            let (tag_id, _) = catalogue::tag_by_name(&tag.name);
            json!({
                "id": random.uuid(),
                "end": end,
                "score": 1,
                "start": start,
                "state": if place == 3 { "inactive" } else { "active" },
                "tag_id": tag_id,
            })
        })
        .collect();
    let active = events
        .iter()
        .filter(|event| event["state"] == "active")
        .count();
    json!({"events": events, "active_count": active})
}

/// A result with everything around it; the function decides what stands in `result`.
pub(super) fn envelope(seed: u64, session: i64, call: &Call, part: u32, result: &Value) -> Value {
    let scenario = catalogue::scenario_of(call, part);
    let mut document = json!({
        "id": ids::result_id(call.index, part),
        "app_id": ids::app_id(seed),
        "call_session_id": session,
        "scenario_id": scenario.id,
        "scenario_name": scenario.name,
        "result": result,
    });
    call.edit(&mut document);
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_goes_away_with_rounding() {
        let mut noisy = 0;
        for milliseconds in 0..50_000 {
            let shown = seconds(milliseconds);
            #[expect(clippy::cast_possible_truncation, reason = "small numbers")]
            let back = (shown * 1_000.0).round() as i64;
            assert_eq!(back, milliseconds);
            noisy += usize::from(shown.to_string().len() > 7);
        }
        assert!(noisy > 5_000, "{noisy}");
    }
}
