//! Erasing people from a gateway that goes on syncing, and from its backup.

use std::time::Instant;

use callweave_postgres::testing::TestDatabase;
use callweave_sandbox::Vendor;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Api, PATIENCE, Stage};
use crate::support::{complaint, eventually, turn};

/// The vendors that list their calls.
const WALKED: [Vendor; 3] = [Vendor::CallGear, Vendor::Neuro, Vendor::Transcripto];

/// Everything in a database as text: every column of every row, and what is compressed unpacked.
pub(crate) async fn everything(database: &TestDatabase) -> String {
    let mut all = database.everything().await;
    let pool = database.pool().await;
    let packed: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT body FROM raw_documents UNION ALL SELECT analyses FROM call_documents \
         UNION ALL SELECT transcript FROM call_documents WHERE transcript IS NOT NULL",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    pool.close().await;
    for packed in packed {
        let bytes = zstd::stream::decode_all(packed.as_slice()).unwrap();
        all.push_str(&String::from_utf8_lossy(&bytes));
    }
    all
}

async fn calls(api: &Api, filter: &str) -> Vec<Value> {
    let (mut calls, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api
            .get(&format!("/v1/calls?limit=200{filter}{cursor}"))
            .await;
        calls.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return calls,
        }
    }
}

/// How many records are to be fetched by now.
async fn due(database: &TestDatabase) -> i64 {
    let pool = database.pool().await;
    let due = sqlx::query_scalar("SELECT count(*) FROM records WHERE due_at <= now()")
        .fetch_one(&pool)
        .await
        .unwrap();
    pool.close().await;
    due
}

/// Waits until so many walks over everything have ended, and all that they listed is fetched.
async fn walked(api: &Api, database: &TestDatabase, connection: Uuid, walks: i64) {
    eventually("a full walk", PATIENCE, async || {
        let status = api.status(connection).await;
        let ended = status["sync"]["full_walks"].as_i64() >= Some(walks);
        if ended && due(database).await == 0 {
            Ok(())
        } else {
            Err(status.to_string())
        }
    })
    .await;
}

