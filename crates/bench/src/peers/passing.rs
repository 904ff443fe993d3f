//! Requests that are passed through to the vendor.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{Running, cache, free_port, same::same};
use crate::{
    figures::{Figures, Goal, median, median_ratio},
    gateway::Gateway,
    lists::load_of,
    load::{self, Load},
    plan::Plan,
    served::Served,
    stage::Stage,
};

/// A program that passes requests through.
struct Program {
    name: &'static str,
    what: &'static str,
    /// How many times its CPU time a request of the gateway may cost.
    goal: f64,
    command: fn(&Path, &Filling) -> Result<Command>,
}

const PROGRAMS: [Program; 2] = [
    Program {
        name: "nginx",
        what: "one worker process",
        goal: 1.3,
        command: nginx,
    },
    Program {
        name: "Envoy",
        what: "one worker thread",
        goal: 0.45,
        command: envoy,
    },
];

/// Requests to the vendor, passed through by the gateway and by other programs.
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
    for program in &PROGRAMS {
        let running = match start(stage, program, &path).await {
            Ok(running) => running,
            Err(error) => {
                figures.missing(program.name, &format!("{}: {error:#}", program.what))?;
                continue;
            }
        };
        let told = gateway.get(&ours).await?;
        let url = format!("http://{}{path}", running.address);
        let theirs = stage.http.get(url).send().await?.error_for_status()?;
        let theirs: Value = serde_json::from_slice(&theirs.bytes().await?)?;
        same(program.name, &ours, told, theirs)?;
        beside(
            plan, stage, gateway, figures, program, &running, &ours, &path,
        )
        .await?;
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "what is compared, and with what")]
async fn beside(
    plan: &Plan,
    stage: &Stage,
    gateway: &Gateway,
    figures: &mut Figures,
    program: &Program,
    running: &Running,
    ours: &str,
    path: &str,
) -> Result<()> {
    let postgres = stage.postgres.facts().pid;
    let (mut our, mut their, mut database) = (Vec::new(), Vec::new(), Vec::new());
    let mut rates = [Vec::new(), Vec::new()];
    let mut alone = [Vec::new(), Vec::new()];
    let mut size = 0.0;
    for number in 0..=plan.rounds {
        let load = load_of(plan, gateway, &Arc::new(vec![ours.to_owned()]), plan.seed);
        let other = Load {
            address: running.address,
            key: None,
            paths: Arc::new(vec![path.to_owned()]),
            ..load.clone()
        };
        let of_gateway = load::run(&load, &[gateway.pid(), postgres]).await?;
        let of_other = load::run(&other, &[running.process.id()]).await?;
        // The first round warms up.
        if number == 0 {
            continue;
        }
        size = of_gateway.size;
        our.extend(of_gateway.cpu.first());
        database.extend(of_gateway.cpu.get(1));
        their.extend(of_other.cpu.first());
        for (rates, loaded) in rates.iter_mut().zip([&of_gateway, &of_other]) {
            rates.push(loaded.rate);
        }
        for (times, load) in alone.iter_mut().zip([load, other]) {
            let load = Load {
                connections: 1,
                time: load.time / 3,
                ..load
            };
            times.push(load::run(&load, &[]).await?.p50 * 1_000.0);
        }
    }
    let [our_rates, their_rates] = &rates;
    let [our_times, their_times] = &alone;
    let name = program.name;
    let note = format!(
        "{}; answers of {:.1} KB, {:.0} requests/s",
        program.what,
        size / 1_000.0,
        median(their_rates)
    );
    figures.tell(
        &format!("{name}, CPU a request"),
        median(&their),
        "µs",
        &note,
    )?;
    let note = format!(
        "callweave: {:.0} µs and {:.0} µs of PostgreSQL's, {:.0} requests/s",
        median(&our),
        median(&database),
        median(our_rates)
    );
    figures.judge(
        &format!("callweave's CPU, of {name}'s"),
        median_ratio(&our, &their),
        "x",
        Goal::AtMost(program.goal),
        &note,
    )?;
    let note = format!(
        "p50 on one connection: callweave {:.0} µs, {name} {:.0} µs",
        median(our_times),
        median(their_times)
    );
    figures.tell(
        &format!("callweave's time, of {name}'s"),
        median_ratio(our_times, their_times),
        "x",
        &note,
    )
}

/// What the settings of a program are filled with.
struct Filling {
    place: PathBuf,
    port: u16,
    host: String,
    vendor_port: String,
    /// The path below which the vendor's API lies.
    below: String,
    token: String,
}

impl Filling {
    fn fill(&self, name: &str, template: &str) -> Result<PathBuf> {
        let file = self.place.join(name);
        let text = template
            .replace("@PLACE@", &self.place.to_string_lossy())
            .replace("@PORT@", &self.port.to_string())
            .replace("@HOST@", &self.host)
            .replace("@VENDOR_PORT@", &self.vendor_port)
            .replace("@BELOW@", &self.below)
            .replace("@TOKEN@", &self.token);
        fs::write(&file, text)?;
        Ok(file)
    }
}

/// Starts a program in front of the vendor, with the token of an account.
async fn start(stage: &Stage, program: &Program, path: &str) -> Result<Running> {
    let place = stage.place().join(program.name);
    fs::create_dir_all(&place)?;
    let url = stage.account.base_url.trim_start_matches("http://");
    let (address, below) = url.split_once('/').unwrap_or((url, ""));
    let (host, vendor_port) = address.split_once(':').context("a port")?;
    let filling = Filling {
        place,
        port: free_port()?,
        host: host.to_owned(),
        vendor_port: vendor_port.to_owned(),
        below: format!("/{below}").trim_end_matches('/').to_owned(),
        token: stage.account.token(&stage.http).await?,
    };
    let command = (program.command)(&cache(), &filling)?;
    Running::start(stage, command, filling.port, path).await
}

fn nginx(_cache: &Path, filling: &Filling) -> Result<Command> {
    let program = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];
    let program = program.into_iter().find(|path| Path::new(path).is_file());
    let mut command = Command::new(program.context("it is not installed")?);
    let conf = filling.fill("nginx.conf", include_str!("../../peers/nginx.conf"))?;
    command.arg("-c").arg(conf).arg("-p").arg(&filling.place);
    Ok(command)
}

fn envoy(cache: &Path, filling: &Filling) -> Result<Command> {
    let program = cache.join("envoy/bin/envoy");
    ensure!(program.is_file(), "it is not installed");
    let mut command = Command::new(program);
    let conf = filling.fill("envoy.yaml", include_str!("../../peers/envoy/envoy.yaml"))?;
    command
        .arg("-c")
        .arg(conf)
        .args(["--concurrency", "1", "--log-level", "error"])
        .args(["--use-dynamic-base-id", "--disable-hot-restart"]);
    Ok(command)
}
