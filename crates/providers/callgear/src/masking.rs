//! Tokens of the account are never shown whole.

use callweave_model::owned::Extra;
use serde_json::Value;

/// The shortest token whose last characters are told; of a shorter one they would tell too much.
const SHORTEST: usize = 12;
/// How many characters are told.
const TOLD: usize = 4;
/// Words in the names of members that hold secrets.
const SECRET_WORDS: [&str; 4] = ["token", "secret", "password", "key"];
/// Members with such a word that hold none.
const HARMLESS: [&str; 2] = ["token_type", "issued_token_type"];

/// The last characters of a token behind a mask.
pub(crate) fn hint(token: &str) -> String {
    let characters = token.chars().count();
    let told = if characters < SHORTEST { 0 } else { TOLD };
    let end: String = token.chars().skip(characters - told).collect();
    format!("…{end}")
}

/// Masks the secrets among the members of an object, at any depth.
pub(crate) fn mask_members(members: &mut Extra) {
    for (name, member) in members.iter_mut() {
        let lower = name.to_ascii_lowercase();
        let is_secret = SECRET_WORDS.iter().any(|word| lower.contains(word))
            && !HARMLESS.contains(&lower.as_str());
        match member {
            Value::String(text) if is_secret => *text = hint(text),
            Value::Number(_) if is_secret => *member = Value::from(hint("")),
            other => mask(other),
        }
    }
}

/// Masks the secrets in a document, at any depth.
pub(crate) fn mask(document: &mut Value) {
    match document {
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(members) => mask_members(members),
        _ => {}
    }
}

/// Masks the members that are called `access_token`, at any depth; whether there were any.
pub(crate) fn mask_access_tokens(document: &mut Value) -> bool {
    let mut any = false;
    match document {
        Value::Array(items) => {
            for item in items {
                any |= mask_access_tokens(item);
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match member {
                    Value::String(token) if name == "access_token" => {
                        *token = hint(token);
                        any = true;
                    }
                    other => any |= mask_access_tokens(other),
                }
            }
        }
        _ => {}
    }
    any
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn trap_c45_no_token_is_shown_whole() {
        assert_eq!(hint("an-invented-token"), "…oken");
        assert_eq!((hint("short"), hint("")), ("…".to_owned(), "…".to_owned()));
        assert_eq!(hint("длинный-секрет-ключ"), "…ключ");
        let mut document = json!([{
            "name": "crm", "access_token": "an-invented-token", "token_type": "Bearer",
            "issued_token_type": "urn:x", "inner": {"api_key": "0123456789abcdef", "pin_secret": 7},
        }]);
        mask(&mut document);
        let masked = json!([{
            "name": "crm", "access_token": "…oken", "token_type": "Bearer",
            "issued_token_type": "urn:x", "inner": {"api_key": "…cdef", "pin_secret": "…"},
        }]);
        assert_eq!(document, masked);
    }
}
