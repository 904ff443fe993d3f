//! What was asked of vendors lately: when, what, how it went and how long it took. A bounded log
//! for people who ask why something is not here yet; it holds neither addresses nor contents.

use std::time::Duration;

use callweave_model::Timestamp;
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::{Result, TenantTx, calls::Order, convert};

/// A request as it is noted.
#[derive(Clone, Debug)]
pub struct NewVendorRequest {
    /// Its id.
    pub id: Uuid,
    /// When it began.
    pub at: Timestamp,
    /// The vendor account.
    pub namespace: Uuid,
    /// The connection it was made for; `None` for what is done for the account.
    pub connection: Option<Uuid>,
    /// The vendor's key.
    pub vendor: &'static str,
    /// The operation of the coverage table.
    pub operation: &'static str,
    /// The method.
    pub method: String,
    /// The vendor's status, where it answered.
    pub status: Option<u16>,
    /// How it went, in one word.
    pub outcome: &'static str,
    /// Whether it went wrong.
    pub failed: bool,
    /// How long it took, with the wait for the account's turn and short repeats.
    pub elapsed: Duration,
    /// Bytes of the request's body.
    pub sent_bytes: Option<u64>,
    /// Bytes of the answer's body, decompressed.
    pub received_bytes: Option<u64>,
    /// On whose behalf.
    pub request_id: Option<String>,
    /// The vendor's id of the record it was made for.
    pub record: Option<String>,
}

/// A request as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct VendorRequest {
    /// Its id.
    pub id: Uuid,
    at: convert::DbTime,
    /// The connection it was made for.
    pub connection_id: Option<Uuid>,
    /// The vendor's key.
    pub vendor: String,
    /// The operation of the coverage table.
    pub operation: String,
    /// The method.
    pub method: String,
    /// The vendor's status, where it answered.
    pub status: Option<i32>,
    /// How it went, in one word.
    pub outcome: String,
    /// Whether it went wrong.
    pub failed: bool,
    /// Milliseconds it took.
    pub elapsed_ms: f64,
    /// Bytes of the request's body.
    pub sent_bytes: Option<i64>,
    /// Bytes of the answer's body.
    pub received_bytes: Option<i64>,
    /// On whose behalf.
    pub request_id: Option<String>,
    /// The vendor's id of the record it was made for.
    pub record: Option<String>,
}

impl VendorRequest {
    /// When it began.
    pub fn at(&self) -> Timestamp {
        convert::model(self.at)
    }
}

/// Which requests are wanted.
#[derive(Clone, Debug, Default)]
pub struct VendorRequestFilter {
    /// Made for one of these connections, or for the account of one.
    pub connections: Vec<Uuid>,
    /// To one of these vendors.
    pub vendors: Vec<String>,
    /// One of these operations.
    pub operations: Vec<String>,
    /// On behalf of this request.
    pub request_id: Option<String>,
    /// Made for this record.
    pub record: Option<String>,
    /// Only what went wrong, or only what went well.
    pub failed: Option<bool>,
    /// At or after.
    pub after: Option<Timestamp>,
    /// Before.
    pub before: Option<Timestamp>,
}

fn count(bytes: Option<u64>) -> Option<i64> {
    bytes.and_then(|bytes| i64::try_from(bytes).ok())
}

impl TenantTx {
    /// Notes requests.
    pub async fn note_vendor_requests(&mut self, requests: &[NewVendorRequest]) -> Result<()> {
        if requests.is_empty() {
            return Ok(());
        }
        let column = |text: fn(&NewVendorRequest) -> Option<&str>| -> Vec<Option<String>> {
            requests
                .iter()
                .map(|request| text(request).map(convert::text))
                .collect()
        };
        macro_rules! column {
            ($request:ident => $value:expr) => {
                requests.iter().map(|$request| $value).collect::<Vec<_>>()
            };
        }
        sqlx::query(include_str!("../sql/note_vendor_requests.sql"))
            .bind(self.tenant().0)
            .bind(column!(request => request.failed))
            .bind(column!(request => convert::db(request.at)))
            .bind(column!(request => request.id))
            .bind(column!(request => request.namespace))
            .bind(column!(request => request.connection))
            .bind(column!(request => request.vendor))
            .bind(column!(request => request.operation))
            .bind(column!(request => request.method.as_str()))
            .bind(column!(request => request.status.map(i32::from)))
            .bind(column!(request => request.outcome))
            .bind(column!(request => request.elapsed.as_secs_f64() * 1_000.0))
            .bind(column!(request => count(request.sent_bytes)))
            .bind(column!(request => count(request.received_bytes)))
            .bind(column(|request| request.request_id.as_deref()))
            .bind(column(|request| request.record.as_deref()))
            .execute(self.executor())
            .await?;
        Ok(())
    }

