//! Tokens that are to be believed, and many more that are not.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is to fail its test"
)]

mod forged;
mod jwks;
mod support;
