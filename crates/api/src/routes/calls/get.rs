//! `GET /v1/calls/{id}`.

use axum::{extract::State, response::Response};
use callweave_store::Plans;
use uuid::Uuid;

use super::{
    include::{INCLUDE, Include},
    render_one,
};
use crate::{
    ApiState,
    extract::{
        ApiPath, ApiQuery, Authorized, Conditions,
        query::{FromQuery, Param, Query, document_query},
    },
    problem::{BadQuery, NotFound, Problem, Secured},
    respond,
    scope::CallsRead,
    wire::call::{CallDocument, Shown},
};

/// What is shown of the call.
#[derive(Debug)]
pub(crate) struct CallQuery {
    include: Include,
}

impl FromQuery for CallQuery {
    const PARAMS: &'static [Param] = &[INCLUDE];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let include = Include::read(query);
        let shown = Shown {
            analyses: true,
            ..include.shown
        };
        Ok(Self {
            include: Include { shown, ..include },
        })
    }
}
document_query!(CallQuery);

/// Shows a call.
///
/// Its analyses are always included, its transcript on request.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}",
    tag = "calls",
    params(("id" = Uuid, Path, description = "The id of the call."), CallQuery),
    responses(
        (status = 200, description = "The call.", body = CallDocument, headers(("ETag" = String, description = "Its version."), ("Data-Fresh-As-Of" = String, description = "Everything that the vendor had at this instant is here."))),
        (status = 304, description = "`If-None-Match` names this version."),
        Secured,
        BadQuery,
        NotFound,
    ),
    security(("bearer" = ["calls:read"])),
)]
pub(crate) async fn get_call(
    authorized: Authorized<CallsRead>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    ApiQuery(query): ApiQuery<CallQuery>,
    conditions: Conditions,
) -> Result<Response, Problem> {
    query.include.authorize(&authorized.caller)?;
    let Include { shown, deleted } = query.include;
    let tenant = authorized.caller.tenant;
    let rendered = state
        .read(tenant, Plans::Kept, |mut tx| async move {
            let rendered = render_one(&mut tx, id, deleted, shown).await?;
            tx.leave();
            Ok(rendered)
        })
        .await?;
    let document = rendered.document()?;
    let mut response = respond::resource(&conditions, &rendered.tag, &document)?;
    rendered.complete(&mut response);
    Ok(response)
}
