//! Syncs: the first one, one that finds nothing new, and COPY of the same rows.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::Value;
use tokio::time::sleep;

use crate::{
    copy,
    figures::{Figures, Goal, median, median_ratio, spread},
    gateway::{Gateway, number, text},
    peers::Syncing,
    plan::Plan,
    processes::{memory, spent},
    stage::{Database, Stage},
    vendor::Account,
};

/// How long a sync may take.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// Tables that an unchanged vendor must leave alone.
const QUIET_TABLES: &str = "^(calls|call_documents|call_search)(_.*)?$|^call_keys$|^call_versions$\
                            |^raw_documents$|^record_documents$|^events$";

/// The cost of one sync.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) rate: f64,
    /// CPU microseconds a record: the program that syncs, the database, the vendor.
    pub(crate) gateway: f64,
    pub(crate) postgres: f64,
    vendor: f64,
}

impl Cost {
    /// CPU microseconds a record of the program and the database.
    pub(crate) fn cpu(&self) -> f64 {
        self.gateway + self.postgres
    }
}

/// What one round of syncs came to.
struct Round {
    first: Cost,
    again: Cost,
    copy: Cost,
    peak_memory: f64,
    written_again: f64,
}

/// A sync of everything into an empty database, which fills the vendor's memory too.
pub(crate) async fn warm_up(stage: &Stage, name: &str, expected: u64) -> Result<Database> {
    let database = stage.database(name)?;
    let gateway = Gateway::start(stage, &database).await?;
    let connection = connect_as(&stage.account, &gateway, "benchmark").await?;
    wait_until_stored(&gateway, &connection).await?;
    check(stage, &gateway, &database, expected).await?;
    gateway.stop().await?;
    Ok(database)
}

/// Measures syncs, and those of other programs in the same rounds.
pub(crate) async fn measure(
    plan: &Plan,
    stage: &Stage,
    expected: u64,
    figures: &mut Figures,
) -> Result<()> {
    figures.section("Sync");
    let mut peers = Syncing::new(stage).await?;
    let mut rounds = Vec::new();
    for number in 0..plan.rounds {
        rounds.push(round(plan, stage, number, expected).await?);
        peers.round(stage)?;
    }
    let of = |pick: fn(&Round) -> f64| rounds.iter().map(pick).collect::<Vec<f64>>();
    let first = of(|round| round.first.rate);
    let again = of(|round| round.again.rate);
    let copied = of(|round| round.copy.rate);
    let note = format!("{expected} records, {}", spread(&first));
    figures.tell("first sync", median(&first), "records/s", &note)?;
    let cpu = of(|round| round.first.gateway);
    figures.judge(
        "gateway CPU a record",
        median(&cpu),
        "µs",
        Goal::AtMost(110.0),
        "",
    )?;
    let cpu = of(|round| round.first.postgres);
    figures.tell("PostgreSQL CPU a record", median(&cpu), "µs", "")?;
    let cpu = of(|round| round.first.vendor);
    figures.tell(
        "vendor CPU a record",
        median(&cpu),
        "µs",
        "on the same two cores",
    )?;
    let peak = of(|round| round.peak_memory);
    figures.judge(
        "memory while syncing, at most",
        median(&peak),
        "MiB",
        Goal::AtMost(64.0),
        "",
    )?;
    figures.tell(
        "COPY of the same rows",
        median(&copied),
        "records/s",
        "all rows that the sync wrote, the same tables and indexes, server-side files, 1 connection",
    )?;
    figures.judge(
        "first sync, of COPY's rate",
        100.0 * median_ratio(&first, &copied),
        "%",
        Goal::AtLeast(80.0),
        "wall time",
    )?;
    figures.judge(
        "PostgreSQL CPU, of COPY's",
        median_ratio(
            &of(|round| round.first.postgres),
            &of(|round| round.copy.postgres),
        ),
        "x",
        Goal::AtMost(1.25),
        "",
    )?;
    let note = format!("a walk over everything, {}", spread(&again));
    figures.tell("unchanged re-sync", median(&again), "records/s", &note)?;
    figures.judge(
        "unchanged re-sync, of the first sync's rate",
        median_ratio(&again, &first),
        "x",
        Goal::AtLeast(3.0),
        "",
    )?;
    let written = of(|round| round.written_again);
    figures.judge(
        "rows written by an unchanged re-sync",
        median(&written),
        "",
        Goal::AtMost(0.0),
        "pg_stat: inserted, updated and deleted in the tables of calls, documents and events",
    )?;
    let ours: Vec<Cost> = rounds.iter().map(|round| round.first).collect();
    peers.tell(&ours, figures)
}

async fn round(plan: &Plan, stage: &Stage, number: usize, expected: u64) -> Result<Round> {
    let database = stage.database(&format!("sync_{number}"))?;
    let gateway = Gateway::start(stage, &database).await?;
    let (connection, first) = timed(stage, &gateway, "benchmark", expected).await?;
    let (_, peak_memory) = memory(gateway.pid())?;
    if number == 0 {
        database.tell_statements(plan)?;
    }
    wait_until_quiet(&gateway, &connection, 0).await?;
    check(stage, &gateway, &database, expected).await?;
    // What it counted is told when its connections end.
    gateway.stop().await?;
    let gateway = Gateway::start(stage, &database).await?;
    let walks = full_walks(&gateway, &connection).await?;
    let written = written(&database)?;
    let roots = [
        gateway.pid(),
        stage.postgres.facts().pid,
        stage.vendor_pid(),
    ];
    let before = spent(&roots);
    let began = Instant::now();
    let path = format!("/v1/connections/{connection}/sync?full=true");
    gateway.ask(Method::POST, &path, None).await?;
    wait_until_quiet(&gateway, &connection, walks + 1).await?;
    let again = cost(expected, began.elapsed(), &spent(&roots).since(&before))?;
    check(stage, &gateway, &database, expected).await?;
    gateway.stop().await?;
    let written_again = self::written(&database)? - written;
    let (wall, cpu) = copy::measure(stage, &database)?;
    let copy = cost(expected, wall, &[Duration::ZERO, cpu, Duration::ZERO])?;
    Ok(Round {
        first,
        again,
        copy,
        peak_memory,
        written_again,
    })
}

