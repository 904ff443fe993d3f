//! The server as its owner and as the machine see it.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is to fail its test"
)]

mod attach;
mod databases;
mod helpers;
mod lifetime;
mod ownership;
mod places;
