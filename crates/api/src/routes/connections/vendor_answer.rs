//! What the vendor's answer to a check means.

use std::time::Duration;

use callweave_model::{TenantId, Timestamp, connection::ConnectionState};
use callweave_provider::{Credentials, ErrorKind, ProviderError, Settings};
use callweave_store::connections::{Connection, LastError};
use http::StatusCode;

use crate::{
    ApiState,
    problem::{FieldError, Problem},
    repeat::again,
};
use callweave_credentials::connector::Probe;

/// How long a caller waits for the vendor. Beyond it the vendor counts as unreachable.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A failure that does not keep a connection from being made.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) state: ConnectionState,
    pub(super) last: LastError,
}

impl Failure {
    /// Judges what went wrong between us and the vendor.
    pub(super) fn of(error: &ProviderError, now: Timestamp) -> Self {
        let problem = Problem::from(error);
        let state = match error.kind {
            ErrorKind::Unauthorized | ErrorKind::InvalidCredentials => {
                ConnectionState::ReauthRequired
            }
            ErrorKind::RateLimited => ConnectionState::RateLimited,
            _ => ConnectionState::Degraded,
        };
        Self {
            state,
            last: LastError {
                at: now,
                code: problem.code().code.to_owned(),
                detail: Some(problem.detail().to_owned()),
            },
        }
    }

    /// The state's reason in words.
    pub(super) fn reason(&self) -> &str {
        self.last.detail.as_deref().unwrap_or(&self.last.code)
    }
}

/// Notes a failure with the connection, and the state that follows from it.
pub(super) async fn note(
    state: &ApiState,
    connection: &Connection,
    failure: &Failure,
) -> Result<ConnectionState, Problem> {
    let stands = again(|| write(state, connection, failure)).await?;
    state.opened().forget(connection.tenant_id);
    Ok(stands)
}

async fn write(
    state: &ApiState,
    connection: &Connection,
    failure: &Failure,
) -> Result<ConnectionState, Problem> {
    let mut tx = state.store().tenant(connection.tenant_id).await?;
    tx.note_failure(connection.id, &failure.last).await?;
    if connection.state != ConnectionState::Paused {
        tx.set_connection_state(
            connection.id,
            failure.state,
            Some(failure.reason()),
            failure.last.at,
        )
        .await?;
    }
    let stands = super::find(&mut tx, connection.id.0).await?.state;
    tx.commit().await?;
    Ok(stands)
}

/// Notes what went wrong while a vendor was asked for something else than a check. Only what is
/// `definite` about the connection changes its state.
pub(crate) async fn note_failure(
    state: &ApiState,
    connection: &Connection,
    error: &ProviderError,
    definite: bool,
) -> Result<(), Problem> {
    let failure = Failure::of(error, state.now());
    if definite {
        note(state, connection, &failure).await?;
        return Ok(());
    }
    again(|| async {
        let mut tx = state.store().tenant(connection.tenant_id).await?;
        tx.note_failure(connection.id, &failure.last).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// Asks the vendor whether it accepts settings and credentials, before anything is stored.
///
/// A definite no is a problem. A vendor that cannot be reached, or fails, is none: it must not
/// keep its owner from setting things up.
pub(super) async fn probe(
    state: &ApiState,
    tenant: TenantId,
    vendor: &str,
    settings: &Settings,
    credentials: &Credentials,
    request_id: &str,
) -> Result<Result<Probe, Failure>, Problem> {
    let asked = state
        .connector()
        .probe(tenant, vendor, settings, credentials, request_id);
    let Ok(answer) = tokio::time::timeout(PATIENCE, asked).await else {
        return Ok(Err(timed_out(state.now())));
    };
    let error = match answer? {
        Ok(probe) => return Ok(Ok(probe)),
        Err(error) => error,
    };
    if let Some(pointer) = definite(&error) {
        // What was sent is what is wrong.
        let problem = Problem::from(&error).with_status(StatusCode::UNPROCESSABLE_ENTITY);
        let detail = problem.code().title;
        return Err(problem.with_error(FieldError::body(pointer, "rejected", detail)));
    }
    tracing::warn!(
        error = &error as &dyn std::error::Error,
        "A vendor could not be asked while a connection was set up"
    );
    Ok(Err(Failure::of(&error, state.now())))
}

/// The vendor did not answer while the caller waited.
pub(super) fn timed_out(now: Timestamp) -> Failure {
    Failure {
        state: ConnectionState::Degraded,
        last: LastError {
            at: now,
            code: ErrorKind::Transport.code().to_owned(),
            detail: Some("the vendor did not answer in time".to_owned()),
        },
    }
}

/// The member that is definitely wrong.
const fn definite(error: &ProviderError) -> Option<&'static str> {
    match error.kind {
        ErrorKind::InvalidCredentials | ErrorKind::Unauthorized => Some("/credentials"),
        ErrorKind::EgressDenied => Some("/settings/base_url"),
        _ => None,
    }
}
