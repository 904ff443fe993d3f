//! All SQL of the gateway.
//!
//! Nothing reaches a table but through a transaction that names its tenant ([`Store::tenant`]) or
//! says that it belongs to none ([`Store::system`]). Each one takes on the role `callweave_app`,
//! which owns nothing and cannot bypass row-level security, for its own length only, so it works
//! behind a transaction pooler too. Nothing here knows a vendor.

pub mod api_keys;
pub mod audit;
pub mod backfills;
pub mod calls;
pub mod clock;
pub mod connection_state;
pub mod connections;
pub mod documents;
pub mod drift;
pub mod erasure;
pub mod error;
pub mod events;
pub mod fetching;
pub mod idempotency;
pub mod jobs;
pub mod limits;
pub mod load;
pub mod overview;
pub mod pauses;
pub mod records;
pub mod retention;
pub mod schema;
pub mod sealed;
pub mod secrets;
pub mod standby;
pub mod streams;
pub mod sweeps;
pub mod sync_state;
pub mod tenants;
pub mod token_places;
pub mod token_standing;
pub mod tokens;
pub mod vendor_requests;

mod convert;
mod refusals;
mod session;
mod setup;
mod transaction;

pub use error::{Result, StoreError};
pub(crate) use setup::SEARCH_ROLE;
pub use setup::{APP_ROLE, Options, Plans, Store};
pub use transaction::{SystemTx, TenantTx};
