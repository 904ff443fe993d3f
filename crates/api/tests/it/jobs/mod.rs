//! Work passed to vendors: over HTTP, through the workers, to a vendor that keeps count.

mod analyses;
mod batches;
pub(crate) mod dialogs;
mod ends;
mod lists;
mod outcomes;
mod quota;
mod reports;
mod uploads;
