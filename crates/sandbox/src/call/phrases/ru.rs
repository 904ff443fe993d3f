//! Placeholder.
pub(super) use super::en::{ANALYST, PHRASEBOOK, TOPICS};
