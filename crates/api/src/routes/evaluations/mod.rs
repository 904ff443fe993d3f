//! Evaluations: a vendor's own records of how calls did by a rubric.

mod create;
mod delete;
mod get;
mod list;
mod part;
mod parts;
mod replace;

use callweave_provider::evaluations::Part;
use utoipa::{IntoParams, openapi::path::Parameter};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ApiState,
    extract::query::{Kind, Param},
    live::paths,
    problem::Problem,
};

paths! {
    /// One evaluation.
    EvaluationPath { eid: "The vendor's id of the evaluation." }
}

/// The vendor's id of a call, in a query.
const CALL: Param = Param::new(
    "call_remote_id",
    Kind::Text(200),
    "Only of the call that the vendor knows by this id.",
);

const PARTS: &[(&str, Part)] = &[
    ("summary", Part::Summary),
    ("transcript", Part::Transcript),
    ("success-points", Part::SuccessPoints),
    ("tags", Part::Tags),
    ("agent-metrics", Part::AgentMetrics),
];

/// The part that a path names.
fn part(word: &str) -> Result<Part, Problem> {
    PARTS
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, part)| *part)
        .ok_or_else(|| Problem::not_found("part of an evaluation"))
}

/// The part in a path, for the documentation.
struct PartWord;

impl IntoParams for PartWord {
    fn into_params(
        _parameter_in: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
    ) -> Vec<Parameter> {
        let words: Vec<&str> = PARTS.iter().map(|(word, _)| *word).collect();
        vec![paths::word("part", "Which part.", &words)]
    }
}

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_evaluations, create::create_evaluation))
        .routes(routes!(
            get::get_evaluation,
            replace::replace_evaluation,
            delete::delete_evaluation
        ))
        .routes(routes!(part::list_parts_of_evaluation))
        .routes(routes!(parts::list_evaluation_parts))
}
