//! What the vendor's analyst says about a task (TR-12), and the texts behind it (TR-11).

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    answer::Failure,
    auth::Authorized,
    catalog::{self, ENGLISH_LABELS, Notes},
    checklist,
    task::{Status, Task, Type, View},
};
use crate::{
    call::{Call, Emotion, Speaker},
    vendor::Vendor,
    world::Shared,
};

/// The numbers of an analysis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scores {
    /// 0 to 10, inside `analysis.scores`.
    pub(crate) inner_csat: i64,
    /// 0 to 10, beside the analysis and in lists; now and then it is missing or disagrees.
    pub(crate) shown_csat: Option<i64>,
    /// 0 to 1.
    pub(crate) politeness: f64,
    /// 0 to 1.
    pub(crate) empathy: f64,
    /// 0 to 100.
    pub(crate) script_alignment: i64,
    /// 1 to 5; only filters know it.
    pub(crate) operator_politeness: i64,
}

impl Scores {
    /// The numbers of a task, where it has an analysis.
    pub(crate) fn of(view: &View<'_>, task: &Task, call: &Call) -> Option<Self> {
        if !has_analysis(task) {
            return None;
        }
        let chance = |purpose| task.chance(view.seed, purpose);
        let satisfaction = i64::from(call.satisfaction);
        let inner_csat = satisfaction * 2 - i64::from(chance(51) % 2 == 0);
        let shown_csat = match chance(52) % 100 {
            0..4 => None,
            4..9 => Some((inner_csat - 2).max(0)),
            _ => Some(inner_csat),
        };
        let share = |purpose: u64| {
            let hundredths = satisfaction * 16 + i64::try_from(chance(purpose) % 21).unwrap_or(0);
            f64::from(i32::try_from(hundredths.min(100)).unwrap_or(100)) / 100.0
        };
        Some(Self {
            inner_csat,
            shown_csat,
            politeness: share(53),
            empathy: share(54),
            script_alignment: i64::from(call.score),
            operator_politeness: (satisfaction + i64::from(chance(55) % 3 == 0)).clamp(1, 5),
        })
    }
}

/// Whether the vendor has an analysis of the task now.
pub(crate) const fn has_analysis(task: &Task) -> bool {
    task.status.is_done() && task.kind.is_analysed()
}

/// `positive`, `neutral` or `negative`, by what was felt most.
pub(crate) fn sentiment(call: &Call) -> &'static str {
    let count = |emotion| {
        call.lines
            .iter()
            .filter(|line| line.emotion == emotion)
            .count()
    };
    let (positive, negative) = (count(Emotion::Positive), count(Emotion::Negative));
    match call.satisfaction {
        1 | 2 => "negative",
        4 | 5 if positive >= negative => "positive",
        _ => "neutral",
    }
}

/// `original_text`: the dialogue with a label before each line, or plain text of one voice.
pub(crate) fn original_text(view: &View<'_>, task: &Task, call: &Call) -> Option<String> {
    if !task.status.has_text() || task.kind == Type::Report {
        return None;
    }
    if let Some(text) = task.written_text() {
        return Some(text.to_owned());
    }
    if matches!(task.kind, Type::Audio | Type::Youtube) {
        return Some(plain_text(call));
    }
    let (operator, customer) = if task.chance(view.seed, 56).is_multiple_of(10) {
        ENGLISH_LABELS
    } else {
        catalog::labels(call.language)
    };
    let lines: Vec<String> = call
        .lines
        .iter()
        .map(|line| {
            let label = if line.speaker == Speaker::Agent {
                operator
            } else {
                customer
            };
            format!("{label}: {}", line.text)
        })
        .collect();
    Some(lines.join("\n"))
}

/// `normalized_text`: the bare text, where that mode was on.
pub(crate) fn normalized_text(view: &View<'_>, task: &Task, call: &Call) -> Option<String> {
    let wanted = task.kind == Type::Youtube || task.chance(view.seed, 57).is_multiple_of(4);
    (task.status.is_done() && task.kind != Type::Report && wanted).then(|| plain_text(call))
}

fn plain_text(call: &Call) -> String {
    let lines: Vec<&str> = call.lines.iter().map(|line| line.text.as_str()).collect();
    lines.join(" ")
}

/// The names of the tags of the analysis.
pub(crate) fn tags(call: &Call) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for hit in &call.tags {
        if !names.contains(&hit.name.as_str()) {
            names.push(&hit.name);
        }
    }
    names
}

/// `risk_signals`: mostly the word "none".
pub(crate) fn risk_signals(view: &View<'_>, task: &Task, call: &Call) -> Value {
    match task.chance(view.seed, 58) % 20 {
        0 => Value::Null,
        1 => json!(""),
        _ if call.satisfaction <= 2 => json!("churn"),
        _ => json!("none"),
    }
}

