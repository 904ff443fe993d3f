//! How the vendor writes dialogs: rows of statistics and of the report.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::{
    agents::Fill,
    dates::DateForm,
    dialog::{Attempt, Dialog, Speech},
    view::View,
};
use crate::{call::Call, random::mix};

/// The number that was called.
pub(crate) fn phone_of(call: &Call) -> &str {
    call.extra
        .get("msisdn")
        .and_then(Value::as_str)
        .unwrap_or(&call.client_phone)
}

/// One row of statistics: phone, dialog, date and whatever the agent fills in.
pub(crate) fn statistic_row(
    view: &View<'_>,
    dialog: &Dialog,
    attempt: &Attempt,
    call: &Call,
) -> Value {
    let seed = view.seed;
    let form = date_form(view, attempt);
    // The document spells the member wrong in one place and right in another.
    let phone = if mix(&[seed, attempt.key(), 5]).is_multiple_of(2) {
        "msisnd"
    } else {
        "msisdn"
    };
    let mut row = Map::new();
    row.insert(phone.to_owned(), json!(phone_of(call)));
    row.insert("dialog_uuid".to_owned(), json!(dialog.id));
    row.insert("date".to_owned(), json!(form.write(attempt.at)));
    fill_outputs(seed, &mut row, dialog, attempt, call);
    finished(row, call)
}

/// One row of the report: the outputs and two ids, neither phone nor date.
pub(crate) fn report_row(
    view: &View<'_>,
    dialog: &Dialog,
    attempt: &Attempt,
    call: &Call,
) -> Value {
    let mut row = Map::new();
    fill_outputs(view.seed, &mut row, dialog, attempt, call);
    row.insert("call_uuid".to_owned(), json!(attempt.shown_call_id()));
    row.insert("dialog_uuid".to_owned(), json!(dialog.id));
    finished(row, call)
}

/// The row as it is sent: with what a test wants to be wrong about it.
fn finished(row: Map<String, Value>, call: &Call) -> Value {
    let mut row = Value::Object(row);
    call.edit(&mut row);
    row
}

/// The form in which dates of this attempt are written.
pub(crate) fn date_form(view: &View<'_>, attempt: &Attempt) -> DateForm {
    let number = mix(&[view.seed, attempt.key(), 6]);
    view.options
        .neuro_date_form
        .unwrap_or_else(|| DateForm::by_number(number))
}

fn fill_outputs(
    seed: u64,
    row: &mut Map<String, Value>,
    dialog: &Dialog,
    attempt: &Attempt,
    call: &Call,
) {
    let result = attempt.result(seed, call);
    let spoke = attempt.speech(seed, call) == Speech::Whole;
    for (name, _, fill) in dialog.profile().outputs {
        let value = match fill {
            Fill::Result => Some(result.clone()),
            Fill::Script => Some("main_script".to_owned()),
            Fill::CallbackTime => (result == "callback").then(|| callback_time(attempt)),
            _ if !spoke => None,
            Fill::Topic => Some(call.summary.topic.clone()),
            Fill::Outcome => Some(call.summary.result.clone()),
            Fill::Mark => Some(call.satisfaction.to_string()),
            Fill::Score => Some(call.score.to_string()),
            Fill::Settled => Some(if call.resolved { "yes" } else { "no" }.to_owned()),
            Fill::ClientName => Some(call.client.clone()),
            Fill::Tags => Some(tag_names(call)),
        };
        row.insert((*name).to_owned(), value.map_or(Value::Null, Value::String));
    }
}

fn tag_names(call: &Call) -> String {
    let names: Vec<&str> = call.tags.iter().map(|hit| hit.name.as_str()).collect();
    names.join(", ")
}

fn callback_time(attempt: &Attempt) -> String {
    let later = attempt
        .at
        .checked_add(SignedDuration::from_hours(26))
        .unwrap_or(attempt.at);
    DateForm::Space.write(later)
}
