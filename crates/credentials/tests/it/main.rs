//! The token broker over a real PostgreSQL, with a vendor that counts what it hands out.
#![expect(clippy::unwrap_used, reason = "a helper that fails ends its test")]

mod failures;
mod lifetimes;
mod logins;
mod refusals;
mod replicas;
mod secrets;
mod support;
