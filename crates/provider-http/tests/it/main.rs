//! The HTTP client against servers that misbehave, and the egress guard against forms of address.

#![expect(clippy::unwrap_used, reason = "a helper that fails ends its test")]

mod answers;
mod egress;
mod pace;
mod retries;
mod support;
mod timeouts;
mod tls;
mod uploads;
