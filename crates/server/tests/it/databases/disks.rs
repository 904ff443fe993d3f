//! The disk of PostgreSQL is full, and has room again.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use callweave_sandbox::{CallPatch, Vendor};
use reqwest::Method;
use rustix::process::geteuid;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};

use super::{ask, synced, until_calls, until_good, until_synced_anew};
use crate::{
    base::{Base, migrate},
    outside::{Api, PATIENCE, Stage},
    support::{eventually, turn},
};

/// A file system of its own, so small that a test can fill it.
struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Only root may mount one: whoever runs the tests as another user is told so.
    fn mount(path: &Path, mebibytes: u32, owner: Option<u32>) -> Self {
        assert!(
            geteuid().is_root(),
            "a disk that can be filled is mounted by root only: run this test as root"
        );
        fs::create_dir(path).unwrap();
        let owner = owner.unwrap_or_default();
        let options = format!("size={mebibytes}m,mode=700,uid={owner}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(path)
            .status()
            .unwrap();
        assert!(mounted.success(), "mount {}", path.display());
        Self {
            path: path.to_owned(),
        }
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }

    /// Leaves no room at all.
    fn fill(&self) {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(self.ballast())
            .unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Also while the server still has files open there.
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(&self.path)
            .status();
    }
}

/// A server whose tables lie on a small disk; its log lies elsewhere, or it would go down.
async fn base_on_a_small_disk() -> (Base, SmallDisk) {
    let base = Base::empty().await;
    let place = base.place().join("small");
    let disk = SmallDisk::mount(&place, 96, base.account());
    let options: PgConnectOptions = base.url().parse().unwrap();
    let mut session = PgConnection::connect_with(&options.database("postgres"))
        .await
        .unwrap();
    for statement in [
        format!("CREATE TABLESPACE small LOCATION '{}'", place.display()),
        "ALTER DATABASE callweave SET TABLESPACE small".to_owned(),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(&mut session)
            .await
            .unwrap();
    }
    session.close().await.unwrap();
    migrate(base.url().to_owned()).await;
    (base, disk)
}

/// Words that do not compress well, so that they need room.
fn words(seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        format!("{state:x}")
    };
    (0..4_000).map(|_| word()).collect::<Vec<_>>().join(" ")
}

/// Imports a long call; whoever is refused is told to come again.
async fn import(api: &Api, connection: uuid::Uuid, number: u64) -> bool {
    let body = json!({"connection_id": connection, "call": {
        "remote_id": format!("long-{number}"), "started_at": "2026-03-01T10:00:00Z",
        "transcript": {"source": "client", "format": "plain_text", "text": words(number),
            "derived": false, "utterances": []}}});
    let answer = ask(api, Method::POST, "/v1/calls", Some(&body)).await;
    if answer.status == 201 {
        return true;
    }
    assert_eq!(
        (answer.status, answer.retry_after, answer.code.as_str()),
        (503, true, "gateway.unavailable"),
        "{answer:?}"
    );
    false
}

async fn readiness(api: &Api) -> (u16, Value) {
    api.send(Method::GET, "/readyz", None).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_084_a_full_disk_is_told_of_and_outlived() {
    let _turn = turn().await;
    let (base, disk) = base_on_a_small_disk().await;
    let stage = Stage::on(base, 20).await;
    let gateway = stage
        .gateway("all", &[("CALLWEAVE__SYNC__LEASE", "3s")])
        .await;
    let api = &gateway.api;
    let id = synced(&stage, api, 20).await;
    until_synced_anew(api, id).await;
    assert_eq!(readiness(api).await, (200, json!({"status": "ok"})));

    disk.fill();
    // What free places there are in the files are used up.
    let (mut kept, mut refused) = (Vec::new(), 0);
    for number in 0..400 {
        if import(api, id, number).await {
            kept.push(number);
        } else {
            refused += 1;
        }
        if refused == 20 {
            break;
        }
    }
    assert_eq!(refused, 20, "{} were kept", kept.len());
    // The vendor has more, which finds no room either.
    for _ in 0..30 {
        stage
            .sandbox
            .world()
            .add_record(Vendor::CallGear, CallPatch::default());
    }
    for number in 1_000..1_005 {
        for read in ["/v1/calls?limit=5", "/v1/connections", "/v1/events"] {
            let answer = ask(api, Method::GET, read, None).await;
            assert_eq!(answer.status, 200, "{read}: {answer:?}");
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        if import(api, id, number).await {
            kept.push(number);
        } else {
            refused += 1;
        }
    }
    let (status, said) = readiness(api).await;
    assert_eq!(status, 200, "it is read from: {said}");
    let detail = said["detail"].as_str().unwrap();
    assert!(detail.contains("takes no changes"), "{said}");
    eventually("the figure", PATIENCE, async || {
        let told = api.metrics().await;
        let told = told.contains("callweave_database_refuses_changes 1");
        told.then_some(()).ok_or_else(|| "not told".to_owned())
    })
    .await;

    disk.make_room();
    let back = until_good(api, id).await;
    until_calls(api, id, 50 + kept.len()).await;
    until_synced_anew(api, id).await;
    for number in &kept {
        let found = api
            .get(&format!(
                "/v1/calls?remote_id=long-{number}&include=transcript"
            ))
            .await;
        let text = found["data"][0]["transcript"]["text"].as_str();
        assert_eq!(text, Some(words(*number).as_str()), "long-{number}");
    }
    assert!(import(api, id, 2_000).await);
    eventually("nothing to tell of", PATIENCE, async || {
        match readiness(api).await {
            (200, said) if said == json!({"status": "ok"}) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    println!(
        "case 84: {refused} changes refused on a full disk, {} kept, good answers {:.1} s after there \
         was room, one process",
        kept.len(),
        back.as_secs_f64()
    );
    let (code, said) = gateway.running.stop();
    assert_eq!(code, Some(0), "{said}");
}
