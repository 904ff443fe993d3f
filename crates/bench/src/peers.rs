//! Other programs that serve the same calls, or pass the same requests through. Those that are not installed
//! (`peers/setup.sh` does that) are named as missing.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Number, Value};
use tokio::time::sleep;

use crate::{
    figures::{Figures, Goal, median, median_ratio, spread},
    gateway::Gateway,
    lists::load_of,
    load::{self, Load, Loaded},
    plan::Plan,
    served::{Paths, Served},
    stage::Stage,
};

/// How long a program may take to start.
const START_TIME: Duration = Duration::from_secs(30);
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

/// Where what the programs run is kept with the sources.
fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// Where `peers/setup.sh` installs.
fn cache() -> PathBuf {
    let home = || Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from);
    of("CALLWEAVE_BENCH_PEERS").unwrap_or_else(|| {
        of("XDG_CACHE_HOME")
            .unwrap_or_else(home)
            .join("callweave-bench")
    })
}

/// A running program.
struct Running {
    address: SocketAddr,
    process: Child,
}

impl Running {
    /// Starts a program, and waits until it answers.
    async fn start(stage: &Stage, mut command: Command, port: u16, path: &str) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let log = fs::File::create(stage.place().join(format!("peer-{port}.log")))?;
        let process = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| {
                format!("{} cannot be run", command.get_program().to_string_lossy())
            })?;
        let mut running = Self { address, process };
        let began = Instant::now();
        loop {
            match stage
                .http
                .get(format!("http://{address}{path}"))
                .send()
                .await
            {
                Ok(answer) if answer.status().is_success() => return Ok(running),
                _ => sleep(Duration::from_millis(50)).await,
            }
            let log = || fs::read_to_string(stage.place().join(format!("peer-{port}.log")));
            ensure!(
                running.process.try_wait()?.is_none() && began.elapsed() < START_TIME,
                "it does not answer: {}",
                log()?.chars().take(500).collect::<String>()
            );
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It keeps nothing; those that it started end with it or see that it ended.
        let pid = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(5) {
            if matches!(self.process.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

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
            beside(
                plan, stage, gateway, figures, program, &running, kind, ours, theirs, goal,
            )
            .await?;
        }
    }
    Ok(())
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

#[expect(clippy::too_many_arguments, reason = "what is compared, and with what")]
async fn beside(
    plan: &Plan,
    stage: &Stage,
    gateway: &Gateway,
    figures: &mut Figures,
    program: &Program,
    running: &Running,
    kind: &str,
    ours: &Arc<Vec<String>>,
    theirs: &Arc<Vec<String>>,
    goal: f64,
) -> Result<()> {
    let server = stage.postgres.facts().pid;
    let (mut of_gateway, mut of_program) = (Vec::new(), Vec::new());
    for number in 0..=plan.rounds {
        let load = load_of(plan, gateway, ours, plan.seed.wrapping_add(number as u64));
        let our = load::run(&load, &[gateway.pid(), server]).await?;
        let load = Load {
            address: running.address,
            key: None,
            paths: Arc::clone(theirs),
            ..load
        };
        let their = load::run(&load, &[running.process.id(), server]).await?;
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
    figures.judge(&name, ratio, "x", Goal::AtLeast(goal), &note)
}

/// Whether two answers say the same, but for cursors, and for how fresh the data is, which moves.
fn same(program: &str, path: &str, ours: Value, theirs: Value) -> Result<()> {
    let part = |mut value: Value| {
        let data = value.get_mut("data").map(Value::take);
        canonical(data.unwrap_or(value))
    };
    let (ours, theirs) = (part(ours), part(theirs));
    ensure!(
        ours == theirs,
        "{program} answers something else for {path}: {}",
        difference(&ours, &theirs, "")
    );
    Ok(())
}

/// The same, with numbers as they are everywhere: 1.0 is 1.
fn canonical(value: Value) -> Value {
    match value {
        Value::Number(number) => number
            .as_f64()
            .and_then(Number::from_f64)
            .map_or(Value::Null, Value::Number),
        Value::Array(items) => items.into_iter().map(canonical).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, canonical(value)))
            .collect(),
        other => other,
    }
}

/// The first place where two values differ.
fn difference(ours: &Value, theirs: &Value, place: &str) -> String {
    match (ours, theirs) {
        (Value::Object(our), Value::Object(their)) => {
            let names = our.keys().chain(their.keys());
            let differs = |name: &&String| our.get(*name) != their.get(*name);
            let name = names.into_iter().find(differs);
            let name = name.map_or("", String::as_str);
            let at =
                |of: &serde_json::Map<String, Value>| of.get(name).cloned().unwrap_or_default();
            difference(&at(our), &at(their), &format!("{place}/{name}"))
        }
        (Value::Array(our), Value::Array(their)) if our.len() == their.len() => {
            let mut pairs = our.iter().zip(their).enumerate();
            pairs.find(|(_, (our, their))| our != their).map_or_else(
                || place.to_owned(),
                |(number, (our, their))| difference(our, their, &format!("{place}/{number}")),
            )
        }
        (our, their) => format!("{place}: {our} and {their}"),
    }
}

