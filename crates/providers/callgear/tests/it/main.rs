//! CallGear against canned answers, and against the sandbox over real HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail their test"
)]

mod account;
mod canned;
mod conformance;
mod evaluations;
mod mapping;
mod mutation;
mod parts;
mod passthrough;
mod rubrics;
mod sandbox;
mod scene;
mod support;
mod taxonomy;
mod walking;
