//! Lists, single calls and statistics, beside `pgbench` on the same statements.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};

use crate::{
    figures::{Figures, Goal, median, median_ratio, spread},
    gateway::Gateway,
    load::{self, Load, Loaded},
    pgbench::{self, Limit},
    plan::Plan,
    served::{Paths, Served},
    stage::Stage,
};

/// How deep the deep page lies.
const DEEP: usize = 2_000;

/// A load on the gateway with the plan's measure.
pub(crate) fn load_of(plan: &Plan, gateway: &Gateway, paths: &Arc<Vec<String>>, seed: u64) -> Load {
    Load {
        address: gateway.address,
        key: Some(gateway.key.clone()),
        paths: Arc::clone(paths),
        posted_to: None,
        connections: plan.connections,
        time: plan.load_time,
        seed,
    }
}

/// Measures lists and single calls. Returns the rates of both, round by round.
pub(crate) async fn measure(
    plan: &Plan,
    stage: &Stage,
    served: &Served,
    gateway: &Gateway,
    paths: &Paths,
    figures: &mut Figures,
) -> Result<()> {
    figures.section("Serving");
    let pages = Arc::new(paths.pages.clone());
    let script = list_script(stage, served, gateway, paths).await?;
    let note = format!("random pages of {} calls", served.calls);
    compare(
        plan,
        stage,
        served,
        gateway,
        figures,
        "list of 50",
        &pages,
        &script,
        65.0,
        &note,
    )
    .await?;
    let script = detail_script(stage, served, gateway, paths).await?;
    let note = "one call by its id";
    compare(
        plan,
        stage,
        served,
        gateway,
        figures,
        "one call",
        &paths.calls,
        &script,
        80.0,
        note,
    )
    .await?;
    depth(plan, stage, gateway, paths, figures).await?;
    statistics(plan, stage, served, gateway, figures).await
}

async fn list_script(
    stage: &Stage,
    served: &Served,
    gateway: &Gateway,
    paths: &Paths,
) -> Result<String> {
    let page = paths.pages.get(paths.pages.len() / 2).context("a page")?;
    let mut statements = pgbench::statements_of(stage, &served.database, gateway, page).await?;
    statements.retain(|statement| statement.text.contains("LIMIT"));
    let one = statements.first().context("the list's statement")?;
    let time = one
        .parameters
        .iter()
        .find(|value| value.contains(':'))
        .context("the cursor's time")?;
    let places = [(time.clone(), served.time())];
    Ok(pgbench::script(&statements, served.copies, &places))
}

async fn detail_script(
    stage: &Stage,
    served: &Served,
    gateway: &Gateway,
    paths: &Paths,
) -> Result<String> {
    let path = paths.calls.last().context("a call")?;
    let id = path.rsplit('/').next().context("an id")?;
    let statements = pgbench::statements_of(stage, &served.database, gateway, path).await?;
    let time = statements
        .iter()
        .flat_map(|statement| &statement.parameters)
        .find(|value| value.contains(':') && value.contains('-'))
        .context("the call's time")?;
    let places = [
        (id.to_owned(), "md5(:number::text)::uuid".to_owned()),
        (time.clone(), served.time()),
    ];
    Ok(pgbench::script(&statements, served.copies, &places))
}

