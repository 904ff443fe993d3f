//! `POST /v1/connections/{id}/check`.

use axum::{extract::State, response::Response};
use callweave_model::{TenantId, Timestamp, connection::ConnectionState};
use callweave_provider::{Account, ProviderError};
use callweave_store::connections::{Connection, LastError};
use uuid::Uuid;

use super::{
    find,
    vendor_answer::{self, Failure},
};
use crate::{
    ApiState,
    extract::{ApiPath, Authorized, RequestId},
    problem::{Conflict, NotFound, Problem, Secured},
    repeat::again,
    respond,
    scope::ConnectionsWrite,
    wire::status::{CheckError, CheckResult},
};

/// Asks the vendor now whether the connection works.
///
/// The cheapest authenticated call is made; it never spends money. The answer is 200 in any case:
/// `ok` says whether the vendor answered well, `error` what it said otherwise.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/check",
    tag = "connections",
    params(("id" = Uuid, Path, description = "The id of the connection.")),
    responses((status = 200, description = "What came of it.", body = CheckResult), Secured, NotFound, Conflict),
    security(("bearer" = ["connections:write"])),
)]
pub(crate) async fn check_connection(
    authorized: Authorized<ConnectionsWrite>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    RequestId(request_id): RequestId,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let mut tx = state.store().tenant(tenant).await?;
    let connection = find(&mut tx, id).await?;
    tx.commit().await?;
    let open = state.connector().open(&connection)?;
    let provider = open.provider().clone();
    let asked = open.run(&request_id, |access| {
        let provider = provider.clone();
        Box::pin(async move { provider.check(&access.context()).await })
    });
    let answer = tokio::time::timeout(vendor_answer::PATIENCE, asked).await;
    let now = state.now();
    let result = match answer {
        Ok(Ok(account)) => {
            let state = again(|| succeed(&state, tenant, &connection, now)).await?;
            passed(state, account, &connection, now)
        }
        Ok(Err(error)) => {
            let failure = Failure::of(&error, now);
            let state = vendor_answer::note(&state, &connection, &failure).await?;
            failed(state, Some(&error), &failure.last, now)
        }
        Err(_elapsed) => {
            let failure = vendor_answer::timed_out(now);
            let state = vendor_answer::note(&state, &connection, &failure).await?;
            failed(state, None, &failure.last, now)
        }
    };
    respond::ok(&result)
}

fn passed(
    state: ConnectionState,
    account: Account,
    connection: &Connection,
    now: Timestamp,
) -> CheckResult {
    CheckResult {
        ok: true,
        checked_at: now,
        state,
        account_name: account.name.or_else(|| connection.account_name.clone()),
        error: None,
    }
}

fn failed(
    state: ConnectionState,
    error: Option<&ProviderError>,
    last: &LastError,
    now: Timestamp,
) -> CheckResult {
    let problem = error.map(Problem::from);
    CheckResult {
        ok: false,
        checked_at: now,
        state,
        account_name: None,
        error: Some(CheckError {
            code: last.code.clone(),
            detail: last.detail.clone().unwrap_or_default(),
            retryable: problem
                .as_ref()
                .is_none_or(|problem| problem.code().retryable),
            vendor: problem.and_then(Problem::into_vendor),
        }),
    }
}

async fn succeed(
    state: &ApiState,
    tenant: TenantId,
    connection: &Connection,
    now: Timestamp,
) -> Result<ConnectionState, Problem> {
    let mut tx = state.store().tenant(tenant).await?;
    tx.hold_connection(connection.id).await?;
    tx.note_success(connection.id, now).await?;
    if connection.state != ConnectionState::Paused {
        let moved = tx
            .set_connection_state(connection.id, ConnectionState::Active, None, now)
            .await?;
        if moved {
            tx.request_sync(connection.id, false).await?;
        }
    }
    // Not active where the credentials are about to end.
    let stands = find(&mut tx, connection.id.0).await?.state;
    tx.commit().await?;
    Ok(stands)
}
