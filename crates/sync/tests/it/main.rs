//! The engine against a real PostgreSQL: with a fifth vendor that no registry names, and with the
//! real ones against the sandbox over real HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a helper that fails is to fail its test; a figure is a printed line"
)]

mod deleting;
mod fifth_vendor;
mod mirrors;
mod racing;
mod remapping;
mod support;
mod trouble;
mod walking;
mod world;
