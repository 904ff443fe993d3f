//! Start, memory, disk.

use anyhow::Result;

use crate::{
    figures::{Figures, Goal},
    gateway::Gateway,
    processes::memory,
    stage::Database,
};

/// What is not counted as stored calls: it does not grow with them.
const FIXED: &str = "'_sqlx_migrations', 'tenants', 'api_keys', 'audit_log'";

/// How much disk the calls of a sync take, all indexes included.
pub(crate) fn disk(database: &Database, figures: &mut Figures) -> Result<()> {
    figures.section("Footprint");
    database.ask("VACUUM ANALYZE")?;
    let stored = database.number(&format!(
        "SELECT sum(pg_total_relation_size(oid)) FROM pg_class \
         WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT IN ({FIXED})"
    ))?;
    // The same bytes are kept once; a vendor sends them every time.
    let told = database.number(
        "SELECT sum(document.size) FROM record_documents AS link \
         JOIN raw_documents AS document ON document.hash = link.hash",
    )?;
    let calls = database.number("SELECT count(*) FROM calls")?;
    let note = format!(
        "{:.1} KB on disk a call, {:.1} KB of JSON: the canonical call, full text and all vendor documents",
        stored / calls / 1_000.0,
        told / calls / 1_000.0
    );
    let goal = Goal::AtMost(0.45);
    figures.judge(
        "disk, of the vendor's JSON",
        stored / told,
        "x",
        goal,
        &note,
    )
}

/// What a start costs.
pub(crate) fn start(gateway: &Gateway, figures: &mut Figures) -> Result<()> {
    figures.section("Footprint");
    let taken = gateway.started_in.as_secs_f64() * 1_000.0;
    let note =
        "from the start of the process to the first 200 of /readyz, migrations applied before";
    figures.judge("start", taken, "ms", Goal::AtMost(50.0), note)?;
    let (now, _) = memory(gateway.pid())?;
    figures.judge("memory after the start", now, "MiB", Goal::AtMost(15.0), "")
}

/// What load leaves behind.
pub(crate) fn after_load(gateway: &Gateway, figures: &mut Figures) -> Result<()> {
    figures.section("Footprint");
    let (now, most) = memory(gateway.pid())?;
    let note = format!("at most {most:.0} MiB under load");
    figures.judge(
        "memory after the load",
        now,
        "MiB",
        Goal::AtMost(40.0),
        &note,
    )
}
