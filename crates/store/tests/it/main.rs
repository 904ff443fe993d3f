//! The store against a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failed unwrap is how a test fails"
)]

mod audit;
mod calls;
mod days;
mod erasing;
mod forgetting;
mod growing;
mod isolation;
mod mapping;
mod months;
mod retaining;
mod searching;
mod support;
mod sync;
mod tokens;
