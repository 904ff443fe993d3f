//! Bodies that hold to what their schema says: lengths, ranges, words. Serde reads types alone, and
//! the types of what vendors own come with their schema.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};
use utoipa::ToSchema;

use crate::{
    ApiState,
    extract::{ApiJson, decode},
    problem::{FieldError, Problem, codes},
    wire::input::PRINTABLE,
};

/// A time of day.
const TIME: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]$";
/// A date.
const DATE: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";

/// A JSON body, read strictly and held to its own schema.
#[derive(Debug)]
pub(crate) struct OwnedJson<T>(pub(crate) T);

impl<T: DeserializeOwned + ToSchema> FromRequest<ApiState> for OwnedJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, Self::Rejection> {
        let ApiJson(value) = ApiJson::<Value>::from_request(request, state).await?;
        let body = decode(value.clone())?;
        let mut errors = Vec::new();
        check_bounds::<T>(&value, "", &mut errors);
        match errors.first() {
            None => Ok(Self(body)),
            Some(first) => {
                let detail = format!("{}: {}", first.pointer, first.detail);
                Err(Problem::new(codes::INVALID_BODY, detail).with_errors(errors))
            }
        }
    }
}

/// Notes where a value, which stands at `pointer`, goes beyond the schema of `T`.
fn check_bounds<T: ToSchema>(value: &Value, pointer: &str, errors: &mut Vec<FieldError>) {
    let mut named = Vec::new();
    T::schemas(&mut named);
    let written: Result<_, serde_json::Error> = named
        .into_iter()
        .map(|(name, schema)| Ok((name, serde_json::to_value(schema)?)))
        .collect::<Result<_, _>>()
        .and_then(|named| Ok((serde_json::to_value(T::schema())?, named)));
    match written {
        Ok((schema, named)) => Walk { named, errors }.walk(&schema, value, pointer),
        Err(error) => tracing::error!(error = %error, "A schema could not be written"),
    }
}

/// A walk over a value and its schema side by side.
struct Walk<'a> {
    /// The schemas that others refer to.
    named: BTreeMap<String, Value>,
    errors: &'a mut Vec<FieldError>,
}

impl Walk<'_> {
    fn walk(&mut self, schema: &Value, value: &Value, pointer: &str) {
        // `null` where it may stand; what it means was read before.
        if value.is_null() {
            return;
        }
        let referred = schema["$ref"]
            .as_str()
            .and_then(|reference| reference.rsplit('/').next())
            .and_then(|name| self.named.get(name))
            .cloned();
        let schema = referred.as_ref().unwrap_or(schema);
        if !is_of_type(&schema["type"], value) {
            let detail = format!("must be of type {}", words(&schema["type"]).join(" or "));
            let error = FieldError::body(pointer, "invalid_value", detail);
            self.errors.push(error);
            return;
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let escaped = name.replace('~', "~0").replace('/', "~1");
                    let below = format!("{pointer}/{escaped}");
                    let known = schema["properties"].get(name).unwrap_or(&Value::Null);
                    self.walk(known, member, &below);
                }
            }
            Value::Array(items) => self.walk_items(schema, items, pointer),
            Value::String(text) => self.errors.extend(check_text(schema, text, pointer)),
            Value::Number(number) => {
                self.errors
                    .extend(check_number(schema, number.as_f64(), pointer));
            }
            Value::Bool(_) | Value::Null => {}
        }
    }

    fn walk_items(&mut self, schema: &Value, items: &[Value], pointer: &str) {
        let most = limit(schema, "maxItems").unwrap_or(u64::MAX);
        let least = limit(schema, "minItems").unwrap_or(0);
        let count = items.len() as u64;
        if count > most || count < least {
            self.errors.push(beyond(pointer, "entries", least, most));
            return;
        }
        for (index, item) in items.iter().enumerate() {
            self.walk(&schema["items"], item, &format!("{pointer}/{index}"));
        }
    }
}

fn check_text(schema: &Value, text: &str, pointer: &str) -> Option<FieldError> {
    let most = limit(schema, "maxLength").unwrap_or(u64::MAX);
    let least = limit(schema, "minLength").unwrap_or(0);
    let length = text.chars().count() as u64;
    if length > most || length < least {
        return Some(beyond(pointer, "characters", least, most));
    }
    let detail = follows(schema["pattern"].as_str()?, text).err()?;
    Some(FieldError::body(pointer, "invalid_value", detail))
}

fn check_number(schema: &Value, number: Option<f64>, pointer: &str) -> Option<FieldError> {
    let number = number?;
    let (least, most) = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
    let fits = least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most);
    let detail = match (least, most) {
        _ if fits => return None,
        (Some(least), Some(most)) => format!("must be a number from {least} to {most}"),
        (Some(least), None) => format!("must be at least {least}"),
        (None, most) => format!("must be at most {}", most.unwrap_or_default()),
    };
    Some(FieldError::body(pointer, "invalid_value", detail))
}

fn beyond(pointer: &str, what: &str, least: u64, most: u64) -> FieldError {
    let detail = if most == u64::MAX {
        format!("must be at least {least} {what}")
    } else {
        format!("must be {least} to {most} {what}")
    };
    FieldError::body(pointer, "invalid_value", detail)
}

fn limit(schema: &Value, name: &str) -> Option<u64> {
    schema[name].as_u64()
}

