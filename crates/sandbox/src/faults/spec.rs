//! What a fault is, as it is asked for.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::vendor::Vendor;

/// A fault: where, what, and how often.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FaultSpec {
    /// Whose operations; all vendors' when absent.
    #[serde(default)]
    pub vendor: Option<Vendor>,
    /// An operation's id such as `CG-16`, or `*` for all.
    #[serde(default = "every_operation")]
    pub operation: String,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// In how many of the requests, from 0 to 1; in all when absent.
    #[serde(default)]
    pub probability: Option<f64>,
    /// How often at most; without end when absent.
    #[serde(default)]
    pub count: Option<u64>,
    /// So many matching requests pass untouched first.
    #[serde(default)]
    pub skip: u64,
    /// Decides, together with the number of the request, which requests are hit.
    #[serde(default)]
    pub seed: u64,
}

/// What goes wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// 429, with this text in `Retry-After` where given.
    RateLimited {
        /// Seconds as a number, or any text: a date, a negative number, nonsense.
        #[serde(default)]
        retry_after: Option<Value>,
    },
    /// This status with the vendor's own kind of error body.
    Status {
        /// The status; 500 when it is no valid one.
        #[serde(default = "internal_error")]
        status: u16,
    },
    /// The connection is closed: without an answer, or after so many bytes of the body.
    Close {
        /// How much of the body is sent first; no answer at all when absent.
        #[serde(default)]
        after_bytes: Option<usize>,
    },
    /// The answer comes late.
    Slow {
        /// How late.
        ms: u64,
    },
    /// The head of the answer comes and its body never does.
    Stall,
    /// The body comes at this rate.
    Drip {
        /// How many bytes each second.
        #[serde(default = "one")]
        bytes_per_second: u64,
    },
    /// Half of the body is missing.
    Truncated {
        /// Whether `Content-Length` tells of the missing half (false) or not (true).
        #[serde(default)]
        correct_length: bool,
    },
    /// 200 with a log-in page.
    Html,
    /// 200 with nothing.
    Empty,
    /// The operation is done, and its own answer comes with this status.
    SuccessShaped {
        /// The status.
        #[serde(default = "internal_error")]
        status: u16,
    },
    /// The operation is done, and the connection is closed without an answer.
    LostResponse,
    /// A redirect to another place.
    Redirect {
        /// Where to.
        location: String,
        /// The status.
        #[serde(default = "found")]
        status: u16,
    },
    /// 200 and a JSON array that does not end before so many bytes.
    Huge {
        /// How many.
        bytes: u64,
    },
    /// The vendor's own answer with some members set and some removed.
    Edit {
        /// JSON pointers and what they shall point at; the parent of each must be there.
        #[serde(default)]
        set: Map<String, Value>,
        /// JSON pointers of what shall be missing.
        #[serde(default)]
        remove: Vec<String>,
    },
    /// The vendor's own answer with other bytes in place of a text, wherever it stands: for what no
    /// JSON library would write. An answer without the text stays as it is.
    Swap {
        /// The text.
        find: String,
        /// The bytes, as base64.
        base64: String,
    },
    /// 200 and a small zstd body that unpacks to a JSON array of so many bytes.
    Bomb {
        /// How many, unpacked.
        bytes: u64,
    },
    /// Any answer whatever.
    Replace {
        /// The status.
        #[serde(default = "okay")]
        status: u16,
        /// The body; a string is sent as it is, anything else as JSON.
        body: Value,
        /// The body is base64 of the bytes that are meant, for what is no text.
        #[serde(default)]
        base64: bool,
        /// Its type.
        #[serde(default)]
        content_type: Option<String>,
    },
}

impl FaultKind {
    /// The name, as it is asked for and as it stands in the request log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "rate_limited",
            Self::Status { .. } => "status",
            Self::Close { .. } => "close",
            Self::Slow { .. } => "slow",
            Self::Stall => "stall",
            Self::Drip { .. } => "drip",
            Self::Truncated { .. } => "truncated",
            Self::Html => "html",
            Self::Empty => "empty",
            Self::SuccessShaped { .. } => "success_shaped",
            Self::LostResponse => "lost_response",
            Self::Redirect { .. } => "redirect",
            Self::Huge { .. } => "huge",
            Self::Edit { .. } => "edit",
            Self::Swap { .. } => "swap",
            Self::Bomb { .. } => "bomb",
            Self::Replace { .. } => "replace",
        }
    }
}

impl FaultSpec {
    /// This fault in every request of this operation.
    pub fn always(vendor: Vendor, operation: &str, kind: FaultKind) -> Self {
        Self {
            vendor: Some(vendor),
            operation: operation.to_owned(),
            kind,
            probability: None,
            count: None,
            skip: 0,
            seed: 0,
        }
    }

    /// The same fault, but so often at most.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self {
            count: Some(count),
            ..self
        }
    }
}

fn every_operation() -> String {
    "*".to_owned()
}

const fn internal_error() -> u16 {
    500
}

const fn found() -> u16 {
    302
}

const fn okay() -> u16 {
    200
}

const fn one() -> u64 {
    1
}
