//! The configuration: embedded defaults under a file under the environment.
//!
//! This is the only place that reads the environment. Every key has a default in
//! `config.default.toml`, which is the documentation as well.

mod error;
mod read;
mod sections;
mod values;

#[cfg(test)]
mod tests;

pub(crate) use error::ConfigError;
#[cfg(test)]
pub(crate) use read::defaults;
pub(crate) use read::{Sources, load};
pub(crate) use sections::{
    Auth, Config, Database, Egress, Jobs, Log, LogFormat, Otlp, Sync, TrustedIssuer, Vendors,
};
