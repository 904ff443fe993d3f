//! Checklists: those of an analysis (TR-12) and the answers to a task's questions (TR-18).
//!
//! In an analysis `checklist_id` names a group of questions; among the answers it names one
//! question.

use callweave_model::{
    analysis::{ScoreItem, Scorecard},
    enums::{ItemResult, ScoreSource},
    stats::round4,
};
use serde_json::Value;

use crate::members::{Element, Members, Rest};

/// One checklist of an analysis.
pub(crate) fn checklist(element: Element, rest: &mut Rest) -> Option<Scorecard> {
    let mut list = element.object(rest)?;
    let score = list.number("score");
    let mut items = Vec::new();
    for answer in list.list("answers") {
        items.extend(item(answer, items.len(), rest));
    }
    let card = Scorecard {
        rubric_remote_id: list.id("checklist_id"),
        rubric_name: list.text("title").unwrap_or_default(),
        source: Some(ScoreSource::Ai),
        score,
        potential_score: score.map(|_| 1.0),
        // From 0 to 1; what lies outside is another scale than the documented one.
        score_pct: score
            .filter(|score| (0.0..=1.0).contains(score))
            .map(|score| round4(score * 100.0)),
        ..counted(items)
    };
    list.finish(rest);
    Some(card)
}

/// The answers to a task's questions; `None` where there are none.
pub(crate) fn answers(document: &mut Members, rest: &mut Rest) -> Option<Scorecard> {
    let mut items = Vec::new();
    for answer in document.list("data") {
        items.extend(item(answer, items.len(), rest));
    }
    (!items.is_empty()).then(|| Scorecard {
        rubric_name: "checklist".to_owned(),
        ..counted(items)
    })
}

fn counted(items: Vec<ScoreItem>) -> Scorecard {
    let count = |length: usize| i32::try_from(length).ok();
    let met = items
        .iter()
        .filter(|item| item.result == ItemResult::Met)
        .count();
    Scorecard {
        items_total: count(items.len()).filter(|total| *total > 0),
        items_met: count(met).filter(|_| !items.is_empty()),
        items,
        ..Scorecard::default()
    }
}

fn item(answer: Element, place: usize, rest: &mut Rest) -> Option<ScoreItem> {
    let mut answer = answer.object(rest)?;
    let first_id = answer.id("question_id");
    let remote_id = first_id.or_else(|| answer.id("checklist_id"));
    let first_label = answer.text("title");
    let label = first_label.or_else(|| answer.text("question"));
    let first_answer = answer.take("value");
    let answer_raw = first_answer
        .or_else(|| answer.take("answer"))
        .unwrap_or_default();
    answer.drop(&["value", "answer"]);
    answer.finish(rest);
    Some(ScoreItem {
        seq: i32::try_from(place).unwrap_or(i32::MAX),
        label: label.or_else(|| remote_id.clone()).unwrap_or_default(),
        remote_id,
        group: None,
        result: result(&answer_raw),
        answer_raw,
        points: None,
        points_max: None,
        start_ms: None,
        end_ms: None,
        derived: false,
    })
}

/// What an answer says; free text says something of its own.
fn result(answer: &Value) -> ItemResult {
    let word = match answer {
        Value::Null => return ItemResult::Unknown,
        Value::Bool(true) => return ItemResult::Met,
        Value::Bool(false) => return ItemResult::NotMet,
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_lowercase(),
        Value::Array(_) | Value::Object(_) => return ItemResult::Other,
    };
    match word.as_str() {
        "yes" | "true" | "1" | "1.0" | "да" | "ha" => ItemResult::Met,
        "no" | "false" | "0" | "0.0" | "нет" | "yo'q" | "yo‘q" => ItemResult::NotMet,
        "partially" | "partial" | "частично" | "qisman" => ItemResult::Partial,
        "n/a" | "na" | "not applicable" | "не применимо" => ItemResult::NotApplicable,
        "" => ItemResult::Unknown,
        _ => ItemResult::Other,
    }
}

#[cfg(test)]
mod tests {
    use callweave_model::enums::ItemResult;
    use serde_json::json;

    use super::result;

    #[test]
    fn trap_t31_an_answer_is_a_boolean_a_word_or_free_text() {
        for (answer, expected) in [
            (json!(true), ItemResult::Met),
            (json!("Yes"), ItemResult::Met),
            (json!(1), ItemResult::Met),
            (json!(false), ItemResult::NotMet),
            (json!("Нет"), ItemResult::NotMet),
            (json!("Partially"), ItemResult::Partial),
            (json!("He offered a discount"), ItemResult::Other),
            (json!(null), ItemResult::Unknown),
        ] {
            assert_eq!(result(&answer), expected, "{answer}");
        }
    }
}
