//! The notes of an analysis: reasons, intentions, signals, promises.

use callweave_model::{Analysis, analysis::Insight, enums::ActionKind};
use serde_json::Value;

use crate::{
    analysis::{item, of_call},
    members::{Members, Rest},
};

/// Findings in words that stand among the notes, or beside them.
const INSIGHTS: &[&str] = &[
    "reason_for_contact",
    "intention",
    "root_cause",
    "decision_driver",
    "key_obstacles",
    "product_or_service",
    "funnel_stage",
    "risk_signals",
    "sales_signals",
    "priority",
    "resolved_status",
];

/// Words by which the vendor says that there is nothing to say.
const NOTHING: &[&str] = &[
    "",
    "none",
    "null",
    "no",
    "n/a",
    "-",
    "нет",
    "отсутствует",
    "отсутствуют",
];

/// Reads the notes of an analysis, and the findings beside them.
pub(crate) fn read(run: &mut Analysis, analysis: &mut Members, rest: &mut Rest) {
    if let Some(mut notes) = analysis.object("analysis_notes") {
        insights(run, &mut notes);
        for (name, kind) in [
            ("operator_commitments", ActionKind::Commitment),
            ("next_action", ActionKind::NextAction),
        ] {
            let listed = notes.list(name);
            let many = listed
                .into_iter()
                .filter_map(|element| element.text(&["text", "action"], rest))
                .collect::<Vec<_>>();
            let one = notes.text(name);
            let texts = many.into_iter().chain(one).filter(|text| !is_nothing(text));
            run.action_items.extend(texts.map(|text| item(text, kind)));
        }
        if let Some(narrative) = notes.text("emotional_dynamics") {
            if run.sentiments.is_empty() {
                run.sentiments.push(of_call(None));
            }
            if let Some(sentiment) = run.sentiments.first_mut() {
                sentiment.narrative = Some(narrative);
            }
        }
        notes.finish(rest);
    }
    insights(run, analysis);
}

fn insights(run: &mut Analysis, members: &mut Members) {
    for name in INSIGHTS {
        if let Some(value) = members.take(name) {
            run.insights.entry((*name).to_owned()).or_insert(Insight {
                text: text_of(&value),
                value,
            });
        }
    }
}

/// The words of a finding; `none` and the like are no finding, but stay as the value.
fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(elements) => {
            let words = elements.iter().filter_map(Value::as_str).map(str::trim);
            words
                .filter(|word| !is_nothing(word))
                .collect::<Vec<_>>()
                .join("; ")
        }
        _ => return None,
    };
    (!is_nothing(&text)).then_some(text)
}

fn is_nothing(text: &str) -> bool {
    NOTHING.contains(&text.trim().to_lowercase().as_str())
}
