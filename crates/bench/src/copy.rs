//! The limit of a sync: COPY of the rows that it wrote, into the same tables with the same indexes.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::{
    processes::spent,
    stage::{Database, Stage, run},
};

/// What must be there before the rows that are timed; it is written in this order.
const BEFORE: [&str; 2] = ["tenants", "connections"];
/// What a sync writes, in an order that the foreign keys allow.
const TABLES: [&str; 10] = [
    "call_keys",
    "calls",
    "call_days",
    "call_documents",
    "call_search",
    "call_versions",
    "records",
    "raw_documents",
    "record_documents",
    "events",
];

/// Copies what a database holds into an empty one; wall and CPU time of the latter's server.
pub(crate) fn measure(stage: &Stage, from: &Database) -> Result<(Duration, Duration)> {
    let place = from.ask("SHOW data_directory")?;
    let file = |table: &str| format!("{}/{table}.copy", place.trim());
    for table in BEFORE.into_iter().chain(TABLES) {
        from.ask(&format!(
            "COPY (SELECT * FROM {table}) TO '{}' (FORMAT binary)",
            file(table)
        ))?;
    }
    let months = from
        .ask("SELECT DISTINCT date_trunc('month', sort_at AT TIME ZONE 'UTC')::date FROM calls")?;
    // A schema of the product's own making: its migrations, its partitions.
    let into = stage.database(&format!("{}_copy", from.name))?;
    run(std::process::Command::new(&stage.binary)
        .current_dir(stage.place())
        .env("DATABASE_URL", into.url())
        .env("CALLWEAVE__ENCRYPTION__KEYS", &stage.encryption_key)
        .arg("migrate"))?;
    for month in months.lines() {
        into.ask(&format!("SELECT ensure_call_partition('{month}')"))?;
    }
    for table in BEFORE {
        into.ask(&format!(
            "COPY {table} FROM '{}' (FORMAT binary)",
            file(table)
        ))?;
    }
    // The figures by day are copied as well, and not counted again.
    into.ask("ALTER TABLE calls DISABLE TRIGGER USER")?;
    into.ask("CHECKPOINT")?;
    let mut command = into.psql();
    for table in TABLES {
        let statement = format!("COPY {table} FROM '{}' (FORMAT binary)", file(table));
        command.args(["-c", &statement]);
    }
    let server = [stage.postgres.facts().pid];
    let before = spent(&server);
    let began = Instant::now();
    run(&mut command)?;
    let wall = began.elapsed();
    let cpu = spent(&server).since(&before);
    for table in BEFORE.into_iter().chain(TABLES) {
        let theirs = from.number(&format!("SELECT count(*) FROM {table}"))?;
        let ours = into.number(&format!("SELECT count(*) FROM {table}"))?;
        anyhow::ensure!(
            theirs == ours,
            "{table}: {ours} rows of {theirs} were copied"
        );
        std::fs::remove_file(file(table)).with_context(|| format!("delete {}", file(table)))?;
    }
    Ok((wall, cpu.first().copied().context("the server's time")?))
}
