//! Lists and single calls of other programs, over the same tables.

use std::{path::Path, process::Command, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{Running, cache, files, free_port, graphql, same::same};
use crate::{
    figures::{Figures, Goal, median, median_ratio, spread},
    gateway::Gateway,
    lists::load_of,
    load::{self, Load, Loaded},
    plan::Plan,
    served::{Paths, Served},
    stage::Stage,
};

/// How many pages, and how many calls, are compared before anything is timed.
const COMPARED: usize = 20;

/// A program that serves what the gateway serves.
struct Program {
    name: &'static str,
    what: &'static str,
    /// How many times as fast as it the gateway is to be: at lists, at single calls.
    goals: [f64; 2],
    command: fn(&Path, u16) -> Command,
}

const PROGRAMS: [Program; 2] = [
    Program {
        name: "FastAPI",
        what: "with granian (two processes), asyncpg and orjson",
        goals: [3.0, 2.0],
        command: |cache, port| {
            let mut command = Command::new(cache.join("python/bin/granian"));
            command
                .current_dir(files().join("python"))
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .args(["--interface", "asgi", "--host", "127.0.0.1"])
                .args(["--workers", "2", "--log-level", "error"])
                .args(["--port", &port.to_string(), "serve:app"]);
            command
        },
    },
    Program {
        name: "Fastify",
        what: "one process, with pg",
        goals: [3.5, 1.5],
        command: |cache, port| {
            let mut command = Command::new("node");
            command
                .env("NODE_PATH", cache.join("node/node_modules"))
                .env("BENCH_SQL", files().join("sql"))
                .env("BENCH_PORT", port.to_string())
                .arg(files().join("node/serve.js"));
            command
        },
    },
];

/// Lists and single calls of other programs, over the same tables.
pub(crate) async fn serving(
    plan: &Plan,
    stage: &Stage,
    served: &Served,
    gateway: &Gateway,
    paths: &Paths,
    figures: &mut Figures,
) -> Result<()> {
    figures.section("Other programs that serve the same calls");
    let ours = [
        Arc::new(paths.pages.iter().skip(1).cloned().collect::<Vec<String>>()),
        Arc::clone(&paths.calls),
    ];
    let theirs = [
        Arc::new(pages(served, paths.pages.len())?),
        Arc::new(
            paths
                .calls
                .iter()
                .map(|path| path.trim_start_matches("/v1").to_owned())
                .collect(),
        ),
    ];
    let first = theirs[1].first().context("a call")?;
    for program in &PROGRAMS {
        let port = free_port()?;
        let mut command = (program.command)(&cache(), port);
        command
            .env("BENCH_DSN", served.database.dsn())
            .env("BENCH_TENANT", &gateway.tenant);
        let running = match Running::start(stage, command, port, first).await {
            Ok(running) => running,
            Err(error) => {
                figures.missing(program.name, &format!("{}: {error:#}", program.what))?;
                continue;
            }
        };
        for (ours, theirs) in ours.iter().zip(&theirs) {
            compare(stage, gateway, program, &running, ours, theirs).await?;
        }
        let kinds = ["list of 50", "one call"];
        for (number, kind) in kinds.into_iter().enumerate() {
            let (Some(ours), Some(theirs)) = (ours.get(number), theirs.get(number)) else {
                continue;
            };
            let goal = program.goals.get(number).copied().unwrap_or(1.0);
            let peer = Peer {
                name: program.name,
                what: program.what,
                running: &running,
                paths: Arc::clone(theirs),
                posted_to: None,
            };
            beside(plan, stage, gateway, figures, &peer, kind, ours, goal).await?;
        }
    }
    graphql::serving(plan, stage, served, gateway, &ours[0], figures).await
}

/// Compares answers from the first path to the last one, evenly spread.
async fn compare(
    stage: &Stage,
    gateway: &Gateway,
    program: &Program,
    running: &Running,
    ours: &[String],
    theirs: &[String],
) -> Result<()> {
    ensure!(
        ours.len() == theirs.len(),
        "{} paths, and {} of {}",
        ours.len(),
        theirs.len(),
        program.name
    );
    let last = ours.len().checked_sub(1).context("a path")?;
    for number in 0..COMPARED {
        let place = number * last / (COMPARED - 1);
        let our = ours.get(place).context("a path")?;
        let their = theirs.get(place).context("a path")?;
        let told = gateway.get(our).await?;
        let url = format!("http://{}{their}", running.address);
        let answer = stage.http.get(url).send().await?.error_for_status()?;
        let answer: Value = serde_json::from_slice(&answer.bytes().await?)?;
        same(program.name, our, told, answer)?;
    }
    Ok(())
}

/// What the programs are asked for the pages from the second one on.
fn pages(served: &Served, count: usize) -> Result<Vec<String>> {
    let places = served.database.ask(&format!(
        "SELECT to_char(sort_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), id FROM (\
             SELECT sort_at, id, row_number() OVER (ORDER BY sort_at DESC, id DESC) AS number \
             FROM calls WHERE deleted_at IS NULL) AS listed \
         WHERE number % 50 = 0 ORDER BY number LIMIT {}",
        count.saturating_sub(1)
    ))?;
    let path = |line: &str| {
        let (at, id) = line.split_once('|')?;
        Some(format!("/calls?at={at}&id={id}"))
    };
    places
        .lines()
        .map(|line| path(line).context("two columns"))
        .collect()
}

/// A program under load, and what it is asked for.
pub(super) struct Peer<'a> {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) running: &'a Running,
    pub(super) paths: Arc<Vec<String>>,
    pub(super) posted_to: Option<&'static str>,
}

