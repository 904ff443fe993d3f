//! Whether two programs say the same.

use anyhow::{Result, ensure};
use serde_json::{Number, Value};

/// Whether two answers say the same, but for cursors, and for how fresh the data is, which moves.
pub(super) fn same(program: &str, path: &str, ours: Value, theirs: Value) -> Result<()> {
    let part = |mut value: Value| {
        let data = value.get_mut("data").map(Value::take);
        canonical(data.unwrap_or(value))
    };
    let (ours, theirs) = (part(ours), part(theirs));
    ensure!(
        ours == theirs,
        "{program} answers something else for {path}: {}",
        difference(&ours, &theirs, "")
    );
    Ok(())
}

/// The same, with numbers as they are everywhere: 1.0 is 1.
fn canonical(value: Value) -> Value {
    match value {
        Value::Number(number) => number
            .as_f64()
            .and_then(Number::from_f64)
            .map_or(Value::Null, Value::Number),
        Value::Array(items) => items.into_iter().map(canonical).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, canonical(value)))
            .collect(),
        other => other,
    }
}

/// The first place where two values differ.
fn difference(ours: &Value, theirs: &Value, place: &str) -> String {
    match (ours, theirs) {
        (Value::Object(our), Value::Object(their)) => {
            let names = our.keys().chain(their.keys());
            let differs = |name: &&String| our.get(*name) != their.get(*name);
            let name = names.into_iter().find(differs);
            let name = name.map_or("", String::as_str);
            let at =
                |of: &serde_json::Map<String, Value>| of.get(name).cloned().unwrap_or_default();
            difference(&at(our), &at(their), &format!("{place}/{name}"))
        }
        (Value::Array(our), Value::Array(their)) if our.len() == their.len() => {
            let mut pairs = our.iter().zip(their).enumerate();
            pairs.find(|(_, (our, their))| our != their).map_or_else(
                || place.to_owned(),
                |(number, (our, their))| difference(our, their, &format!("{place}/{number}")),
            )
        }
        (our, their) => format!("{place}: {our} and {their}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_compared_by_what_they_say() {
        let one = json!({"data": [{"id": 1, "score": 53.0}], "next_cursor": "a"});
        let other = json!({"next_cursor": "b", "data": [{"score": 53, "id": 1}]});
        same("x", "/", one.clone(), other).unwrap();
        let other = json!({"data": [{"id": 1, "score": 54}]});
        let told = same("x", "/", one, other).unwrap_err().to_string();
        assert!(told.ends_with("/0/score: 53.0 and 54.0"), "{told}");
    }
}
