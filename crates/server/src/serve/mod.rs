//! Serving HTTP: an accept loop of our own, since axum's sets no time limits.

mod connection;
mod listener;
mod newcomers;
mod pace;

pub(crate) use listener::{Limits, bind, reachable, serve};
