//! The pull engine.
//!
//! Workers take due connections, one lease each. A run walks the vendor's streams page by page; a
//! page is one transaction with the cursor it moves, so a crash loses and doubles nothing. Lists
//! only say what exists and how it looks; what looks new is due in the table of records, is
//! fetched from there and becomes calls. Every write carries the lease's epoch: a run that lost
//! its lease writes nothing any more.

mod backfill;
mod engine;
mod failure;
mod fetch;
mod options;
mod outcome;
mod progress;
mod remap;
mod run;
mod sweep;
mod walk;

pub use engine::Engine;
pub use options::EngineOptions;
