//! Other programs that sync what the gateway syncs, each into a database of its own.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use super::{cache, excerpt, files};
use crate::{
    figures::{Figures, Goal, median, median_ratio, spread},
    processes::{memory, spent},
    stage::Stage,
    sync::{Cost, cost},
};

/// A program that syncs.
struct Program {
    name: &'static str,
    what: &'static str,
    /// The script, and the environment that it runs in.
    script: &'static str,
    environment: &'static str,
    /// What gives the ids that it stored.
    ids: &'static str,
    /// How many times as fast as it the gateway is to be.
    goal: f64,
}

const PROGRAMS: [Program; 3] = [
    Program {
        name: "a script by hand",
        what: "httpx with 8 threads, orjson, COPY and upsert with full text into tables of its own: no versions, no events",
        script: "hand.py",
        environment: "hand",
        ids: "SELECT id FROM hand.results JOIN hand.documents USING (id) JOIN hand.search USING (id)",
        goal: 3.0,
    },
    Program {
        name: "dlt",
        what: "merge into one table (max_table_nesting=0), 8 extract workers, no full text",
        script: "dlt_merge.py",
        environment: "dlt",
        ids: "SELECT id FROM dlt.results",
        goal: 12.0,
    },
    Program {
        name: "Singer",
        what: "singer-sdk with 8 threads and target-postgres, one table, no full text",
        script: "singer_tap.py",
        environment: "singer",
        ids: "SELECT id FROM singer.results",
        goal: 7.0,
    },
];

/// What a program came to, round by round, or why it was not measured.
type Taken = std::result::Result<Vec<(Cost, f64)>, String>;

/// The programs of a run.
pub(crate) struct Syncing {
    /// The ids of all results, as the vendor lists them.
    ids: Vec<u64>,
    token: String,
    taken: [Taken; PROGRAMS.len()],
}

impl Syncing {
    pub(crate) async fn new(stage: &Stage) -> Result<Self> {
        Ok(Self {
            ids: stage.account.ids(&stage.http).await?,
            token: stage.account.token(&stage.http).await?,
            taken: std::array::from_fn(|_| Ok(Vec::new())),
        })
    }

    /// A sync by each program, one after the other. A program that stored something else than the vendor has fails the
    /// run; one that cannot be run is left out of the rounds that follow.
    pub(crate) fn round(&mut self, stage: &Stage) -> Result<()> {
        for (program, taken) in PROGRAMS.iter().zip(&mut self.taken) {
            let Ok(costs) = taken else { continue };
            match tokio::task::block_in_place(|| sync(program, stage, &self.token, &self.ids))? {
                Ok(cost) => costs.push(cost),
                Err(why) => *taken = Err(why),
            }
        }
        Ok(())
    }

    /// Tells what came of it, beside the gateway's syncs of the same rounds.
    pub(crate) fn tell(&self, ours: &[Cost], figures: &mut Figures) -> Result<()> {
        figures.section("Other programs that sync");
        for (program, taken) in PROGRAMS.iter().zip(&self.taken) {
            let taken = match taken {
                Ok(taken) => taken,
                Err(why) => {
                    figures.missing(program.name, &format!("{}: {why}", program.what))?;
                    continue;
                }
            };
            let of = |pick: fn(&(Cost, f64)) -> f64| taken.iter().map(pick).collect::<Vec<f64>>();
            let rates = of(|(cost, _)| cost.rate);
            let note = format!(
                "{}; {:.0} µs of its own CPU and {:.0} µs of PostgreSQL's a record, {:.0} MiB, {}",
                program.what,
                median(&of(|(cost, _)| cost.gateway)),
                median(&of(|(cost, _)| cost.postgres)),
                median(&of(|(_, memory)| *memory)),
                spread(&rates),
            );
            figures.tell(program.name, median(&rates), "records/s", &note)?;
            let our_rates: Vec<f64> = ours.iter().map(|cost| cost.rate).collect();
            figures.judge(
                &format!("callweave, of the rate of {}", program.name),
                median_ratio(&our_rates, &rates),
                "x",
                Goal::AtLeast(program.goal),
                &format!("first sync, {:.0} records/s", median(&our_rates)),
            )?;
            let our_cpu: Vec<f64> = ours.iter().map(Cost::cpu).collect();
            figures.judge(
                &format!("CPU of {}, of callweave's", program.name),
                median_ratio(&of(|(cost, _)| cost.cpu()), &our_cpu),
                "x",
                Goal::AtLeast(program.goal),
                "the program and PostgreSQL",
            )?;
        }
        Ok(())
    }
}

/// One sync into a new database: its cost, and the program's memory in MiB at most.
fn sync(
    program: &Program,
    stage: &Stage,
    token: &str,
    ids: &[u64],
) -> Result<std::result::Result<(Cost, f64), String>> {
    let python = cache().join(program.environment).join("bin/python");
    if !python.is_file() {
        return Ok(Err("it is not installed".to_owned()));
    }
    let database = stage.database(&format!("peer_{}", program.environment))?;
    let log = stage.place().join(format!("{}.log", program.script));
    let mut command = Command::new(python);
    command
        .arg(files().join("sync").join(program.script))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("BENCH_VENDOR", &stage.account.base_url)
        .env("BENCH_TOKEN", token)
        .env("BENCH_DSN", database.dsn())
        .current_dir(stage.place())
        .stderr(std::fs::File::create(&log)?);
    let measured = (|| {
        let mut script = Script::start(&mut command)?;
        let roots = [
            script.process.id(),
            stage.postgres.facts().pid,
            stage.vendor_pid(),
        ];
        let before = spent(&roots);
        let began = Instant::now();
        script.sync()?;
        let wall = began.elapsed();
        let used = spent(&roots).since(&before);
        let (_, memory) = memory(script.process.id())?;
        anyhow::Ok((wall, used, memory))
    })();
    let (wall, used, memory): (Duration, Vec<Duration>, f64) = match measured {
        Ok(figures) => figures,
        Err(error) => {
            let log = std::fs::read_to_string(&log)?;
            return Ok(Err(format!("{error:#}: {}", excerpt(&log))));
        }
    };
    let stored = database.ask(&format!("{} ORDER BY id", program.ids))?;
    let stored: Vec<u64> = stored
        .lines()
        .map(str::parse)
        .collect::<std::result::Result<_, _>>()?;
    ensure!(
        stored == ids,
        "{} stored {} results, the vendor has {}, or others",
        program.name,
        stored.len(),
        ids.len()
    );
    Ok(Ok((cost(ids.len() as u64, wall, &used)?, memory)))
}

/// A script that says when it is ready and when it is done; see `peers/sync/vendor.py`.
struct Script {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Script {
    fn start(command: &mut Command) -> Result<Self> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take().context("its input")?;
        let output = BufReader::new(process.stdout.take().context("its output")?);
        let mut script = Self {
            process,
            input,
            output,
        };
        script.wait_for("ready")?;
        Ok(script)
    }

    fn sync(&mut self) -> Result<()> {
        self.input.write_all(b"go\n")?;
        self.wait_for("done")
    }

    fn wait_for(&mut self, word: &str) -> Result<()> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        ensure!(line.trim() == word, "it ended before it was {word}");
        Ok(())
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // It keeps nothing, and what it started ends with its pipes.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
