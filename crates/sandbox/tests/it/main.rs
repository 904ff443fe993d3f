//! The sandbox over real HTTP.

mod core;
mod support;
