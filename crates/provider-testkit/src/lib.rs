//! For tests only: what the tests of vendors and of the engine share.
//!
//! - [`CannedClient`] plays scripted answers and records what it was asked;
//! - [`Recorder`] records what any other client was asked;
//! - [`Fixtures`] loads vendor documents kept beside a crate;
//! - [`Caller`] makes call contexts;
//! - [`fake`] is a fifth vendor that lives in memory, with knobs for what vendors do wrong;
//! - [`conformance`] is the suite that every vendor passes;
//! - [`damage`] hurts vendor documents and makes up others, from a seed;
//! - with the feature `live`, `live::Live` is an adapter against the sandbox over real HTTP.
//!
//! Everything here fails by panicking, with a message that says what a test did wrong.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a helper of tests fails its test"
)]

pub mod answers;
pub mod conformance;
pub mod damage;
pub mod fake;
#[cfg(feature = "live")]
pub mod live;

mod caller;
mod canned;
mod fixtures;
mod recorder;

pub use caller::Caller;
pub use canned::{CannedClient, Recorded};
pub use fixtures::Fixtures;
pub use recorder::Recorder;
