//! The points or questions of a rubric.

mod create;
mod delete;
mod get;
mod list;
mod update;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{RubricItemPath, RubricPath};
use crate::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_rubric_items, create::create_rubric_item))
        .routes(routes!(
            get::get_rubric_item,
            update::update_rubric_item,
            delete::delete_rubric_item
        ))
}
