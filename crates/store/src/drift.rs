//! Members of vendor documents that no mapper consumes: each is told once a connection.

use std::collections::BTreeSet;

use callweave_model::{ConnectionId, Timestamp};
use serde_json::json;

use crate::{
    Result, TenantTx,
    calls::ConnectionScope,
    convert,
    events::Event,
    records::{Fetched, News},
};

/// The most pointers that are remembered of one connection: a vendor that makes up names without
/// end tells nothing new.
const MOST_POINTERS: i64 = 500;

/// The longest part of a pointer that is told.
const LONGEST_PART: usize = 64;

/// A member that no mapper consumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// `<operation><pointer>`, with `*` for places in lists.
    pub pointer: String,
    /// When it was first met.
    pub first_seen_at: Timestamp,
}

impl TenantTx {
    /// Remembers what no mapper consumed of these records, with an event for each pointer that is
    /// new on the connection.
    pub(crate) async fn note_drift(
        &mut self,
        scope: &ConnectionScope,
        fetched: &[Fetched],
        now: Timestamp,
    ) -> Result<()> {
        let pointers: BTreeSet<String> = fetched
            .iter()
            .flat_map(|record| match &record.news {
                News::Upsert { unmapped, .. } => unmapped.as_slice(),
                _ => &[],
            })
            .map(|pointer| general(pointer))
            .collect();
        if pointers.is_empty() {
            return Ok(());
        }
        let new: Vec<String> = sqlx::query_scalar(
            "INSERT INTO vendor_drift (tenant_id, connection_id, pointer, first_seen_at) \
             SELECT $1, $2, pointer, $3 FROM UNNEST($4::text[]) AS new (pointer) \
             WHERE (SELECT count(*) FROM vendor_drift \
                 WHERE tenant_id = $1 AND connection_id = $2) < $5 \
             ON CONFLICT DO NOTHING \
             RETURNING pointer",
        )
        .bind(self.tenant().0)
        .bind(scope.id.0)
        .bind(convert::db(now))
        .bind(pointers.into_iter().collect::<Vec<String>>())
        .bind(MOST_POINTERS)
        .fetch_all(self.executor())
        .await?;
        let events: Vec<Event> = new
            .into_iter()
            .map(|pointer| Event {
                event_type: "vendor.drift_detected",
                connection: Some(scope.id),
                subject: Some(scope.id.0),
                data: json!({"vendor": scope.vendor, "pointer": pointer}),
            })
            .collect();
        self.insert_events(&events, now).await
    }

    /// What no mapper consumes of a connection's documents, the latest first.
    pub async fn list_drift(&mut self, connection: ConnectionId, limit: i64) -> Result<Vec<Drift>> {
        let rows: Vec<(String, convert::DbTime)> = sqlx::query_as(
            "SELECT pointer, first_seen_at FROM vendor_drift \
             WHERE tenant_id = $1 AND connection_id = $2 \
             ORDER BY first_seen_at DESC, pointer LIMIT $3",
        )
        .bind(self.tenant().0)
        .bind(connection.0)
        .bind(limit)
        .fetch_all(self.executor())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(pointer, at)| Drift {
                pointer,
                first_seen_at: convert::model(at),
            })
            .collect())
    }
}

/// A pointer without what differs from record to record, and without what may be somebody's data:
/// numbers become `*`, and what is no plain name `?`.
fn general(pointer: &str) -> String {
    let part = |part: &str| -> String {
        let plain = |c: char| c.is_alphanumeric() || "_-. ".contains(c);
        if !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()) {
            "*".to_owned()
        } else if part.chars().count() <= LONGEST_PART && part.chars().all(plain) {
            part.to_owned()
        } else {
            "?".to_owned()
        }
    };
    pointer
        .split('/')
        .map(part)
        .collect::<Vec<String>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::general;

    #[test]
    fn places_and_odd_names_are_left_out_of_a_pointer() {
        assert_eq!(general("X-01/items/12/later"), "X-01/items/*/later");
        assert_eq!(general("X-01/998900000001"), "X-01/*");
        assert_eq!(general("X-01/a@b.example/x"), "X-01/?/x");
        assert_eq!(general("X-01/Тема"), "X-01/Тема");
    }
}
