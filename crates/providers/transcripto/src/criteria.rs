//! The criteria of the vendor's search: which there are, and how they stand in a query.

use callweave_provider::{
    Result,
    decode::escape,
    number::{as_f64, as_i64},
    when,
};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::input::refuse;

const OPERATION: &str = "TR-10";

/// What a criterion takes.
#[derive(Clone, Copy)]
enum Takes {
    Text,
    Integer,
    Number,
    /// A day or an instant.
    Date,
    Integers,
    Texts,
}

/// The criteria that the document names.
const CRITERIA: [(&str, Takes); 28] = [
    ("task_code", Takes::Text),
    ("task_id", Takes::Integer),
    ("date_from", Takes::Date),
    ("date_to", Takes::Date),
    ("task_type", Takes::Text),
    ("status", Takes::Text),
    ("call_type", Takes::Text),
    ("operator_name", Takes::Text),
    ("message", Takes::Text),
    ("tone_id", Takes::Integers),
    ("resolved_status_id", Takes::Integers),
    ("priority_id", Takes::Integers),
    ("funnel_stage_id", Takes::Integers),
    ("risk_signal_id", Takes::Integers),
    ("sales_signal_id", Takes::Integers),
    ("script_alignment_min", Takes::Number),
    ("script_alignment_max", Takes::Number),
    ("customer_satisfaction_score_min", Takes::Integer),
    ("customer_satisfaction_score_max", Takes::Integer),
    ("operator_politeness", Takes::Integers),
    ("operator_politeness_min", Takes::Integer),
    ("operator_politeness_max", Takes::Integer),
    ("tags_any", Takes::Texts),
    ("tags_all", Takes::Texts),
    ("length_min", Takes::Number),
    ("length_max", Takes::Number),
    ("checklist_id", Takes::Integer),
    ("answers", Takes::Texts),
];

/// Criteria, checked; `null` asks for nothing.
#[derive(Debug, Default)]
pub(crate) struct Criteria(Vec<(&'static str, Given)>);

#[derive(Debug)]
enum Given {
    One(Value),
    Many(Vec<Value>),
}

impl Criteria {
    /// Checks names and values; what the vendor does not know is refused where it stands.
    pub(crate) fn read(criteria: &Map<String, Value>) -> Result<Self> {
        let mut read = Vec::new();
        for (name, value) in criteria {
            let pointer = format!("/criteria/{}", escape(name));
            let Some((name, takes)) = CRITERIA.iter().find(|(known, _)| known == name) else {
                let detail = match name.as_str() {
                    "page" | "per_page" => "pages are asked for with limit and cursor",
                    _ => "this vendor's search has no such criterion",
                };
                return Err(refuse(OPERATION, &pointer, detail));
            };
            match value {
                Value::Null => {}
                Value::Array(values) => {
                    if !matches!(takes, Takes::Integers | Takes::Texts) {
                        return Err(refuse(OPERATION, &pointer, "takes one value"));
                    }
                    for (place, value) in values.iter().enumerate() {
                        check(*takes, value, &format!("{pointer}/{place}"))?;
                    }
                    if !values.is_empty() {
                        read.push((*name, Given::Many(values.clone())));
                    }
                }
                value => {
                    check(*takes, value, &pointer)?;
                    read.push((*name, Given::One(value.clone())));
                }
            }
        }
        Ok(Self(read))
    }

    /// The text of one criterion.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|(known, given)| match given {
            Given::One(Value::String(text)) if *known == name => Some(text.as_str()),
            _ => None,
        })
    }

    /// The criteria as the pairs of a query, lists separated by commas; `None` where an element
    /// holds a comma itself.
    pub(crate) fn pairs(&self) -> Option<Vec<(&'static str, String)>> {
        self.0
            .iter()
            .map(|(name, given)| match given {
                Given::One(value) => Some((*name, plain(value))),
                Given::Many(values) => {
                    let texts: Vec<String> = values.iter().map(plain).collect();
                    let fits = texts.iter().all(|text| !text.contains(','));
                    fits.then(|| (*name, texts.join(",")))
                }
            })
            .collect()
    }

    /// The criteria as members of a body.
    pub(crate) fn members(&self) -> Map<String, Value> {
        self.0
            .iter()
            .map(|(name, given)| {
                let value = match given {
                    Given::One(value) => value.clone(),
                    Given::Many(values) => Value::Array(values.clone()),
                };
                ((*name).to_owned(), value)
            })
            .collect()
    }
}

fn check(takes: Takes, value: &Value, pointer: &str) -> Result<()> {
    let (fits, detail) = match takes {
        Takes::Text => (is_text(value), "must be a text"),
        Takes::Integer => (as_i64(value).is_some(), "must be a whole number"),
        Takes::Number => (as_f64(value).is_some(), "must be a number"),
        Takes::Date => (
            is_date(value),
            "must be a day or an instant, as in ISO 8601",
        ),
        Takes::Integers => (is_integers(value), "must be whole numbers"),
        Takes::Texts => (is_text(value), "must be texts"),
    };
    if fits {
        Ok(())
    } else {
        Err(refuse(OPERATION, pointer, detail))
    }
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

fn is_date(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    let year_first = text
        .get(..4)
        .is_some_and(|year| year.parse::<u16>().is_ok());
    year_first && text.get(4..5) == Some("-") && when::read(text, &TimeZone::UTC).is_some()
}

/// One number, or several separated by commas.
fn is_integers(value: &Value) -> bool {
    match value {
        Value::String(text) => text
            .split(',')
            .all(|part| part.trim().parse::<i64>().is_ok()),
        other => as_i64(other).is_some(),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{CRITERIA, Criteria};

    fn read(criteria: &Value) -> Result<Criteria, String> {
        Criteria::read(criteria.as_object().unwrap())
            .map_err(|error| error.pointer.unwrap_or_default())
    }

    #[test]
    fn trap_t38_lists_are_separated_by_commas_and_a_comma_inside_needs_a_body() {
        let criteria = json!({"tone_id": [1, 2], "tags_any": ["eSIM", "APN"], "risk_signal_id": null, "length_min": 3.5, "answers": []});
        let pairs = read(&criteria).unwrap().pairs().unwrap();
        let expected = [
            ("length_min", "3.5"),
            ("tags_any", "eSIM,APN"),
            ("tone_id", "1,2"),
        ];
        assert_eq!(pairs, expected.map(|(name, text)| (name, text.to_owned())));
        let comma = read(&json!({"tags_all": ["a,b"]})).unwrap();
        assert!(comma.pairs().is_none());
        assert_eq!(comma.members()["tags_all"], json!(["a,b"]));
    }

    #[test]
    fn what_the_vendor_does_not_know_is_refused_where_it_stands() {
        for (criteria, pointer) in [
            (json!({"tone": 1}), "/criteria/tone"),
            (json!({"a/b": 1}), "/criteria/a~1b"),
            (json!({"page": 1}), "/criteria/page"),
            (json!({"task_id": "x"}), "/criteria/task_id"),
            (json!({"tone_id": [1, "x"]}), "/criteria/tone_id/1"),
            (json!({"status": ["completed"]}), "/criteria/status"),
            (json!({"date_from": "01.02.2026"}), "/criteria/date_from"),
            (json!({"date_to": "soon"}), "/criteria/date_to"),
            (json!({"message": ""}), "/criteria/message"),
            (json!({"length_max": {}}), "/criteria/length_max"),
        ] {
            assert_eq!(read(&criteria).unwrap_err(), pointer, "{criteria}");
        }
        assert_eq!(CRITERIA.len(), 28);
    }
}
