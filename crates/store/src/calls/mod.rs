//! Calls: how they are written, listed and read.

mod apply;
mod day_query;
mod days;
mod erase;
mod filter;
mod item_stats;
mod lessen;
pub mod months;
mod pending;
mod read;
mod remap;
mod row;
mod search;
mod served;
mod stats;
mod withdraw;
mod write;

pub use apply::{Applied, ConnectionScope};
pub use filter::{CallFilter, CallPosition, Order};
pub use item_stats::{ItemFigures, ItemStats};
pub use read::{CallPatch, CallVersion, StoredCall};
pub use remap::{Mapped, StoredForMapping, StoredRecord};
pub use served::{CallInFull, CallText};
pub use stats::{Figures, GroupBy};
