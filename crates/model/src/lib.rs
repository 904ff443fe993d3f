//! The canonical model of callweave: what an analysed call is, whichever vendor analysed it.
//!
//! Instants are UTC with millisecond precision, offsets and durations are `i64` milliseconds from
//! the start of the media, percentages are 0-100, confidences 0-1, phones E.164 beside their
//! original text. An enum is open: an unknown vendor value becomes `other`, and the vendor's own
//! word stands in the object's `vendor_values`.
//!
//! This crate does no IO and knows no framework, no database and no vendor.

pub mod analysis;
pub mod call;
pub mod connection;
pub mod enums;
pub mod facts;
pub mod ids;
pub mod job;
pub mod merge;
pub mod owned;
pub mod patch;
pub mod phone;
pub mod rollup;
pub mod stats;
pub mod time;
pub mod transcript;

mod open_enum;

pub use analysis::Analysis;
pub use call::AnalyzedCall;
pub use ids::{AnalysisId, ApiKeyId, CallId, ConnectionId, JobId, MediaId, TenantId};
pub use time::{Clock, SystemClock, Timestamp};
pub use transcript::{Transcript, Utterance, Word};

/// Vendor words that were translated, by the name of the member that holds the translation.
pub type VendorValues = std::collections::BTreeMap<String, serde_json::Value>;

/// The identifier of this schema, as `GET /v1/calls` answers it.
pub const SCHEMA_ID: &str = "analyzed_call/1";

/// The version of the mapping rules; a call written by an older one can be mapped again from its
/// raw documents.
pub const MAPPER_VERSION: i32 = 1;
