//! `POST /v1/connections`.

use axum::{extract::State, response::Response};
use callweave_model::{ConnectionId, connection::ConnectionState};
use callweave_provider::{Grant, Settings};
use callweave_store::{TenantTx, connections::Connection};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    address, document,
    vendor_answer::{self, Failure},
};
use crate::{
    ApiState,
    audit::Effect,
    extract::{ApiJson, Authorized, RequestId},
    problem::{BadBody, Conflict, Problem, Secured, codes},
    respond,
    scope::ConnectionsWrite,
    wire::{
        connection::{ConnectionDocument, ConnectionInput},
        input::Check,
    },
};

/// Connects an account.
///
/// Settings and credentials are checked against what the vendor needs, and the vendor is asked
/// whether it accepts them; when it definitely does not, nothing is stored. A vendor that cannot
/// be reached does not block the set-up: the connection is made and its `state` says what is
/// wrong. The first sync begins at once.
#[utoipa::path(
    post,
    path = "/v1/connections",
    tag = "connections",
    request_body(
        content = ConnectionInput,
        example = json!({
            "vendor": "acme",
            "name": "Sales line",
            "credentials": {"username": "sales@example.com", "password": "..."},
            "settings": {"base_url": "https://api.example.com", "timezone": "Europe/Berlin"},
            "tags": {"team": "sales"}
        }),
    ),
    responses(
        (status = 201, description = "The connection.", body = ConnectionDocument,
            headers(("Location" = String, description = "Its address."), ("ETag" = String, description = "Its version."))),
        Secured,
        BadBody,
        Conflict,
    ),
    security(("bearer" = ["connections:write"])),
)]
pub(crate) async fn create_connection(
    authorized: Authorized<ConnectionsWrite>,
    State(state): State<ApiState>,
    RequestId(request_id): RequestId,
    effect: Effect,
    ApiJson(input): ApiJson<ConnectionInput>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let mut check = Check::default();
    check.text("/name", &input.name, 200);
    check.tags(&input.tags);
    check.finish()?;
    let credential_names = input.credentials.names();
    let credentials = input.credentials.into_credentials();
    let settings = Settings(input.settings);
    let validated = state
        .connector()
        .validate(&input.vendor, &settings, &credentials)?;
    let namespace = tenant.namespace(&input.vendor, &validated.account_key);
    let mut tx = state.store().tenant(tenant).await?;
    refuse_second(&mut tx, namespace).await?;
    tx.commit().await?;
    effect.asks_vendor();
    let probed = vendor_answer::probe(
        &state,
        tenant,
        &input.vendor,
        &settings,
        &credentials,
        &request_id,
    )
    .await?;
    let (account_name, grant, failure) = match probed {
        Ok(probe) => (probe.account_name, probe.grant, None),
        Err(failure) => (None, None, Some(failure)),
    };
    let id = ConnectionId(state.ids().next());
    let now = state.now();
    let connection = Connection {
        tenant_id: tenant,
        id,
        vendor: input.vendor,
        name: input.name,
        state: match failure {
            None => ConnectionState::Active,
            Some(_) => ConnectionState::Connecting,
        },
        state_reason: None,
        settings: settings.0,
        tags: input
            .tags
            .into_iter()
            .map(|(name, value)| (name, Value::String(value)))
            .collect(),
        account_name,
        namespace,
        credential_names,
        credentials_version: 1,
        sealed_credentials: state.connector().seal(tenant, id, &credentials)?,
        version: 1,
        created_at: now,
        modified_at: now,
        last_ok_at: None,
        last_error: None,
        token: None,
    };
    let outcome = match failure {
        Some(failure) => Err(failure),
        None => Ok(grant),
    };
    let (tx, stored) = store(&state, &connection, outcome, &effect).await?;
    let (document, tag) = document(&state, stored)?;
    let response = respond::created(&address(id), Some(&tag), &document)?;
    effect.commit(tx, response).await
}

/// Stores the connection with the token that was got for it, unless somebody else connected the
/// account meanwhile. It lasts when the transaction is committed.
async fn store(
    state: &ApiState,
    connection: &Connection,
    outcome: Result<Option<Grant>, Failure>,
    effect: &Effect,
) -> Result<(TenantTx, Connection), Problem> {
    let mut tx = state.store().tenant(connection.tenant_id).await?;
    tx.lock_account(connection.namespace).await?;
    refuse_second(&mut tx, connection.namespace).await?;
    tx.insert_connection(connection).await?;
    match outcome {
        Ok(grant) => {
            tx.note_success(connection.id, connection.created_at)
                .await?;
            if let Some(grant) = grant {
                let connector = state.connector();
                connector.keep_grant(&mut tx, connection, grant).await?;
            }
        }
        Err(failure) => {
            tx.note_failure(connection.id, &failure.last).await?;
            tx.set_connection_state(
                connection.id,
                failure.state,
                Some(failure.reason()),
                connection.created_at,
            )
            .await?;
        }
    }
    let detail = json!({"vendor": connection.vendor, "name": connection.name});
    let address = address(connection.id);
    effect
        .note(&mut tx, "connection.created", address, detail)
        .await?;
    let stored = super::find(&mut tx, connection.id.0).await?;
    Ok((tx, stored))
}

async fn refuse_second(tx: &mut TenantTx, namespace: Uuid) -> Result<(), Problem> {
    match tx.connections_of_account(namespace).await?.first() {
        None => Ok(()),
        Some(existing) => Err(Problem::new(
            codes::CONNECTION_EXISTS,
            format!(
                "the account is connected already, as connection {}",
                existing.id
            ),
        )),
    }
}
