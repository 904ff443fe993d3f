//! `POST /v1/connections/{id}/backfills`.

use axum::{extract::State, response::Response};
use callweave_store::backfills::Backfill;
use serde_json::json;
use uuid::Uuid;

use crate::{
    ApiState,
    extract::{ApiJson, ApiPath, Authorized},
    problem::{BadBody, Conflict, NotFound, OptionalFeature, Problem, Secured, codes},
    respond,
    routes::connections::{find, sync::refuse_paused},
    scope::ConnectionsWrite,
    wire::{
        connection::{BackfillDocument, BackfillInput},
        input::Check,
    },
};

/// Open backfills of one connection.
const OPEN_LIMIT: usize = 20;

/// Walks a span of time again.
///
/// Beside the regular sync, everything that the vendor has of the span is looked at once more.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/backfills",
    tag = "connections",
    params(("id" = Uuid, Path, description = "The id of the connection.")),
    request_body = BackfillInput,
    responses(
        (status = 201, description = "The backfill.", body = BackfillDocument, headers(("Location" = String, description = "Its address."))),
        Secured,
        BadBody,
        NotFound,
        Conflict,
        OptionalFeature,
    ),
    security(("bearer" = ["connections:write"])),
)]
pub(crate) async fn create_backfill(
    authorized: Authorized<ConnectionsWrite>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    ApiJson(input): ApiJson<BackfillInput>,
) -> Result<Response, Problem> {
    let now = state.now();
    let to = input.to.unwrap_or(now);
    let mut check = Check::default();
    check.instant("/from", input.from);
    check.instant("/to", to);
    if input.from >= to {
        check.fail("/from", "must lie before `to`");
    }
    check.finish()?;
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    refuse_paused(&connection)?;
    if state
        .connector()
        .open(&connection)?
        .provider()
        .pull()
        .is_none()
    {
        return Err(Problem::new(
            codes::CAPABILITY_NOT_SUPPORTED,
            "this vendor cannot list calls (capability `pull`)",
        ));
    }
    if tx.list_backfills(connection.id, true).await?.len() >= OPEN_LIMIT {
        return Err(Problem::new(
            codes::CONFLICT,
            format!("{OPEN_LIMIT} backfills of this connection are open already"),
        ));
    }
    let backfill = Backfill {
        id: state.ids().next(),
        connection: connection.id,
        from: input.from,
        to,
        state: "accepted".to_owned(),
        reason: None,
        cursors: json!({}),
        pages: 0,
        records: 0,
        created_at: now,
        modified_at: now,
    };
    tx.insert_backfill(&backfill).await?;
    tx.commit().await?;
    let location = format!("/v1/connections/{id}/backfills/{}", backfill.id);
    respond::created(&location, None, &BackfillDocument::from(backfill))
}
