//! The analysis of a task (TR-12).

use callweave_model::{
    Analysis,
    analysis::{ActionItem, Detection, Score, Sentiment, Summary, Topic},
    enums::{
        ActionKind, DetectionType, ScoreName, SentimentLabel, SentimentScope, SummaryType,
        TextFormat,
    },
};
use serde_json::{Value, json};

use crate::{
    members::{Members, Rest},
    notes, scorecards,
};

/// The lower and the upper end.
type Scale = (f64, f64);

/// The scale of customer satisfaction, in both places where it is told.
const CSAT: Scale = (0.0, 10.0);

/// Scores by the vendor's name: the canonical name and the scale that its document tells.
const SCORES: &[(&str, ScoreName, Option<Scale>)] = &[
    ("csat", ScoreName::Csat, Some(CSAT)),
    ("politeness", ScoreName::Politeness, Some((0.0, 1.0))),
    // Another number than `politeness`, on the scale of the list's filter.
    (
        "operator_politeness",
        ScoreName::Politeness,
        Some((1.0, 5.0)),
    ),
    ("empathy", ScoreName::Empathy, Some((0.0, 1.0))),
    (
        "script_alignment",
        ScoreName::ScriptAlignment,
        Some((0.0, 100.0)),
    ),
    ("lead_score", ScoreName::LeadScore, None),
    ("quality", ScoreName::Quality, None),
];

/// Reads the document's members into the run.
pub(crate) fn read(run: &mut Analysis, document: &mut Members, rest: &mut Rest) {
    if let Some(mut analysis) = document.object("analysis") {
        if let Some(text) = analysis.text("summary") {
            run.summaries.push(Summary {
                summary_type: SummaryType::Brief,
                text,
                language: None,
                format: TextFormat::Plain,
                sections: std::collections::BTreeMap::new(),
            });
        }
        sentiment(run, &mut analysis);
        scores(run, &mut analysis, rest);
        for action in analysis.list("actions") {
            if let Some(text) = action.text(&["text", "action", "title"], rest) {
                run.action_items
                    .push(item(text, ActionKind::Recommendation));
            }
        }
        for tag in analysis.list("tags") {
            if let Some(name) = tag.text(&["name", "tag", "title"], rest) {
                run.detections
                    .push(Detection::new(name, DetectionType::Tag));
            }
        }
        notes::read(run, &mut analysis, rest);
        analysis.finish(rest);
    }
    for list in document.list("call_checklists") {
        run.scorecards.extend(scorecards::checklist(list, rest));
    }
    for category in document.list("category_ids") {
        if let Some(id) = category.text(&["id", "category_id"], rest) {
            run.topics.push(Topic {
                remote_id: Some(id),
                ..Topic::default()
            });
        }
    }
}

/// The tone of the call; its course in words is among the notes.
fn sentiment(run: &mut Analysis, analysis: &mut Members) {
    let Some(raw) = analysis.text("sentiment") else {
        return;
    };
    let label = match raw.to_lowercase().as_str() {
        "positive" => SentimentLabel::Positive,
        "neutral" => SentimentLabel::Neutral,
        "negative" => SentimentLabel::Negative,
        "mixed" => SentimentLabel::Mixed,
        _ => SentimentLabel::Other,
    };
    let mut sentiment = of_call(Some(label));
    sentiment
        .vendor_values
        .insert("label".to_owned(), Value::String(raw));
    run.sentiments.push(sentiment);
}

/// A sentiment of the whole call.
pub(crate) fn of_call(label: Option<SentimentLabel>) -> Sentiment {
    Sentiment {
        scope: SentimentScope::Call,
        party_index: None,
        label,
        score: None,
        narrative: None,
        vendor_values: std::collections::BTreeMap::new(),
    }
}

/// Something to be done.
pub(crate) const fn item(text: String, kind: ActionKind) -> ActionItem {
    ActionItem {
        text,
        kind,
        owner_party_index: None,
        due_at: None,
        done: None,
    }
}

fn scores(run: &mut Analysis, analysis: &mut Members, rest: &mut Rest) {
    // A score may stand beside the others instead of among them.
    for name in ["script_alignment", "operator_politeness"] {
        if let Some(value) = analysis.number(name) {
            run.scores.push(score(name, value));
        }
    }
    let Some(mut scores) = analysis.object("scores") else {
        return;
    };
    for name in scores.names() {
        if let Some(value) = scores.number(&name) {
            run.scores.push(score(&name, value));
        }
    }
    scores.finish(rest);
}

fn score(name: &str, value: f64) -> Score {
    let known = SCORES.iter().find(|(known, _, _)| *known == name);
    let (canonical, scale) = known.map_or((ScoreName::Other, None), |(_, canonical, scale)| {
        (*canonical, *scale)
    });
    Score::on_scale(canonical, name, value, scale)
}

/// Customer satisfaction is told up to three times: beside the analysis, which is preferred, among
/// its scores, and in the list. Where they disagree, each is kept and the difference is told.
pub(crate) fn csat(
    run: &mut Analysis,
    analysis: &mut Members,
    row: &mut Members,
    task: &mut Members,
) {
    const NAME: &str = "customer_satisfaction_score";
    let listed = row.number(NAME);
    let detailed = task.number(NAME);
    let Some(value) = analysis.number(NAME).or(detailed).or(listed) else {
        return;
    };
    let among = run.scores.iter().position(|score| score.name_raw == "csat");
    let other = among
        .and_then(|place| run.scores.get(place))
        .map(|score| score.value);
    match (among, other) {
        (Some(_), Some(other)) if other != value => {
            run.extra.insert(
                "csat_mismatch".to_owned(),
                json!({"customer_satisfaction_score": value, "csat": other}),
            );
        }
        (Some(place), _) => {
            run.scores.remove(place);
        }
        (None, _) => {}
    }
    run.scores
        .insert(0, Score::on_scale(ScoreName::Csat, NAME, value, Some(CSAT)));
}
