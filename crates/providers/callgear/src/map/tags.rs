//! Tags that were found, with their names.
//!
//! A result names its tags by id; names and colours come by time from another operation, which
//! knows no ids. Where a time fits several tags, or none, the definition itself is asked for.

use std::collections::BTreeMap;

use bytes::Bytes;
use callweave_model::{
    analysis::Detection,
    enums::{Condition, DetectionScope, DetectionType, Performer},
};
use serde_json::Value;

use super::{LeftOver, Reading, span_of};
use crate::{documents::Documents, wire};

/// How far the times of one occurrence may differ between two operations.
const TOLERANCE_MS: i64 = 20;

/// The ids of tags whose names the answers so far do not tell.
pub(crate) fn unnamed(reading: &Reading, tags: Option<&Bytes>) -> Vec<String> {
    let rows = LeftOver::default()
        .read::<wire::Block>("CG-27", tags)
        .unwrap_or_default();
    let events = events(reading);
    let names = join(&events, &rows.entries).names;
    let mut ids: Vec<String> = events
        .iter()
        .filter(|event| event.name.is_none())
        .filter_map(|event| event.tag_id.clone())
        .filter(|tag| !names.contains_key(tag))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The detections of a result: every occurrence, never merged.
pub(crate) fn translate(
    reading: &Reading,
    documents: &Documents,
    left_over: &mut LeftOver,
) -> Vec<Detection> {
    let rows: wire::Block = left_over
        .read("CG-27", documents.tags.as_ref())
        .unwrap_or_default();
    let mut definitions: BTreeMap<String, wire::TagDefinition> = BTreeMap::new();
    for (tag, body) in &documents.definitions {
        if let Some(definition) = left_over.read("CG-14", Some(body)) {
            definitions.insert(tag.clone(), definition);
        }
    }
    let events = events(reading);
    let joined = join(&events, &rows.entries);
    let mut detections: Vec<Detection> = events
        .iter()
        .zip(&joined.rows)
        .map(|(event, row)| {
            let row = row.and_then(|at| rows.entries.get(at));
            let tag = event.tag_id.as_deref();
            let shared = tag.and_then(|tag| joined.names.get(tag)).copied();
            let definition = tag.and_then(|tag| definitions.get(tag));
            detection(event, row.or(shared), definition)
        })
        .collect();
    for (at, row) in rows.entries.iter().enumerate() {
        let taken = joined.rows.contains(&Some(at));
        if !taken && !is_told(row, &detections) {
            detections.push(detection(row, None, None));
        }
    }
    detections
}

fn events(reading: &Reading) -> Vec<wire::Entry> {
    let block = reading.payload.tag_events.clone();
    block.map(|block| block.entries).unwrap_or_default()
}

/// Which row belongs to which event, and a row for every tag that one could be told for.
struct Joined<'a> {
    rows: Vec<Option<usize>>,
    names: BTreeMap<String, &'a wire::Entry>,
}

/// Joins events with rows by time. A time that several different tags share joins nothing.
fn join<'a>(events: &[wire::Entry], rows: &'a [wire::Entry]) -> Joined<'a> {
    let mut taken = vec![false; rows.len()];
    let mut joined = Joined {
        rows: Vec::with_capacity(events.len()),
        names: BTreeMap::new(),
    };
    for event in events {
        let fitting: Vec<usize> = (0..rows.len())
            .filter(|at| rows.get(*at).is_some_and(|row| at_same_time(event, row)))
            .collect();
        let mut names: Vec<Option<&String>> = fitting
            .iter()
            .filter_map(|at| rows.get(*at))
            .map(|row| row.name.as_ref())
            .collect();
        names.sort_unstable();
        names.dedup();
        let free = fitting
            .iter()
            .copied()
            .find(|at| taken.get(*at) == Some(&false));
        let sure = names.len() == 1;
        let place = free.filter(|_| sure);
        if let Some(mark) = place.and_then(|at| taken.get_mut(at)) {
            *mark = true;
        }
        if let (Some(tag), Some(row)) = (&event.tag_id, place.and_then(|at| rows.get(at)))
            && row.name.is_some()
        {
            joined.names.entry(tag.clone()).or_insert(row);
        }
        joined.rows.push(place);
    }
    joined
}

