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
pub(crate) use read::{Sources, load};
<<<<<<< HEAD
pub(crate) use sections::{Config, Database, Egress, Encryption, Log, LogFormat, Server, Sync};
=======
pub(crate) use sections::{Config, Egress, Log, LogFormat, Server, Sync, Vendors};
>>>>>>> server
