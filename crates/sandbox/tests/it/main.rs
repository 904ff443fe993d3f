//! The sandbox over real HTTP.

mod core;
mod neuro;
mod shared;
mod support;
mod transcripto;
