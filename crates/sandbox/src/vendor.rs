//! The four vendors the sandbox plays.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A vendor the sandbox plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// CallGear, call assessment.
    CallGear,
    /// AloVoice, analytics of recorded calls.
    AloVoice,
    /// Neuro.net, voice agents that place calls.
    Neuro,
    /// Transcripto, transcription and analysis of uploads.
    Transcripto,
}

/// The text names no vendor the sandbox plays.
#[derive(Debug, Clone, thiserror::Error)]
#[error("unknown vendor {0:?}: one of callgear, alovoice, neuro, transcripto is meant")]
pub struct UnknownVendor(pub String);

impl Vendor {
    /// All vendors, in the order of the documents.
    pub const ALL: [Self; 4] = [
        Self::CallGear,
        Self::AloVoice,
        Self::Neuro,
        Self::Transcripto,
    ];

    /// The key as it stands in paths and in control messages.
    pub const fn key(self) -> &'static str {
        match self {
            Self::CallGear => "callgear",
            Self::AloVoice => "alovoice",
            Self::Neuro => "neuro",
            Self::Transcripto => "transcripto",
        }
    }

    /// A stable number, mixed into everything that is generated for this vendor.
    pub(crate) const fn number(self) -> u64 {
        match self {
            Self::CallGear => 1,
            Self::AloVoice => 2,
            Self::Neuro => 3,
            Self::Transcripto => 4,
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.key())
    }
}

impl FromStr for Vendor {
    type Err = UnknownVendor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|vendor| vendor.key() == text)
            .ok_or_else(|| UnknownVendor(text.to_owned()))
    }
}
