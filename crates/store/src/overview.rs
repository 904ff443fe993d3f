//! What an answer tells about connections beside what it is about.

use callweave_model::{
    ConnectionId, Timestamp,
    connection::{ConnectionState, Freshness},
};
use sqlx::{FromRow, postgres::PgRow};
use uuid::Uuid;

use crate::{Result, TenantTx, calls::ConnectionScope, convert};

/// How fresh the data of a connection is.
#[derive(Clone, Debug)]
pub struct ConnectionFreshness {
    /// The connection.
    pub id: ConnectionId,
    /// The vendor's key.
    pub vendor: String,
    /// How fresh its data is.
    pub freshness: Freshness,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    vendor: String,
    state: String,
    state_reason: Option<String>,
    enabled: bool,
    next_run_at: convert::DbTime,
    not_before: Option<convert::DbTime>,
    synced_at: Option<convert::DbTime>,
    fresh_as_of: Option<convert::DbTime>,
    historical_since: Option<convert::DbTime>,
}

impl From<Row> for ConnectionFreshness {
    fn from(row: Row) -> Self {
        let due: Timestamp = convert::model(row.next_run_at);
        let not_before = convert::model_option(row.not_before);
        Self {
            id: ConnectionId(row.id),
            vendor: row.vendor,
            freshness: Freshness {
                state: ConnectionState::from_word(&row.state),
                synced_at: convert::model_option(row.synced_at),
                data_fresh_as_of: convert::model_option(row.fresh_as_of),
                historical_data_since: convert::model_option(row.historical_since),
                reason: row.state_reason,
                next_run_at: row.enabled.then(|| not_before.unwrap_or(due).max(due)),
            },
        }
    }
}

impl FromRow<'_, PgRow> for ConnectionFreshness {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Row::from_row(row).map(Self::from)
    }
}

impl TenantTx {
    /// How fresh the data of live connections is: of all of them, or of the named ones, or of
    /// those to the named vendors. At most 500.
    pub async fn list_freshness(
        &mut self,
        connections: &[Uuid],
        vendors: &[String],
    ) -> Result<Vec<ConnectionFreshness>> {
        Ok(sqlx::query_as(
            "SELECT connection.id, connection.vendor, connection.state, connection.state_reason, \
                 sync.enabled, sync.next_run_at, sync.not_before, sync.synced_at, sync.fresh_as_of, \
                 sync.historical_since \
             FROM connections AS connection \
             JOIN sync_state AS sync ON sync.tenant_id = connection.tenant_id \
                 AND sync.connection_id = connection.id \
             WHERE connection.tenant_id = $1 AND connection.deleted_at IS NULL \
                 AND (cardinality($2::uuid[]) = 0 OR connection.id = ANY($2)) \
                 AND (cardinality($3::text[]) = 0 OR connection.vendor = ANY($3)) \
             ORDER BY connection.id LIMIT 500",
        )
        .bind(self.tenant().0)
        .bind(connections)
        .bind(vendors)
        .fetch_all(self.executor())
        .await?)
    }

    /// How many calls of a connection began in a span of time.
    pub async fn count_calls_between(
        &mut self,
        connection: ConnectionId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<i64> {
        Ok(sqlx::query_scalar(
            "SELECT count(*) FROM calls WHERE tenant_id = $1 AND connection_id = $2 \
                 AND sort_at >= $3 AND sort_at < $4",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(convert::db(from))
        .bind(convert::db(to))
        .fetch_one(self.executor())
        .await?)
    }

    /// The connection that calls belong to, deleted or not.
    pub async fn connection_scope(&mut self, id: ConnectionId) -> Result<Option<ConnectionScope>> {
        let row: Option<(String, Uuid)> = sqlx::query_as(
            "SELECT vendor, namespace FROM connections WHERE tenant_id = $1 AND id = $2",
        )
        .bind(self.tenant().0)
        .bind(id.0)
        .fetch_optional(self.executor())
        .await?;
        Ok(row.map(|(vendor, namespace)| ConnectionScope {
            id,
            vendor,
            namespace,
        }))
    }

    /// Keeps others from connecting the same vendor account until the transaction ends.
    pub async fn lock_account(&mut self, namespace: Uuid) -> Result<()> {
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0))")
            .bind(self.tenant().to_string())
            .bind(namespace.to_string())
            .execute(self.executor())
            .await?;
        Ok(())
    }
}
