//! Members of the vendor's rows, taken one by one; what is left is shown under the vendor's names.

use callweave_model::owned::Extra;
use callweave_provider::{number::as_i64, tolerant};
use serde_json::Value;

use crate::wire::Row;

/// What stands in place of a secret.
const MASK: &str = "***";

/// Words in the name of a member that holds a secret.
const SECRET_WORDS: &[&str] = &["password", "secret", "token", "api_key", "credential"];

/// Takes a text, also one that is written as a number; `None` where there is none. What is no text
/// stays in the row.
pub(crate) fn text(row: &mut Row, name: &str) -> Option<String> {
    let text = match row.get(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null => String::new(),
        _ => return None,
    };
    row.remove(name);
    (!text.is_empty()).then_some(text)
}

/// Takes a whole number, also one that is written as text. What is none stays in the row.
pub(crate) fn integer(row: &mut Row, name: &str) -> Option<i64> {
    let value = row.get(name)?;
    if value.is_null() {
        row.remove(name);
        return None;
    }
    let number = as_i64(value)?;
    row.remove(name);
    Some(number)
}

/// Takes a truth value, in any of its spellings. What is none stays in the row.
pub(crate) fn truth(row: &mut Row, name: &str) -> Option<bool> {
    let value = row.get(name)?.clone();
    let read = tolerant::truth(value).ok()?;
    row.remove(name);
    read
}

/// Puts a member back, because its value cannot be told in canonical words alone.
pub(crate) fn keep(row: &mut Row, name: &str, value: Value) {
    row.insert(name.to_owned(), value);
}

/// What is left of a row, without its secrets.
pub(crate) fn rest(mut row: Row) -> Extra {
    for (name, value) in &mut row {
        let name = name.to_lowercase();
        if SECRET_WORDS.iter().any(|word| name.contains(word)) && !value.is_null() {
            *value = Value::from(MASK);
        }
    }
    row
}

/// What is left of a row of secrets: the names alone.
pub(crate) fn masked_rest(mut row: Row) -> Extra {
    for value in row.values_mut().filter(|value| !value.is_null()) {
        *value = Value::from(MASK);
    }
    row
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{integer, masked_rest, rest, text, truth};
    use crate::wire::Row;

    fn row(value: Value) -> Row {
        match value {
            Value::Object(row) => row,
            _ => Row::new(),
        }
    }

    #[test]
    fn what_fits_is_taken_and_the_rest_stays() {
        let mut all = row(json!({
            "name": " a ", "none": null, "count": "5", "odd": {"x": 1}, "flag": "true", "more": 1,
        }));
        assert_eq!(text(&mut all, "name").as_deref(), Some("a"));
        assert_eq!(text(&mut all, "none"), None);
        assert_eq!(integer(&mut all, "count"), Some(5));
        assert_eq!(integer(&mut all, "odd"), None);
        assert_eq!(text(&mut all, "odd"), None);
        assert_eq!(truth(&mut all, "flag"), Some(true));
        assert_eq!(truth(&mut all, "odd"), None);
        assert_eq!(Value::Object(all), json!({"odd": {"x": 1}, "more": 1}));
    }

    #[test]
    fn secrets_are_shown_by_name_only() {
        let extra = rest(row(
            json!({"sip_password": "x", "note": "y", "token": null}),
        ));
        assert_eq!(
            Value::Object(extra),
            json!({"sip_password": "***", "note": "y", "token": null})
        );
        let extra = masked_rest(row(json!({"scope": "x", "expires": 5})));
        assert_eq!(
            Value::Object(extra),
            json!({"scope": "***", "expires": "***"})
        );
    }
}
