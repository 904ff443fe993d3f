//! The calls that are served: those of a sync, multiplied.

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::{
    gateway::{Gateway, text},
    stage::{Database, run},
};

/// Copies are spread over a year.
const YEAR: f64 = 365.0 * 86_400.0;
/// The time of a call by its number, as the multiplied rows have it.
const EPOCH: &str = "2026-06-30 12:00:00+00";
/// The most pages that are walked.
const MOST_PAGES: usize = 2_001;

/// The served calls.
pub(crate) struct Served {
    pub(crate) database: Database,
    /// Numbers of copies: 1 to this.
    pub(crate) copies: u32,
    /// All calls.
    pub(crate) calls: f64,
    /// Seconds from one copy to the next older one.
    step: f64,
}

/// Paths of the API that lead to served calls.
pub(crate) struct Paths {
    /// Pages of 50, the newest first.
    pub(crate) pages: Vec<String>,
    pub(crate) calls: Arc<Vec<String>>,
}

impl Served {
    /// Multiplies the calls of a synced database to so many.
    pub(crate) fn multiply(database: Database, calls: u32) -> Result<Self> {
        let synced = database.number("SELECT count(*) FROM calls")?;
        let copies = (f64::from(calls) / synced).ceil();
        let step = YEAR / (copies * synced);
        eprintln!("multiplying {synced} calls by {copies}");
        let mut command = database.psql();
        command
            .args([
                "-v",
                &format!("copies={copies}"),
                "-v",
                &format!("step={step}"),
            ])
            .arg("-f");
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), include_str!("../sql/multiply.sql"))?;
        let made = run(command.arg(file.path()))?;
        database.ask("VACUUM ANALYZE")?;
        database.ask("CHECKPOINT")?;
        Ok(Self {
            calls: database.number("SELECT count(*) FROM calls")?,
            copies: made
                .trim()
                .parse()
                .with_context(|| format!("a number: {made}"))?,
            database,
            step,
        })
    }

    /// The time of a copy, for a script whose variable `number` says which.
    pub(crate) fn time(&self) -> String {
        format!(
            "date_trunc('milliseconds', timestamptz '{EPOCH}' - :number * {}::float8 * interval '1 second')",
            self.step
        )
    }

    /// Walks the pages of the list, and checks them against the tables.
    pub(crate) async fn walk(&self, gateway: &Gateway) -> Result<Paths> {
        let first = self.database.ask(
            "SELECT id FROM calls WHERE deleted_at IS NULL ORDER BY sort_at DESC, id DESC LIMIT 50",
        )?;
        let mut pages = vec!["/v1/calls?limit=50".to_owned()];
        let mut calls = Vec::new();
        let mut met = BTreeSet::new();
        while pages.len() < MOST_PAGES {
            let path = pages.last().context("a page")?;
            let page = gateway.get(path).await?;
            let items = page.get("data").and_then(Value::as_array);
            for item in items.context("a list")? {
                let id = text(item, "/id")?;
                ensure!(met.insert(id.clone()), "{id} stands on two pages");
                calls.push(id);
            }
            if pages.len() == 1 {
                ensure!(
                    first.lines().eq(calls.iter().map(String::as_str)),
                    "the first page is not what the tables hold"
                );
            }
            match page.get("next_cursor").and_then(Value::as_str) {
                Some(cursor) => {
                    pages.push(format!("/v1/calls?limit=50&cursor={}", encoded(cursor)));
                }
                None => break,
            }
        }
        let calls = calls.into_iter().map(|id| format!("/v1/calls/{id}"));
        Ok(Paths {
            pages,
            calls: Arc::new(calls.collect()),
        })
    }
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
