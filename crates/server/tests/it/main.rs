//! The binary as its users meet it, and the rules of the workspace that no compiler checks.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a helper that fails is to fail its test; figures are printed"
)]

mod apart;
mod arrows;
mod backup;
mod base;
mod chaos;
mod commands;
mod coverage;
mod databases;
mod demo;
mod external;
mod inside;
mod lifecycle;
mod names;
mod outside;
mod rules;
mod serving;
mod supply;
mod support;
mod telemetry;
mod tracing;
