//! `GET /metrics`.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::header;

use crate::{
    ApiState,
    problem::{NotFound, Problem, Public, codes},
};

/// Metrics for Prometheus.
///
/// Counts and durations of this process in the text format; 404 where none are collected.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "system",
    responses(
        (status = 200, description = "The metrics.", body = String, content_type = "text/plain"),
        Public,
        NotFound,
    ),
)]
pub(crate) async fn get_metrics(State(state): State<ApiState>) -> Result<Response, Problem> {
    let page =
        state.options().metrics.as_ref().ok_or_else(|| {
            Problem::new(codes::NOT_FOUND, "this gateway does not collect metrics")
        })?;
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    Ok((kind, page()).into_response())
}
