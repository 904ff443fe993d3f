//! Statistics of one dialog and of a group (NN-28, NN-30).

use axum::{
    Json,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    answer::{no_data, other_error},
    auth::Authorized,
    dialog::{bulk_indexes, dialog_index},
    query::Parameters,
    rows::statistic_row,
    view::View,
};
use crate::{vendor::Vendor, world::Shared};

/// NN-28: the attempts of one dialog. "Unknown" and "not yet" are the same answer.
pub(crate) async fn dialog(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    let Some(id) = parameters.get("dialog_uuid") else {
        return other_error("dialog_uuid is required");
    };
    let view = View::of(&world);
    rows(&view, dialog_index(view.seed, id))
}

/// NN-30: the attempts of all dialogs that were uploaded together.
pub(crate) async fn dialog_group(
    State(world): State<Shared>,
    _: Authorized,
    Query(parameters): Query<Parameters>,
) -> Response {
    let Some(id) = parameters.get("bulk_uuid") else {
        return other_error("bulk_uuid is required");
    };
    let view = View::of(&world);
    let uploaded = Uuid::try_parse(id)
        .ok()
        .and_then(|id| world.neuro.lock().groups.get(&id).cloned())
        .unwrap_or_default();
    // Dialogs that were uploaded into another group are not of the group their number is in.
    let seeded = bulk_indexes(view.seed, id)
        .into_iter()
        .flatten()
        .filter(|index| {
            view.dialog(*index)
                .is_some_and(|dialog| dialog.bulk_id.to_string() == *id)
        });
    let mut indexes: Vec<u32> = seeded.chain(uploaded).collect();
    indexes.dedup();
    rows(&view, indexes)
}

fn rows(view: &View<'_>, indexes: impl IntoIterator<Item = u32>) -> Response {
    let mut rows: Vec<Value> = Vec::new();
    for index in indexes {
        let Some(dialog) = view.dialog(index) else {
            continue;
        };
        let Some(call) = view.world.call(Vendor::Neuro, index) else {
            continue;
        };
        rows.extend(
            dialog
                .ready(view.now)
                .map(|attempt| statistic_row(view, &dialog, attempt, &call)),
        );
    }
    if rows.is_empty() {
        no_data()
    } else {
        Json(rows).into_response()
    }
}
