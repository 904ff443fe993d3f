//! Transcripts, in four forms.

pub(super) mod get;

mod format;
mod render;
