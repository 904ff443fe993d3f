//! The adapter from outside: scripted answers, and the sandbox over real HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod live;
mod sandbox;