/// What a sync of so many records cost: its time, and the CPU time of program, database and vendor.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 records")]
pub(crate) fn cost(records: u64, wall: Duration, cpu: &[Duration]) -> Result<Cost> {
    let records = records as f64;
    let of = |place: usize| -> Result<f64> {
        let cpu = cpu.get(place).context("a process tree")?;
        Ok(cpu.as_secs_f64() * 1e6 / records)
    };
    Ok(Cost {
        rate: records / wall.as_secs_f64(),
        gateway: of(0)?,
        postgres: of(1)?,
        vendor: of(2)?,
    })
}

/// Connects the vendor and waits until everything is stored.
async fn timed(
    stage: &Stage,
    gateway: &Gateway,
    name: &str,
    expected: u64,
) -> Result<(String, Cost)> {
    let roots = [
        gateway.pid(),
        stage.postgres.facts().pid,
        stage.vendor_pid(),
    ];
    let before = spent(&roots);
    let began = Instant::now();
    let connection = connect_as(&stage.account, gateway, name).await?;
    wait_until_stored(gateway, &connection).await?;
    let cost = cost(expected, began.elapsed(), &spent(&roots).since(&before))?;
    Ok((connection, cost))
}

/// Connects a vendor's account: its first sync begins at once.
pub(crate) async fn connect_as(account: &Account, gateway: &Gateway, name: &str) -> Result<String> {
    let mut body = account.connection.clone();
    if let Some(members) = body.as_object_mut() {
        members.insert("name".to_owned(), name.into());
    }
    let made = gateway
        .ask(Method::POST, "/v1/connections", Some(&body))
        .await?;
    text(&made, "/id")
}

async fn status(gateway: &Gateway, connection: &str) -> Result<Value> {
    let path = format!("/v1/connections/{connection}/status");
    let status = gateway.get(&path).await?;
    let failures = number(&status, "/sync/failures")?;
    ensure!(failures == 0, "the sync fails: {status}");
    Ok(status)
}

/// Waits until the gateway says that the first sync is complete: every record was fetched once.
pub(crate) async fn wait_until_stored(gateway: &Gateway, connection: &str) -> Result<()> {
    let began = Instant::now();
    loop {
        let status = status(gateway, connection).await?;
        if status
            .pointer("/freshness/synced_at")
            .is_some_and(Value::is_string)
        {
            return Ok(());
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "the sync does not end: {status}"
        );
        sleep(Duration::from_millis(500)).await;
    }
}

/// Waits until nothing runs and so many walks over everything were made.
async fn wait_until_quiet(gateway: &Gateway, connection: &str, walks: u64) -> Result<()> {
    let began = Instant::now();
    loop {
        let status = status(gateway, connection).await?;
        let running = status.pointer("/sync/running") == Some(&Value::Bool(true));
        if !running && number(&status, "/sync/full_walks")? >= walks {
            return Ok(());
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "the walk does not end: {status}"
        );
        sleep(Duration::from_millis(50)).await;
    }
}

async fn full_walks(gateway: &Gateway, connection: &str) -> Result<u64> {
    number(&status(gateway, connection).await?, "/sync/full_walks")
}

/// Rows written in the tables that an unchanged vendor must leave alone.
fn written(database: &Database) -> Result<f64> {
    database.number(&format!(
        "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables \
         WHERE relname ~ '{QUIET_TABLES}'"
    ))
}

/// Whether everything is there that the vendor has, and says the same.
async fn check(stage: &Stage, gateway: &Gateway, database: &Database, expected: u64) -> Result<()> {
    let stored =
        database.ask("SELECT count(*) FILTER (WHERE state = 'fetched'), count(*) FROM records")?;
    ensure!(
        stored.trim() == format!("{expected}|{expected}"),
        "fetched and known are {stored}, the vendor has {expected}"
    );
    let sample = database.ask(
        "SELECT record.remote_id, record.call_id FROM records AS record \
         JOIN calls AS call ON call.id = record.call_id WHERE call.has_transcript \
         ORDER BY md5(record.remote_id) LIMIT 20",
    )?;
    ensure!(!sample.trim().is_empty(), "no call has a transcript");
    let token = stage.account.token(&stage.http).await?;
    for line in sample.lines() {
        let (remote, call) = line.split_once('|').context("two columns")?;
        let url = format!(
            "{}/scenario_result/{remote}/phrase_and_words",
            stage.account.base_url
        );
        let told = stage.http.get(url).bearer_auth(&token).send().await?;
        let told: Value = told.error_for_status()?.json().await?;
        let served = gateway.get(&format!("/v1/calls/{call}/transcript")).await?;
        let told = phrases(&told, "", "/phrase");
        let served = phrases(&served, "/utterances", "/text");
        ensure!(
            !told.is_empty() && told == served,
            "the transcript of {remote} is not what the vendor has: {told:?} {served:?}"
        );
    }
    Ok(())
}

fn phrases(document: &Value, list: &str, text: &str) -> Vec<String> {
    let items = document.pointer(list).and_then(Value::as_array);
    items
        .into_iter()
        .flatten()
        .filter_map(|item| Some(item.pointer(text)?.as_str()?.to_owned()))
        .collect()
}
