//! `GET /docs/errors/{page}`.

use axum::response::{IntoResponse as _, Response};
use http::header;

use crate::{
    extract::ApiPath,
    problem::{NotFound, Problem, Public, codes},
};

/// The page of a problem code.
///
/// It tells what happened, and what to do; `type` of a problem leads here.
#[utoipa::path(
    get,
    path = "/docs/errors/{page}",
    tag = "system",
    params(("page" = String, Path, description = "The code and `.md`.", pattern = "^[a-z_.]{1,80}$", example = "gateway.not_found.md")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/markdown"),
        Public,
        NotFound,
    ),
)]
pub(crate) async fn get_problem_page(ApiPath(page): ApiPath<String>) -> Result<Response, Problem> {
    let code = page.strip_suffix(".md").unwrap_or(&page);
    let code = codes::find(code).ok_or_else(|| Problem::not_found("problem code"))?;
    Ok((
        [(header::CONTENT_TYPE, "text/markdown; charset=utf-8")],
        codes::page(code),
    )
        .into_response())
}