/// Loads the gateway and a program in turns, and tells both.
#[expect(clippy::too_many_arguments, reason = "what is compared, and with what")]
pub(super) async fn beside(
    plan: &Plan,
    stage: &Stage,
    gateway: &Gateway,
    figures: &mut Figures,
    program: &Peer<'_>,
    kind: &str,
    ours: &Arc<Vec<String>>,
    goal: f64,
) -> Result<()> {
    let server = stage.postgres.facts().pid;
    let (mut of_gateway, mut of_program) = (Vec::new(), Vec::new());
    for number in 0..=plan.rounds {
        let load = load_of(plan, gateway, ours, plan.seed.wrapping_add(number as u64));
        let our = load::run(&load, &[gateway.pid(), server]).await?;
        let load = Load {
            address: program.running.address,
            key: None,
            paths: Arc::clone(&program.paths),
            posted_to: program.posted_to,
            ..load
        };
        let their = load::run(&load, &[program.running.process.id(), server]).await?;
        // The first round warms up.
        if number > 0 {
            of_gateway.push(our);
            of_program.push(their);
        }
    }
    let rates = |of: &[Loaded]| of.iter().map(|one| one.rate).collect::<Vec<f64>>();
    let cpu = |of: &[Loaded], place: usize| {
        let all = of.iter().filter_map(|one| one.cpu.get(place));
        median(&all.copied().collect::<Vec<f64>>())
    };
    let (our, their) = (rates(&of_gateway), rates(&of_program));
    let note = format!(
        "{}; {:.0} µs of its own CPU and {:.0} µs of PostgreSQL's, {}",
        program.what,
        cpu(&of_program, 0),
        cpu(&of_program, 1),
        spread(&their)
    );
    let name = format!("{}, {kind}", program.name);
    figures.tell(&name, median(&their), "requests/s", &note)?;
    let note = format!(
        "callweave: {:.0} requests/s, {:.0} µs and {:.0} µs",
        median(&our),
        cpu(&of_gateway, 0),
        cpu(&of_gateway, 1)
    );
    let name = format!("callweave, of {name}");
    let ratio = median_ratio(&our, &their);
    figures.judge(&name, ratio, "x", Goal::AtLeast(goal), &note)?;
    // Of both the program and PostgreSQL.
    let cpu = |of: &[Loaded]| {
        of.iter()
            .map(|one| one.cpu.iter().sum())
            .collect::<Vec<f64>>()
    };
    figures.judge(
        &format!("CPU of {}, {kind}, of callweave's", program.name),
        median_ratio(&cpu(&of_program), &cpu(&of_gateway)),
        "x",
        Goal::AtLeast(goal),
        "the program and PostgreSQL",
    )
}