    /// Keeps the newest `keep` of each kind that began at or after `oldest`; tells how many went.
    pub async fn trim_vendor_requests(&mut self, keep: u32, oldest: Timestamp) -> Result<u64> {
        let mut gone = 0;
        for failed in [false, true] {
            // The first that is one too many, and all before it.
            let done = sqlx::query(
                "DELETE FROM vendor_requests WHERE tenant_id = $1 AND failed = $2 \
                     AND (at < $4 OR (at, id) <= ( \
                         SELECT at, id FROM vendor_requests \
                         WHERE tenant_id = $1 AND failed = $2 \
                         ORDER BY at DESC, id DESC OFFSET $3 LIMIT 1))",
            )
            .bind(self.tenant().0)
            .bind(failed)
            .bind(i64::from(keep))
            .bind(convert::db(oldest))
            .execute(self.executor())
            .await?;
            gone += done.rows_affected();
        }
        Ok(gone)
    }

    /// Requests by time, beyond `after`.
    pub async fn list_vendor_requests(
        &mut self,
        filter: &VendorRequestFilter,
        order: Order,
        after: Option<(Timestamp, Uuid)>,
        limit: i64,
    ) -> Result<Vec<VendorRequest>> {
        let tenant = self.tenant().0;
        let mut query = QueryBuilder::new(
            "SELECT id, at, connection_id, vendor, operation, method, status, outcome, failed, \
                 elapsed_ms, sent_bytes, received_bytes, request_id, record \
             FROM vendor_requests WHERE tenant_id = ",
        );
        query.push_bind(tenant);
        if !filter.connections.is_empty() {
            query
                .push(" AND (connection_id = ANY(")
                .push_bind(filter.connections.clone())
                .push(") OR (connection_id IS NULL AND namespace IN (SELECT namespace FROM connections WHERE tenant_id = ")
                .push_bind(tenant)
                .push(" AND id = ANY(")
                .push_bind(filter.connections.clone())
                .push("))))");
        }
        if !filter.vendors.is_empty() {
            query
                .push(" AND vendor = ANY(")
                .push_bind(filter.vendors.clone())
                .push(")");
        }
        if !filter.operations.is_empty() {
            query
                .push(" AND operation = ANY(")
                .push_bind(filter.operations.clone())
                .push(")");
        }
        if let Some(id) = &filter.request_id {
            query.push(" AND request_id = ").push_bind(id.clone());
        }
        if let Some(record) = &filter.record {
            query.push(" AND record = ").push_bind(record.clone());
        }
        if let Some(failed) = filter.failed {
            query.push(" AND failed = ").push_bind(failed);
        }
        if let Some(at) = filter.after {
            query.push(" AND at >= ").push_bind(convert::db(at));
        }
        if let Some(at) = filter.before {
            query.push(" AND at < ").push_bind(convert::db(at));
        }
        if let Some((at, id)) = after {
            query.push(match order {
                Order::Asc => " AND (at, id) > (",
                Order::Desc => " AND (at, id) < (",
            });
            query
                .push_bind(convert::db(at))
                .push(", ")
                .push_bind(id)
                .push(")");
        }
        query.push(match order {
            Order::Asc => " ORDER BY at, id LIMIT ",
            Order::Desc => " ORDER BY at DESC, id DESC LIMIT ",
        });
        query.push_bind(limit);
        Ok(query.build_query_as().fetch_all(self.executor()).await?)
    }
}
