//! The bounds that the document tells of bodies are those that are checked: what lies on a bound is not
//! refused for it, what lies beyond is, with its place.

use std::time::Duration;

use callweave_api::ApiOptions;
use http::Method;
use serde_json::{Map, Value, json};

use crate::{
    authorization::secured,
    examples::{about, examples},
    support::{Gateway, documented::resolve},
};

/// What is said of members that depend on one another: it tells nothing about their bounds.
const DEPENDING: [&str; 3] = [
    "does not belong to a source",
    "must be given",
    "must be the id in the address",
];

/// A member of a body, and what it is tried with.
struct Trial {
    pointer: String,
    on: Vec<Value>,
    beyond: Vec<Value>,
}

/// The trials of a body by its schema. What has an example within is gone into.
fn trials(document: &Value, schema: &Value, body: &Value, pointer: &str, found: &mut Vec<Trial>) {
    let schema = known(document, schema);
    if let (Some(properties), Some(members)) = (schema["properties"].as_object(), body.as_object())
    {
        for (name, member) in properties {
            let below = format!("{pointer}/{name}");
            let member = known(document, member);
            found.extend(trial(&member, &below, members.get(name)));
            if let Some(value) = members.get(name) {
                trials(document, &member, value, &below, found);
            }
        }
    }
    if let (Some(items), Some(entries)) = (schema.get("items"), body.as_array())
        && let Some(first) = entries.first()
    {
        let below = format!("{pointer}/0");
        let items = known(document, items);
        found.extend(trial(&items, &below, Some(first)));
        trials(document, &items, first, &below, found);
    }
}

/// The schema itself, where it is named, or may be `null` besides.
fn known(document: &Value, schema: &Value) -> Value {
    let mut parts = schema["oneOf"].as_array().into_iter().flatten();
    let other = parts.find(|part| part["type"] != "null");
    resolve(document, other.unwrap_or(schema)).clone()
}

fn trial(schema: &Value, pointer: &str, value: Option<&Value>) -> Option<Trial> {
    let (mut on, mut beyond) = (Vec::new(), Vec::new());
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        only => vec![only.clone()],
    };
    let is = |word: &str| types.contains(&json!(word));
    let bound = |name: &str| {
        schema[name]
            .as_u64()
            .and_then(|bound| usize::try_from(bound).ok())
    };
    if is("string") {
        let pattern = schema["pattern"].as_str().unwrap_or_default();
        let free = pattern.starts_with("^[^") && !pattern.contains("\\s");
        if free && let Some(most) = bound("maxLength") {
            on.push(json!("x".repeat(most)));
            beyond.push(json!("x".repeat(most + 1)));
        }
        if bound("minLength") == Some(1) {
            beyond.push(json!(""));
        }
        if free {
            beyond.push(json!("x\u{0}"));
        }
        if free && pattern.contains("001F") {
            beyond.push(json!("x\n"));
        }
        if schema.get("enum").is_some() || pattern.starts_with("^(") {
            beyond.push(json!("~"));
        }
    }
    if is("integer") {
        let (least, most) = (schema["minimum"].as_i64(), schema["maximum"].as_i64());
        on.extend(least.map(Value::from));
        on.extend(most.map(|most| json!(format!("{most}.0").parse::<f64>().unwrap())));
        beyond.extend(least.map(|least| json!(least - 1)));
        beyond.extend(most.map(|most| json!(most + 1)));
        beyond.push(json!(1.5));
    }
    if is("array") {
        if bound("minItems") == Some(1) {
            beyond.push(json!([]));
        }
        let entry = value.and_then(|entries| entries.get(0));
        if let (Some(entry), Some(most @ ..=200)) = (entry, bound("maxItems")) {
            beyond.push(json!(vec![entry.clone(); most + 1]));
        }
    }
    if let Some(most) = bound("maxProperties") {
        let many: Map<String, Value> = (0..=most).map(|n| (format!("n{n}"), json!("x"))).collect();
        beyond.push(Value::Object(many));
    }
    let trial = Trial {
        pointer: pointer.to_owned(),
        on,
        beyond,
    };
    (!trial.on.is_empty() || !trial.beyond.is_empty()).then_some(trial)
}

/// The body with another value at a place.
fn with(body: &Value, pointer: &str, value: &Value) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match body.pointer_mut(parent).unwrap() {
        Value::Object(members) => {
            members.insert(name.to_owned(), value.clone());
        }
        Value::Array(entries) => entries[name.parse::<usize>().unwrap()] = value.clone(),
        _ => unreachable!("only these have members"),
    }
    body
}

#[tokio::test]
async fn case_110_the_bounds_of_bodies_are_those_that_are_checked() {
    let gateway = Gateway::start_with(ApiOptions {
        token_life: Duration::from_hours(24),
        ..ApiOptions::default()
    })
    .await;
    let document = serde_json::to_value(callweave_api::openapi()).unwrap();
    let operations = secured(&gateway).await;
    let connection = gateway.get("/v1/connections").await.ids()[0]
        .parse()
        .unwrap();
    let agent = gateway.vendor.main().owned(|owned| owned.put_agent("B"));
    let (mut tried, mut wrong) = (0, Vec::new());
    for operation in &operations {
        let content = &operation.document["requestBody"]["content"]["application/json"];
        let Some(example) = examples(content).into_iter().next() else {
            continue;
        };
        let body = about(&example, connection, &agent);
        let mut found = Vec::new();
        trials(&document, &content["schema"], &body, "", &mut found);
        for Trial {
            pointer,
            on,
            beyond,
        } in found
        {
            let cases = on
                .iter()
                .map(|value| (value, true))
                .chain(beyond.iter().map(|value| (value, false)));
            for (value, fits) in cases {
                tried += 1;
                let key = format!("bound-{tried}");
                let headers = [("idempotency-key", key.as_str())];
                let method: Method = operation.method.clone();
                let sent = with(&body, &pointer, value);
                let answer = gateway
                    .send(method, &operation.path, Some(&sent), &headers)
                    .await;
                let told = answer.text();
                if DEPENDING.iter().any(|words| told.contains(words)) {
                    continue;
                }
                let errors = match answer.status {
                    422 => answer.json()["errors"]
                        .as_array()
                        .cloned()
                        .unwrap_or_default(),
                    _ => Vec::new(),
                };
                // A member that the vendor has no use for says nothing about bounds.
                let refused = errors.iter().any(|error| {
                    error["pointer"].as_str().unwrap().starts_with(&pointer)
                        && error["code"] != "vendor_rule"
                });
                if refused == fits {
                    let value: String = value.to_string().chars().take(60).collect();
                    wrong.push(format!(
                        "{} {pointer} = {value}: {} {:.200}",
                        operation.name,
                        answer.status,
                        answer.text()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}: {wrong:#?}", wrong.len());
    assert!(tried > 300, "{tried}");
}
