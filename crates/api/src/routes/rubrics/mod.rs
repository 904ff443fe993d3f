//! Rubrics: scenarios, checklists and scripts that calls are judged by.

mod activate;
mod all_items;
mod create;
mod deactivate;
mod delete;
mod get;
mod items;
mod list;
mod score;
mod scores;
mod toggle;
mod update;

use callweave_model::{owned::RubricChange, patch::Patch};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{ApiState, live::paths};

paths! {
    /// One rubric.
    RubricPath { rid: "The vendor's id of the rubric." }
    /// One point or question of a rubric.
    RubricItemPath {
        rid: "The vendor's id of the rubric.",
        iid: "The vendor's id of the point or question.",
    }
}

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_rubrics, create::create_rubric))
        .routes(routes!(
            get::get_rubric,
            update::update_rubric,
            delete::delete_rubric
        ))
        .routes(routes!(activate::activate_rubric))
        .routes(routes!(deactivate::deactivate_rubric))
        .routes(routes!(toggle::toggle_rubric))
        .routes(routes!(score::get_rubric_score))
        .routes(routes!(scores::list_rubric_scores))
        .routes(routes!(all_items::list_all_rubric_items))
        .merge(items::router())
}

/// The change that puts a rubric into use, or out of it.
fn activity(active: bool) -> RubricChange {
    RubricChange {
        active: Patch::Set(active),
        ..RubricChange::default()
    }
}
