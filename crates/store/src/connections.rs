//! Connections: one account at one vendor.

use callweave_model::{ConnectionId, TenantId, Timestamp, connection::ConnectionState};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    Result, TenantTx, convert,
    events::Event,
    token_standing::{StandingRow, TokenStanding},
};

/// A connection as it is stored. The credentials are sealed.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id.
    pub id: ConnectionId,
    /// The vendor's key.
    pub vendor: String,
    /// What its owner calls it.
    pub name: String,
    /// The state.
    pub state: ConnectionState,
    /// Why it is in that state.
    pub state_reason: Option<String>,
    /// The vendor's settings.
    pub settings: Map<String, Value>,
    /// The owner's labels.
    pub tags: Map<String, Value>,
    /// The vendor's name of the account.
    pub account_name: Option<String>,
    /// The namespace of its calls' ids.
    pub namespace: Uuid,
    /// The names of the credentials that are kept.
    pub credential_names: Vec<String>,
    /// Counts the changes of the credentials.
    pub credentials_version: i32,
    /// The credentials.
    pub sealed_credentials: Vec<u8>,
    /// Counts the changes of the row.
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub modified_at: Timestamp,
    /// When the vendor last answered well.
    pub last_ok_at: Option<Timestamp>,
    /// What went wrong last.
    pub last_error: Option<LastError>,
    /// How it stands with the account's token; `None` before one was asked for. Only read.
    pub token: Option<TokenStanding>,
}

/// What went wrong last.
#[derive(Clone, Debug)]
pub struct LastError {
    /// When.
    pub at: Timestamp,
    /// The problem code, e.g. `vendor.unreachable`.
    pub code: String,
    /// In words, without personal data or secrets.
    pub detail: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant_id: Uuid,
    id: Uuid,
    vendor: String,
    name: String,
    state: String,
    state_reason: Option<String>,
    settings: Value,
    tags: Value,
    account_name: Option<String>,
    namespace: Uuid,
    credential_names: Vec<String>,
    credentials_version: i32,
    sealed_credentials: Vec<u8>,
    version: i32,
    created_at: convert::DbTime,
    modified_at: convert::DbTime,
    last_ok_at: Option<convert::DbTime>,
    last_error_at: Option<convert::DbTime>,
    last_error_code: Option<String>,
    last_error_detail: Option<String>,
    #[sqlx(flatten)]
    token: StandingRow,
}

