//! The adapter from outside: scripted answers, and the sandbox over real HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod account;
mod codes;
mod conformance;
mod documented;
mod documents;
mod files;
mod finding;
mod garbage;
mod listing;
mod passthrough;
mod payloads;
mod reports;
mod rubrics;
mod sandbox;
mod sending;
mod submitted;
mod support;
mod taxonomy;
mod unusual;
