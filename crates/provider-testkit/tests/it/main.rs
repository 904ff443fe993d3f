//! The kit against itself.
#![expect(clippy::unwrap_used, reason = "a helper that fails ends its test")]

mod canned;
mod conformance;
mod fake;
