//! The adapter from outside: scripted answers, and the sandbox over real HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod conformance;
mod documented;
mod files;
mod garbage;
mod listing;
mod sandbox;
mod support;
mod unusual;
