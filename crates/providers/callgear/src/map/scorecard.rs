//! The checklist of a scenario: which points were met, which were not.

use std::collections::BTreeMap;

use bytes::Bytes;
use callweave_model::{
    analysis::{ScoreItem, Scorecard},
    enums::{ItemResult, ScoreSource},
};
use callweave_provider::{tolerant, tolerant::read_value};
use serde_json::Value;

use super::{LeftOver, Reading, span_of};
use crate::{documents::Documents, wire};

/// The entries of a scenario that were met: all but those that say 0.
pub(crate) fn met_entries(scenario: &wire::Scenario) -> impl Iterator<Item = &wire::Entry> {
    entries(scenario).filter(|entry| is_met(entry))
}

fn entries(scenario: &wire::Scenario) -> impl Iterator<Item = &wire::Entry> {
    let lists = [&scenario.data, &scenario.events];
    lists.into_iter().flatten().flatten().flatten()
}

fn is_met(entry: &wire::Entry) -> bool {
    entry.score.is_none_or(|score| score > 0.0)
}

/// The scorecard, unless nothing was scored.
pub(crate) fn translate(
    reading: &Reading,
    documents: &Documents,
    left_over: &mut LeftOver,
    extra: &mut BTreeMap<String, Value>,
) -> Option<Scorecard> {
    let success: wire::Block = left_over
        .read("CG-25", documents.success_points.as_ref())
        .unwrap_or_default();
    let points = points(documents.points.as_ref(), left_over);
    if reading.payload.scenario.is_none() && success.entries.is_empty() {
        return None;
    }
    let scenario = reading.payload.scenario.clone().unwrap_or_default();
    let mut rows: Vec<wire::Entry> = entries(&scenario).cloned().collect();
    for entry in success.entries {
        if !rows.iter().any(|row| is_same(row, &entry)) {
            rows.push(entry);
        }
    }
    let mut card = Scorecard {
        rubric_remote_id: reading.scenario_id.clone(),
        rubric_name: reading
            .scenario_name
            .clone()
            .or_else(|| scenario.scenario_name.clone())
            .unwrap_or_default(),
        source: Some(ScoreSource::Ai),
        passed: scenario.is_successful,
        items: rows
            .iter()
            .enumerate()
            .map(|(seq, row)| item(seq, row))
            .collect(),
        ..Scorecard::default()
    };
    score(&mut card, &scenario, reading.payload.scenario_score, extra);
    let met = rows.iter().filter(|row| is_met(row)).count();
    let counted = scenario.count.and_then(|count| i32::try_from(count).ok());
    card.items_met = counted.or_else(|| i32::try_from(met).ok());
    let (total, derived) = total(&card, points.len());
    (card.items_total, card.items_total_derived) = (total, derived);
    add_missed(&mut card, &points);
    Some(card)
}

fn is_same(one: &wire::Entry, other: &wire::Entry) -> bool {
    let place = |entry: &wire::Entry| {
        let (start, end, _) = span_of(entry.start, entry.end);
        (start.map(|ms| ms / 10), end.map(|ms| ms / 10))
    };
    one.name == other.name && place(one) == place(other)
}

fn item(seq: usize, entry: &wire::Entry) -> ScoreItem {
    let (start_ms, end_ms, _) = span_of(entry.start, entry.end);
    let result = match entry.score {
        None => ItemResult::Met,
        Some(score) if score >= 1.0 => ItemResult::Met,
        Some(score) if score > 0.0 => ItemResult::Partial,
        Some(0.0) => ItemResult::NotMet,
        Some(_) => ItemResult::Other,
    };
    ScoreItem {
        seq: i32::try_from(seq).unwrap_or(i32::MAX),
        remote_id: entry.id.clone(),
        label: entry.name.clone().unwrap_or_default(),
        group: None,
        result,
        answer_raw: entry.score.map_or(Value::Null, Value::from),
        points: entry.score,
        points_max: entry
            .score
            .filter(|score| (0.0..=1.0).contains(score))
            .map(|_| 1.0),
        start_ms,
        end_ms,
        derived: false,
    }
}

