//! `POST /v1/connections/{id}/backfills`.

use axum::{extract::State, response::Response};
use callweave_model::Timestamp;
use callweave_provider::Pull;
use callweave_store::backfills::Backfill;
use serde_json::json;
use uuid::Uuid;

use super::{
    address,
    estimate::{self, Known},
};
use crate::{
    ApiState,
    audit::Effect,
    extract::{ApiJson, ApiPath, Authorized},
    problem::{BadBody, Conflict, NotFound, OptionalFeature, Problem, Secured, codes},
    respond,
    routes::connections::{find, sync::refuse_paused},
    scope::ConnectionsWrite,
    wire::{
        backfill::{BackfillDocument, BackfillInput, BackfillPlan},
        input::Check,
    },
};

/// Backfills of one connection that have not ended.
const OPEN_LIMIT: i64 = 20;

/// Walks a span of time again.
///
/// Beside the regular sync, everything that the vendor has of the span is looked at once more. The
/// answer says what it is expected to cost; with `dry_run` it says only that.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/backfills",
    tag = "connections",
    params(("id" = Uuid, Path, description = "The id of the connection.")),
    request_body(content = BackfillInput, example = json!({"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "dry_run": true})),
    responses(
        (status = 201, description = "The backfill.", body = BackfillDocument, headers(("Location" = String, description = "Its address."))),
        (status = 200, description = "What it would cost (`dry_run`).", body = BackfillPlan),
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
    effect: Effect,
    ApiJson(input): ApiJson<BackfillInput>,
) -> Result<Response, Problem> {
    let now = state.now();
    let span = checked(&input, now)?;
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let connection = find(&mut tx, id).await?;
    refuse_paused(&connection)?;
    let open = state.connector().open(&connection)?;
    let Some(cost) = open.provider().pull().map(Pull::window_cost) else {
        return Err(Problem::new(
            codes::CAPABILITY_NOT_SUPPORTED,
            "this vendor cannot list calls (capability `pull`)",
        ));
    };
    if tx.count_unended_backfills(connection.id).await? >= OPEN_LIMIT {
        return Err(Problem::new(
            codes::CONFLICT,
            format!("{OPEN_LIMIT} backfills of this connection are open already"),
        ));
    }
    let known = Known::read(&mut tx, &connection, cost, span, now).await?;
    tx.commit().await?;
    let estimate = estimate::estimate(&state, &open, cost, &known, span).await;
    let (from, to) = span;
    if input.dry_run {
        return respond::ok(&BackfillPlan {
            connection_id: connection.id,
            from,
            to,
            estimate,
        });
    }
    let backfill = Backfill {
        id: state.ids().next(),
        connection: connection.id,
        from,
        to,
        state: "accepted".to_owned(),
        reason: None,
        cursors: json!({}),
        pages: 0,
        records: 0,
        estimate: Some(json!(estimate)),
        created_at: now,
        modified_at: now,
    };
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    tx.insert_backfill(&backfill).await?;
    let location = address(id, backfill.id);
    let detail = json!({"from": backfill.from, "to": backfill.to});
    effect
        .note(&mut tx, "backfill.created", location.clone(), detail)
        .await?;
    let document = BackfillDocument::from(backfill);
    let response = respond::created(&location, None, &document)?;
    effect.commit(tx, response).await
}

/// The span of time that is asked for.
fn checked(input: &BackfillInput, now: Timestamp) -> Result<(Timestamp, Timestamp), Problem> {
    let to = input.to.unwrap_or(now);
    let mut check = Check::default();
    check.instant("/from", input.from);
    check.instant("/to", to);
    if input.from >= to {
        check.fail("/from", "must lie before `to`");
    }
    check.finish()?;
    Ok((input.from, to))
}
