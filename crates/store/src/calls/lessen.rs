//! Taking something out of a call that is not kept any more.

use callweave_model::{AnalyzedCall, CallId, Timestamp};
use serde_json::json;

use super::{
    ConnectionScope,
    write::{Written, differences},
};
use crate::{Result, TenantTx, events::Event};

/// What versions and events put it down to.
const CAUSE: &str = "retention";

impl TenantTx {
    /// Changes a call as its vendor tells it, when `change` says that it did so.
    pub(crate) async fn lessen_call(
        &mut self,
        scope: &ConnectionScope,
        id: CallId,
        change: fn(&mut AnalyzedCall) -> bool,
        now: Timestamp,
    ) -> Result<()> {
        let loaded = self.lock_calls(&[id.0]).await?.into_iter().next();
        let Some((_, first_seen_at, Some(before))) = loaded else {
            return Ok(());
        };
        let mut after = before.clone();
        if !change(&mut after.call) {
            return Ok(());
        }
        let changed = differences(&before.served(), &after.served());
        let live = after.deleted_at.is_none();
        let decided = live
            .then(|| {
                let call = Some(after.call.clone());
                Written::decide(id, scope.id.0, Some(&before), call, first_seen_at, now)
            })
            .flatten();
        // A tombstone stays one.
        let mut row =
            decided.unwrap_or_else(|| Written::with_notes(id, after, first_seen_at, changed));
        row.cause = CAUSE;
        let event = Event {
            event_type: "call.updated",
            connection: Some(scope.id),
            subject: Some(id.0),
            data: json!({
                "vendor": scope.vendor, "version": row.version, "changed": row.changed,
                "cause": CAUSE,
            }),
        };
        self.write_calls(scope, vec![row], now).await?;
        if live {
            self.insert_events(&[event], now).await?;
        }
        Ok(())
    }
}