/// The percentage and the threshold. `scenario_score` is a result in one place of the document and
/// a property of the scenario in all others: it counts as a threshold where the verdict agrees
/// with that, never as the score, and is kept as it came in any case.
fn score(
    card: &mut Scorecard,
    scenario: &wire::Scenario,
    outer_score: Option<f64>,
    extra: &mut BTreeMap<String, Value>,
) {
    let percentage = |value: &f64| (0.0..=100.0).contains(value);
    let scenario_score = scenario.scenario_score.or(outer_score);
    if let Some(value) = scenario_score {
        extra.insert("scenario_score".to_owned(), Value::from(value));
    }
    let told = scenario.percent_completion;
    card.score = told;
    card.potential_score = told.map(|_| 100.0);
    card.score_pct = told.filter(percentage);
    let threshold = scenario_score.filter(percentage);
    if let (Some(reached), Some(threshold), Some(passed)) = (
        scenario.percent_completion,
        threshold,
        scenario.is_successful,
    ) && passed == (reached >= threshold)
    {
        card.pass_threshold_pct = Some(threshold);
    }
}

/// How many points there are: as the scenario lists them, else as the percentage tells.
fn total(card: &Scorecard, listed: usize) -> (Option<i32>, bool) {
    let met = card.items_met.unwrap_or(0);
    let listed = i32::try_from(listed).unwrap_or(i32::MAX);
    if listed > 0 && listed >= met {
        return (Some(listed), false);
    }
    let (Some(percent), true) = (card.score_pct, met > 0) else {
        return (None, false);
    };
    let total = (f64::from(met) * 100.0 / percent).round();
    let fits = total.is_finite()
        && total <= 10_000.0
        && total >= f64::from(met)
        && (f64::from(met) * 100.0 / total - percent).abs() <= 1.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be small and whole"
    )]
    let whole = total as i32;
    (fits.then_some(whole), fits)
}

/// Gives items the ids of their points, and adds the points that were not met. The latter only
/// where names and numbers agree: a point that was renamed since must not look missed.
fn add_missed(card: &mut Scorecard, points: &[wire::Point]) {
    let mut open: Vec<&wire::Point> = Vec::new();
    let mut taken = vec![false; card.items.len()];
    for point in points {
        let name = normal(point.point.as_deref().unwrap_or_default());
        let place = card
            .items
            .iter()
            .zip(&taken)
            .position(|(item, taken)| !taken && normal(&item.label) == name);
        match place.and_then(|at| Some((card.items.get_mut(at)?, taken.get_mut(at)?))) {
            Some((item, taken)) => {
                *taken = true;
                item.remote_id = item.remote_id.take().or_else(|| point.id.clone());
            }
            None => open.push(point),
        }
    }
    let met = card
        .items
        .iter()
        .filter(|item| item.result != ItemResult::NotMet)
        .count();
    let all_met_listed = card
        .items_met
        .is_none_or(|count| usize::try_from(count) == Ok(met));
    if !all_met_listed || card.items.len() + open.len() != points.len() {
        return;
    }
    for point in open {
        let seq = i32::try_from(card.items.len()).unwrap_or(i32::MAX);
        card.items.push(ScoreItem {
            seq,
            remote_id: point.id.clone(),
            label: point.point.clone().unwrap_or_default(),
            group: None,
            result: ItemResult::NotMet,
            answer_raw: Value::Null,
            points: None,
            points_max: None,
            start_ms: None,
            end_ms: None,
            derived: true,
        });
    }
}

fn normal(name: &str) -> String {
    let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// The points of a scenario: a list, or lists in a list.
fn points(body: Option<&Bytes>, left_over: &mut LeftOver) -> Vec<wire::Point> {
    let Some(Ok(value)) = body.map(|body| tolerant::parse(body)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    gather(value, "", &mut found, left_over);
    found.retain(|point| point.point.is_some());
    found
}

fn gather(value: Value, pointer: &str, found: &mut Vec<wire::Point>, left_over: &mut LeftOver) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.into_iter().enumerate() {
                gather(item, &format!("{pointer}/{index}"), found, left_over);
            }
        }
        Value::Object(_) => {
            if let Ok(read) = read_value::<wire::Point>(value) {
                let below = |(inner, value)| (format!("{pointer}{inner}"), value);
                left_over.take(
                    "CG-06",
                    read.left_over.into_iter().map(below).collect(),
                    false,
                );
                found.push(read.value);
            }
        }
        _ => {}
    }
}
