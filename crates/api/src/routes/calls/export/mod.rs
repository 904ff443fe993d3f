//! All calls that a filter matches, as one file.

mod pages;
pub(super) mod route;
mod rows;
