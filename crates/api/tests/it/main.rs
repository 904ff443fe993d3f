//! The API through its own router, with a real database and a vendor that lives in memory.

mod support;

mod authorization;
mod bad_input;
mod calls;
mod connections;
mod documentation;
mod filters;
mod keys;
mod media;
mod problems;
mod registration;
mod transcripts;
