//! The 28 criteria of the task search, read from JSON or from a query.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    analysis::{self, Scores},
    answer::Failure,
    checklist, instants,
    task::{Task, View},
};
use crate::call::Call;

/// What a search asks for. Absent members ask for nothing.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Criteria {
    task_code: Option<String>,
    task_id: Option<i64>,
    date_from: Option<Timestamp>,
    date_to: Option<Timestamp>,
    task_type: Option<String>,
    status: Option<String>,
    call_type: Option<String>,
    operator_name: Option<String>,
    message: Option<String>,
    tone_id: Option<Vec<i64>>,
    resolved_status_id: Option<Vec<i64>>,
    priority_id: Option<Vec<i64>>,
    funnel_stage_id: Option<Vec<i64>>,
    risk_signal_id: Option<Vec<i64>>,
    sales_signal_id: Option<Vec<i64>>,
    script_alignment: Range,
    satisfaction: Range,
    operator_politeness: Option<Vec<i64>>,
    politeness: Range,
    tags_any: Option<Vec<String>>,
    tags_all: Option<Vec<String>>,
    length: Range,
    checklist_id: Option<i64>,
    answers: Option<Vec<String>>,
}

/// Bounds that are both optional and both inclusive.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Range {
    min: Option<f64>,
    max: Option<f64>,
}

impl Range {
    const fn is_open(self) -> bool {
        self.min.is_none() && self.max.is_none()
    }

    fn holds(self, value: f64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }
}

/// Members of a search, as JSON or as text.
pub(crate) struct Members<'a>(pub(crate) &'a Map<String, Value>);

