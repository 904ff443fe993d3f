//! The store against a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is how a test fails")]

mod calls;
mod erasing;
mod growing;
mod isolation;
mod support;
mod sync;
mod tokens;
