//! The command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use callweave_model::CallId;
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::SignedDuration;

use crate::config::Sources;

/// A self-hosted gateway for call analytics: many vendors, one model, one REST API.
#[derive(Debug, Parser)]
#[command(
    name = "callweave",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    arg_required_else_help = true,
    after_help = "Try `callweave demo`: it needs nothing and shows everything.\n\n\
        Settings come from defaults, callweave.toml, the environment (CALLWEAVE__SECTION__KEY, \
        DATABASE_URL) and the options, the later winning. Logs go to stderr, data to stdout.\n\
        Exit codes: 0 good, 1 failed, 2 wrong usage or configuration."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The configuration file [default: callweave.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the gateway keeps its own PostgreSQL and keys [default: ./callweave-data]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl Global {
    /// Where this command's configuration comes from.
    pub(crate) fn sources(&self) -> Sources {
        Sources {
            file: self.config.clone(),
            data_dir: self.data_dir.clone(),
            ..Sources::default()
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything at once, with sandbox vendors and nothing to configure
    ///
    /// Starts a PostgreSQL of its own, plays four vendors with invented calls, connects to each of
    /// them and brings their calls in, while new ones keep arriving. Prints the addresses, an API
    /// key and commands to try. Ctrl-C stops all of it; a second run on the same data directory
    /// goes on where this one was.
    Demo(DemoArgs),
    /// Run the gateway
    ///
    /// With no database configured it runs a PostgreSQL of its own under the data directory.
    Serve(ServeArgs),
    /// Bring the database's schema up to date
    Migrate,
    /// Check configuration, database, keys and the isolation of tenants
    ///
    /// Prints what is good and what is wrong; ends with 1 when anything is wrong. Changes nothing
    /// in a database that exists.
    Check,
    /// Print the OpenAPI 3.1 document of the REST API
    Openapi(OpenapiArgs),
    /// Print pages of the documentation that follow from the code
    #[command(subcommand, arg_required_else_help = true)]
    Docs(DocsCommand),
    /// Make, list, replace and revoke API keys
    #[command(subcommand, arg_required_else_help = true)]
    Keys(KeysCommand),
    /// List tenants, and say what each may do and how long it keeps what
    #[command(subcommand, arg_required_else_help = true)]
    Tenants(TenantsCommand),
    /// Erase a call or a person for good, and again after a backup was restored
    #[command(subcommand, arg_required_else_help = true)]
    Erasures(ErasuresCommand),
    /// Run only the sandbox vendors
    ///
    /// Each answers under its own name, as its documents say; /control/credentials says what opens
    /// them, /control/ledger what they hold, /control/faults makes them fail.
    Sandbox(SandboxArgs),
    /// Ask a running gateway whether it is ready
    ///
    /// For health checks of containers that have no shell; ends with 1 when it is not.
    Health(HealthArgs),
    /// Make the secrets of a deployment, each in a file
    ///
    /// The encryption key and a password for the database. Files that are there are kept.
    Secrets(SecretsArgs),
    /// Manage the keys that credentials are sealed with
    #[command(subcommand, arg_required_else_help = true)]
    Encryption(EncryptionCommand),
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Print one line of JSON when ready, instead of the text for people
    #[arg(long)]
    pub(crate) json: bool,
    /// The address of the API; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// How many calls each sandbox vendor holds at the start; counts on the first run only
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) calls: u32,
    /// Start nothing: connect the gateway at this address, which works on the configured database,
    /// to the sandbox at the other one, and go on as its company
    #[arg(long, value_name = "URL", requires = "sandbox")]
    pub(crate) gateway: Option<String>,
    /// The sandbox that the gateway is connected to
    #[arg(long, value_name = "URL", requires = "gateway")]
    pub(crate) sandbox: Option<String>,
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// What this process does
    #[arg(long, value_enum, default_value_t = Role::All)]
    pub(crate) role: Role,
    /// Start without applying migrations; ends with an error when some are missing
    #[arg(long)]
    pub(crate) no_migrate: bool,
    /// The address of the API; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
}

/// What a process of the gateway does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// The API and the workers
    All,
    /// Only the API
    Api,
    /// Only the workers, and the health checks
    Worker,
}

impl Role {
    /// Whether it answers the API.
    pub(crate) const fn serves_api(self) -> bool {
        matches!(self, Self::All | Self::Api)
    }

    /// Whether it syncs.
    pub(crate) const fn works(self) -> bool {
        matches!(self, Self::All | Self::Worker)
    }
}

/// Options of `openapi`.
#[derive(Debug, Args)]
pub(crate) struct OpenapiArgs {
    /// How the document is written
    #[arg(long, value_enum, default_value_t = DocumentFormat::Json)]
    pub(crate) format: DocumentFormat,
}

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DocumentFormat {
    /// JSON, indented
    Json,
    /// YAML
    Yaml,
}

/// Which page to print.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum DocsCommand {
    /// Which operations of each vendor are reached, by which routes: docs/coverage.md
    Coverage,
}

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key, and its tenant if it is missing; the key is shown this once
    Create {
        /// The tenant's name
        #[arg(long, value_name = "NAME")]
        tenant: String,
        /// What the key is called
        #[arg(long, value_name = "NAME")]
        name: String,
        /// What the key may do, e.g. calls:read; may be repeated. `*` for everything
        #[arg(
            long = "scope",
            value_name = "SCOPE",
            required = true,
            num_args = 1..,
            value_delimiter = ','
        )]
        scopes: Vec<String>,
        /// After how long the key ends, e.g. 720h [default: never]
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires_in: Option<Duration>,
        /// Print JSON: {"id", "tenant_id", "key"}
        #[arg(long)]
        json: bool,
    },
    /// List keys; their secrets are not known any more
    List {
        /// Only of this tenant
        #[arg(long, value_name = "NAME")]
        tenant: Option<String>,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key at once
    Revoke {
        /// The id of the key, or the key itself
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Replace a key: the new one is shown this once, the old one goes on for a while
    Rotate {
        /// The id of the key, or the key itself
        #[arg(value_name = "ID")]
        id: String,
        /// How long the old key goes on, e.g. 24h
        #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1h")]
        keep_old: Duration,
        /// Print JSON: {"id", "tenant_id", "key"}
        #[arg(long)]
        json: bool,
    },
}

/// What to do with erasures.
#[derive(Debug, Subcommand)]
pub(crate) enum ErasuresCommand {
    /// Erase a call, or everything with a phone or a client's id; prints the receipt
    Create {
        /// The tenant's name
        #[arg(long, value_name = "NAME")]
        tenant: String,
        #[command(flatten)]
        subject: SubjectArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List receipts, the newest first
    List {
        /// The tenant's name
        #[arg(long, value_name = "NAME")]
        tenant: String,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Let a phone or a client in again that was erased; the erased calls stay away
    Lift {
        /// The tenant's name
        #[arg(long, value_name = "NAME")]
        tenant: String,
        #[command(flatten)]
        subject: SubjectArgs,
    },
    /// Print what `replay` needs, one line an erasure: hashes, and their key as it is sealed
    ///
    /// To be kept apart from backups and newer than any of them.
    Export,
    /// Erase again what a restored backup brought back
    ///
    /// With a file of `export`, also what the backup does not know to be erased.
    Replay {
        /// What `export` printed; `-` for stdin
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// Whom or what an erasure is about.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SubjectArgs {
    /// One call, by its id
    #[arg(long, value_name = "ID", value_parser = call_id)]
    pub(crate) call: Option<CallId>,
    /// Everything with this phone; `-` reads it from stdin, where no list of processes shows it
    #[arg(long, value_name = "PHONE", allow_hyphen_values = true)]
    pub(crate) phone: Option<String>,
    /// Everything with this `external_id` of a party; `-` reads it from stdin
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub(crate) client_id: Option<String>,
}

fn call_id(text: &str) -> Result<CallId, String> {
    text.parse()
        .map_err(|_error| "is no id of a call".to_owned())
}

/// What to do with tenants.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantsCommand {
    /// List tenants
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show what a tenant may do at a time, or grant it something else
    ///
    /// Counted by each process for itself. Processes that run take a change over within seconds.
    Limits(LimitsArgs),
    /// Show how long a tenant keeps what, or say so
    ///
    /// Whatever is older goes within minutes and is not taken in again.
    Retention(RetentionArgs),
}

/// Options of `tenants retention`.
#[derive(Debug, Args)]
pub(crate) struct RetentionArgs {
    /// The tenant's name
    #[arg(value_name = "NAME")]
    pub(crate) tenant: String,
    /// Days that calls are kept, with all that belongs to them: a number, or `default` for good
    #[arg(long, value_name = "DAYS", value_parser = days)]
    pub(crate) calls: Option<Grant>,
    /// Days that transcripts are kept, and the vendors' documents, which hold them
    #[arg(long, value_name = "DAYS", value_parser = days)]
    pub(crate) transcripts: Option<Grant>,
    /// Days that the vendors' documents are kept
    #[arg(long, value_name = "DAYS", value_parser = days)]
    pub(crate) documents: Option<Grant>,
    /// Days that events are kept; at most as long as events.retention
    #[arg(long, value_name = "DAYS", value_parser = days)]
    pub(crate) events: Option<Grant>,
    /// Days that jobs are kept; at most as long as jobs.retention
    #[arg(long, value_name = "DAYS", value_parser = days)]
    pub(crate) jobs: Option<Grant>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn days(text: &str) -> Result<Grant, String> {
    match grant(text) {
        Ok(Grant::Own(0 | 36_501..)) | Err(_) => {
            Err("must be 1 to 36500 days, or `default`".to_owned())
        }
        Ok(given) => Ok(given),
    }
}

/// Options of `tenants limits`.
#[derive(Debug, Args)]
pub(crate) struct LimitsArgs {
    /// The tenant's name
    #[arg(value_name = "NAME")]
    pub(crate) tenant: String,
    /// Requests in limits.window: a number, 0 for no limit, or `default`
    #[arg(long, value_name = "N", value_parser = grant)]
    pub(crate) requests: Option<Grant>,
    /// Requests under way at a time
    #[arg(long, value_name = "N", value_parser = grant)]
    pub(crate) concurrency: Option<Grant>,
    /// Exports under way at a time
    #[arg(long, value_name = "N", value_parser = grant)]
    pub(crate) exports: Option<Grant>,
    /// Event streams open at a time
    #[arg(long, value_name = "N", value_parser = grant)]
    pub(crate) streams: Option<Grant>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a tenant is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// What is configured for everybody.
    Default,
    /// So many; 0 for no limit.
    Own(u32),
}

fn grant(text: &str) -> Result<Grant, String> {
    if text == "default" {
        return Ok(Grant::Default);
    }
    let number = text.parse::<u32>().ok();
    number
        .filter(|number| i32::try_from(*number).is_ok())
        .map(Grant::Own)
        .ok_or_else(|| "must be a whole number, or `default`".to_owned())
}

/// Options of `sandbox`.
#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9400")]
    pub(crate) listen: SocketAddr,
    /// How many calls each vendor holds at the start
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    pub(crate) calls: u32,
    /// Everything that is generated follows from this number
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Let a new call arrive at each vendor this often, e.g. 2s [default: none arrive]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) arrivals: Option<Duration>,
    /// The instant of the newest seeded call, e.g. 2026-03-02T09:00:00Z [default: now]
    #[arg(long, value_name = "INSTANT")]
    pub(crate) epoch: Option<jiff::Timestamp>,
    /// Keep what happens in this file, and go on from it at the next start
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Print one line of JSON when ready: {"url", "pid"}
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `health`.
#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    /// What to ask [default: /readyz of the configured address]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
}

/// Options of `secrets`.
#[derive(Debug, Args)]
pub(crate) struct SecretsArgs {
    /// Where the files are made: encryption_keys and postgres_password
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
}

/// What to do with encryption keys.
#[derive(Debug, Subcommand)]
pub(crate) enum EncryptionCommand {
    /// Print a fresh key, `id:base64-of-32-bytes`, for encryption.keys
    GenerateKey {
        /// Its id; letters, digits and -_. [default: made of the date]
        #[arg(long, value_name = "ID")]
        id: Option<String>,
    },
    /// Seal every secret anew with the active key, the first of encryption.keys
    ///
    /// Beside gateways that run; all of them must have been given that key before. A rotation that
    /// was cut off goes on where it was.
    Rotate,
    /// Say whether a key may be taken out of encryption.keys; ends with 1 while anything needs it
    Retire {
        /// The id of the key
        #[arg(value_name = "ID")]
        id: String,
    },
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed: SignedDuration = text.parse().map_err(|error| format!("{error}"))?;
    match Duration::try_from(parsed) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("must be longer than nothing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
