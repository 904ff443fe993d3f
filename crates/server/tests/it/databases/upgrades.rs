//! One release follows another on a database that is in use.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::json;
use sqlx::PgPool;

use super::{Clients, synced};
use crate::{
    backup::run_client,
    base::Base,
    outside::{Api, PATIENCE, Stage},
    support::{Running, callweave, complaint, eventually, free_address, turn},
};

/// A dump that an earlier release left, after a sync of two vendors with four calls each.
const EARLIER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/schema-0019.dump");
/// The newest migration of that release.
const EARLIER_SCHEMA: i64 = 19;
/// What its secrets are sealed with.
const EARLIER_KEY: &str = "previous:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// What the next release may add to tables that are in use, as its migration would.
const EXPANSION: &str = "BEGIN; SET LOCAL lock_timeout = '1s'; \
    ALTER TABLE calls ADD COLUMN mood text; \
    ALTER TABLE connections ADD COLUMN colour text NOT NULL DEFAULT 'grey'; \
    ALTER TABLE api_keys ADD COLUMN note text; \
    CREATE INDEX connections_by_colour ON connections (tenant_id, colour); \
    INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
        VALUES (9001, 'moods and colours', true, '\\x00', 1); \
    COMMIT";

/// What a release after that may take away.
const CONTRACTION: &str = "BEGIN; ALTER TABLE calls DROP COLUMN mood; \
    INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
        VALUES (9002, 'contract since 9001 no moods', true, '\\x00', 1); \
    COMMIT";

/// A server with what the earlier release left on it.
async fn earlier() -> Base {
    let base = Base::empty().await;
    let url = base.url().to_owned();
    let role = "CREATE ROLE callweave_app NOLOGIN";
    run_client(&base, "psql", &["--command", role, &url]);
    run_client(
        &base,
        "pg_restore",
        &["--no-owner", "--exit-on-error", "--dbname", &url, EARLIER],
    );
    base
}

fn migrate(base: &Base) -> Child {
    let mut command: Command = callweave();
    command
        .env("DATABASE_URL", base.url())
        .arg("migrate")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

async fn newest(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(pool)
        .await
        .unwrap()
}

async fn calls(api: &Api) -> Vec<serde_json::Value> {
    let page = api
        .get("/v1/calls?limit=200&include=transcript,analyses")
        .await;
    page["data"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_earlier_release_left_is_taken_over_by_several_processes_at_once() {
    let _turn = turn().await;
    let base = earlier().await;
    let pool = base.pool().await;
    assert_eq!(newest(&pool).await, EARLIER_SCHEMA);
    // A migration finds a table in use, and tries again.
    let mut held = pool.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE _sqlx_migrations IN SHARE MODE")
        .execute(&mut *held)
        .await
        .unwrap();
    let processes: Vec<Child> = (0..3).map(|_| migrate(&base)).collect();
    tokio::time::sleep(Duration::from_secs(3)).await;
    held.commit().await.unwrap();
    for process in processes {
        let done = tokio::task::spawn_blocking(|| process.wait_with_output());
        let output = done.await.unwrap().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    }
    assert!(newest(&pool).await > EARLIER_SCHEMA);
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(left, 0, "no lock stays");
    pool.close().await;

    let mut stage = Stage::on(base, 4).await;
    EARLIER_KEY.clone_into(&mut stage.encryption_key);
    let gateway = stage.gateway("all", &[]).await;
    let api = &gateway.api;
    let found = calls(api).await;
    assert_eq!(found.len(), 8);
    let told = found.iter().filter(|call| call["transcript"].is_object());
    assert!(told.count() >= 4);
    let retention = api.get("/v1/retention").await;
    assert_eq!(retention["calls_days"], 3_650);
    let events = api
        .get("/v1/events?after=oldest&type=call.created&limit=200")
        .await;
    assert_eq!(events["data"].as_array().unwrap().len(), 8);
    // It is worked with.
    let call = found.first().unwrap();
    let path = format!("/v1/calls/{}", call["id"].as_str().unwrap());
    let note = json!({"client_metadata": {"deal": 7}});
    let (status, changed) = api.send(Method::PATCH, &path, Some(note)).await;
    assert_eq!(status, 200, "{changed}");
    let import = json!({"connection_id": call["connection_id"],
        "call": {"remote_id": "new", "started_at": "2026-03-01T10:00:00Z"}});
    let (status, made) = api.send(Method::POST, "/v1/calls", Some(import)).await;
    assert_eq!(status, 201, "{made}");
    synced(&stage, api, 4).await;
    assert_eq!(calls(api).await.len(), 13);
    let (code, said) = gateway.running.stop();
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_goes_on_while_and_after_a_later_release_adds_to_the_schema() {
    let _turn = turn().await;
    let stage = Stage::new(10).await;
    let mut gateway = stage.gateway("all", &[]).await;
    let id = synced(&stage, &gateway.api, 10).await;
    let clients = Clients::start(&gateway.api, id, 4);
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.execute(EXPANSION).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let answers = clients.end().await;
    let bad: Vec<_> = answers.iter().filter(|answer| !answer.is_good()).collect();
    assert!(answers.len() > 20 && bad.is_empty(), "{bad:?}");
    // A restart finds the newer schema, with and without leave to migrate.
    for arguments in [&[][..], &["--no-migrate"]] {
        assert_eq!(gateway.running.stop().0, Some(0));
        gateway = stage.gateway_with("all", arguments).await;
        super::until_synced_anew(&gateway.api, id).await;
        assert_eq!(calls(&gateway.api).await.len(), 10);
    }
    let check = || {
        let mut command = stage.command(stage.database.url(), &[]);
        let output = command.arg("check").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), said)
    };
    let (code, said) = check();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("1 migrations ahead"), "{said}");

    // What this release does not need any more may go, as far as it knows; here it does not.
    stage.execute(CONTRACTION).await;
    let (code, said) = check();
    assert_eq!(code, Some(1), "{said}");
    let mut late = stage.command(stage.database.url(), &[]);
    let late = Running::start(late.args(["serve", "--listen", &free_address()]));
    let (code, said) = late.wait(PATIENCE);
    assert_ne!(code, Some(0));
    assert!(said.contains("migration 9002 takes away"), "{said}");
    // Who runs already is not disturbed.
    assert_eq!(calls(&gateway.api).await.len(), 10);
    assert_eq!(gateway.running.stop().0, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migrating_process_that_dies_holds_up_nobody() {
    let _turn = turn().await;
    let base = Base::empty().await;
    let pool = base.pool().await;
    // Somebody is at it, and stays.
    let mut other = pool.begin().await.unwrap();
    sqlx::raw_sql("SELECT pg_advisory_xact_lock(hashtext('callweave_migrations'))")
        .execute(&mut *other)
        .await
        .unwrap();
    let mut killed = migrate(&base);
    let waits = migrate(&base);
    tokio::time::sleep(Duration::from_secs(2)).await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    // Who waits holds no lock, no transaction, and no session that a pooler would miss.
    let busy: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'callweave' \
         AND wait_event_type = 'Lock'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(busy, 0);
    drop(other);
    let began = Instant::now();
    let done = tokio::task::spawn_blocking(|| waits.wait_with_output());
    let output = done.await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    assert!(began.elapsed() < PATIENCE);
    eventually("no session", PATIENCE, async || {
        let left: i64 =
            sqlx::query_scalar("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
                .fetch_one(&pool)
                .await
                .unwrap();
        if left == 0 {
            Ok(())
        } else {
            Err(left.to_string())
        }
    })
    .await;
}
