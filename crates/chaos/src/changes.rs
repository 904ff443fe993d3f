//! What happens at the vendors meanwhile: calls come, change and go away.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use callweave_sandbox::{CallPatch, LinePatch, Vendor, World};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedMutRandom as _};
use serde_json::Value;
use tokio::{task::JoinHandle, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{Plan, stage::Stage};

/// Shares of all calls that change and go away while there is trouble.
const CHANGED: f64 = 0.2;
const DELETED: f64 = 0.02;
const ADDED: f64 = 0.02;
const STEP: Duration = Duration::from_millis(250);
/// Vendors whose lists tell of changes at any age, and of what is gone.
const CHANGING: [Vendor; 2] = [Vendor::CallGear, Vendor::Transcripto];

/// The task that changes the world.
pub(crate) struct Changes {
    stop: CancellationToken,
    task: JoinHandle<Changed>,
}

/// What was changed.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// By vendor and call: what it has to say now.
    pub(crate) said: BTreeMap<(Vendor, String), String>,
    pub(crate) deleted: BTreeSet<(Vendor, String)>,
    pub(crate) added: usize,
}

impl Changes {
    pub(crate) fn start(
        stage: &Arc<Stage>,
        plan: &Plan,
        stop: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Self {
        let stop = stop.child_token();
        let (stage, plan, told) = (Arc::clone(stage), plan.clone(), stop.clone());
        let task = tasks.spawn(async move { change(&stage, &plan, &told).await });
        Self { stop, task }
    }

    /// Nothing changes from here on.
    pub(crate) async fn end(self) -> Changed {
        self.stop.cancel();
        // It only ends early by a panic, which its own message tells of.
        self.task.await.unwrap_or_default()
    }
}

/// The calls that a vendor has now, by its ledger. What it never analysed is no analysed call, and a
/// period's report is none either.
pub(crate) fn live(world: &World, vendor: Vendor) -> BTreeSet<String> {
    let (mut live, mut after) = (BTreeSet::new(), 0);
    loop {
        let page = world.ledger_page(vendor, after, 5_000);
        for entry in page.entries {
            let Some(call) = entry.call_id else { continue };
            let analysed = entry.facts.get("analysed").and_then(Value::as_bool);
            if entry.deleted || analysed == Some(false) {
                live.remove(&call);
            } else if entry.kind != "report" && entry.kind != "submission" {
                live.insert(call);
            }
        }
        after = page.next_after;
        if !page.more {
            return live;
        }
    }
}

async fn change(stage: &Stage, plan: &Plan, stop: &CancellationToken) -> Changed {
    let world = stage.sandbox.world();
    let mut random = StdRng::seed_from_u64(plan.seed.wrapping_add(1));
    let mut changed = Changed::default();
    let steps = plan.trouble.as_secs_f64() / STEP.as_secs_f64();
    let a_step = |share: f64| f64::from(plan.records) * share / steps;
    let mut due = [0.0_f64; 3];
    let mut known: Vec<(Vendor, Vec<String>)> = Vec::new();
    for vendor in CHANGING {
        let calls = live(world, vendor).into_iter().collect();
        known.push((vendor, calls));
    }
    let mut number = 0_u64;
    loop {
        tokio::select! {
            () = stop.cancelled() => return changed,
            () = sleep(STEP) => {}
        }
        for (due, share) in due.iter_mut().zip([CHANGED, DELETED, ADDED]) {
            *due += a_step(share);
        }
        while let Some(kind) = due.iter().position(|due| *due >= 1.0) {
            if let Some(due) = due.get_mut(kind) {
                *due -= 1.0;
            }
            number += 1;
            let Some((vendor, calls)) = known.choose_mut(&mut random) else {
                return changed;
            };
            if kind == 2 {
                world.add_record(*vendor, CallPatch::default());
                changed.added += 1;
                continue;
            }
            if calls.is_empty() {
                continue;
            }
            let place = random.random_range(0..calls.len());
            let call = match kind {
                0 => calls.get(place).cloned().unwrap_or_default(),
                _ => calls.swap_remove(place),
            };
            let key = (*vendor, call.clone());
            if kind == 0 {
                let said = format!("This was said in revision {number}.");
                if world.change_record(*vendor, &call, revision(&said)) {
                    changed.said.insert(key, said);
                }
            } else if world.delete_record(*vendor, &call) {
                changed.said.remove(&key);
                changed.deleted.insert(key);
            }
        }
    }
}

/// Other words, which any vendor shows.
fn revision(said: &str) -> CallPatch {
    let line = |speaker: &str, text: &str| LinePatch {
        speaker: speaker.to_owned(),
        text: text.to_owned(),
    };
    CallPatch {
        lines: Some(vec![line("operator", said), line("client", "Understood.")]),
        ..CallPatch::default()
    }
}
