//! What was measured, one line a figure.

use std::fmt;

use serde_json::{Value, json};

use crate::{Plan, client::Seen, crm::Registered, faults::Made, judge::Judgement};

/// The least share of lists that are answered, in per cent.
const ANSWERED: f64 = 99.5;

/// One figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// What was measured.
    pub measured: String,
    /// It is as it should be.
    pub good: bool,
}

/// All figures of a run.
#[derive(Clone, Debug)]
pub struct Figures {
    /// What was done.
    pub head: String,
    /// What was measured.
    pub figures: Vec<Figure>,
}

impl Figures {
    /// Every figure is as it should be.
    pub fn are_good(&self) -> bool {
        self.figures.iter().all(|figure| figure.good)
    }

    /// The same as JSON.
    pub fn json(&self) -> Value {
        let figures = self.figures.iter().map(|figure| {
            json!({"figure": figure.name, "measured": figure.measured, "good": figure.good})
        });
        json!({"run": self.head, "figures": figures.collect::<Vec<_>>()})
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.head)?;
        for figure in &self.figures {
            let mark = if figure.good { "good" } else { "BAD " };
            writeln!(out, "{mark}  {}: {}", figure.name, figure.measured)?;
        }
        Ok(())
    }
}

/// Some of a list, for the eye.
fn some(list: &[String]) -> String {
    let shown: Vec<&str> = list.iter().take(3).map(String::as_str).collect();
    if shown.is_empty() {
        String::new()
    } else {
        format!(
            " ({}{})",
            shown.join(", "),
            if list.len() > 3 { ", ..." } else { "" }
        )
    }
}

pub(crate) fn measure(
    plan: &Plan,
    made: &Made,
    registered: Registered,
    seen: &Seen,
    judged: &Judgement,
) -> Figures {
    let head = format!(
        "seed {}: {:.0} s of trouble, {} records, {} kills, {} freezes, {} crashes of PostgreSQL, \
         {} cut wires, {} calls registered with {} repetitions",
        plan.seed,
        plan.trouble.as_secs_f64(),
        plan.records,
        made.kills,
        made.freezes,
        made.database_crashes,
        made.cuts,
        registered.calls,
        registered.again
    );
    let mut figures = of_calls(seen, judged);
    figures.extend(of_events(seen, judged));
    figures.push(of_lists(seen));
    Figures { head, figures }
}

/// A figure that ought to be an empty list.
fn none(name: &'static str, list: &[String]) -> Figure {
    Figure {
        name,
        measured: format!("{}{}", list.len(), some(list)),
        good: list.is_empty(),
    }
}

/// The last that the feed said of a call.
fn last(kinds: &[String]) -> Option<&str> {
    kinds.last().map(String::as_str)
}

fn of_calls(seen: &Seen, judged: &Judgement) -> Vec<Figure> {
    let settled = Figure {
        name: "R3 all as at the vendors after",
        measured: judged.settled.map_or("never".to_owned(), |time| {
            format!("{:.0} s", time.as_secs_f64())
        }),
        good: judged.settled.is_some(),
    };
    // A call that is served must not have "deleted" as the last word of the feed about it.
    let said_to_be_gone = |id: &&String| {
        let kinds = seen.of_calls.get(*id);
        kinds.is_some_and(|kinds| last(kinds) == Some("call.deleted"))
    };
    let false_deletions: Vec<String> = judged.ids.iter().filter(said_to_be_gone).cloned().collect();
    vec![
        none("R3 calls lost", &judged.lost),
        none("R3 calls doubled", &judged.doubled),
        none("R3 calls stale", &judged.stale),
        none("R3 calls served though deleted", &judged.undead),
        settled,
        none("R3 false tombstones", &false_deletions),
    ]
}

fn of_events(seen: &Seen, judged: &Judgement) -> Vec<Figure> {
    let created = |id: &String| {
        let kinds = seen.of_calls.get(id).into_iter().flatten();
        kinds.filter(|kind| *kind == "call.created").count()
    };
    let told_otherwise = judged.ids.iter().filter(|id| created(id) != 1);
    let ghosts = seen
        .of_calls
        .iter()
        .filter(|(id, kinds)| !judged.ids.contains(*id) && last(kinds) != Some("call.deleted"));
    vec![
        none(
            "R4 calls without exactly one `call.created`",
            &told_otherwise.cloned().collect::<Vec<_>>(),
        ),
        none(
            "R4 deletions without `call.deleted`",
            &ghosts.map(|(id, _)| id.clone()).collect::<Vec<_>>(),
        ),
        Figure {
            name: "R4 events read twice",
            measured: seen.repeated.to_string(),
            good: seen.repeated == 0,
        },
    ]
}

fn of_lists(seen: &Seen) -> Figure {
    let share = if seen.asked == 0 {
        0.0
    } else {
        precise(seen.answered) * 100.0 / precise(seen.asked)
    };
    Figure {
        name: "R5 lists answered, retried once",
        measured: format!(
            "{share:.2} % of {}, internal errors {} ({} in vain while PostgreSQL was down)",
            seen.asked, seen.internal_errors, seen.without_database
        ),
        good: seen.internal_errors == 0 && share >= ANSWERED,
    }
}

/// A count as a float; counts are far below 2^52.
fn precise(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
