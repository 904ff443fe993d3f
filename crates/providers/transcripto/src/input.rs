//! What a caller wrote, checked before anything is sent.

use callweave_provider::{ErrorKind, ProviderError, Result};
use serde_json::Value;

use crate::VENDOR;

/// The caller's input does not fit; `pointer` says where.
pub(crate) fn refuse(operation: &'static str, pointer: &str, detail: &str) -> ProviderError {
    ProviderError::invalid_input(VENDOR, operation, pointer, detail)
}

/// Members that this vendor has no place for must not be there.
pub(crate) fn no_place(operation: &'static str, members: &[(&str, bool)]) -> Result<()> {
    match members.iter().find(|(_, given)| *given) {
        Some((pointer, _)) => Err(refuse(
            operation,
            pointer,
            "this vendor has no place for it here",
        )),
        None => Ok(()),
    }
}

/// A text that must hold something.
pub(crate) fn filled<'a>(
    operation: &'static str,
    pointer: &str,
    text: Option<&'a str>,
) -> Result<&'a str> {
    text.filter(|text| !text.trim().is_empty())
        .ok_or_else(|| refuse(operation, pointer, "must be given and not be empty"))
}

/// A number of the vendor's in a member of the input.
pub(crate) fn number(operation: &'static str, pointer: &str, text: &str) -> Result<Value> {
    whole(text).map(Value::from).ok_or_else(|| {
        refuse(
            operation,
            pointer,
            "must be one of this vendor's whole numbers",
        )
    })
}

/// A number of the vendor's in the place of an id: what cannot be one does not exist.
pub(crate) fn id(operation: &'static str, text: &str) -> Result<i64> {
    whole(text).ok_or_else(|| unknown(operation))
}

/// The vendor has no such thing; it was not even asked.
pub(crate) fn unknown(operation: &'static str) -> ProviderError {
    ProviderError::new(VENDOR, operation, ErrorKind::NotFound)
        .with_message("the vendor has nothing with this id")
}

/// A whole number without sign, as its only spelling.
fn whole(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number >= 0 && number.to_string() == text).then_some(number)
}

/// The code of a task: opaque, and fit to stand in an address.
pub(crate) fn is_task_code(text: &str) -> bool {
    let fits = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let dots_only = text.chars().all(|character| character == '.');
    text.len() <= 128 && !dots_only && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::{id, is_task_code, whole};

    #[test]
    fn an_id_has_one_spelling() {
        assert_eq!(whole("12"), Some(12));
        for odd in [
            "",
            "-1",
            "+1",
            "01",
            "1.0",
            " 1",
            "1/2",
            "99999999999999999999",
            "\u{661}",
        ] {
            assert!(id("TR-16", odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn trap_t11_a_code_is_opaque_and_stays_in_its_place() {
        for fit in ["b7a62594-a664-4519-b0de-077b5522e245", "legacy_7", "aB3.x"] {
            assert!(is_task_code(fit), "{fit}");
        }
        for odd in ["", ".", "..", "a/b", "a?b", "a b", "\u{0}"] {
            assert!(!is_task_code(odd), "{odd:?}");
        }
    }
}
