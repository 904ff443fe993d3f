//! Workers that die, freeze and come back in the middle of a sync, while others stand by.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use callweave_sandbox::{CallPatch, FaultKind, FaultSpec, LinePatch, Vendor};
use rustix::process::Signal;
use serde_json::Value;
use uuid::Uuid;

use super::{Api, Gateway, PATIENCE, Stage};
use crate::support::{eventually, turn};

const CALLS: u32 = 40;
const LEASE: Duration = Duration::from_secs(3);
const ENVIRONMENT: [(&str, &str); 2] = [
    ("CALLWEAVE__SYNC__LEASE", "3s"),
    ("CALLWEAVE__SYNC__WORKERS", "1"),
];

/// An `api` process, and a `worker` that is in the middle of a first sync of a slow vendor.
struct Scene {
    stage: Stage,
    front: Gateway,
    owner: Gateway,
    connection: Uuid,
}

impl Scene {
    async fn set() -> Self {
        let stage = Stage::new(CALLS).await;
        let front = stage.gateway("api", &ENVIRONMENT).await;
        let owner = stage.gateway("worker", &ENVIRONMENT).await;
        let slow = FaultKind::Slow { ms: 150 };
        let world = stage.sandbox.world();
        world.add_fault(FaultSpec::always(Vendor::Transcripto, "*", slow));
        let base_url = stage.sandbox.base_url();
        let connection = stage
            .connect(&front.api, Vendor::Transcripto, &base_url)
            .await;
        let scene = Self {
            stage,
            front,
            owner,
            connection,
        };
        eventually("the first calls", PATIENCE, async || {
            match scene.calls().await.len() {
                0 => Err("none".to_owned()),
                _ => Ok(()),
            }
        })
        .await;
        assert!(scene.calls().await.len() < 30, "in the middle of it");
        scene
    }

    /// All calls, by their id at the vendor, as the API shows them.
    async fn calls(&self) -> BTreeMap<String, Value> {
        calls(&self.front.api).await
    }

    /// Waits until every call of the vendor is there.
    async fn whole(&self) -> BTreeMap<String, Value> {
        eventually("all calls", PATIENCE, async || {
            let calls = self.calls().await;
            if calls.len() >= CALLS as usize {
                Ok(calls)
            } else {
                Err(format!("{} calls", calls.len()))
            }
        })
        .await
    }

    /// How many events of a type there are, each call counted once per event.
    async fn events(&self, kind: &str) -> BTreeMap<Uuid, i64> {
        let pool = self.stage.database.pool().await;
        let rows: Vec<(Uuid, i64)> =
            sqlx::query_as("SELECT subject_id, count(*) FROM events WHERE type = $1 GROUP BY 1")
                .bind(kind)
                .fetch_all(&pool)
                .await
                .unwrap();
        pool.close().await;
        rows.into_iter().collect()
    }
}

fn version(call: &Value) -> i64 {
    call["_meta"]["version"].as_i64().unwrap()
}

async fn calls(api: &Api) -> BTreeMap<String, Value> {
    let page = api.get("/v1/calls?limit=200").await;
    let calls = page["data"].as_array().unwrap();
    calls
        .iter()
        .map(|call| {
            let id = call["remote_id"].as_str().unwrap();
            (id.to_owned(), call.clone())
        })
        .collect()
}

#[tokio::test]
async fn case_076_r10_another_worker_takes_over_when_the_owner_dies() {
    let _turn = turn().await;
    let scene = Scene::set().await;
    let heir = scene.stage.gateway("worker", &ENVIRONMENT).await;
    let before = scene.calls().await.len();
    let Scene {
        stage,
        front,
        owner,
        connection,
    } = scene;
    owner.running.kill();
    let died = Instant::now();
    eventually(
        "progress of another worker",
        PATIENCE,
        async || match calls(&front.api).await.len() {
            now if now > before => Ok(()),
            now => Err(format!("{now} calls")),
        },
    )
    .await;
    println!(
        "R10 take-over of a running sync: {:.1} s after a kill -9, with a lease of {} s",
        died.elapsed().as_secs_f64(),
        LEASE.as_secs()
    );
    let scene = Scene {
        stage,
        front,
        owner: heir,
        connection,
    };
    let whole = scene.whole().await;
    let created = scene.events("call.created").await;
    assert_eq!(created.len(), whole.len(), "one event for each call");
    assert!(created.values().all(|count| *count == 1), "{created:?}");
}

/// Freezes a worker while one of its transactions is open: that is when it does the most harm.
async fn freeze_in_a_transaction(stage: &Stage, worker: &Gateway) {
    let pool = stage.database.pool().await;
    for _ in 0..2_000 {
        worker.running.signal(Signal::STOP);
        tokio::time::sleep(Duration::from_millis(30)).await;
        let open: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) \
             WHERE relation = 'sync_state'::regclass AND mode = 'RowExclusiveLock' \
                 AND state = 'idle in transaction' \
                 AND state_change < clock_timestamp() - interval '20 ms'",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        if open > 0 {
            pool.close().await;
            return;
        }
        worker.running.signal(Signal::CONT);
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    panic!("never within a transaction");
}

#[tokio::test]
async fn case_077_a_worker_that_was_frozen_writes_nothing_when_it_wakes_up() {
    let _turn = turn().await;
    let scene = Scene::set().await;
    // Frozen with row locks held, so that only the database can let others go on.
    freeze_in_a_transaction(&scene.stage, &scene.owner).await;
    let heir = scene.stage.gateway("worker", &ENVIRONMENT).await;
    let whole = scene.whole().await;
    // What the frozen one has read is old now.
    let world = scene.stage.sandbox.world();
    world.clear_faults();
    let changed: Vec<String> = whole.keys().take(5).cloned().collect();
    for id in &changed {
        let line = LinePatch {
            speaker: "operator".to_owned(),
            text: "This was said later.".to_owned(),
        };
        let patch = CallPatch {
            lines: Some(vec![line]),
            ..CallPatch::default()
        };
        assert!(world.change_record(Vendor::Transcripto, id, patch), "{id}");
    }
    let newer = eventually("the changes", PATIENCE, async || {
        let now = scene.calls().await;
        let moved = changed
            .iter()
            .filter(|id| version(&now[*id]) > version(&whole[*id]))
            .count();
        if moved == changed.len() {
            Ok(now)
        } else {
            Err(format!("{moved} of {}", changed.len()))
        }
    })
    .await;
    // The one that goes on is not there to mend what the woken one does.
    let (code, said) = heir.running.stop();
    assert_eq!(code, Some(0), "{said}");
    scene.front.api.get("/v1/calls?limit=1").await;
    scene.owner.running.signal(Signal::CONT);
    let status = scene.front.api.status(scene.connection).await;
    let turns = status["sync"]["last_run_at"].clone();
    eventually("a turn of the woken worker", PATIENCE, async || {
        let status = scene.front.api.status(scene.connection).await;
        let sync = &status["sync"];
        if sync["last_run_at"] == turns || sync["running"] == true {
            Err(sync.to_string())
        } else {
            Ok(())
        }
    })
    .await;
    let now = scene.calls().await;
    assert_eq!(now.len(), newer.len());
    for (id, call) in &newer {
        assert_eq!(
            version(&now[id]),
            version(call),
            "{id}: nothing was written over"
        );
    }
    let created = scene.events("call.created").await;
    assert!(created.values().all(|count| *count == 1), "{created:?}");
    let (code, said) = scene.owner.running.stop();
    assert_eq!(code, Some(0), "{said}");
}
