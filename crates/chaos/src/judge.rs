//! Compares what is served with what the vendors have.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use anyhow::Result;
use callweave_sandbox::Vendor;
use futures::{StreamExt as _, stream};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    changes::{Changed, live},
    stage::Stage,
};

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
    /// The ids of the calls that the vendors deleted, as far as they were ever served.
    pub(crate) deleted: usize,
}

impl Judgement {
    fn is_clean(&self) -> bool {
        self.lost.is_empty()
            && self.doubled.is_empty()
            && self.stale.is_empty()
            && self.undead.is_empty()
    }

    fn tell(&self, stage: &Stage) {
        stage.say(&format!(
            "served {}, missing {}, doubled {}, stale {}, not yet gone {}",
            self.served,
            self.lost.len(),
            self.doubled.len(),
            self.stale.len(),
            self.undead.len()
        ));
    }
}

/// Waits until nothing differs, at most so long.
pub(crate) async fn settle(
    stage: &Arc<Stage>,
    changed: &Changed,
    lifted: Instant,
    patience: Duration,
) -> Result<Judgement> {
    register(stage).await?;
    loop {
        let mut judgement = compare(stage, changed).await?;
        judgement.tell(stage);
        if judgement.is_clean() {
            judgement.settled = Some(lifted.elapsed());
            return Ok(judgement);
        }
        if lifted.elapsed() > patience {
            explain(stage, &judgement).await?;
            return Ok(judgement);
        }
        sleep(Duration::from_secs(2)).await;
    }
}

/// What the gateways say of why something is not as it should be.
async fn explain(stage: &Arc<Stage>, judgement: &Judgement) -> Result<()> {
    for stale in judgement.stale.iter().chain(&judgement.lost) {
        stage.say(&format!("differs: {stale}"));
    }
    for (vendor, connection) in &stage.connections {
        for part in ["quarantine?limit=20", "status"] {
            let path = format!("/v1/connections/{connection}/{part}");
            stage.say(&format!("{vendor} {part}: {}", stage.read(&path).await?));
        }
    }
    Ok(())
}

/// A vendor without lists is asked for the calls that are registered.
async fn register(stage: &Arc<Stage>) -> Result<()> {
    let vendor = Vendor::AloVoice;
    let Some(connection) = stage.connections.get(&vendor) else {
        return Ok(());
    };
    let calls = live(stage.sandbox.world(), vendor);
    stage.say(&format!("{} calls are registered", calls.len()));
    let requests = calls.into_iter().enumerate().map(|(number, call)| {
        let body = json!({"connection_id": connection, "remote_id": call});
        async move {
            loop {
                let answer = stage
                    .ask(number % 2, Method::POST, "/v1/calls", Some(&body))
                    .await;
                if matches!(answer, Ok((200..=202, _))) {
                    return;
                }
                sleep(Duration::from_millis(500)).await;
            }
        }
    });
    stream::iter(requests)
        .buffer_unordered(8)
        .collect::<()>()
        .await;
    Ok(())
}

async fn compare(stage: &Arc<Stage>, changed: &Changed) -> Result<Judgement> {
    let mut judgement = Judgement::default();
    for (vendor, connection) in &stage.connections {
        let wanted = live(stage.sandbox.world(), *vendor);
        let served = served(stage, connection, &mut judgement).await?;
        let name = |call: &String| format!("{vendor} {call}");
        judgement.lost.extend(
            wanted
                .iter()
                .filter(|call| !served.contains_key(*call))
                .map(name),
        );
        let gone = changed.deleted.iter().filter(|(of, _)| of == vendor);
        let gone = gone.map(|(_, call)| call);
        judgement
            .undead
            .extend(gone.filter(|call| served.contains_key(*call)).map(name));
        for ((of, call), said) in &changed.said {
            let shown = served.get(call).is_none_or(|text| text.contains(said));
            if of == vendor && wanted.contains(call) && !shown && is_heard(stage, *vendor, call) {
                judgement.stale.push(format!("{vendor} {call}"));
            }
        }
    }
    judgement.deleted = changed.deleted.len();
    Ok(judgement)
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

/// The calls of a connection that are analysed, and what was said in them.
async fn served(
    stage: &Arc<Stage>,
    connection: &str,
    judgement: &mut Judgement,
) -> Result<BTreeMap<String, String>> {
    let (mut calls, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let path =
            format!("/v1/calls?connection_id={connection}&limit=200&include=transcript{cursor}");
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
