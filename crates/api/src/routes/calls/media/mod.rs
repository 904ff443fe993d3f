//! Recordings and files.

pub(super) mod get;
pub(super) mod list;

mod range;
