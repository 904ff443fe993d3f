//! The end of a full walk: what two of them did not meet is asked for by id, and what the vendor
//! then denies is gone. Too much missing at once is never believed.

use callweave_store::{StoreError, events::Event};
use serde_json::json;
use tracing::warn;

use crate::run::Run;

/// Fewer missing records than this are believed whatever their share.
const BELIEVED: usize = 10;

impl Run<'_> {
    /// Ends a full walk over all streams; candidates for deletion become due.
    pub(crate) async fn end_full_walk(
        &mut self,
        number: i64,
        proves_absence: bool,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        let mut withheld = 0;
        if proves_absence {
            let (missing, live) = tx.missing_records(self.connection.id, number).await?;
            if too_many(missing.len(), live) {
                withheld = i32::try_from(missing.len()).unwrap_or(i32::MAX);
                warn!(
                    sync.missing = missing.len(),
                    sync.live = live,
                    "Deletions are withheld: too many at once"
                );
                let event = Event {
                    event_type: "sync.deletions_withheld",
                    connection: Some(self.connection.id),
                    subject: Some(self.connection.id.0),
                    data: json!({"missing": missing.len(), "live": live}),
                };
                tx.insert_events(&[event], now).await?;
            } else {
                tx.want_missing(self.connection.id, number, now).await?;
            }
        }
        tx.end_full_walk(self.connection.id, number, withheld)
            .await?;
        tx.commit().await?;
        self.state.full_walk = number;
        Ok(())
    }
}

fn too_many(missing: usize, live: i64) -> bool {
    let share_exceeded = i64::try_from(missing)
        .unwrap_or(i64::MAX)
        .saturating_mul(10)
        > live;
    missing > BELIEVED && share_exceeded
}

#[cfg(test)]
mod tests {
    use super::too_many;

    #[test]
    fn more_than_ten_and_more_than_a_tenth_is_too_many() {
        assert!(!too_many(10, 10));
        assert!(!too_many(50, 1_000));
        assert!(too_many(11, 100));
    }
}
