//! The engine against a real PostgreSQL and a fifth vendor that no registry names.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is how a test fails")]

mod fifth_vendor;
mod support;
mod trouble;
