//! Other encryption keys under a gateway that goes on working.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use callweave_credentials::vault::{Place, Vault};
use callweave_model::TenantId;
use callweave_sandbox::Vendor;
use callweave_store::sealed::answer_row;
use reqwest::Method;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Api, PATIENCE, Stage};
use crate::support::{Running, complaint, run, turn};

/// Secrets besides those of the connection.
const SECRETS: usize = 10_000;
/// The key that the answers below were kept under.
const ASKED: &str = "Idempotency-Key";

fn key(id: &str) -> String {
    let output = run(&["encryption", "generate-key", "--id", id], &[]);
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Answers of requests that were made before, as many as are wanted, sealed as the gateway does; every
/// other one as the release before kept them, with the plain hash of the request.
async fn seed(stage: &Stage, keys: &str) {
    let vault = Vault::parse(keys).unwrap();
    let pool = stage.database.pool().await;
    let (tenant, api_key): (Uuid, Uuid) = sqlx::query_as("SELECT tenant_id, id FROM api_keys")
        .fetch_one(&pool)
        .await
        .unwrap();
    // The hash of `POST /v1/connections` with the body `{}`, as the gateway makes it.
    let target = "/v1/connections";
    let hash = Sha256::new()
        .chain_update((target.len() as u64).to_be_bytes())
        .chain_update(target)
        .chain_update("{}")
        .finalize()
        .to_vec();
    let (mut names, mut answers, mut requests) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..SECRETS {
        let name = format!("seeded-{number}");
        let sealed = |column, secret: &[u8]| {
            let place = Place {
                table: "idempotency_keys",
                column,
                tenant: TenantId(tenant),
                row: answer_row(callweave_model::ApiKeyId(api_key), &name),
            };
            vault.seal(&place, secret).unwrap()
        };
        let answer = json!({"status": 200, "headers": [], "body": format!("{{\"n\":{number}}}")});
        answers.push(sealed("sealed_answer", answer.to_string().as_bytes()));
        requests.push((number % 2 == 0).then(|| sealed("sealed_request", &hash)));
        names.push(name);
    }
    sqlx::query(
        "INSERT INTO idempotency_keys \
             (tenant_id, api_key_id, key, request_hash, sealed_request, sealed_answer) \
         SELECT $1, $2, key, CASE WHEN request IS NULL THEN $3 ELSE ''::bytea END, request, answer \
         FROM UNNEST($4::text[], $5::bytea[], $6::bytea[]) AS new (key, request, answer)",
    )
    .bind(tenant)
    .bind(api_key)
    .bind(hash)
    .bind(names)
    .bind(requests)
    .bind(answers)
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
}

/// How many secrets each key has sealed.
async fn sealed_with(stage: &Stage, id: &str) -> i64 {
    let pool = stage.database.pool().await;
    let count = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT sealed_answer AS sealed FROM idempotency_keys \
             UNION ALL SELECT sealed_request FROM idempotency_keys \
             UNION ALL SELECT sealed_credentials FROM connections \
             UNION ALL SELECT sealed_token FROM tokens) AS all_of_them \
         WHERE substring(sealed FROM 1 FOR length($1)) = $1",
    )
    .bind(Vault::prefix_of(id))
    .fetch_one(&pool)
    .await
    .unwrap();
    pool.close().await;
    count
}

/// Waits until a good part is sealed anew.
async fn half_way(stage: &Stage) {
    let pool = stage.database.pool().await;
    let part = i64::try_from(SECRETS / 3).unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let done: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM idempotency_keys \
             WHERE substring(sealed_answer FROM 1 FOR length($1)) = $1",
        )
        .bind(Vault::prefix_of("k2"))
        .fetch_one(&pool)
        .await
        .unwrap();
        if done >= part {
            return;
        }
        assert!(Instant::now() < deadline, "{done}");
    }
}

