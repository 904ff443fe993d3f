//! The REST API of the gateway.
//!
//! A handler extracts, makes one call below, and maps what comes back. What it extracts has been
//! checked: the caller holds the scopes that the handler's type names
//! ([`extract::Authorized`]), bodies and queries are read strictly. Every failure is a problem
//! document ([`problem`]); every operation documents itself, and [`openapi`] collects that.
//!
//! To add an operation: a file in `routes/<resource>/`, its wire types in `wire/`, one line in the
//! resource's router. Tests read the OpenAPI document and try every operation without a key, with
//! a key that lacks its scope, and with a stranger's key.

pub mod extract;
pub mod keys;
pub mod problem;
pub mod scope;

mod admission;
mod audit;
mod authenticator;
mod conditional;
mod cursor;
mod feed;
mod file;
mod hex;
mod idempotency;
mod live;
mod middleware;
mod openapi;
mod reads;
mod repeat;
mod respond;
mod routes;
mod server;
mod state;
mod strict;
pub mod trace;
mod wire;

pub use admission::{GuessLimits, TenantLimits};
pub use authenticator::Caller;
pub use cursor::CursorKey;
pub use feed::FeedOptions;
pub use openapi::openapi;
pub use server::router;
pub use state::{ApiOptions, ApiState, MetricsPage};
