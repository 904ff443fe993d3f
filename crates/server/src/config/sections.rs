//! The settings, section by section. Their defaults and meanings stand in `config.default.toml`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;

use super::values::{self, Origin};

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(deserialize_with = "values::path")]
    pub(crate) data_dir: PathBuf,
    pub(crate) server: Server,
    pub(crate) database: Database,
    pub(crate) encryption: Encryption,
    pub(crate) auth: Auth,
    pub(crate) limits: Limits,
    pub(crate) egress: Egress,
    pub(crate) vendors: Vendors,
    pub(crate) sync: Sync,
    pub(crate) jobs: Jobs,
    pub(crate) events: Events,
    pub(crate) log: Log,
    pub(crate) otlp: Otlp,
}

/// The API's listener.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) listen: SocketAddr,
    pub(crate) max_connections: usize,
    pub(crate) max_requests: usize,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) header_timeout: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) body_timeout: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) write_timeout: Duration,
    pub(crate) max_body_bytes: usize,
    #[serde(deserialize_with = "values::delay")]
    pub(crate) drain_delay: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) drain_timeout: Duration,
    #[serde(deserialize_with = "values::list")]
    pub(crate) cors_origins: Vec<Origin>,
    #[serde(deserialize_with = "values::list")]
    pub(crate) trusted_proxies: Vec<IpNet>,
}

/// What one tenant may do.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) requests: u32,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) window: Duration,
    pub(crate) concurrency: u32,
    pub(crate) exports: u32,
}

/// The database, our own or another.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    #[serde(deserialize_with = "values::secret")]
    pub(crate) url: Option<SecretString>,
    #[serde(deserialize_with = "values::optional_path")]
    pub(crate) password_file: Option<PathBuf>,
    #[serde(deserialize_with = "values::secret")]
    pub(crate) read_url: Option<SecretString>,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) read_wait: Duration,
    pub(crate) max_connections: u32,
    pub(crate) worker_connections: u32,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) acquire_timeout: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) statement_timeout: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) connect_timeout: Duration,
    #[serde(deserialize_with = "values::optional_path")]
    pub(crate) binaries: Option<PathBuf>,
    pub(crate) keep_statements: bool,
    pub(crate) install: bool,
}

/// The keys that secrets are sealed with.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Encryption {
    #[serde(deserialize_with = "values::secret")]
    pub(crate) keys: Option<SecretString>,
    #[serde(deserialize_with = "values::optional_path")]
    pub(crate) keys_file: Option<PathBuf>,
}

/// Tokens: our own, and whose else are believed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Auth {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) token_life: Duration,
    pub(crate) issuers: Vec<TrustedIssuer>,
    pub(crate) max_failures: u32,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) failure_window: Duration,
}

/// An issuer whose tokens are believed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrustedIssuer {
    pub(crate) issuer: String,
    #[serde(default = "values::audience")]
    pub(crate) audience: String,
    pub(crate) algorithm: String,
    pub(crate) secret_file: Option<PathBuf>,
    pub(crate) public_key_file: Option<PathBuf>,
    pub(crate) jwks_url: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) tenant_claim: Option<String>,
    #[serde(default = "values::scope_claim")]
    pub(crate) scope_claim: String,
    pub(crate) scopes: Vec<String>,
    #[serde(
        default = "values::longest_life",
        deserialize_with = "values::duration"
    )]
    pub(crate) longest_life: Duration,
}

/// The way out to the vendors.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Egress {
    #[serde(deserialize_with = "values::list")]
    pub(crate) allow: Vec<IpNet>,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) connect_timeout: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) request_timeout: Duration,
}

/// How hard vendors are driven.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vendors {
    pub(crate) requests_per_second: u32,
    pub(crate) concurrency: u32,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) token_lease: Duration,
    pub(crate) token_renewals: u32,
    pub(crate) forward_trace: bool,
    pub(crate) request_log: u32,
}

/// The pull engine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sync {
    pub(crate) workers: usize,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) poll_interval: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) full_walk_interval: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) turn: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) lease: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) readiness_deadline: Duration,
    pub(crate) vendor_retention_days: u32,
}

/// The feed of events.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Events {
    #[serde(deserialize_with = "values::duration")]
    pub(crate) retention: Duration,
    pub(crate) max_streams: usize,
    pub(crate) max_streams_per_tenant: usize,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) poll_interval: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) heartbeat: Duration,
}

/// Work passed to the vendors.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Jobs {
    pub(crate) workers: usize,
    pub(crate) per_connection: u32,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) lease: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) deadline: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) dialog_deadline: Duration,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) settle: Duration,
    pub(crate) max_upload_bytes: u64,
    pub(crate) low_usage_percent: f64,
    #[serde(deserialize_with = "values::duration")]
    pub(crate) retention: Duration,
}

/// What is logged, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// For collectors: one JSON object a line.
    Json,
}

/// Where spans are sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Otlp {
    #[serde(deserialize_with = "values::optional_text")]
    pub(crate) endpoint: Option<String>,
    pub(crate) sample_ratio: f64,
}
