//! Entries of parts in the gateway's words.

use callweave_model::owned::EvaluationPart;
use callweave_provider::tolerant;
use serde_json::{Map, Value};

use crate::{
    map::{span_of, transcript},
    members::Members,
    wire,
};

/// A point that was met, a tag, a metric (`{name, start, end, color?}`), or a summary.
pub(super) fn entry(value: Value) -> EvaluationPart {
    let mut part = EvaluationPart::default();
    let mut members = match value {
        Value::Object(members) => Members::of(Value::Object(members)).unwrap_or_default(),
        other => {
            part.extra.insert("value".to_owned(), other);
            return part;
        }
    };
    part.name = members.text("name");
    part.text = members.text("dialog_summary");
    part.color = members.text("color");
    let (start, end) = (members.number("start"), members.number("end"));
    let (start_ms, end_ms, mended) = span_of(start, end);
    (part.start_ms, part.end_ms) = (start_ms, end_ms);
    if mended {
        // What had to be put right is told as it came.
        for (name, seconds) in [("start", start), ("end", end)] {
            members.put_back(name, seconds);
        }
    }
    part.extra = members.rest();
    part
}

/// A passage of the talk. Who speaks is told by the vendor's role or channel and not guessed.
pub(super) fn passage(place: usize, value: Value) -> EvaluationPart {
    let mut part = EvaluationPart::default();
    let read = match tolerant::read_value::<wire::Phrase>(value.clone()) {
        Ok(read) if value.is_object() => read,
        _ => {
            part.extra.insert("value".to_owned(), value);
            return part;
        }
    };
    part.extra = left_over(read.left_over);
    let phrase = read.value;
    if let Some(role) = &phrase.role {
        part.extra
            .insert("role".to_owned(), Value::from(role.as_str()));
    }
    let times = (phrase.start, phrase.end);
    let (utterance, mended) = transcript::utterance(place, phrase, None);
    if mended {
        for (name, seconds) in [("start", times.0), ("end", times.1)] {
            part.extra.insert(name.to_owned(), Value::from(seconds));
        }
    }
    (part.start_ms, part.end_ms) = (utterance.start_ms, utterance.end_ms);
    part.utterance = Some(utterance);
    part
}

fn left_over(members: Vec<(String, Value)>) -> Map<String, Value> {
    let name = |pointer: String| pointer.trim_start_matches('/').to_owned();
    members
        .into_iter()
        .map(|(pointer, value)| (name(pointer), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn trap_c29_float_seconds_lose_their_noise() {
        let part = entry(json!({"name": "Greeted", "start": 1.039_999_936, "end": 335.255_633_92}));
        assert_eq!((part.start_ms, part.end_ms), (Some(1_040), Some(335_256)));
        assert!(part.extra.is_empty());
    }

    #[test]
    fn case_035_odd_times_are_put_right_and_told() {
        for (start, end, start_ms, end_ms) in [
            (json!(9.5), json!(5), Some(9_500), Some(9_500)),
            (json!(-0.2), json!(5), Some(0), Some(5_000)),
            (json!(1e9), json!(5), None, Some(5_000)),
            (json!("3"), json!(1e12), Some(3_000), None),
        ] {
            for part in [
                entry(json!({"name": "x", "start": start, "end": end})),
                passage(0, json!({"phrase": "x", "start": start, "end": end})),
            ] {
                assert_eq!(
                    (part.start_ms, part.end_ms),
                    (start_ms, end_ms),
                    "{start} {end}"
                );
                assert!(part.extra.contains_key("start") && part.extra.contains_key("end"));
            }
        }
        let unread = entry(json!({"name": "x", "start": "soon", "end": null}));
        assert_eq!((unread.start_ms, unread.end_ms), (None, None));
        assert_eq!(Value::Object(unread.extra), json!({"start": "soon"}));
    }

    #[test]
    fn case_026_what_has_no_place_is_kept() {
        let part = passage(
            3,
            json!({
                "start": 1.72, "end": 1.96, "phrase": "Hello.", "channel": 1, "role": "client",
                "words_list": [{"start": 1.72, "end": 1.96, "word": "hello", "stress": 2}],
                "emotion_state": "active", "emotions_result": "joyful", "loud": true,
            }),
        );
        let utterance = part.utterance.unwrap();
        assert_eq!((utterance.seq, utterance.channel), (3, Some(1)));
        assert_eq!(utterance.party_index, None, "no parties stand beside it");
        assert_eq!(utterance.words[0].text, "hello");
        assert_eq!(utterance.vendor_values["sentiment"], "joyful");
        assert_eq!(
            Value::Object(part.extra),
            json!({"role": "client", "loud": true, "words_list/0/stress": 2})
        );
        let odd = entry(json!("Greeted"));
        assert_eq!(odd.extra["value"], "Greeted");
    }
}
