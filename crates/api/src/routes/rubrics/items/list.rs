//! `GET /v1/connections/{id}/rubrics/{rid}/items`.

use axum::response::Response;
use callweave_model::owned::RubricItem;
use callweave_provider::rubrics::ItemForm;

use super::RubricPath;
use crate::{
    extract::{
        ApiPath, ApiQuery,
        query::{FromQuery, Kind, Param, Query, document_query},
    },
    live::{Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorRead,
    wire::live::LiveList,
};

/// In which form they are shown.
#[derive(Debug)]
pub(crate) struct ItemsQuery {
    form: ItemForm,
}

impl FromQuery for ItemsQuery {
    const PARAMS: &'static [Param] = &[Param::new(
        "form",
        Kind::Word(&["structured", "text"]),
        "`structured` (unless told otherwise): one entry each, with its id; `text`: the vendor's form in running text.",
    )];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let form = match query.text("form").as_deref() {
            Some("text") => ItemForm::Text,
            _ => ItemForm::Structured,
        };
        Ok(Self { form })
    }
}
document_query!(ItemsQuery);

/// Lists the points or questions of a rubric.
///
/// They come whole; `next_cursor` is always `null`.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/rubrics/{rid}/items",
    tag = "rubrics",
    params(RubricPath, ItemsQuery),
    responses((status = 200, description = "The points or questions.", body = LiveList<RubricItem>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn list_rubric_items(
    live: Live<VendorRead, needs::Rubrics>,
    ApiPath(path): ApiPath<RubricPath>,
    ApiQuery(query): ApiQuery<ItemsQuery>,
) -> Result<Response, Problem> {
    let items = ask!(live, rubrics.rubric_items(path.rid.as_str(), query.form));
    respond::ok(&LiveList::whole(items))
}