/// Whether a text follows one of the patterns that our schemas use.
fn follows(pattern: &str, text: &str) -> Result<(), String> {
    if let Some(words) = alternatives(pattern) {
        return if words.contains(&text) {
            Ok(())
        } else {
            Err(format!("must be one of {}", words.join(", ")))
        };
    }
    let fits = match pattern {
        PRINTABLE => !text.chars().any(char::is_control),
        TIME => is_time(text),
        DATE => is_date(text),
        // A test holds that there is no other.
        _ => true,
    };
    let meaning = match pattern {
        TIME => "must be a time of day, HH:MM",
        DATE => "must be a date, YYYY-MM-DD",
        _ => "must hold no control characters",
    };
    if fits {
        Ok(())
    } else {
        Err(meaning.to_owned())
    }
}

/// The words of a pattern that lists them.
fn alternatives(pattern: &str) -> Option<Vec<&str>> {
    let inner = pattern.strip_prefix("^(")?.strip_suffix(")$")?;
    let words: Vec<&str> = inner.split('|').collect();
    let plain = |word: &&str| {
        word.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    words.iter().all(plain).then_some(words)
}

fn is_time(text: &str) -> bool {
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u8>().ok()).flatten()
    };
    text.split_once(':')
        .and_then(|(hour, minute)| Some((number(hour)?, number(minute)?)))
        .is_some_and(|(hour, minute)| hour < 24 && minute < 60)
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

/// Whether a schema's `type` lets a value of this kind be there.
fn is_of_type(types: &Value, value: &Value) -> bool {
    let allowed = words(types);
    let fits = |word: &str| match value {
        Value::Object(_) => word == "object",
        Value::Array(_) => word == "array",
        Value::String(_) => word == "string",
        Value::Bool(_) => word == "boolean",
        Value::Number(number) => word == "number" || (word == "integer" && is_whole(number)),
        Value::Null => word == "null",
    };
    allowed.is_empty() || allowed.into_iter().any(fits)
}

/// A number is whole by its value: `3.0` is `3`.
fn is_whole(number: &Number) -> bool {
    let by_value = |number: f64| number.fract() == 0.0;
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(by_value)
}

/// The words of a `type`; none where anything may be there.
fn words(types: &Value) -> Vec<&str> {
    match types {
        Value::String(word) => vec![word],
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use callweave_model::owned::{
        AgentFieldDraft, EvaluationDraft, RubricChange, RubricDraft, RubricItemDraft,
        SpeechKeyChange, TermChange, TermDraft, TimeSlotChange, TimeSlotDraft, VendorTokenDraft,
        VoiceAgentChange,
    };
    use serde_json::json;
    use utoipa::PartialSchema as _;

    use super::*;

    fn pointers<T: ToSchema>(value: &Value) -> Vec<String> {
        let mut errors = Vec::new();
        check_bounds::<T>(value, "", &mut errors);
        errors.into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn what_goes_beyond_the_schema_is_named() {
        let cases = [
            (json!({"kind": "script", "name": "n"}), ""),
            (json!({"kind": "other", "name": "n"}), "/kind"),
            (json!({"kind": "script", "name": ""}), "/name"),
            (json!({"kind": "script", "name": "x".repeat(501)}), "/name"),
            (json!({"pass_threshold_pct": 100.5}), "/pass_threshold_pct"),
            (json!({"pass_threshold_pct": -1}), "/pass_threshold_pct"),
            (json!({"pass_threshold_pct": null, "filters": [1]}), ""),
            (json!({"tags": vec![json!({}); 1_001]}), "/tags"),
        ];
        for (value, expected) in cases {
            let found = pointers::<RubricDraft>(&value).join(" ");
            assert_eq!(found, expected, "{value:.200}");
        }
        let slot = |time: &str| json!({"day": 1, "not_before": time, "not_after": "18:00"});
        assert_eq!(pointers::<TimeSlotDraft>(&slot("09:00")).len(), 0);
        for time in ["9:00", "24:00", "09:60", "09:00:00", "", "ab:cd", "+1:00"] {
            assert_eq!(
                pointers::<TimeSlotDraft>(&slot(time)),
                ["/not_before"],
                "{time}"
            );
        }
        assert_eq!(
            pointers::<TermDraft>(&json!({"name": "n", "criteria": []})),
            ["/criteria"]
        );
    }

    #[test]
    fn every_pattern_of_a_body_is_enforced() {
        let mut patterns = Vec::new();
        let schemas = [
            RubricDraft::schema(),
            RubricChange::schema(),
            RubricItemDraft::schema(),
            TermDraft::schema(),
            TermChange::schema(),
            TimeSlotDraft::schema(),
            TimeSlotChange::schema(),
            AgentFieldDraft::schema(),
            VoiceAgentChange::schema(),
            SpeechKeyChange::schema(),
            EvaluationDraft::schema(),
            VendorTokenDraft::schema(),
        ];
        for schema in schemas {
            collect(&serde_json::to_value(schema).unwrap(), &mut patterns);
        }
        assert!(!patterns.is_empty());
        for pattern in patterns {
            let known = [PRINTABLE, TIME, DATE].contains(&pattern.as_str());
            assert!(known || alternatives(&pattern).is_some(), "{pattern}");
        }
    }

    fn collect(schema: &Value, patterns: &mut Vec<String>) {
        match schema {
            Value::Object(members) => {
                if let Some(pattern) = members.get("pattern").and_then(Value::as_str) {
                    patterns.push(pattern.to_owned());
                }
                members
                    .values()
                    .for_each(|member| collect(member, patterns));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, patterns)),
            _ => {}
        }
    }
}
