//! A dialog as the vendor takes it, and what it answers.

use callweave_model::owned::DialogRequest;
use callweave_provider::{ProviderError, Result, decode::escape, dialogs::DialogTarget, tolerant};
use serde_json::Value;

use crate::{
    VENDOR,
    error::bad_response,
    lookup::is_id,
    settings::{NeuroSettings, PHONE_FIELDS, SCRIPT_FIELDS},
    wire::{Row, id},
};

/// The input that names the place in the script.
const ENTRY_POINT: &str = "script_entry_point";

/// The longest name of an input or a campaign.
const LONGEST_NAME: usize = 200;

/// The longest value of an input.
const LONGEST_VALUE: usize = 10_000;

/// The target can be one: its ids are ids, and a campaign has a name.
pub(super) fn check_target(operation: &'static str, target: &DialogTarget) -> Result<()> {
    let refused =
        |pointer, detail| ProviderError::invalid_input(VENDOR, operation, pointer, detail);
    if !is_id(&target.agent) {
        return Err(refused("/agent", "must be the uuid of a voice agent"));
    }
    if target.batch.as_deref().is_some_and(|batch| !is_id(batch)) {
        return Err(refused("/batch", "must be the uuid of a batch"));
    }
    let unnamed = |name: &str| name.trim().is_empty() || name.chars().count() > LONGEST_NAME;
    if target.campaign.as_deref().is_some_and(unnamed) {
        return Err(refused(
            "/campaign",
            "must be a name of 1 to 200 characters",
        ));
    }
    Ok(())
}

/// The id of a dialog, which must not be missing.
pub(super) fn checked_dialog<'a>(operation: &'static str, dialog: &'a str) -> Result<&'a str> {
    if is_id(dialog) {
        return Ok(dialog);
    }
    let detail = "must be the uuid of a dialog";
    Err(ProviderError::invalid_input(
        VENDOR, operation, "/dialog", detail,
    ))
}

/// The query of an upload. The vendor makes a selection only where it is told to, and takes its
/// name only together with that.
pub(super) fn query(target: &DialogTarget) -> Vec<(&str, &str)> {
    let mut query = vec![("agent_uuid", target.agent.as_str())];
    query.extend(target.batch.as_deref().map(|batch| ("bulk_uuid", batch)));
    if let Some(name) = &target.campaign {
        query.push(("with_selection", "true"));
        query.push(("selection_name", name.as_str()));
    }
    query
}

/// The initial entities of a dialog, all of them text: the vendor stumbles over anything else.
/// `index` is the dialog's place in a batch.
pub(super) fn body(
    settings: &NeuroSettings,
    request: &DialogRequest,
    index: Option<usize>,
) -> Result<Row> {
    let at = index.map_or_else(String::new, |index| format!("/dialogs/{index}"));
    let refused = |member: String, detail: &str| {
        ProviderError::invalid_input(VENDOR, "NN-03", format!("{at}{member}"), detail)
    };
    let mut body = Row::new();
    for (name, value) in &request.inputs {
        let pointer = || format!("/inputs/{}", escape(name));
        if let Err(detail) = check_name(name) {
            return Err(refused(pointer(), detail));
        }
        match written(value) {
            Ok(text) => body.insert(name.clone(), Value::String(text)),
            Err(detail) => return Err(refused(pointer(), detail)),
        };
    }
    let phone = settings.phones.write(&request.phone);
    let phone = phone.map_err(|detail| refused("/phone".to_owned(), &detail))?;
    body.insert(settings.phone_field.to_owned(), Value::String(phone));
    let own = [
        (settings.script_field, "/script", &request.script),
        (
            ENTRY_POINT,
            "/script_entry_point",
            &request.script_entry_point,
        ),
    ];
    for (name, pointer, text) in own {
        match text.as_deref().map(str::trim) {
            Some("") => return Err(refused(pointer.to_owned(), "must not be empty")),
            Some(text) => {
                body.insert(name.to_owned(), Value::from(text));
            }
            None => {}
        }
    }
    Ok(body)
}

fn check_name(name: &str) -> Result<(), &'static str> {
    let taken =
        PHONE_FIELDS.contains(&name) || SCRIPT_FIELDS.contains(&name) || name == ENTRY_POINT;
    if taken {
        return Err("has a member of its own: phone, script or script_entry_point");
    }
    let odd = name.trim().is_empty()
        || name.chars().count() > LONGEST_NAME
        || name.chars().any(char::is_control);
    if odd {
        return Err("is no name of an input");
    }
    Ok(())
}

/// The value of an input as text.
fn written(value: &Value) -> Result<String, &'static str> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            return Err("must be text, a number or a boolean");
        }
    };
    if text.len() > LONGEST_VALUE {
        return Err("is too long: at most 10000 bytes");
    }
    Ok(text)
}

/// The id of the dialog that was started: in an object, as a JSON text, or as bare text.
pub(super) fn dialog_uuid(body: &[u8]) -> Result<String> {
    let unreadable = || bad_response("NN-03", "the answer names no dialog");
    match tolerant::parse(body) {
        Ok(Value::Object(row)) => id(Some(&row), &["dialog_uuid", "uuid"])
            .filter(|id| is_id(id))
            .ok_or_else(unreadable),
        Ok(Value::String(text)) if is_uuid(text.trim()) => Ok(text.trim().to_owned()),
        Ok(_) => Err(unreadable()),
        Err(_) => std::str::from_utf8(body)
            .ok()
            .map(str::trim)
            .filter(|text| is_uuid(text))
            .map(str::to_owned)
            .ok_or_else(unreadable),
    }
}

/// A text that stands alone is an id only where it looks like one.
fn is_uuid(text: &str) -> bool {
    let digits = text.chars().filter(|character| *character != '-');
    let fits = |character: char| character.is_ascii_hexdigit() || character == '-';
    text.chars().all(fits) && digits.count() == 32
}

#[cfg(test)]
mod tests {
    use super::dialog_uuid;

    #[test]
    fn trap_n05_a_started_dialog_is_named_in_three_forms() {
        let id = "dd582923-b56d-4847-aed2-174f16b5dc3c";
        for body in [
            format!(r#"{{"dialog_uuid": "{id}"}}"#),
            format!(r#""{id}""#),
            id.to_owned(),
            format!("\u{feff}{id}\r\n"),
            format!(" {id}\n"),
        ] {
            let bytes = body.trim_start_matches('\u{feff}').as_bytes();
            assert_eq!(dialog_uuid(bytes).unwrap(), id, "{body}");
        }
        for odd in [
            "",
            "OK",
            r#""accepted""#,
            "null",
            "7",
            "[]",
            "{}",
            "<html>",
            r#"{"dialog_uuid": ""}"#,
        ] {
            let error = dialog_uuid(odd.as_bytes()).unwrap_err();
            assert!(!error.unsent, "{odd}: the dialog may have been started");
        }
    }
}