impl From<Row> for Connection {
    fn from(row: Row) -> Self {
        let last_error = match (row.last_error_at, row.last_error_code) {
            (Some(at), Some(code)) => Some(LastError {
                at: convert::model(at),
                code,
                detail: row.last_error_detail,
            }),
            _ => None,
        };
        Self {
            tenant_id: TenantId(row.tenant_id),
            id: ConnectionId(row.id),
            vendor: row.vendor,
            name: row.name,
            state: ConnectionState::from_word(&row.state),
            state_reason: row.state_reason,
            settings: object(row.settings),
            tags: object(row.tags),
            account_name: row.account_name,
            namespace: row.namespace,
            credential_names: row.credential_names,
            credentials_version: row.credentials_version,
            sealed_credentials: row.sealed_credentials,
            version: row.version,
            created_at: convert::model(row.created_at),
            modified_at: convert::model(row.modified_at),
            last_ok_at: convert::model_option(row.last_ok_at),
            last_error,
            token: row.token.into(),
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

const SELECT: &str = "SELECT connection.tenant_id, connection.id, connection.vendor, connection.name, \
     connection.state, connection.state_reason, connection.settings, connection.tags, \
     connection.account_name, connection.namespace, connection.credential_names, \
     connection.credentials_version, connection.sealed_credentials, connection.version, \
     connection.created_at, connection.modified_at, connection.last_ok_at, \
     connection.last_error_at, connection.last_error_code, connection.last_error_detail, \
     token.gen AS token_gen, token.sealed_token IS NOT NULL AS token_is_there, \
     token.cred_version AS token_cred_version, token.obtained_at AS token_obtained_at, \
     token.access_expires_at AS token_expires_at, \
     token.refresh_expires_at AS token_refresh_expires_at, \
     COALESCE(token.lease_until > now(), false) AS token_leased, \
     token.not_before AS token_not_before, token.failure_reason AS token_failure_reason, \
     token.rejected_reason AS token_rejected_reason, \
     connection.credentials_end_at IS NOT NULL AS token_handed_in \
     FROM connections AS connection \
     LEFT JOIN tokens AS token ON token.tenant_id = connection.tenant_id \
         AND token.namespace = connection.namespace \
     WHERE connection.tenant_id = $1 AND connection.deleted_at IS NULL";

/// A filter over connections.
#[derive(Clone, Debug, Default)]
pub struct ConnectionFilter {
    /// Only of this vendor.
    pub vendor: Option<String>,
    /// Only after this one, in the order of making.
    pub after: Option<(Timestamp, ConnectionId)>,
    /// At most so many.
    pub limit: i64,
}

impl TenantTx {
    /// Stores a new connection, its schedule (due at once) and the event.
    pub async fn insert_connection(&mut self, connection: &Connection) -> Result<()> {
        sqlx::query(
            "INSERT INTO connections (tenant_id, id, vendor, name, state, settings, tags, namespace, \
                 credential_names, credentials_version, sealed_credentials, created_at, modified_at, \
                 account_name) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13)",
        )
        .bind(self.tenant().0)
        .bind(connection.id.0)
        .bind(&connection.vendor)
        .bind(convert::text(&connection.name))
        .bind(connection.state.as_str())
        .bind(convert::json(&Value::Object(connection.settings.clone())))
        .bind(convert::json(&Value::Object(connection.tags.clone())))
        .bind(connection.namespace)
        .bind(&connection.credential_names)
        .bind(connection.credentials_version)
        .bind(&connection.sealed_credentials)
        .bind(convert::db(connection.created_at))
        .bind(&connection.account_name)
        .execute(self.executor())
        .await?;
        sqlx::query(
            "INSERT INTO sync_state (tenant_id, connection_id, next_run_at) VALUES ($1, $2, now())",
        )
        .bind(self.tenant().0)
        .bind(connection.id.0)
        .execute(self.executor())
        .await?;
        let event = Event {
            event_type: "connection.created",
            connection: Some(connection.id),
            subject: Some(connection.id.0),
            data: json!({"vendor": connection.vendor}),
        };
        self.insert_events(&[event], connection.created_at).await
    }

    /// The connection with this id.
    pub async fn find_connection(&mut self, id: ConnectionId) -> Result<Option<Connection>> {
        let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "{SELECT} AND connection.id = $2"
        )))
        .bind(self.tenant().0)
        .bind(id.0)
        .fetch_optional(self.executor())
        .await?;
        Ok(row.map(Connection::from))
    }

