//! AloVoice against canned answers, and against the sandbox over real HTTP.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail their test")]

mod canned;
mod conformance;
mod mapping;
mod mutation;
mod sandbox;
mod submissions;
mod support;