impl Members<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        self.0
            .get(name)
            .filter(|value| !value.is_null() && value.as_str() != Some(""))
    }

    fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(Failure::invalid(&format!("{name} must be a string"))),
        }
    }

    fn number(&self, name: &str) -> Result<Option<f64>, Failure> {
        let number = match self.value(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        let number = number.filter(|number| number.is_finite());
        number
            .map(Some)
            .ok_or_else(|| Failure::invalid(&format!("{name} must be a number")))
    }

    /// A whole number.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Failure> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => integer(value)
                .map(Some)
                .ok_or_else(|| Failure::invalid(&format!("{name} must be an integer"))),
        }
    }

    /// Words as a list or separated by commas.
    fn words(&self, name: &str) -> Option<Vec<String>> {
        let words: Vec<String> = match self.value(name)? {
            Value::Array(items) => items.iter().filter_map(word).collect(),
            Value::String(text) => text.split(',').map(|word| word.trim().to_owned()).collect(),
            other => word(other).into_iter().collect(),
        };
        let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
        (!words.is_empty()).then_some(words)
    }

    fn integers(&self, name: &str) -> Result<Option<Vec<i64>>, Failure> {
        let Some(words) = self.words(name) else {
            return Ok(None);
        };
        words
            .iter()
            .map(|word| word.parse())
            .collect::<Result<Vec<i64>, _>>()
            .ok()
            .map(Some)
            .ok_or_else(|| {
                Failure::invalid(&format!("{name} must be an integer or a list of them"))
            })
    }

    fn range(&self, name: &str) -> Result<Range, Failure> {
        Ok(Range {
            min: self.number(&format!("{name}_min"))?,
            max: self.number(&format!("{name}_max"))?,
        })
    }

    fn instant(
        &self,
        name: &str,
        read: fn(&str) -> Option<Timestamp>,
    ) -> Result<Option<Timestamp>, Failure> {
        match self.text(name)? {
            None => Ok(None),
            Some(text) => read(&text)
                .map(Some)
                .ok_or_else(|| Failure::invalid(&format!("{name} is not a date or a datetime"))),
        }
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Criteria {
    /// Reads the criteria; what is not known is passed over.
    pub(crate) fn read(members: &Members<'_>) -> Result<Self, Failure> {
        let lower = |text: Option<String>| text.map(|text| text.to_lowercase());
        Ok(Self {
            task_code: lower(members.text("task_code")?),
            task_id: members.integer("task_id")?,
            date_from: members.instant("date_from", instants::first_of)?,
            date_to: members.instant("date_to", instants::last_of)?,
            task_type: members.text("task_type")?,
            status: members.text("status")?,
            call_type: members.text("call_type")?,
            operator_name: lower(members.text("operator_name")?),
            message: lower(members.text("message")?),
            tone_id: members.integers("tone_id")?,
            resolved_status_id: members.integers("resolved_status_id")?,
            priority_id: members.integers("priority_id")?,
            funnel_stage_id: members.integers("funnel_stage_id")?,
            risk_signal_id: members.integers("risk_signal_id")?,
            sales_signal_id: members.integers("sales_signal_id")?,
            script_alignment: members.range("script_alignment")?,
            satisfaction: members.range("customer_satisfaction_score")?,
            operator_politeness: members.integers("operator_politeness")?,
            politeness: members.range("operator_politeness")?,
            tags_any: members.words("tags_any"),
            tags_all: members.words("tags_all"),
            length: members.range("length")?,
            checklist_id: members.integer("checklist_id")?,
            answers: members.words("answers"),
        })
    }

    /// Whether every task matches.
    pub(crate) fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a task may match, as far as can be told without its texts.
    pub(crate) fn admits(&self, task: &Task) -> bool {
        let dated = self.date_from.is_none() && self.date_to.is_none()
            || task.call_datetime.is_some_and(|at| {
                self.date_from.is_none_or(|from| at >= from)
                    && self.date_to.is_none_or(|to| at <= to)
            });
        dated
            && self
                .task_code
                .as_ref()
                .is_none_or(|code| task.code.to_string() == *code)
            && self.task_id.is_none_or(|id| task.id == id)
            && self
                .task_type
                .as_ref()
                .is_none_or(|kind| task.type_text == kind.as_str())
            && self
                .status
                .as_ref()
                .is_none_or(|status| task.status_text == status.as_str())
            && (!self.asks_for_analysis() || analysis::has_analysis(task))
    }

    /// Whether the call behind the task has to be looked at.
    pub(crate) fn needs_call(&self) -> bool {
        self.asks_for_analysis()
            || self.call_type.is_some()
            || self.operator_name.is_some()
            || self.message.is_some()
            || !self.length.is_open()
    }

    /// Whether a task that was admitted matches in full.
    pub(crate) fn matches(&self, view: &View<'_>, task: &Task, call: &Call) -> bool {
        let operator = || {
            task.operator_name(view.seed, call)
                .unwrap_or_default()
                .to_lowercase()
        };
        self.call_type
            .as_deref()
            .is_none_or(|kind| task.call_type(call) == Some(kind))
            && self
                .operator_name
                .as_ref()
                .is_none_or(|part| operator().contains(part))
            && self.length.holds(task.minutes(call))
            && self
                .message
                .as_ref()
                .is_none_or(|words| is_said(view, task, call, words))
            && (!self.asks_for_analysis() || self.matches_analysis(view, task, call))
    }

    fn asks_for_analysis(&self) -> bool {
        self.asks_for_ids()
            || !self.script_alignment.is_open()
            || !self.satisfaction.is_open()
            || self.operator_politeness.is_some()
            || !self.politeness.is_open()
            || self.tags_any.is_some()
            || self.tags_all.is_some()
            || self.asks_for_answers()
    }

    const fn asks_for_ids(&self) -> bool {
        self.tone_id.is_some()
            || self.resolved_status_id.is_some()
            || self.priority_id.is_some()
            || self.funnel_stage_id.is_some()
            || self.risk_signal_id.is_some()
            || self.sales_signal_id.is_some()
    }

    /// The question alone, or answers without a question, ask for nothing.
    const fn asks_for_answers(&self) -> bool {
        self.checklist_id.is_some() && self.answers.is_some()
    }

    fn matches_analysis(&self, view: &View<'_>, task: &Task, call: &Call) -> bool {
        let Some(scores) = Scores::of(view, task, call) else {
            return false;
        };
        let float = |number: i64| f64::from(i32::try_from(number).unwrap_or(0));
        let satisfied = self.satisfaction.is_open()
            || scores
                .shown_csat
                .is_some_and(|csat| self.satisfaction.holds(float(csat)));
        satisfied
            && self.script_alignment.holds(float(scores.script_alignment))
            && self.politeness.holds(float(scores.operator_politeness))
            && among(
                self.operator_politeness.as_deref(),
                Some(scores.operator_politeness),
            )
            && self.matches_tags(call)
            && self.matches_ids(view, task, call)
            && self.matches_answers(view, task, call)
    }

    fn matches_tags(&self, call: &Call) -> bool {
        let tags = analysis::tags(call);
        let has = |wanted: &String| {
            tags.iter()
                .any(|tag| tag.to_lowercase() == wanted.to_lowercase())
        };
        self.tags_any
            .as_ref()
            .is_none_or(|wanted| wanted.iter().any(has))
            && self
                .tags_all
                .as_ref()
                .is_none_or(|wanted| wanted.iter().all(has))
    }

    /// The dictionaries behind these ids are listed nowhere; this is the sandbox's own numbering.
    fn matches_ids(&self, view: &View<'_>, task: &Task, call: &Call) -> bool {
        let place = |words: &[&str], word: &str| {
            let place = words.iter().position(|known| *known == word)?;
            i64::try_from(place + 1).ok()
        };
        let stages = [
            "awareness",
            "qualification",
            "proposal",
            "negotiation",
            "closing",
        ];
        let tone = place(
            &["positive", "neutral", "negative"],
            analysis::sentiment(call),
        );
        let resolved = Some(if call.resolved { 5 } else { 6 });
        let priority = i64::try_from(task.chance(view.seed, 68) % 3 + 1).ok();
        let risk = analysis::risk_signals(view, task, call);
        among(self.tone_id.as_deref(), tone)
            && among(self.resolved_status_id.as_deref(), resolved)
            && among(self.priority_id.as_deref(), priority)
            && among(
                self.funnel_stage_id.as_deref(),
                place(&stages, analysis::funnel_stage(view, task)),
            )
            && among(
                self.risk_signal_id.as_deref(),
                place(&["churn"], risk.as_str().unwrap_or_default()),
            )
            && among(
                self.sales_signal_id.as_deref(),
                place(
                    &["upsell", "cross-sell"],
                    analysis::sales_signals(view, task),
                ),
            )
    }

    fn matches_answers(&self, view: &View<'_>, task: &Task, call: &Call) -> bool {
        let (Some(question), Some(answers)) = (self.checklist_id, &self.answers) else {
            return true;
        };
        checklist::answers_of(view, task, call)
            .iter()
            .any(|(id, _, answer)| *id == question && answers.contains(answer))
    }
}

fn among(wanted: Option<&[i64]>, value: Option<i64>) -> bool {
    wanted.is_none_or(|wanted| value.is_some_and(|value| wanted.contains(&value)))
}

/// Full-text search over summary and texts: every word has to occur.
fn is_said(view: &View<'_>, task: &Task, call: &Call, words: &str) -> bool {
    let mut text = analysis::original_text(view, task, call).unwrap_or_default();
    if analysis::has_analysis(task) {
        text.push('\n');
        text.push_str(&call.summary.brief);
    }
    let text = text.to_lowercase();
    words.split_whitespace().all(|word| text.contains(word))
}