/// Walks everything that the vendors have once more.
async fn sync_fully(api: &Api, database: &TestDatabase, connections: &[Uuid]) {
    for id in connections {
        let before = api.status(*id).await["sync"]["full_walks"].as_i64();
        let path = format!("/v1/connections/{id}/sync?full=true");
        let (status, answer) = api.send(Method::POST, &path, None).await;
        assert!((200..300).contains(&status), "{answer}");
        walked(api, database, *id, before.unwrap() + 1).await;
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The phones of a call.
fn phones(call: &Value) -> Vec<String> {
    let parties = call["parties"].as_array().into_iter().flatten();
    parties
        .filter_map(|party| party["phone"].as_str())
        .map(str::to_owned)
        .collect()
}

/// A phone of one of these calls, of those that fewest of them have.
fn rare_phone(calls: &[&Value]) -> Option<String> {
    let all: Vec<String> = calls.iter().flat_map(|call| phones(call)).collect();
    let count = |phone: &String| all.iter().filter(|other| *other == phone).count();
    all.iter().min_by_key(|phone| count(phone)).cloned()
}

async fn erase(api: &Api, subject: Value) -> Value {
    let (status, receipt) = api.send(Method::POST, "/v1/erasures", Some(subject)).await;
    assert_eq!(status, 201, "{receipt}");
    receipt
}

/// People and calls to erase: of each vendor one person by a phone that it tells, where it tells
/// any, one call, and two people whom the CRM knows, one by phone and one by its own id.
async fn subjects(api: &Api, calls: &[Value], connections: &[Uuid]) -> Vec<Value> {
    let mut subjects = Vec::new();
    for id in connections {
        let of_vendor: Vec<&Value> = calls
            .iter()
            .filter(|call| call["connection_id"] == id.to_string())
            .collect();
        subjects.extend(rare_phone(&of_vendor).map(|phone| json!({"phone": phone})));
        subjects.push(json!({"call_id": of_vendor[of_vendor.len() - 1]["id"]}));
        let known_as = format!("client of {id}");
        let phone = format!("+99890000078{}", subjects.len());
        let known = [json!({"external_id": known_as}), json!({"phone": phone})];
        for (call, mut party) in of_vendor.iter().zip(known) {
            party["role"] = json!("third_party");
            let path = format!("/v1/calls/{}", call["id"].as_str().unwrap());
            let facts = Some(json!({"parties": [party]}));
            let (status, answer) = api.send(Method::PATCH, &path, facts).await;
            assert_eq!(status, 200, "{answer}");
        }
        subjects.push(json!({"phone": phone}));
        subjects.push(json!({"client_id": known_as}));
    }
    let phones = subjects.iter().filter(|one| one.get("phone").is_some());
    assert!(phones.count() >= 4, "{subjects:?}");
    subjects
}

/// What hangs on it in a database: phones by their digits, clients' ids.
fn traces(subjects: &[Value]) -> Vec<String> {
    subjects
        .iter()
        .filter_map(|subject| {
            let client = subject["client_id"].as_str().map(str::to_owned);
            client.or_else(|| subject["phone"].as_str().map(digits))
        })
        .collect()
}

/// Runs `erasures` on a database; gives what it printed.
fn run_erasures(stage: &Stage, database: &TestDatabase, arguments: &[&str]) -> Vec<u8> {
    let mut command = stage.command(database.url(), &[]);
    let output = command.arg("erasures").args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    output.stdout
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_118_r20_erased_people_stay_away_from_syncs_and_backups() {
    let _turn = turn().await;
    let stage = Stage::new(25).await;
    let gateway = stage.gateway("all", &[]).await;
    let mut connections = Vec::new();
    for vendor in WALKED {
        let base_url = stage.sandbox.base_url();
        connections.push(stage.connect(&gateway.api, vendor, &base_url).await);
    }
    for id in &connections {
        walked(&gateway.api, &stage.database, *id, 1).await;
    }
    let before = calls(&gateway.api, "").await;
    assert!(before.len() >= 60, "{}", before.len());

    let subjects = subjects(&gateway.api, &before, &connections).await;

    // Yesterday's backup.
    assert_eq!(gateway.running.stop().0, Some(0));
    let backup = stage.database.backup().await;
    let gateway = stage.gateway("all", &[]).await;

    let began = Instant::now();
    let mut erased = 0;
    for subject in &subjects {
        let receipt = erase(&gateway.api, subject.clone()).await;
        erased += receipt["counts"]["calls"].as_u64().unwrap();
        let text = receipt.to_string();
        let given = subject.as_object().unwrap().values().next().unwrap();
        assert!(!text.contains(given.as_str().unwrap()), "{text}");
    }
    let took = began.elapsed();
    let traces = traces(&subjects);
    let hits = |text: &str| traces.iter().filter(|trace| text.contains(*trace)).count();
    let in_dump = hits(&everything(&stage.database).await);
    let left = calls(&gateway.api, "").await;
    assert_eq!(left.len(), before.len() - usize::try_from(erased).unwrap());

    sync_fully(&gateway.api, &stage.database, &connections).await;
    let after_sync = hits(&everything(&stage.database).await);
    let after: Vec<Value> = calls(&gateway.api, "").await;
    let ids = |calls: &[Value]| -> Vec<String> {
        calls.iter().map(|call| call["id"].to_string()).collect()
    };
    assert_eq!(ids(&after), ids(&left));
    let log = gateway
        .api
        .get("/v1/audit-log?action=erasure.created")
        .await;
    assert_eq!(log["data"].as_array().unwrap().len(), subjects.len());
    assert_eq!(hits(&log.to_string()), 0);
    assert_eq!(gateway.running.stop().0, Some(0));

    let exported = run_erasures(&stage, &stage.database, &["export"]);
    assert_eq!(hits(&String::from_utf8_lossy(&exported)), 0);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &exported).unwrap();

    // The backup is restored: it knows nothing of any erasure.
    assert_eq!(hits(&everything(&backup).await), traces.len());
    let path = file.path().to_str().unwrap();
    run_erasures(&stage, &backup, &["replay", path]);
    let in_backup = hits(&everything(&backup).await);
    let gateway = stage.gateway_on(backup.url(), "all", &[]).await;
    sync_fully(&gateway.api, &backup, &connections).await;
    let after_restore = hits(&everything(&backup).await);
    assert_eq!(ids(&calls(&gateway.api, "").await), ids(&left));
    println!(
        "R20 erasure: {} subjects, {erased} calls of {} in {:.1} s; hits in the dump {in_dump}, \
         after a full sync {after_sync}, after restore and replay {in_backup}, after another sync \
         {after_restore}",
        subjects.len(),
        before.len(),
        took.as_secs_f64()
    );
    assert_eq!([in_dump, after_sync, in_backup, after_restore], [0; 4]);
    assert_eq!(gateway.running.stop().0, Some(0));
}
