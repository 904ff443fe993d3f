//! Extractors: what a handler is given has been checked.

mod authorized;
mod conditions;
mod json;
mod path;
pub(crate) mod query;
mod request_id;
mod strict_value;

pub use authorized::Authorized;
pub(crate) use conditions::{Conditions, ETag, stale};
pub(crate) use json::{ApiJson, decode, read_json, undecodable};
pub(crate) use path::ApiPath;
pub(crate) use query::ApiQuery;
pub(crate) use request_id::RequestId;
