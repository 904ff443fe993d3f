//! What a connection is: one account at one vendor.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{open_enum::open_enum, time::Timestamp};

open_enum! {
    /// The state of a connection.
    ConnectionState {
        /// Created, not yet checked.
        Connecting = "connecting",
        /// Works.
        Active = "active",
        /// The vendor fails; data is served as it is.
        Degraded = "degraded",
        /// The vendor asked to slow down.
        RateLimited = "rate_limited",
        /// The credentials were refused; the owner must act.
        ReauthRequired = "reauth_required",
        /// Paused by the owner.
        Paused = "paused",
        /// Removed by the owner; its calls stay until retention takes them.
        Deleted = "deleted",
    }
}

/// How fresh the data of one connection is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Freshness {
    /// The state of the connection.
    pub state: ConnectionState,
    /// The end of the last complete walk.
    pub synced_at: Option<Timestamp>,
    /// Everything the vendor had at this instant is here: the start of the last complete walk.
    pub data_fresh_as_of: Option<Timestamp>,
    /// Calls since this instant are complete; `null` when the vendor has no such notion.
    pub historical_data_since: Option<Timestamp>,
    /// Why it is not fresher.
    pub reason: Option<String>,
    /// When the next walk is due.
    pub next_run_at: Option<Timestamp>,
}
