//! Compares what is served with what the vendors have.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use anyhow::Result;
use callweave_sandbox::Vendor;
use futures::future::try_join_all;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{
    changes::{Changed, live},
    stage::Stage,
};

/// Calls of one kind that are named when time is over.
const SHOWN: usize = 20;

/// What differs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judgement {
    /// At the vendor, and not served.
    pub(crate) lost: Vec<String>,
    /// Served twice.
    pub(crate) doubled: Vec<String>,
    /// Changed at the vendor, and served as before.
    pub(crate) stale: Vec<String>,
    /// Gone at the vendor, and served.
    pub(crate) undead: Vec<String>,
    /// How many calls are served.
    pub(crate) served: usize,
    /// From the end of the trouble until nothing differed.
    pub(crate) settled: Option<Duration>,
    /// The ids of the calls that are served.
    pub(crate) ids: BTreeSet<String>,
}

impl Judgement {
    fn is_clean(&self) -> bool {
        self.lost.is_empty()
            && self.doubled.is_empty()
            && self.stale.is_empty()
            && self.undead.is_empty()
    }

    fn tell(&self, stage: &Stage, of: &dyn fmt::Display) {
        stage.say(&format!(
            "{of}: served {}, missing {}, doubled {}, stale {}, not yet gone {}",
            self.served,
            self.lost.len(),
            self.doubled.len(),
            self.stale.len(),
            self.undead.len()
        ));
    }
}

/// Waits until nothing differs, at most so long; the last word is a comparison of everything.
pub(crate) async fn settle(
    stage: &Arc<Stage>,
    changed: &Changed,
    lifted: Instant,
    patience: Duration,
) -> Result<Judgement> {
    loop {
        let vendors =
            Vendor::ALL.map(|vendor| settle_vendor(stage, vendor, changed, lifted + patience));
        try_join_all(vendors).await?;
        let settled = lifted.elapsed();
        let mut judgement = Judgement::default();
        for vendor in Vendor::ALL {
            compare(stage, vendor, changed, true, &mut judgement).await?;
        }
        judgement.tell(stage, &"all");
        if judgement.is_clean() {
            judgement.settled = Some(settled);
            return Ok(judgement);
        }
        if lifted.elapsed() > patience {
            explain(stage, &judgement).await?;
            return Ok(judgement);
        }
    }
}

/// Waits until nothing differs at one vendor, or the time is over. What was said is looked at once
/// all calls are there that should be: reading it takes a while.
async fn settle_vendor(
    stage: &Arc<Stage>,
    vendor: Vendor,
    changed: &Changed,
    until: Instant,
) -> Result<()> {
    let mut with_words = false;
    loop {
        let mut judgement = Judgement::default();
        compare(stage, vendor, changed, with_words, &mut judgement).await?;
        judgement.tell(stage, &vendor);
        match judgement.is_clean() {
            true if with_words => return Ok(()),
            true => with_words = true,
            false => sleep(Duration::from_secs(2)).await,
        }
        if Instant::now() > until {
            return Ok(());
        }
    }
}

/// What the gateways say of why something is not as it should be.
async fn explain(stage: &Arc<Stage>, judgement: &Judgement) -> Result<()> {
    for (what, list) in [
        ("missing", &judgement.lost),
        ("doubled", &judgement.doubled),
        ("stale", &judgement.stale),
        ("not gone", &judgement.undead),
    ] {
        for call in list.iter().take(SHOWN) {
            stage.say(&format!("{what}: {call}"));
        }
    }
    for (vendor, connection) in &stage.connections {
        for part in ["quarantine?limit=20", "status"] {
            let path = format!("/v1/connections/{connection}/{part}");
            stage.say(&format!("{vendor} {part}: {}", stage.read(&path).await?));
        }
    }
    Ok(())
}

async fn compare(
    stage: &Arc<Stage>,
    vendor: Vendor,
    changed: &Changed,
    with_words: bool,
    judgement: &mut Judgement,
) -> Result<()> {
    let Some(connection) = stage.connections.get(&vendor) else {
        return Ok(());
    };
    let said: BTreeMap<&String, &String> = changed
        .said
        .iter()
        .filter(|((of, _), _)| *of == vendor && with_words)
        .map(|((_, call), said)| (call, said))
        .collect();
    let wanted = live(stage.sandbox.world(), vendor);
    let served = served(stage, connection, !said.is_empty(), judgement).await?;
    let name = |call: &String| format!("{vendor} {call}");
    let lost = wanted.iter().filter(|call| !served.contains_key(*call));
    judgement.lost.extend(lost.map(name));
    let gone = changed.deleted.iter().filter(|(of, _)| *of == vendor);
    let undead = gone.filter(|(_, call)| served.contains_key(call));
    judgement.undead.extend(undead.map(|(_, call)| name(call)));
    for (call, said) in said {
        let shown = served.get(call).is_none_or(|text| text.contains(said));
        if wanted.contains(call) && !shown && is_heard(stage, vendor, call) {
            judgement.stale.push(name(call));
        }
    }
    Ok(())
}

/// Whether the vendor tells what was said in a call.
fn is_heard(stage: &Stage, vendor: Vendor, call: &str) -> bool {
    let truth = stage.sandbox.world().record(vendor, call);
    let records = truth.as_ref().and_then(|truth| truth.get("records"));
    let records = records.and_then(Value::as_array);
    records.into_iter().flatten().any(|record| {
        let fact = |name: &str| record.pointer(&format!("/facts/{name}"));
        fact("text_sha256").is_some_and(Value::is_string)
            && fact("empty_result") != Some(&Value::Bool(true))
    })
}

/// The calls of a connection that are analysed, and what was said in them where that is wanted.
async fn served(
    stage: &Arc<Stage>,
    connection: &str,
    with_words: bool,
    judgement: &mut Judgement,
) -> Result<BTreeMap<String, String>> {
    let (mut calls, mut cursor) = (BTreeMap::new(), String::new());
    let include = if with_words {
        "&include=transcript"
    } else {
        ""
    };
    loop {
        let path = format!("/v1/calls?connection_id={connection}&limit=200{include}{cursor}");
        let page = stage.read(&path).await?;
        for call in page
            .get("data")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let word = |name: &str| {
                let found = call.get(name).and_then(Value::as_str);
                found.unwrap_or_default().to_owned()
            };
            let said = call
                .pointer("/transcript/utterances")
                .and_then(Value::as_array);
            let said: Vec<&str> = said
                .into_iter()
                .flatten()
                .filter_map(|utterance| utterance.get("text")?.as_str())
                .collect();
            judgement.served += 1;
            judgement.ids.insert(word("id"));
            let remote = word("remote_id");
            if calls.insert(remote.clone(), said.join("\n")).is_some() {
                judgement.doubled.push(remote);
            }
        }
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(calls),
        }
    }
}
