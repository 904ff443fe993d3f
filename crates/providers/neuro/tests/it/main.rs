//! The adapter from outside: scripted answers, and the sandbox over real HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod agents;
mod conformance;
mod dialogs;
mod documented;
mod garbage;
mod listing;
mod live_agents;
mod live_dialogs;
mod sandbox;
mod support;
