//! PostgreSQL goes away, comes back, or takes no changes.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use super::{Clients, ask, synced, until_good, until_synced_anew};
use crate::{
    base::Base,
    outside::{Api, PATIENCE, Stage},
    support::{eventually, turn},
};

/// A lease of a sync that a crash left behind is over soon.
const LEASE: (&str, &str) = ("CALLWEAVE__SYNC__LEASE", "3s");

async fn until_unready(api: &Api) {
    eventually("unready", PATIENCE, async || {
        let answer = ask(api, Method::GET, "/readyz", None).await;
        if answer.status == 503 {
            Ok(())
        } else {
            Err(format!("{answer:?}"))
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_082_r9_five_crashes_of_postgresql_are_outlived() {
    let _turn = turn().await;
    let stage = Stage::on(Base::own().await, 10).await;
    let gateway = stage.gateway("all", &[LEASE]).await;
    let api = &gateway.api;
    let id = synced(&stage, api, 10).await;
    let (mut slowest, mut resumed) = (Duration::ZERO, Duration::ZERO);
    let mut refused = 0;
    for _ in 0..5 {
        let clients = Clients::start(api, id, 4);
        stage.database.crash().await;
        for method in [Method::GET, Method::PATCH] {
            let path = format!("/v1/connections/{id}");
            let body = (method == Method::PATCH).then(|| json!({"name": "renamed"}));
            let answer = ask(api, method, &path, body.as_ref()).await;
            assert_eq!(
                (answer.status, answer.retry_after),
                (503, true),
                "{answer:?}"
            );
            assert_eq!(answer.code, "gateway.unavailable");
        }
        until_unready(api).await;
        stage.database.restart().await;
        let accepts = Instant::now();
        slowest = slowest.max(until_good(api, id).await);
        until_synced_anew(api, id).await;
        resumed = resumed.max(accepts.elapsed());
        refused += clients
            .end()
            .await
            .iter()
            .filter(|answer| answer.status == 503)
            .count();
    }
    println!(
        "R9 recovery: 5 crashes of PostgreSQL, {refused} answers 503, none 500; first good answers \
         within {:.2} s, syncs go on within {:.2} s, one process",
        slowest.as_secs_f64(),
        resumed.as_secs_f64()
    );
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    assert!(resumed < Duration::from_secs(30), "{resumed:?}");
    let (code, said) = gateway.running.stop();
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_084_a_database_that_takes_no_changes_is_read_and_left_alone() {
    let _turn = turn().await;
    let stage = Stage::on(Base::own().await, 10).await;
    let gateway = stage.gateway("all", &[LEASE]).await;
    let api = &gateway.api;
    let id = synced(&stage, api, 10).await;
    until_synced_anew(api, id).await;
    let read_only = async |setting: &str| {
        let mut session = PgConnection::connect(stage.database.url()).await.unwrap();
        for statement in [
            "SET default_transaction_read_only = off",
            &format!("ALTER DATABASE callweave SET default_transaction_read_only = {setting}"),
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = 'callweave' AND pid <> pg_backend_pid()",
        ] {
            let statement = sqlx::AssertSqlSafe(statement);
            sqlx::raw_sql(statement)
                .execute(&mut session)
                .await
                .unwrap();
        }
        session.close().await.unwrap();
    };
    read_only("on").await;
    let pool = stage.database.pool().await;
    let positions = async || -> String {
        sqlx::query_scalar(
            "SELECT coalesce(string_agg(stream::text, ';' ORDER BY stream::text), '') \
             FROM sync_streams AS stream",
        )
        .fetch_one(&pool)
        .await
        .unwrap()
    };
    let before = positions().await;
    assert!(!before.is_empty());
    let path = format!("/v1/connections/{id}");
    for _ in 0..10 {
        for read in [
            "/v1/calls?limit=5",
            "/v1/connections",
            "/v1/events",
            "/v1/audit-log",
            path.as_str(),
        ] {
            let answer = ask(api, Method::GET, read, None).await;
            assert_eq!(answer.status, 200, "{read}: {answer:?}");
        }
        for (method, path, body) in [
            (Method::PATCH, path.clone(), json!({"name": "renamed"})),
            (Method::POST, format!("{path}/sync"), json!({})),
            (
                Method::POST,
                "/v1/api-keys".to_owned(),
                json!({"name": "k", "scopes": ["calls:read"]}),
            ),
        ] {
            let answer = ask(api, method, &path, Some(&body)).await;
            assert_eq!(
                (answer.status, answer.retry_after),
                (503, true),
                "{path}: {answer:?}"
            );
        }
        // Syncs are due all the while.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(positions().await, before, "no position moved");
    assert_eq!(ask(api, Method::GET, "/readyz", None).await.status, 200);
    pool.close().await;
    read_only("off").await;
    until_good(api, id).await;
    until_synced_anew(api, id).await;
}
