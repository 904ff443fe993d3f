//! The binary as its users meet it, and the rules of the workspace that no compiler checks.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper that fails is to fail its test"
)]

mod apart;
mod arrows;
mod commands;
mod demo;
mod external;
mod names;
mod serving;
mod support;
