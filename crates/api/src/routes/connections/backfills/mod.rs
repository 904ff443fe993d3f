//! Backfills: a span of time walked again.

mod estimate;

pub(super) mod cancel;
pub(super) mod create;
pub(super) mod get;
pub(super) mod list;
pub(super) mod pause;
pub(super) mod resume;

use uuid::Uuid;

/// The address of a backfill.
fn address(connection: Uuid, backfill: Uuid) -> String {
    format!("/v1/connections/{connection}/backfills/{backfill}")
}