/// `sales_signals`.
pub(crate) fn sales_signals(view: &View<'_>, task: &Task) -> &'static str {
    match task.chance(view.seed, 59) % 4 {
        0 => "upsell",
        1 => "cross-sell",
        _ => "none",
    }
}

/// `funnel_stage`.
pub(crate) fn funnel_stage(view: &View<'_>, task: &Task) -> &'static str {
    let stages = [
        "awareness",
        "qualification",
        "proposal",
        "negotiation",
        "closing",
    ];
    let place = usize::try_from(task.chance(view.seed, 60) % 5).unwrap_or(0);
    stages.get(place).copied().unwrap_or("qualification")
}

/// TR-12: the analysis of a task.
pub(crate) async fn calls_analysis(
    State(world): State<Shared>,
    auth: Authorized,
    code: Path<String>,
) -> Response {
    if world.options().transcripto_intro_paths {
        return StatusCode::NOT_FOUND.into_response();
    }
    of_task(State(world), auth, code).await
}

/// The same under the path that only the introduction names.
pub(crate) async fn of_task(
    State(world): State<Shared>,
    _: Authorized,
    Path(code): Path<String>,
) -> Response {
    let view = View::of(&world);
    let found = view.by_code(&code).and_then(|task| {
        let call = world.call(Vendor::Transcripto, task.index)?;
        Some((task, call))
    });
    let Some((task, call)) = found else {
        return Failure::task_not_found().into_response();
    };
    match body(&view, &task, &call) {
        Some(body) => Json(body).into_response(),
        None => Failure::no_analysis().into_response(),
    }
}

/// The whole answer, exactly the documented members.
pub(crate) fn body(view: &View<'_>, task: &Task, call: &Call) -> Option<Value> {
    let scores = Scores::of(view, task, call)?;
    let seed = view.seed;
    let chance = |purpose| task.chance(seed, purpose) % 100;
    let notes = catalog::notes(call.domain);
    let transcript = json!({ "language": call.language.code(), "turns": call.lines.len() });
    let mut document = json!({
        "success": true,
        "error_code": 0,
        "task_code": task.code,
        "call_datetime": task.call_datetime.map(|at| task.write(seed, 43, at)),
        "call_type": task.call_type(call),
        "duration_sec": task.seconds(call),
        "transcript": if chance(61) < 2 { Value::Null } else { transcript },
        "analysis": analysis(view, task, call, &scores, notes),
        "call_checklists": match chance(62) {
            0..3 => Value::Null,
            3..6 => json!([]),
            _ => json!([call_checklist(call)]),
        },
        "category_ids": match chance(63) {
            0..3 => Value::Null,
            3..8 => json!([]),
            _ => json!(notes.categories),
        },
        "customer_satisfaction_score": scores.shown_csat,
    });
    call.edit(&mut document);
    Some(document)
}

fn analysis(view: &View<'_>, task: &Task, call: &Call, scores: &Scores, notes: &Notes) -> Value {
    let chance = |purpose| task.chance(view.seed, purpose) % 100;
    let mut numbers = Map::new();
    numbers.insert("csat".to_owned(), json!(scores.inner_csat));
    numbers.insert("politeness".to_owned(), json!(scores.politeness));
    if chance(64) >= 3 {
        numbers.insert("empathy".to_owned(), json!(scores.empathy));
    }
    numbers.insert(
        "script_alignment".to_owned(),
        json!(scores.script_alignment),
    );
    let mut analysis = Map::new();
    analysis.insert("summary".to_owned(), json!(call.summary.brief));
    analysis.insert("sentiment".to_owned(), json!(sentiment(call)));
    analysis.insert(
        "scores".to_owned(),
        if chance(65) < 2 {
            Value::Null
        } else {
            Value::Object(numbers)
        },
    );
    analysis.insert("actions".to_owned(), json!(notes.actions));
    analysis.insert("tags".to_owned(), json!(tags(call)));
    analysis.insert(
        "analysis_notes".to_owned(),
        if chance(66) < 2 {
            Value::Null
        } else {
            analysis_notes(view, task, call, notes)
        },
    );
    if task.status == Status::Completed2 && view.options.transcripto_grown_analysis {
        // "New keys may be added": this one stands in no document.
        analysis.insert("operator_talk_share".to_owned(), json!(talk_share(call)));
    }
    Value::Object(analysis)
}

fn analysis_notes(view: &View<'_>, task: &Task, call: &Call, notes: &Notes) -> Value {
    let (mood, next) = if call.resolved {
        (
            "calm, grateful",
            "the customer is waiting for a confirmation",
        )
    } else {
        (
            "tense at first, calmer at the end",
            "the operator calls back",
        )
    };
    json!({
        "decision_driver": notes.decision_driver,
        "emotional_dynamics": mood,
        "funnel_stage": funnel_stage(view, task),
        "intention": notes.intention,
        "key_obstacles": notes.key_obstacles,
        "next_action": next,
        "operator_commitments": notes.operator_commitments,
        "product_or_service": notes.product_or_service,
        "reason_for_contact": call.summary.topic,
        "risk_signals": risk_signals(view, task, call),
        "root_cause": notes.root_cause,
        "sales_signals": sales_signals(view, task),
    })
}

fn call_checklist(call: &Call) -> Value {
    let answers: Vec<Value> = call
        .points
        .iter()
        .map(
            |point| json!({ "question_id": point.number, "title": point.name, "value": point.met }),
        )
        .collect();
    json!({
        "checklist_id": checklist::GROUP.0,
        "title": checklist::GROUP.1,
        "score": f64::from(call.score) / 100.0,
        "answers": answers,
    })
}

/// The operator's share of all letters, in hundredths.
fn talk_share(call: &Call) -> f64 {
    let letters = |speaker: Option<Speaker>| {
        let lines = call
            .lines
            .iter()
            .filter(|line| speaker.is_none_or(|one| one == line.speaker));
        lines.map(|line| line.text.chars().count()).sum::<usize>()
    };
    let share = letters(Some(Speaker::Agent)) * 100 / letters(None).max(1);
    f64::from(u32::try_from(share).unwrap_or(0)) / 100.0
}
