//! Records that could not be translated.

pub(super) mod list;
pub(super) mod replay;
