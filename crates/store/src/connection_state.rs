//! The state of connections: every move is one row and its events, in the caller's transaction.

use callweave_model::{ConnectionId, Timestamp, connection::ConnectionState};
use serde_json::json;
use uuid::Uuid;

use crate::{Result, TenantTx, convert, events::Event};

/// Credentials that end by themselves: a token that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// When they end.
    pub end_at: Timestamp,
    /// From when on the owner is asked for others.
    pub warn_at: Timestamp,
}

/// What decides about a move.
#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    state: String,
    state_reason: Option<String>,
    credentials_version: i32,
    credentials_end_at: Option<convert::DbTime>,
    credentials_warn_at: Option<convert::DbTime>,
    credentials_warned: Option<i32>,
}

const SELECT: &str = "SELECT id, state, state_reason, credentials_version, credentials_end_at, \
     credentials_warn_at, credentials_warned \
     FROM connections WHERE tenant_id = $1 AND deleted_at IS NULL";

impl Row {
    fn current(&self) -> ConnectionState {
        ConnectionState::from_word(&self.state)
    }

    /// What the owner has to do before the credentials end, where that time has come.
    fn ending(&self, now: Timestamp) -> Option<String> {
        let end = convert::model_option(self.credentials_end_at)?;
        let warn = convert::model_option(self.credentials_warn_at)?;
        (warn <= now).then(|| {
            format!(
                "the token that was handed in ends at {end}; get a new one from the vendor and \
                 send it to PUT /v1/connections/{}/credentials",
                self.id
            )
        })
    }
}

impl TenantTx {
    /// Holds a connection until the transaction ends: its schedule, its account's token, then itself.
    ///
    /// A run holds the schedule before it moves its connection, and a renewal the token. Who writes
    /// more than the connection's own row begins with this, or two of them may wait for each other.
    pub async fn hold_connection(&mut self, id: ConnectionId) -> Result<()> {
        for hold in [
            "SELECT FROM sync_state WHERE tenant_id = $1 AND connection_id = $2 FOR NO KEY UPDATE",
            "SELECT FROM tokens WHERE tenant_id = $1 AND namespace = ( \
                 SELECT namespace FROM connections WHERE tenant_id = $1 AND id = $2) \
             FOR NO KEY UPDATE",
            "SELECT FROM connections WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE",
        ] {
            sqlx::query(hold)
                .bind(self.tenant().0)
                .bind(id.0)
                .execute(self.executor())
                .await?;
        }
        Ok(())
    }

