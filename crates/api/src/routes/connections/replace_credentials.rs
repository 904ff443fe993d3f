//! `PUT /v1/connections/{id}/credentials`.

use axum::{extract::State, response::Response};
use callweave_credentials::connector::Probe;
use callweave_model::connection::ConnectionState;
use callweave_provider::{Credentials, Settings};
use callweave_store::connections::Connection;
use serde_json::json;
use uuid::Uuid;

use super::{
    address, changed, find, manifest,
    vendor_answer::{self, Failure},
};
use crate::{
    ApiState,
    audit::Effect,
    extract::{ApiJson, ApiPath, Authorized, Conditions, RequestId},
    problem::{BadBody, Conflict, NotFound, Problem, Secured, Stale, codes},
    repeat::again,
    scope::ConnectionsWrite,
    wire::connection::{ConnectionDocument, CredentialsInput},
};

/// Replaces the credentials of a connection.
///
/// The body holds what the vendor's manifest lists under `credential_fields`. The vendor is asked
/// first; credentials that it definitely refuses are not stored. Otherwise the sync goes on at
/// once. Credentials of another account are refused.
#[utoipa::path(
    put,
    path = "/v1/connections/{id}/credentials",
    tag = "connections",
    params(
        ("id" = Uuid, Path, description = "The id of the connection."),
        Conditions,
    ),
    request_body(content = std::collections::BTreeMap<String, String>, description = "The credentials.", example = json!({"token": "..."})),
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
pub(crate) async fn replace_connection_credentials(
    authorized: Authorized<ConnectionsWrite>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    RequestId(request_id): RequestId,
    conditions: Conditions,
    effect: Effect,
    ApiJson(input): ApiJson<CredentialsInput>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let names = input.names();
    let credentials = input.into_credentials();
    let mut tx = state.store().tenant(tenant).await?;
    let connection = find(&mut tx, id).await?;
    tx.commit().await?;
    conditions.require_match(connection.version)?;
    let settings = Settings(connection.settings.clone());
    refuse_other_account(&state, &connection, &settings, &credentials)?;
    effect.asks_vendor();
    let probed = vendor_answer::probe(
        &state,
        tenant,
        &connection.vendor,
        &settings,
        &credentials,
        &request_id,
    )
    .await?;
    let replacement = Replacement {
        credentials: state
            .connector()
            .seal(tenant, connection.id, &credentials)?,
        names,
        probed,
    };
    again(|| replace(&state, &connection, &conditions, &replacement, &effect)).await
}

/// What takes the place of the credentials, and what the vendor said to it.
struct Replacement {
    credentials: Vec<u8>,
    names: Vec<String>,
    probed: Result<Probe, Failure>,
}

async fn replace(
    state: &ApiState,
    connection: &Connection,
    conditions: &Conditions,
    replacement: &Replacement,
    effect: &Effect,
) -> Result<Response, Problem> {
    let (id, now) = (connection.id, state.now());
    let mut tx = state.store().tenant(connection.tenant_id).await?;
    tx.hold_connection(id).await?;
    conditions.require_match(find(&mut tx, id.0).await?.version)?;
    tx.replace_credentials(id, &replacement.credentials, &replacement.names, now)
        .await?;
    settle(&mut tx, connection, replacement.probed.as_ref().err(), now).await?;
    if let Ok(Probe {
        grant: Some(grant), ..
    }) = &replacement.probed
    {
        let replaced = find(&mut tx, id.0).await?;
        let connector = state.connector();
        connector
            .keep_grant(&mut tx, &replaced, grant.clone())
            .await?;
    }
    let stored = find(&mut tx, id.0).await?;
    effect
        .note(
            &mut tx,
            "connection.credentials_replaced",
            address(id),
            json!({"members": replacement.names}),
        )
        .await?;
    let response = changed(state, stored)?;
    effect.clone().commit(tx, response).await
}

/// Moves the connection to where its new credentials bring it; a pause lasts.
async fn settle(
    tx: &mut callweave_store::TenantTx,
    connection: &Connection,
    failure: Option<&Failure>,
    now: callweave_model::Timestamp,
) -> Result<(), Problem> {
    let (state, reason) = match failure {
        None => (ConnectionState::Active, None),
        Some(failure) => (failure.state, Some(failure.reason())),
    };
    match failure {
        None => tx.note_success(connection.id, now).await?,
        Some(failure) => tx.note_failure(connection.id, &failure.last).await?,
    }
    tx.forgive(connection.id).await?;
    if connection.state != ConnectionState::Paused {
        tx.set_connection_state(connection.id, state, reason, now)
            .await?;
        // Also ends a pause that refused credentials had brought about.
        tx.set_sync_enabled(connection.id, true).await?;
    }
    Ok(())
}

/// Where the credentials name the account in the open (a login, an e-mail address), they must name
/// the same one. Where only a secret leads to it, a new secret is taken for a rotation.
fn refuse_other_account(
    state: &ApiState,
    connection: &Connection,
    settings: &Settings,
    credentials: &Credentials,
) -> Result<(), Problem> {
    let validated = state
        .connector()
        .validate(&connection.vendor, settings, credentials)?;
    let namespace = connection
        .tenant_id
        .namespace(&connection.vendor, &validated.account_key);
    let names_account = manifest(state, &connection.vendor).is_some_and(|manifest| {
        manifest
            .credential_fields
            .iter()
            .any(|field| !field.secret && credentials.get(field.name).is_some())
    });
    if names_account && namespace != connection.namespace {
        return Err(Problem::new(
            codes::ACCOUNT_DIFFERS,
            "these credentials lead to another account at the vendor; make a new connection for it",
        ));
    }
    Ok(())
}
