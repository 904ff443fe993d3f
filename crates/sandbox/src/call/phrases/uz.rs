//! Placeholder.
pub(super) use super::en::{PHRASEBOOK, TOPICS};
