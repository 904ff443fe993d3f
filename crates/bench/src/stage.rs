//! What takes part: a private PostgreSQL, the vendor, and where their files lie.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use callweave_postgres::{Options, Postgres};
use tempfile::TempDir;

use crate::{plan::Plan, vendor::Account};

/// What a database of some size is usually given.
const SETTINGS: &[(&str, &str)] = &[
    ("shared_buffers", "1GB"),
    ("effective_cache_size", "4GB"),
    ("work_mem", "16MB"),
    ("maintenance_work_mem", "512MB"),
    ("max_wal_size", "8GB"),
    ("min_wal_size", "1GB"),
    ("checkpoint_timeout", "15min"),
    ("random_page_cost", "1.1"),
    ("max_connections", "100"),
    // The parameters of a statement that is to be repeated are read off the log.
    ("log_error_verbosity", "default"),
];

/// Everything that lives as long as a run.
pub(crate) struct Stage {
    pub(crate) postgres: Postgres,
    pub(crate) account: Account,
    pub(crate) http: reqwest::Client,
    pub(crate) binary: PathBuf,
    pub(crate) encryption_key: String,
    vendor: Vendor,
    place: TempDir,
}

impl Stage {
    /// Starts the database and the vendor.
    pub(crate) fn start(plan: &Plan) -> Result<Self> {
        let place = tempfile::tempdir()?;
        let mut options = Options::new(place.path().join("postgres"));
        options.settings = SETTINGS
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        if plan.statements {
            let counting = [
                ("shared_preload_libraries", "pg_stat_statements"),
                ("pg_stat_statements.track_planning", "on"),
            ];
            let counting = counting.map(|(name, value)| (name.to_owned(), value.to_owned()));
            options.settings.extend(counting);
        }
        let postgres = tokio::task::block_in_place(|| Postgres::start(&options, &|_| {}))?;
        let vendor = Vendor::start(plan.sync_calls, plan.seed)?;
        let key = run(Command::new(&plan.binary).args(["encryption", "generate-key"]))?;
        Ok(Self {
            postgres,
            account: vendor.account.clone(),
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(Duration::from_secs(60))
                .build()?,
            binary: plan.binary.clone(),
            encryption_key: key.trim().to_owned(),
            vendor,
            place,
        })
    }

    /// The vendor's process.
    pub(crate) fn vendor_pid(&self) -> u32 {
        self.vendor.process.id()
    }

    /// A directory of this run.
    pub(crate) fn place(&self) -> &Path {
        self.place.path()
    }

    /// Makes an empty database.
    pub(crate) fn database(&self, name: &str) -> Result<Database> {
        let facts = self.postgres.facts();
        let admin = Database {
            name: "callweave".to_owned(),
            socket: facts.socket_directory.clone(),
            programs: facts.binaries.clone(),
        };
        admin.ask(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
        admin.ask(&format!("CREATE DATABASE {name}"))?;
        // What one round leaves to be written must not fall into the next one.
        admin.ask("CHECKPOINT")?;
        Ok(Database {
            name: name.to_owned(),
            ..admin
        })
    }
}

/// A running vendor with one account.
pub(crate) struct Vendor {
    pub(crate) account: Account,
    process: Child,
}

impl Vendor {
    /// Starts a vendor that has so many calls.
    pub(crate) fn start(calls: u32, seed: u64) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["vendor", "--calls", &calls.to_string()])
            .args(["--seed", &seed.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = process.stdout.take().context("the vendor's output")?;
        BufReader::new(output).read_line(&mut line)?;
        Ok(Self {
            account: Account::read(&line)?,
            process,
        })
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        // It keeps nothing that would have to be saved.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One database of the private PostgreSQL.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) socket: PathBuf,
    programs: PathBuf,
}

impl Database {
    /// Its URL, as its superuser.
    pub(crate) fn url(&self) -> String {
        let socket = self.socket.to_string_lossy().replace('/', "%2F");
        format!(
            "postgresql://callweave@localhost/{}?host={socket}",
            self.name
        )
    }

    /// Its URL as other drivers read it.
    pub(crate) fn dsn(&self) -> String {
        format!(
            "postgresql://callweave@/{}?host={}",
            self.name,
            self.socket.display()
        )
    }

    /// The command of a client program that is connected to it.
    pub(crate) fn client(&self, program: &str) -> Command {
        let beside = self.programs.join(program);
        let mut command = Command::new(if beside.is_file() {
            beside
        } else {
            PathBuf::from(program)
        });
        command
            .env("PGHOST", &self.socket)
            .env("PGUSER", "callweave")
            .env("PGDATABASE", &self.name)
            .stdin(Stdio::null());
        command
    }

    /// The command that runs statements, each in a transaction of its own.
    pub(crate) fn psql(&self) -> Command {
        let mut command = self.client("psql");
        command.args(["-XAtq", "-v", "ON_ERROR_STOP=1"]);
        command
    }

    /// Runs one statement, and returns what it returns.
    pub(crate) fn ask(&self, statement: &str) -> Result<String> {
        run(self.psql().args(["-c", statement]))
    }

    /// Prints which statements cost the server the most, where they are counted.
    pub(crate) fn tell_statements(&self, plan: &Plan) -> Result<()> {
        if !plan.statements {
            return Ok(());
        }
        self.ask("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")?;
        let told = self.ask(
            "SELECT round(total_exec_time + total_plan_time) || ' ms', round(total_plan_time) || ' ms', calls, rows, \
             left(regexp_replace(query, '\\s+', ' ', 'g'), 150) \
             FROM pg_stat_statements JOIN pg_database ON dbid = pg_database.oid \
             WHERE datname = current_database() ORDER BY total_exec_time + total_plan_time DESC LIMIT 25",
        )?;
        eprintln!(
            "milliseconds, those of planning, calls, rows of the statements in {}:\n{told}",
            self.name
        );
        Ok(())
    }

    /// Runs one statement that returns a number.
    pub(crate) fn number(&self, statement: &str) -> Result<f64> {
        let answer = self.ask(statement)?;
        answer
            .trim()
            .parse()
            .with_context(|| format!("a number: {answer}"))
    }
}

/// Runs a program to its end, and returns what it prints.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = tokio::task::block_in_place(|| command.output())
        .with_context(|| format!("run {}", command.get_program().to_string_lossy()))?;
    ensure!(
        output.status.success(),
        "{} ended with {}: {}",
        command.get_program().to_string_lossy(),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
