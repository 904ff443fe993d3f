//! The API through its own router, with a real database and a vendor that lives in memory.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of tests fails its test"
)]

mod support;

mod audit;
mod authorization;
mod bad_input;
mod bounds;
mod calls;
mod connections;
mod conventions;
mod documentation;
mod erasures;
mod events;
mod examples;
mod exports;
mod filters;
mod forged_tokens;
mod idempotency;
mod jobs;
mod keys;
mod limits;
mod live;
mod media;
mod problems;
mod promises;
mod registration;
mod replicas;
mod retention;
mod stats;
mod streams;
mod tenancy;
mod tokens;
mod transcripts;
mod vcons;
mod versions;
