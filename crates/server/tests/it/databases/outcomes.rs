//! A session that is killed while it commits: nobody knows whether it did, and nothing is done
//! twice.

use callweave_sandbox::Vendor;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{until_calls, until_synced_anew};
use crate::{
    base::Base,
    outside::{Api, PATIENCE, Stage},
    support::{eventually, turn},
};

/// Whether the commit had come about when its session died.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Death {
    Before,
    After,
}

/// The next so many transactions with events die in their commit.
async fn doom(stage: &Stage, death: Death, times: u32) {
    let (kind, when) = match death {
        Death::Before => (
            "CONSTRAINT TRIGGER doom AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED FOR EACH ROW",
            "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5);",
        ),
        // It waits for a standby that there is none, and is killed there: the commit stands.
        Death::After => (
            "TRIGGER doom AFTER INSERT ON events FOR EACH STATEMENT",
            "PERFORM set_config('synchronous_commit', 'on', true);",
        ),
    };
    stage
        .execute(&format!(
            "DROP TRIGGER IF EXISTS doom ON events; \
             DROP SEQUENCE IF EXISTS doomed; \
             CREATE SEQUENCE doomed; \
             CREATE OR REPLACE FUNCTION doom() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ \
             BEGIN IF current_setting('synchronous_commit') = 'local' \
                 AND nextval('public.doomed') <= {times} THEN {when} END IF; RETURN NULL; END $$; \
             CREATE {kind} EXECUTE FUNCTION doom()"
        ))
        .await;
}

/// Kills whoever waits for the standby, so many times.
async fn reap(stage: &Stage, times: u32) {
    let pool = stage.database.pool().await;
    let mut killed = 0;
    eventually("sessions in their commit", PATIENCE, async || {
        let found: Vec<bool> = sqlx::query_scalar(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        killed += u32::try_from(found.len()).unwrap();
        if killed >= times {
            Ok(())
        } else {
            Err(format!("{killed} of {times}"))
        }
    })
    .await;
    pool.close().await;
}

async fn stage() -> Stage {
    let stage = Stage::on(Base::own().await, 20).await;
    for statement in [
        "ALTER DATABASE callweave SET synchronous_commit = local",
        "ALTER SYSTEM SET synchronous_standby_names = 'nobody'",
        "SELECT pg_reload_conf()",
    ] {
        stage.execute(statement).await;
    }
    stage
}

/// How often calls were told of, by call.
async fn told(stage: &Stage, event_type: &str) -> Vec<(Uuid, i64)> {
    let pool = stage.database.pool().await;
    let told = sqlx::query_as(
        "SELECT subject_id, count(*) FROM events WHERE type = $1 GROUP BY 1 ORDER BY 1",
    )
    .bind(event_type)
    .fetch_all(&pool)
    .await
    .unwrap();
    pool.close().await;
    told
}

/// A named request.
async fn import(api: &Api, connection: Uuid, name: &str) -> (u16, Value, bool) {
    let body = json!({
        "connection_id": connection,
        "call": {"remote_id": name, "started_at": "2026-03-01T10:00:00Z"},
    });
    let request = api.request(Method::POST, "/v1/calls");
    let request = request.header("idempotency-key", name).json(&body);
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let replayed = response.headers().contains_key("idempotency-replayed");
    (status, response.json().await.unwrap(), replayed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_083_a_request_whose_commit_has_no_answer_is_repeated_without_harm() {
    let _turn = turn().await;
    let stage = stage().await;
    let gateway = stage.gateway("api", &[]).await;
    let api = &gateway.api;
    let url = stage.sandbox.base_url();
    let id = stage.connect(api, Vendor::CallGear, &url).await;
    for death in [Death::Before, Death::After] {
        let name = format!("killed-{death:?}");
        doom(&stage, death, 1).await;
        let killed = async {
            if death == Death::After {
                reap(&stage, 1).await;
            }
        };
        let ((status, problem, _), ()) = tokio::join!(import(api, id, &name), killed);
        assert_eq!(status, 503, "{death:?}: {problem}");
        assert_eq!(problem["retryable"], true);
        let (status, call, replayed) = import(api, id, &name).await;
        assert_eq!(status, 201, "{death:?}: {call}");
        // What came about is told; what did not is carried out.
        assert_eq!(replayed, death == Death::After);
        let call: Uuid = call["id"].as_str().unwrap().parse().unwrap();
        let (status, again, replayed) = import(api, id, &name).await;
        assert_eq!((status, replayed), (201, true));
        assert_eq!(again["id"], call.to_string());
        let times = told(&stage, "call.created").await;
        let of_this: Vec<i64> = times
            .iter()
            .filter(|(subject, _)| *subject == call)
            .map(|(_, times)| *times)
            .collect();
        assert_eq!(of_this, [1], "{death:?}: one event");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_083_pages_whose_commit_has_no_answer_are_taken_in_once() {
    let _turn = turn().await;
    for death in [Death::Before, Death::After] {
        let stage = stage().await;
        let lease = ("CALLWEAVE__SYNC__LEASE", "2s");
        let gateway = stage.gateway("api", &[]).await;
        let api = &gateway.api;
        let url = stage.sandbox.base_url();
        let id = stage.connect(api, Vendor::CallGear, &url).await;
        doom(&stage, death, 3).await;
        let _worker = stage.gateway("worker", &[lease]).await;
        if death == Death::After {
            reap(&stage, 3).await;
        }
        until_calls(api, id, 20).await;
        until_synced_anew(api, id).await;
        let times = told(&stage, "call.created").await;
        assert_eq!(times.len(), 20, "{death:?}");
        assert!(
            times.iter().all(|(_, times)| *times == 1),
            "{death:?}: {times:?}"
        );
    }
}