    /// Moves a connection into a state, with its events; nothing is written when it is there
    /// already for the same reason. `true` when the state or its reason changed.
    ///
    /// A connection whose credentials are about to end does not become active: it goes on working
    /// and asks its owner to act. One that asks its owner to act already keeps the reason it gave.
    pub async fn set_connection_state(
        &mut self,
        id: ConnectionId,
        state: ConnectionState,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<bool> {
        let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "{SELECT} AND id = $2 FOR UPDATE"
        )))
        .bind(self.tenant().0)
        .bind(id.0)
        .fetch_optional(self.executor())
        .await?;
        let Some(row) = row else { return Ok(false) };
        let works = matches!(state, ConnectionState::Active | ConnectionState::Connecting);
        if works && let Some(reason) = row.ending(now) {
            return self.ask_for_new_credentials(&row, &reason, now).await;
        }
        if state == ConnectionState::ReauthRequired && row.current() == state {
            return Ok(false);
        }
        self.move_connection(&row, state, reason, now).await
    }

    /// The credentials (of this version) of an account were refused for good: its connections ask
    /// their owner to act. Paused ones stay paused.
    pub(crate) async fn require_credentials(
        &mut self,
        namespace: Uuid,
        credentials_version: i32,
        reason: &str,
        now: Timestamp,
    ) -> Result<()> {
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "{SELECT} AND namespace = $2 AND credentials_version = $3 AND state <> 'paused' \
             ORDER BY id FOR UPDATE"
        )))
        .bind(self.tenant().0)
        .bind(namespace)
        .bind(credentials_version)
        .fetch_all(self.executor())
        .await?;
        for row in rows {
            let reason = format!(
                "{reason}; send working credentials to PUT /v1/connections/{}/credentials",
                row.id
            );
            self.move_connection(&row, ConnectionState::ReauthRequired, Some(&reason), now)
                .await?;
        }
        Ok(())
    }

    /// Keeps when the credentials (of this version) of an account end; `None`: not by themselves.
    pub(crate) async fn note_credentials_end(
        &mut self,
        namespace: Uuid,
        credentials_version: i32,
        ending: Option<Ending>,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE connections SET credentials_end_at = $4, credentials_warn_at = $5 \
             WHERE tenant_id = $1 AND namespace = $2 AND credentials_version = $3 \
                 AND (credentials_end_at, credentials_warn_at) IS DISTINCT FROM ($4, $5)",
        )
        .bind(self.tenant().0)
        .bind(namespace)
        .bind(credentials_version)
        .bind(convert::db_option(ending.map(|ending| ending.end_at)))
        .bind(convert::db_option(ending.map(|ending| ending.warn_at)))
        .execute(self.executor())
        .await?;
        Ok(())
    }

    /// Asks the owners of connections whose credentials are about to end for others: once for each
    /// version of the credentials. Tells how many there were.
    pub async fn announce_ending_credentials(&mut self, now: Timestamp) -> Result<usize> {
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "{SELECT} AND credentials_warn_at <= $2 \
                 AND credentials_warned IS DISTINCT FROM credentials_version \
                 AND state NOT IN ('paused', 'reauth_required') \
             ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED"
        )))
        .bind(self.tenant().0)
        .bind(convert::db(now))
        .fetch_all(self.executor())
        .await?;
        for row in &rows {
            if let Some(reason) = row.ending(now) {
                self.ask_for_new_credentials(row, &reason, now).await?;
            }
        }
        Ok(rows.len())
    }

    async fn ask_for_new_credentials(
        &mut self,
        row: &Row,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool> {
        if row.credentials_warned != Some(row.credentials_version) {
            sqlx::query(
                "UPDATE connections SET credentials_warned = credentials_version \
                 WHERE tenant_id = $1 AND id = $2",
            )
            .bind(self.tenant().0)
            .bind(row.id)
            .execute(self.executor())
            .await?;
            let data = json!({"expires_at": convert::model_option(row.credentials_end_at)});
            let event = event("connection.credentials_expiring", row.id, data);
            self.insert_events(&[event], now).await?;
        }
        if row.current() == ConnectionState::ReauthRequired {
            return Ok(false);
        }
        self.move_connection(row, ConnectionState::ReauthRequired, Some(reason), now)
            .await
    }

    async fn move_connection(
        &mut self,
        row: &Row,
        state: ConnectionState,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<bool> {
        let previous = row.current();
        if previous == state && row.state_reason.as_deref() == reason {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE connections \
             SET state = $3, state_reason = $4, modified_at = $5, version = version + 1 \
             WHERE tenant_id = $1 AND id = $2",
        )
        .bind(self.tenant().0)
        .bind(row.id)
        .bind(state.as_str())
        .bind(reason.map(convert::text))
        .bind(convert::db(now))
        .execute(self.executor())
        .await?;
        let data = json!({"state": state.as_str(), "previous": previous.as_str()});
        let moved = previous != state;
        let alarm = match state {
            // Also where the credentials were about to end and are refused now.
            ConnectionState::ReauthRequired => Some("connection.reauth_required"),
            ConnectionState::Degraded if moved => Some("connection.degraded"),
            _ => None,
        };
        let events: Vec<Event> = moved
            .then_some("connection.state_changed")
            .into_iter()
            .chain(alarm)
            .map(|event_type| event(event_type, row.id, data.clone()))
            .collect();
        self.insert_events(&events, now).await?;
        Ok(true)
    }
}

fn event(event_type: &'static str, connection: Uuid, data: serde_json::Value) -> Event {
    Event {
        event_type,
        connection: Some(ConnectionId(connection)),
        subject: Some(connection),
        data,
    }
}
