//! A call as the vendor shows it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    call::{Call, Line, Point},
    random::Random,
    world::World,
};

/// A rule of the account: which point of a call it looks at, and what it says when the point was
/// met, and when it was not. The spelling of the first name is the vendor's own.
struct Rule {
    point: u32,
    found: Option<(&'static str, &'static str)>,
    missing: Option<&'static str>,
}

const RULES: [Rule; 9] = [
    rule(3, None, Some("Нет представления компании")),
    rule(6, None, Some("Нет дополнительной информации")),
    rule(
        1,
        Some(("Приветсвие", "Приветствие")),
        Some("Нет приветствия"),
    ),
    rule(
        2,
        Some(("Представление", "Представление оператора")),
        Some("Нет представления оператора"),
    ),
    rule(4, Some(("Имя клиента", "Уточнение имени")), None),
    rule(9, Some(("Цена", "Цена")), Some("Цена не названа")),
    rule(10, Some(("Возражение", "Отработка возражений")), None),
    rule(
        13,
        Some(("Итог", "Подведение итога")),
        Some("Нет итога разговора"),
    ),
    rule(15, Some(("Прощание", "Прощание")), Some("Нет прощания")),
];

const FAREWELL: u32 = 15;

const fn rule(
    point: u32,
    found: Option<(&'static str, &'static str)>,
    missing: Option<&'static str>,
) -> Rule {
    Rule {
        point,
        found,
        missing,
    }
}

/// A line as the recogniser writes it: lower case, no punctuation.
pub(super) fn spoken(line: &Line) -> String {
    let words: Vec<String> = line.words().into_iter().map(|word| word.text).collect();
    words.join(" ")
}

/// The answer while the analysis runs: it has no transcript and no tags.
pub(super) fn pending(world: &World, call: &Call, call_id: &str, begun_at: Timestamp) -> Value {
    json!({
        "begin_time": begun_at.as_second(),
        "aicallid": ai_call_id(world, call, begun_at),
        "stereoaudio": format!("/stereo/{call_id}"),
    })
}

/// The answer when the analysis is there.
pub(super) fn ready(world: &World, call: &Call, call_id: &str, begun_at: Timestamp) -> Value {
    let mut document = json!({
        "begin_time": begun_at.as_second(),
        "aicallid": ai_call_id(world, call, begun_at),
        "stalk": fragments(world, call),
        "tags": tags(world, call),
        "stereoaudio": format!("/stereo/{call_id}"),
    });
    call.edit(&mut document);
    document
}

/// An opaque text: in the document's samples of 26 and of 23 characters, not all hexadecimal.
fn ai_call_id(world: &World, call: &Call, begun_at: Timestamp) -> String {
    let begun = begun_at.as_second();
    let mut random = Random::new(&[mix_call(world, call, 0xa1ca), begun.unsigned_abs()]);
    let length = 15 + random.index(4);
    format!("{begun:08x}{}", random.hex(length)).replace("00", "ss")
}

fn mix_call(world: &World, call: &Call, purpose: u64) -> u64 {
    crate::random::mix(&call.key(world.config.seed, purpose))
}

fn fragment_id(world: &World, call: &Call, line: usize) -> String {
    let first = Random::new(&call.key(world.config.seed, 0xf4a9)).hex(16);
    format!("{first}{:08x}", 0x6fu64 + line as u64)
}

fn fragments(world: &World, call: &Call) -> Vec<Value> {
    call.lines
        .iter()
        .enumerate()
        .map(|(place, line)| {
            json!({
                "begin": line.start_ms,
                "end": line.end_ms,
                "direction": line.speaker.key(),
                "text": spoken(line),
                "fragment_id": fragment_id(world, call, place),
            })
        })
        .collect()
}

/// The names of all tags of the call, each once.
pub(super) fn tag_names(world: &World, call: &Call) -> BTreeSet<String> {
    let names = tags(world, call).into_iter();
    names
        .filter_map(|tag| tag.get("name")?.as_str().map(ToOwned::to_owned))
        .collect()
}

/// The tags: findings with their place, and findings that something is missing, which have none.
fn tags(world: &World, call: &Call) -> Vec<Value> {
    let mut tags: Vec<Value> = Vec::new();
    for rule in &RULES {
        let Some(point) = call.points.iter().find(|point| point.number == rule.point) else {
            continue;
        };
        match (point.met, rule.found, rule.missing) {
            (false, _, Some(missing)) => tags.push(bare(missing, "")),
            (true, Some((name, value)), _) => tags.extend(found(world, call, point, name, value)),
            _ => {}
        }
    }
    for tag in &call.tags {
        let Some(place) = tag.line.filter(|place| *place < call.lines.len()) else {
            tags.push(bare(&tag.name, ""));
            continue;
        };
        tags.extend(call.lines.get(place).map(|line| {
            let words = spoken(line);
            placed(
                &tag.name,
                &tag.name,
                line,
                &words,
                &fragment_id(world, call, place),
            )
        }));
    }
    tags
}

/// A farewell is found twice in the same fragment, with different words, as in the document.
fn found(world: &World, call: &Call, point: &Point, name: &str, value: &str) -> Vec<Value> {
    let place = if point.number == FAREWELL {
        call.lines.len().saturating_sub(1)
    } else {
        point
            .line
            .unwrap_or(0)
            .min(call.lines.len().saturating_sub(1))
    };
    let Some(line) = call.lines.get(place) else {
        return Vec::new();
    };
    // Now and then the fragment is not among those shown.
    let shown_place = if call.index % 11 == 2 && point.number == 1 {
        place + 10_000
    } else {
        place
    };
    let id = fragment_id(world, call, shown_place);
    let words = spoken(line);
    let mut tags = vec![placed(name, value, line, &words, &id)];
    if point.number == FAREWELL {
        let first = words.split(' ').next().unwrap_or_default();
        tags.push(placed(name, value, line, first, &id));
    }
    tags
}

fn bare(name: &str, value: &str) -> Value {
    Value::Object(members(name, value))
}

fn placed(name: &str, value: &str, line: &Line, words: &str, fragment_id: &str) -> Value {
    let mut tag = members(name, value);
    tag.insert("begin".into(), json!(line.start_ms));
    tag.insert("end".into(), json!(line.end_ms));
    tag.insert("match_text".into(), json!(words));
    tag.insert("fragment_id".into(), json!(fragment_id));
    Value::Object(tag)
}

fn members(name: &str, value: &str) -> Map<String, Value> {
    let mut tag = Map::new();
    tag.insert("name".into(), json!(name));
    tag.insert("value".into(), json!(value));
    tag.insert("visible".into(), Value::Null);
    tag.insert("tag_type".into(), json!("rule"));
    tag
}
