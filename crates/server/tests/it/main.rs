//! The binary as its users meet it, and the rules of the workspace that no compiler checks.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a helper that fails is to fail its test; figures are printed"
)]

mod apart;
mod arrows;
mod chaos;
mod commands;
mod coverage;
mod demo;
mod external;
mod inside;
mod names;
mod outside;
mod serving;
mod support;
