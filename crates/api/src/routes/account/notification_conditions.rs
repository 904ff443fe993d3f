//! `GET /v1/connections/{id}/notification-conditions`.

use axum::response::Response;
use callweave_model::owned::NotificationCondition;

use crate::{
    extract::{ApiQuery, query::NoQuery},
    live::{ConnectionPath, Live, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    respond,
    scope::VendorRead,
    wire::live::LiveList,
};

/// Lists what the vendor's conditions and filters can be built from.
///
/// They come whole; `next_cursor` is always `null`.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/notification-conditions",
    tag = "vendor-account",
    params(ConnectionPath),
    responses((status = 200, description = "The conditions.", body = LiveList<NotificationCondition>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn list_notification_conditions(
    live: Live<VendorRead, needs::Account>,
    _query: ApiQuery<NoQuery>,
) -> Result<Response, Problem> {
    let conditions = ask!(live, account.notification_conditions());
    respond::ok(&LiveList::whole(conditions))
}