    /// Live connections to a vendor account.
    pub async fn connections_of_account(&mut self, namespace: Uuid) -> Result<Vec<Connection>> {
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "{SELECT} AND connection.namespace = $2 ORDER BY connection.id"
        )))
        .bind(self.tenant().0)
        .bind(namespace)
        .fetch_all(self.executor())
        .await?;
        Ok(rows.into_iter().map(Connection::from).collect())
    }

    /// Connections in the order of their making.
    pub async fn list_connections(&mut self, filter: &ConnectionFilter) -> Result<Vec<Connection>> {
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "{SELECT} AND ($2::text IS NULL OR connection.vendor = $2) \
             AND ($3::timestamptz IS NULL OR (connection.created_at, connection.id) > ($3, $4)) \
             ORDER BY connection.created_at, connection.id LIMIT $5"
        )))
        .bind(self.tenant().0)
        .bind(&filter.vendor)
        .bind(filter.after.map(|(at, _)| convert::db(at)))
        .bind(filter.after.map(|(_, id)| id.0))
        .bind(filter.limit)
        .fetch_all(self.executor())
        .await?;
        Ok(rows.into_iter().map(Connection::from).collect())
    }

    /// Writes what an owner may change: name, labels, settings. `false` when the row moved on
    /// since `connection.version` was read.
    pub async fn update_connection(
        &mut self,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE connections SET name = $4, tags = $5, settings = $6, modified_at = $7, \
                 version = version + 1 \
             WHERE tenant_id = $1 AND id = $2 AND version = $3 AND deleted_at IS NULL",
        )
        .bind(self.tenant().0)
        .bind(connection.id.0)
        .bind(connection.version)
        .bind(convert::text(&connection.name))
        .bind(convert::json(&Value::Object(connection.tags.clone())))
        .bind(convert::json(&Value::Object(connection.settings.clone())))
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Replaces the credentials; a token got with the old ones is worth nothing afterwards, and
    /// what the old ones might not do the new ones may.
    pub async fn replace_credentials(
        &mut self,
        id: ConnectionId,
        sealed: &[u8],
        names: &[String],
        now: Timestamp,
    ) -> Result<()> {
        let namespace: Option<Uuid> = sqlx::query_scalar(
            "UPDATE connections SET sealed_credentials = $3, credential_names = $4, modified_at = $5, \
                 credentials_version = credentials_version + 1, version = version + 1, \
                 credentials_end_at = NULL, credentials_warn_at = NULL \
             WHERE tenant_id = $1 AND id = $2 RETURNING namespace",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .bind(sealed)
        .bind(names)
        .bind(convert::db(now))
        .fetch_optional(self.executor())
        .await?;
        sqlx::query("DELETE FROM endpoint_rests WHERE tenant_id = $1 AND namespace = $2")
            .bind(self.tenant().0)
            .bind(namespace)
            .execute(self.executor())
            .await?;
        Ok(())
    }

    /// Notes that the vendor answered well.
    pub async fn note_success(&mut self, id: ConnectionId, now: Timestamp) -> Result<()> {
        sqlx::query("UPDATE connections SET last_ok_at = $3 WHERE tenant_id = $1 AND id = $2")
            .bind(self.tenant().0)
            .bind(id.0)
            .bind(convert::db(now))
            .execute(self.executor())
            .await?;
        Ok(())
    }

    /// Notes what went wrong.
    pub async fn note_failure(&mut self, id: ConnectionId, error: &LastError) -> Result<()> {
        sqlx::query(
            "UPDATE connections SET last_error_at = $3, last_error_code = $4, last_error_detail = $5 \
             WHERE tenant_id = $1 AND id = $2",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .bind(convert::db(error.at))
        .bind(&error.code)
        .bind(&error.detail)
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Removes a connection: its schedule stops, its credentials and token go, its calls stay.
    pub async fn delete_connection(&mut self, id: ConnectionId, now: Timestamp) -> Result<bool> {
        self.hold_connection(id).await?;
        let namespace: Option<Uuid> = sqlx::query_scalar(
            "UPDATE connections SET deleted_at = $3, state = 'deleted', sealed_credentials = '', \
                 credential_names = '{}', modified_at = $3, version = version + 1 \
             WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING namespace",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .bind(convert::db(now))
        .fetch_optional(self.executor())
        .await?;
        let Some(namespace) = namespace else {
            return Ok(false);
        };
        sqlx::query(
            "UPDATE sync_state SET enabled = false, lease_epoch = lease_epoch + 1, lease_until = NULL \
             WHERE tenant_id = $1 AND connection_id = $2",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .execute(self.executor())
        .await?;
        // The vendor's pause stays: it is the account's, whoever connects it again.
        for forget in [
            "DELETE FROM tokens WHERE tenant_id = $1 AND namespace = $2 AND NOT EXISTS ( \
                 SELECT FROM connections \
                 WHERE tenant_id = $1 AND namespace = $2 AND deleted_at IS NULL)",
            "DELETE FROM endpoint_rests WHERE tenant_id = $1 AND namespace = $2 AND NOT EXISTS ( \
                 SELECT FROM connections \
                 WHERE tenant_id = $1 AND namespace = $2 AND deleted_at IS NULL)",
        ] {
            sqlx::query(forget)
                .bind(self.tenant().0)
                .bind(namespace)
                .execute(self.executor())
                .await?;
        }
        self.end_jobs_of_connection(id, now).await?;
        let event = Event {
            event_type: "connection.deleted",
            connection: Some(id),
            subject: Some(id.0),
            data: json!({}),
        };
        self.insert_events(&[event], now).await?;
        Ok(true)
    }
}