fn at_same_time(one: &wire::Entry, other: &wire::Entry) -> bool {
    let near = |one: Option<i64>, other: Option<i64>| match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= TOLERANCE_MS,
        (None, None) => true,
        _ => false,
    };
    let (one_start, one_end, _) = span_of(one.start, one.end);
    let (other_start, other_end, _) = span_of(other.start, other.end);
    near(one_start, other_start) && near(one_end, other_end)
}

/// The occurrence of a row stands among the detections already, under the same name.
fn is_told(row: &wire::Entry, detections: &[Detection]) -> bool {
    let (start, end, _) = span_of(row.start, row.end);
    let near = |one: Option<i64>, other: Option<i64>| match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= TOLERANCE_MS,
        (one, other) => one == other,
    };
    detections.iter().any(|detection| {
        Some(&detection.name) == row.name.as_ref()
            && (detection.remote_id.is_some() || detection.definition_id.is_some())
            && near(detection.start_ms, start)
            && near(detection.end_ms, end)
    })
}

fn detection(
    event: &wire::Entry,
    row: Option<&wire::Entry>,
    definition: Option<&wire::TagDefinition>,
) -> Detection {
    let name = event
        .name
        .clone()
        .or_else(|| definition.and_then(|definition| definition.name.clone()))
        .or_else(|| row.and_then(|row| row.name.clone()))
        .or_else(|| event.tag_id.clone())
        .unwrap_or_default();
    let (start_ms, end_ms, _) = span_of(event.start, event.end);
    let mut detection = Detection::new(name, DetectionType::Tag);
    detection.remote_id.clone_from(&event.id);
    detection.definition_id.clone_from(&event.tag_id);
    detection.color = event
        .color
        .clone()
        .or_else(|| row.and_then(|row| row.color.clone()))
        .or_else(|| definition.and_then(|definition| definition.color.clone()));
    detection.state_raw.clone_from(&event.state);
    detection.score = event.score;
    detection.scope = match start_ms {
        Some(_) => DetectionScope::Span,
        None => DetectionScope::Call,
    };
    (detection.start_ms, detection.end_ms) = (start_ms, end_ms);
    if let Some(definition) = definition {
        define(&mut detection, definition);
    }
    if let Some(seconds) = event.duration {
        detection
            .vendor_values
            .insert("duration".to_owned(), Value::from(seconds));
    }
    detection
}

fn define(detection: &mut Detection, definition: &wire::TagDefinition) {
    detection.description.clone_from(&definition.description);
    if let Some(word) = &definition.performer {
        detection.performer = performer(word);
        keep(detection, "performer", word.as_str().into());
    }
    if let Some(word) = &definition.condition {
        detection.condition = Some(condition(word));
        keep(detection, "condition", word.as_str().into());
    }
    if let Some(id) = &definition.comagic_tag_id {
        keep(detection, "comagic_tag_id", id.as_str().into());
    }
    if let Some(active) = definition.is_active {
        keep(detection, "is_active", active.into());
    }
}

/// Who has to say it, by the vendor's word.
pub(crate) fn performer(word: &str) -> Performer {
    match word.trim().to_lowercase().as_str() {
        "operator" | "agent" | "employee" => Performer::Agent,
        "client" | "customer" => Performer::Customer,
        "any" | "all" | "both" => Performer::Any,
        _ => Performer::Other,
    }
}

/// Whether it has to be said, by the vendor's word.
pub(crate) fn condition(word: &str) -> Condition {
    match word.trim().to_lowercase().as_str() {
        "discuss" | "discussed" => Condition::Discussed,
        "not discuss" | "not discussed" | "not_discuss" => Condition::NotDiscussed,
        _ => Condition::Other,
    }
}

fn keep(detection: &mut Detection, name: &str, value: Value) {
    detection.vendor_values.insert(name.to_owned(), value);
}
