//! Connections.

mod backfills;
mod check;
mod create;
mod delete;
mod deletions;
mod get;
mod list;
mod order_report;
mod pause;
mod quarantine;
mod replace_credentials;
mod resume;
mod status;
mod sync;
mod update;
mod vendor_answer;

pub(crate) use vendor_answer::note_failure;

use axum::response::Response;
use callweave_credentials::connector::ConnectorError;
use callweave_model::ConnectionId;
use callweave_provider::Manifest;
use callweave_store::{TenantTx, connections::Connection};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    ApiState,
    extract::ETag,
    problem::{FieldError, Problem, codes},
    wire::connection::ConnectionDocument,
};

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_connections, create::create_connection))
        .routes(routes!(
            get::get_connection,
            update::update_connection,
            delete::delete_connection
        ))
        .routes(routes!(replace_credentials::replace_connection_credentials))
        .routes(routes!(check::check_connection))
        .routes(routes!(sync::sync_connection))
        .routes(routes!(
            backfills::list::list_backfills,
            backfills::create::create_backfill
        ))
        .routes(routes!(backfills::get::get_backfill))
        .routes(routes!(backfills::cancel::cancel_backfill))
        .routes(routes!(backfills::pause::pause_backfill))
        .routes(routes!(backfills::resume::resume_backfill))
        .routes(routes!(status::get_connection_status))
        .routes(routes!(order_report::order_report))
        .routes(routes!(pause::pause_connection))
        .routes(routes!(resume::resume_connection))
        .routes(routes!(deletions::approve_deletions))
        .routes(routes!(quarantine::list::list_quarantine))
        .routes(routes!(quarantine::replay::replay_quarantine))
}

/// The address of a connection.
fn address(id: ConnectionId) -> String {
    format!("/v1/connections/{id}")
}

/// The connection with this id.
pub(crate) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Connection, Problem> {
    tx.find_connection(ConnectionId(id))
        .await?
        .ok_or_else(|| Problem::not_found("connection"))
}

/// What a connection's vendor is, as far as this build knows it.
pub(in crate::routes) fn manifest(state: &ApiState, vendor: &str) -> Option<&'static Manifest> {
    state
        .connector()
        .registry()
        .get(vendor)
        .map(|factory| factory.manifest())
}

/// A connection as it is served, with its tag.
pub(super) fn document(
    state: &ApiState,
    connection: Connection,
) -> Result<(ConnectionDocument, ETag), Problem> {
    let version = connection.version;
    let manifest = manifest(state, &connection.vendor);
    let document = ConnectionDocument::new(connection, manifest, state.now());
    let written = serde_json::to_vec(&document).map_err(|error| {
        tracing::error!(error = %error, "A connection could not be written");
        Problem::new(codes::INTERNAL, "the answer could not be written")
    })?;
    // Health moves without the version: the tag covers it, `If-Match` does not.
    Ok((document, ETag::new(version, &written)))
}

/// A connection as the answer to a change of it.
pub(super) fn changed(state: &ApiState, connection: Connection) -> Result<Response, Problem> {
    let (document, tag) = document(state, connection)?;
    let mut response = crate::respond::ok(&document)?;
    crate::respond::set_tag(&mut response, &tag);
    Ok(response)
}

impl From<ConnectorError> for Problem {
    fn from(error: ConnectorError) -> Self {
        match error {
            ConnectorError::UnknownVendor => Self::new(
                codes::UNKNOWN_VENDOR,
                "the gateway knows no vendor with this key",
            )
            .with_error(FieldError::body(
                "/vendor",
                "unknown_vendor",
                "see GET /v1/vendors",
            )),
            ConnectorError::Invalid(error) => Self::new(
                codes::INVALID_BODY,
                format!("{}: {}", error.pointer, error.detail),
            )
            .with_error(FieldError::body(
                error.pointer,
                FieldError::VENDOR_RULE,
                error.detail,
            )),
            ConnectorError::Sealed(_) => Self::new(
                codes::REAUTH_REQUIRED,
                "the stored credentials cannot be opened; replace them",
            ),
        }
    }
}