/// Requests to the vendor, passed through by the gateway and by nginx.
pub(crate) async fn passing(
    plan: &Plan,
    stage: &Stage,
    served: &Served,
    gateway: &Gateway,
    figures: &mut Figures,
) -> Result<()> {
    figures.section("Passing requests through");
    let connection = served.database.ask("SELECT id FROM connections LIMIT 1")?;
    let remote = served.database.ask(
        "SELECT record.remote_id FROM records AS record JOIN calls AS call ON call.id = record.call_id \
         WHERE call.has_transcript ORDER BY record.remote_id LIMIT 1",
    )?;
    let path = format!("/scenario_result/{}/phrase_and_words", remote.trim());
    let ours = format!("/v1/connections/{}/passthrough{path}", connection.trim());
    let told = gateway.get(&ours).await?;
    let port = free_port()?;
    let running = match nginx(stage, port).await {
        Ok(command) => Running::start(stage, command, port, &path).await,
        Err(error) => Err(error),
    };
    let running = match running {
        Ok(running) => running,
        Err(error) => return figures.missing("nginx", &format!("one process: {error:#}")),
    };
    let url = format!("http://{}{path}", running.address);
    let theirs = stage.http.get(url).send().await?.error_for_status()?;
    let theirs: Value = serde_json::from_slice(&theirs.bytes().await?)?;
    same("nginx", &ours, told, theirs)?;
    let postgres = stage.postgres.facts().pid;
    let (mut our, mut their, mut database) = (Vec::new(), Vec::new(), Vec::new());
    let mut alone = [Vec::new(), Vec::new()];
    let mut size = 0.0;
    for number in 0..=plan.rounds {
        let load = load_of(plan, gateway, &Arc::new(vec![ours.clone()]), plan.seed);
        let nginx = Load {
            address: running.address,
            key: None,
            paths: Arc::new(vec![path.clone()]),
            ..load.clone()
        };
        let of_gateway = load::run(&load, &[gateway.pid(), postgres]).await?;
        let of_nginx = load::run(&nginx, &[running.process.id()]).await?;
        if number == 0 {
            continue;
        }
        size = of_gateway.size;
        our.extend(of_gateway.cpu.first());
        database.extend(of_gateway.cpu.get(1));
        their.extend(of_nginx.cpu.first());
        for (times, load) in alone.iter_mut().zip([load, nginx]) {
            let load = Load {
                connections: 1,
                time: load.time / 3,
                ..load
            };
            times.push(load::run(&load, &[]).await?.p50 * 1_000.0);
        }
    }
    let note = format!(
        "answers of {:.1} KB; {:.0} µs of PostgreSQL's CPU besides",
        size / 1_000.0,
        median(&database)
    );
    figures.tell(
        "a request passed through, gateway CPU",
        median(&our),
        "µs",
        &note,
    )?;
    figures.tell(
        "the same through nginx, CPU",
        median(&their),
        "µs",
        "one worker process",
    )?;
    let goal = Goal::AtMost(1.3);
    figures.judge(
        "gateway CPU, of nginx's",
        median_ratio(&our, &their),
        "x",
        goal,
        "",
    )?;
    let [ours, nginx] = &alone;
    let note = format!("through nginx: {:.0} µs; one connection", median(nginx));
    figures.tell("a request passed through, p50", median(ours), "µs", &note)
}

/// nginx in front of the vendor, with the token of an account.
async fn nginx(stage: &Stage, port: u16) -> Result<Command> {
    let program = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];
    let program = program.into_iter().find(|path| Path::new(path).is_file());
    let program = program.context("it is not installed")?;
    let place = stage.place().join("nginx");
    fs::create_dir_all(&place)?;
    let token = stage.account.token(&stage.http).await?;
    let vendor = stage.account.base_url.trim_start_matches("http://");
    let (host, below) = vendor.split_once('/').unwrap_or((vendor, ""));
    let below = format!("/{below}");
    let conf = include_str!("../peers/nginx.conf")
        .replace("@PLACE@", &place.to_string_lossy())
        .replace("@PORT@", &port.to_string())
        .replace("@VENDOR@", host)
        .replace("@BELOW@", below.trim_end_matches('/'))
        .replace("@TOKEN@", &token);
    let file = place.join("nginx.conf");
    fs::write(&file, conf)?;
    let mut command = Command::new(program);
    command.arg("-c").arg(file).arg("-p").arg(place);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_compared_by_what_they_say() {
        let one = json!({"data": [{"id": 1, "score": 53.0}], "next_cursor": "a"});
        let other = json!({"next_cursor": "b", "data": [{"score": 53, "id": 1}]});
        same("x", "/", one.clone(), other).unwrap();
        let other = json!({"data": [{"id": 1, "score": 54}]});
        let told = same("x", "/", one, other).unwrap_err().to_string();
        assert!(told.ends_with("/0/score: 53.0 and 54.0"), "{told}");
    }
}
