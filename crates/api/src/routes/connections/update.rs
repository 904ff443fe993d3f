//! `PATCH /v1/connections/{id}`.

use axum::{extract::State, response::Response};
use callweave_provider::Settings;
use callweave_store::connections::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{address, changed, find};
use crate::{
    ApiState,
    audit::Effect,
    extract::{ApiJson, ApiPath, Authorized, Conditions, stale},
    problem::{BadBody, Conflict, NotFound, Problem, Secured, Stale, codes},
    scope::ConnectionsWrite,
    wire::{
        connection::{ConnectionChange, ConnectionDocument},
        input::Check,
    },
};

/// Changes the name, the labels or the settings of a connection.
///
/// Settings that lead to another account are refused: the calls of two accounts are never mixed.
/// A setting that shows as `null` because it is secret must be given again.
#[utoipa::path(
    patch,
    path = "/v1/connections/{id}",
    tag = "connections",
    params(
        ("id" = Uuid, Path, description = "The id of the connection."),
        Conditions,
    ),
    request_body(
        content = ConnectionChange,
        example = json!({"name": "Sales line, north", "tags": {"team": "sales", "region": "north"}}),
    ),
    responses(
        (status = 200, description = "The connection.", body = ConnectionDocument, headers(("ETag" = String, description = "Its version."))),
        Secured,
        BadBody,
        NotFound,
        Conflict,
        Stale,
    ),
    security(("bearer" = ["connections:write"])),
)]
pub(crate) async fn update_connection(
    authorized: Authorized<ConnectionsWrite>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    conditions: Conditions,
    effect: Effect,
    ApiJson(change): ApiJson<ConnectionChange>,
) -> Result<Response, Problem> {
    let mut check = Check::default();
    check.text_if_given("/name", change.name.as_deref(), 200);
    if let Some(tags) = &change.tags {
        check.tags(tags);
    }
    check.finish()?;
    let now = state.now();
    let given = [
        ("name", change.name.is_some()),
        ("settings", change.settings.is_some()),
        ("tags", change.tags.is_some()),
    ];
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let mut connection = find(&mut tx, id).await?;
    conditions.require_match(connection.version)?;
    let resettled = change.settings.is_some();
    if resettled {
        tx.hold_connection(connection.id).await?;
    }
    if let Some(settings) = change.settings {
        resettle(&state, &mut connection, Settings(settings))?;
    }
    connection.name = change.name.unwrap_or(connection.name);
    if let Some(tags) = change.tags {
        connection.tags = tags
            .into_iter()
            .map(|(name, value)| (name, Value::String(value)))
            .collect();
    }
    if !tx.update_connection(&connection, now).await? {
        // Somebody else was faster; who named no version does not mind, and is tried again.
        let problem = stale();
        return Err(if conditions.has_if_match() {
            problem
        } else {
            problem.contended()
        });
    }
    if resettled {
        tx.request_sync(connection.id, false).await?;
    }
    let given: Vec<&str> = given
        .into_iter()
        .filter_map(|(member, given)| given.then_some(member))
        .collect();
    let address = address(connection.id);
    effect
        .note(
            &mut tx,
            "connection.updated",
            address,
            json!({"changed": given}),
        )
        .await?;
    let connection = find(&mut tx, id).await?;
    let response = changed(&state, connection)?;
    effect.commit(tx, response).await
}

/// Takes new settings over, as long as they lead to the same account: what old and new settings
/// derive from the stored credentials must be equal. (The namespace itself proves nothing once
/// credentials were replaced, where only a secret names the account.)
fn resettle(
    state: &ApiState,
    connection: &mut Connection,
    settings: Settings,
) -> Result<(), Problem> {
    let connector = state.connector();
    let old = Settings(connection.settings.clone());
    let new_account = connector.validate_settings(connection, &settings)?;
    if new_account != connector.validate_settings(connection, &old)? {
        return Err(Problem::new(
            codes::ACCOUNT_DIFFERS,
            "these settings lead to another account at the vendor; make a new connection for it",
        ));
    }
    connection.settings = settings.0;
    Ok(())
}