#[expect(clippy::too_many_arguments, reason = "what is compared, and with what")]
async fn compare(
    plan: &Plan,
    stage: &Stage,
    served: &Served,
    gateway: &Gateway,
    figures: &mut Figures,
    name: &str,
    paths: &Arc<Vec<String>>,
    script: &str,
    share: f64,
    note: &str,
) -> Result<()> {
    let roots = [gateway.pid(), stage.postgres.facts().pid];
    let mut ours: Vec<Loaded> = Vec::new();
    let mut limits: Vec<Limit> = Vec::new();
    for number in 0..=plan.rounds {
        let seed = plan.seed.wrapping_add(number as u64);
        let load = load_of(plan, gateway, paths, seed);
        let loaded = load::run(&load, &roots).await?;
        let limit = pgbench::measure(plan, stage, &served.database, &gateway.tenant, script, seed)?;
        // The first round warms up.
        if number > 0 {
            ours.push(loaded);
            limits.push(limit);
        }
    }
    let of = |pick: fn(&Loaded) -> f64| ours.iter().map(pick).collect::<Vec<f64>>();
    let rates = of(|loaded| loaded.rate);
    let limit_rates: Vec<f64> = limits.iter().map(|limit| limit.rate).collect();
    figures.tell(
        name,
        median(&rates),
        "requests/s",
        &format!("{note}, {}", spread(&rates)),
    )?;
    let size = median(&of(|loaded| loaded.size));
    let note = format!(
        "p50 {:.1} ms, answers of {:.1} KB, {} connections",
        median(&of(|loaded| loaded.p50)),
        size / 1_000.0,
        plan.connections
    );
    figures.tell(
        &format!("{name}, p99"),
        median(&of(|loaded| loaded.p99)),
        "ms",
        &note,
    )?;
    let cpu = |place: usize| {
        let of_rounds = ours.iter().filter_map(|loaded| loaded.cpu.get(place));
        median(&of_rounds.copied().collect::<Vec<f64>>())
    };
    figures.tell(&format!("{name}, gateway CPU"), cpu(0), "µs", "")?;
    let limit_cpu: Vec<f64> = limits.iter().map(|limit| limit.postgres).collect();
    let note = format!("pgbench: {:.0} µs", median(&limit_cpu));
    figures.tell(&format!("{name}, PostgreSQL CPU"), cpu(1), "µs", &note)?;
    let note = format!(
        "{}; the same statements under the same role, without the transaction around them",
        spread(&limit_rates)
    );
    figures.tell(
        &format!("{name}, pgbench"),
        median(&limit_rates),
        "transactions/s",
        &note,
    )?;
    figures.judge(
        &format!("{name}, of pgbench's rate"),
        100.0 * median_ratio(&rates, &limit_rates),
        "%",
        Goal::AtLeast(share),
        "",
    )
}

/// What a page far down costs.
async fn depth(
    plan: &Plan,
    stage: &Stage,
    gateway: &Gateway,
    paths: &Paths,
    figures: &mut Figures,
) -> Result<()> {
    let deep = DEEP.min(paths.pages.len().saturating_sub(2));
    let page = |number: usize| {
        let path = paths.pages.get(number - 1).cloned();
        path.map(|path| Arc::new(vec![path])).context("a page")
    };
    let roots = [gateway.pid(), stage.postgres.facts().pid];
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=plan.rounds {
        // Page 2 and not page 1: both read a cursor then.
        for (times, number) in times.iter_mut().zip([2, deep]) {
            let mut load = load_of(plan, gateway, &page(number)?, plan.seed);
            load.connections = 1;
            load.time /= 2;
            let loaded = load::run(&load, &roots).await?;
            if round > 0 {
                times.push(loaded.mean);
            }
        }
    }
    let [near, far] = &times;
    let note = format!(
        "{:.2} and {:.2} ms, one connection",
        median(far),
        median(near)
    );
    figures.judge(
        &format!("page {deep}, of page 2's time"),
        median_ratio(far, near),
        "x",
        Goal::AtMost(1.2),
        &note,
    )
}

/// Counts by day, and the sum of them against the tables.
async fn statistics(
    plan: &Plan,
    stage: &Stage,
    served: &Served,
    gateway: &Gateway,
    figures: &mut Figures,
) -> Result<()> {
    let path = "/v1/stats/calls?group_by=day&limit=200";
    let told = gateway.get(path).await?;
    let count = told
        .pointer("/total/calls")
        .and_then(serde_json::Value::as_f64);
    ensure!(
        count == Some(served.calls),
        "{count:?} calls of {} are counted",
        served.calls
    );
    let roots = [gateway.pid(), stage.postgres.facts().pid];
    let mut load = load_of(plan, gateway, &Arc::new(vec![path.to_owned()]), plan.seed);
    load.connections = 1;
    let loaded = load::run(&load, &roots).await?;
    let raw = served.database.clone();
    let mut scans = Vec::new();
    for _ in 0..3 {
        let began = std::time::Instant::now();
        raw.ask(
            "SELECT to_char(started_at, 'YYYY-MM-DD'), count(*), sum(duration_ms), avg(score_pct) \
             FROM calls GROUP BY 1",
        )?;
        scans.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    let note = format!(
        "all calls by day, one connection; a raw scan with psql: {:.0} ms",
        median(&scans)
    );
    figures.judge(
        "statistics by day",
        loaded.mean,
        "ms",
        Goal::AtMost(1.0),
        &note,
    )
}
