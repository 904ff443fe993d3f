//! Holds, silences and swear words.

use callweave_model::{analysis::InteractionEvent, enums::EventType, stats::InteractionStats};
use callweave_provider::number::seconds_to_ms;

use super::{LeftOver, Reading, span_of};
use crate::{documents::Documents, wire};

/// The events of a result. The numbers the vendor counts are told as its own; they may differ from
/// the lengths of the lists.
pub(crate) fn translate(
    reading: &Reading,
    documents: &Documents,
    left_over: &mut LeftOver,
    stats: &mut InteractionStats,
) -> Vec<InteractionEvent> {
    let payload = &reading.payload;
    let blocks = [
        (&payload.hold, EventType::Hold, "hold", "hold_count"),
        (
            &payload.silences,
            EventType::Silence,
            "silences",
            "silence_count",
        ),
        (
            &payload.profanity,
            EventType::Profanity,
            "profanity",
            "profanity_count",
        ),
    ];
    let mut events = Vec::new();
    for (block, event_type, type_raw, stat) in blocks {
        let Some(block) = block else { continue };
        if let Some(count) = block
            .active_count
            .and_then(|count| i32::try_from(count).ok())
        {
            stats.give(stat, f64::from(count));
        }
        events.extend(
            block
                .entries
                .iter()
                .map(|entry| event(entry, event_type, type_raw)),
        );
    }
    let metrics: Option<wire::Block> = left_over.read("CG-29", documents.metrics.as_ref());
    let metrics = [payload.employees_metrics.clone(), metrics];
    for entry in metrics
        .into_iter()
        .flatten()
        .flat_map(|block| block.entries)
    {
        let name = entry.name.clone().unwrap_or_default();
        let event_type = type_of(&name);
        let told_already = match event_type {
            EventType::Hold => payload.hold.is_some(),
            EventType::Silence => payload.silences.is_some(),
            EventType::Profanity => payload.profanity.is_some(),
            _ => false,
        };
        if !told_already {
            events.push(event(&entry, event_type, &name));
        }
    }
    events
}

fn type_of(name: &str) -> EventType {
    match name.trim().to_lowercase().as_str() {
        "hold" | "holds" => EventType::Hold,
        "silence" | "silences" => EventType::Silence,
        "profanity" => EventType::Profanity,
        "interruption" | "interruptions" => EventType::Interruption,
        _ => EventType::Other,
    }
}

fn event(entry: &wire::Entry, event_type: EventType, type_raw: &str) -> InteractionEvent {
    let (start_ms, end_ms, _) = span_of(entry.start, entry.end);
    let more = [
        ("id", entry.id.clone().map(serde_json::Value::from)),
        ("tag_id", entry.tag_id.clone().map(serde_json::Value::from)),
        ("score", entry.score.map(serde_json::Value::from)),
        ("color", entry.color.clone().map(serde_json::Value::from)),
    ];
    let data: serde_json::Map<String, serde_json::Value> = more
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    InteractionEvent {
        event_type,
        type_raw: type_raw.to_owned(),
        name: entry.name.clone(),
        start_ms,
        end_ms,
        duration_ms: entry.duration.and_then(seconds_to_ms),
        party_index: None,
        state_raw: entry.state.clone(),
        data: (!data.is_empty()).then(|| data.into()),
    }
}
