//! The API through its own router, with a real database and a vendor that lives in memory.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of tests fails its test"
)]

mod support;

mod authorization;
mod bad_input;
mod calls;
mod connections;
mod documentation;
mod events;
mod filters;
mod idempotency;
mod jobs;
mod keys;
mod live;
mod media;
mod problems;
mod registration;
mod streams;
mod tokens;
mod transcripts;
mod versions;