/// Reads secrets until it is told to stop: kept answers, and the vendor's things with its token.
async fn traffic(api: Api, connection: Uuid, from: usize, stop: Arc<AtomicBool>) -> (usize, usize) {
    let (mut read, mut failed) = (0, 0);
    let mut number = from;
    while !stop.load(Ordering::Relaxed) {
        let answered = api
            .request(Method::POST, "/v1/connections")
            .header(ASKED, format!("seeded-{}", number % SECRETS))
            .json(&json!({}))
            .send()
            .await
            .unwrap();
        if answered.status() != 200 {
            failed += 1;
            println!("{} {:?}", answered.status(), answered.text().await);
        }
        let path = format!("/v1/connections/{connection}/tags");
        let (status, answer) = api.send(Method::GET, &path, None).await;
        if status != 200 {
            failed += 1;
            println!("{status} {answer}");
        }
        read += 2;
        number += 7;
    }
    (read, failed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_116_r19_keys_are_replaced_under_live_traffic() {
    let _turn = turn().await;
    let stage = Stage::new(3).await;
    let (old, new) = (stage.encryption_key.clone(), key("k2"));
    seed(&stage, &old).await;
    // First every gateway learns the new key, then it becomes the active one.
    let both = format!("{new},{old}");
    let with_both = [("CALLWEAVE__ENCRYPTION__KEYS", both.as_str())];
    let gateway = stage.gateway("all", &[]).await;
    let connection = stage
        .connect(&gateway.api, Vendor::CallGear, &stage.sandbox.base_url())
        .await;
    assert_eq!(gateway.running.stop().0, Some(0));
    let gateway = stage.gateway("all", &with_both).await;

    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..3)
        .map(|number| {
            let api = gateway.api.clone();
            tokio::spawn(traffic(api, connection, number, stop.clone()))
        })
        .collect();
    let command = |arguments: &[&str], keys: &str| {
        let mut command = stage.command(
            stage.database.url(),
            &[("CALLWEAVE__ENCRYPTION__KEYS", keys)],
        );
        command.args(arguments);
        command
    };
    let retire = async || {
        let mut retire = command(&["encryption", "retire", "k1"], &both);
        tokio::task::spawn_blocking(move || retire.output().unwrap())
            .await
            .unwrap()
    };
    let refused = retire().await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(complaint(&refused).contains("is needed for"), "{refused:?}");

    // Killed half way.
    let began = Instant::now();
    let rotation = Running::start(&mut command(&["encryption", "rotate"], &both));
    half_way(&stage).await;
    rotation.kill();
    let left = sealed_with(&stage, "k1").await;
    assert!(left > 0, "it was killed too late");
    assert_eq!(retire().await.status.code(), Some(1));

    // It goes on where it was.
    let mut rotate = command(&["encryption", "rotate"], &both);
    let finished = tokio::task::spawn_blocking(move || rotate.output().unwrap())
        .await
        .unwrap();
    let took = began.elapsed();
    assert_eq!(finished.status.code(), Some(0), "{}", complaint(&finished));
    let said = String::from_utf8(finished.stdout).unwrap();
    assert!(said.starts_with(&left.to_string()), "{said} of {left}");
    assert_eq!(sealed_with(&stage, "k1").await, 0);
    let retired = retire().await;
    assert_eq!(retired.status.code(), Some(0), "{}", complaint(&retired));
    assert_eq!(
        command(&["encryption", "retire", "k2"], &both)
            .output()
            .unwrap()
            .status
            .code(),
        Some(1),
        "the active one"
    );

    // Without the old key.
    let only_new = [("CALLWEAVE__ENCRYPTION__KEYS", new.as_str())];
    let other = stage.gateway("all", &only_new).await;
    let later = tokio::spawn(traffic(other.api.clone(), connection, 1, stop.clone()));
    for _ in 0..5 {
        other.api.check_until_good(connection).await;
    }
    stop.store(true, Ordering::Relaxed);
    let (mut read, mut failed) = later.await.unwrap();
    for caller in callers {
        let (reads, failures) = caller.await.unwrap();
        read += reads;
        failed += failures;
    }
    println!(
        "R19 key rotation: {SECRETS} kept answers with one kill in {:.1} s, {left} left at the kill; \
         {read} reads meanwhile, {failed} failed; the old key is gone",
        took.as_secs_f64()
    );
    assert!(read > 50, "{read}");
    assert_eq!(failed, 0);
    assert!(took < Duration::from_secs(60), "{took:?}");
    for gateway in [gateway, other] {
        assert_eq!(gateway.running.stop().0, Some(0));
    }
}
