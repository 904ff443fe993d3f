//! Calls: how they are written, listed and read.

mod apply;
mod erase;
mod filter;
mod read;
mod row;
mod withdraw;
mod write;

pub use apply::{Applied, ConnectionScope};
pub use filter::{CallFilter, CallPosition, Order};
pub use read::{CallPatch, CallVersion, StoredCall};
