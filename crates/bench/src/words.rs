//! Search, by how frequent the word is.

use std::sync::Arc;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::{
    figures::{Figures, Goal},
    gateway::Gateway,
    lists::load_of,
    load,
    plan::Plan,
    served::Served,
    stage::Stage,
};

/// The words that the multiplied calls hold, and in which share of them.
const WORDS: [(&str, &str); 5] = [
    ("zqrarest", "0.01 %"),
    ("zqthousandth", "0.1 %"),
    ("zqhundredth", "1 %"),
    ("zqtenth", "10 %"),
    ("zqfourth", "25 %"),
];

/// Measures searches of the newest 50 calls with a word.
pub(crate) async fn measure(
    plan: &Plan,
    stage: &Stage,
    served: &Served,
    gateway: &Gateway,
    figures: &mut Figures,
) -> Result<()> {
    figures.section("Search");
    let roots = [gateway.pid(), stage.postgres.facts().pid];
    let mut times = Vec::new();
    for (word, share) in WORDS {
        let path = format!("/v1/calls?limit=50&q={word}");
        check(served, gateway, &path, word).await?;
        let mut load = load_of(plan, gateway, &Arc::new(vec![path]), plan.seed);
        load.connections = 1;
        let loaded = load::run(&load, &roots).await?;
        let note = format!("the newest 50, one connection, p99 {:.1} ms", loaded.p99);
        let name = format!("a word in {share} of the calls");
        figures.judge(&name, loaded.mean, "ms", Goal::AtMost(15.0), &note)?;
        times.push(loaded.mean);
    }
    let least = times.iter().copied().fold(f64::INFINITY, f64::min);
    let most = times.iter().copied().fold(0.0, f64::max);
    let name = "slowest word, of the fastest";
    figures.judge(name, most / least, "x", Goal::AtMost(10.0), "")
}

/// Whether a search finds what a scan of the words finds.
async fn check(served: &Served, gateway: &Gateway, path: &str, word: &str) -> Result<()> {
    let scanned = served.database.ask(&format!(
        "SELECT call_id FROM call_search WHERE words @@ '{word}:*'::tsquery \
         ORDER BY sort_at DESC, call_id DESC LIMIT 50"
    ))?;
    let page = gateway.get(path).await?;
    let items = page.get("data").and_then(Value::as_array);
    let found = items.into_iter().flatten();
    let found: Vec<&str> = found.filter_map(|item| item.get("id")?.as_str()).collect();
    ensure!(
        !found.is_empty() && scanned.lines().eq(found.iter().copied()),
        "a search for {word} finds something else than a scan"
    );
    Ok(())
}
