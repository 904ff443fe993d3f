//! Wire types: what requests and answers look like. None is shared with rows or vendors.

pub(crate) mod audit;
pub(crate) mod backfill;
pub(crate) mod bytes;
pub(crate) mod call;
pub(crate) mod call_parts;
pub(crate) mod call_text;
pub(crate) mod connection;
pub(crate) mod erasure;
pub(crate) mod event;
pub(crate) mod input;
pub(crate) mod job;
pub(crate) mod key;
pub(crate) mod live;
pub(crate) mod methods;
pub(crate) mod order;
mod order_check;
pub(crate) mod retention;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod token;
pub(crate) mod vcon;
pub(crate) mod vendor;
pub(crate) mod vendor_request;
pub(crate) mod vendor_values;
