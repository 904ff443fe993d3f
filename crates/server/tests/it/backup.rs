//! A dump and the keys bring everything back; neither does alone.

use std::{path::PathBuf, process::Command};

use callweave_sandbox::Vendor;
use serde_json::Value;

use crate::{
    base::Base,
    databases::{until_calls, until_synced_anew},
    outside::{Api, Stage},
    support::{complaint, run, turn},
};

/// Runs a client program of PostgreSQL.
pub(crate) fn run_client(base: &Base, name: &str, arguments: &[&str]) {
    let program: PathBuf = base.programs().join(name);
    let output = Command::new(&program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    assert!(output.status.success(), "{name}: {}", complaint(&output));
}

/// What a tenant sees, without what says when it was looked at.
async fn seen(api: &Api) -> Value {
    let mut calls = api
        .get("/v1/calls?limit=200&include=transcript,analyses")
        .await;
    for call in calls["data"].as_array_mut().unwrap() {
        let meta = call["_meta"].as_object_mut().unwrap();
        meta.remove("data_fresh_as_of").unwrap();
    }
    let events = api.get("/v1/events?limit=200").await;
    let created = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["type"] == "call.created")
        .count();
    serde_json::json!({"calls": calls["data"], "created": created})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_and_the_keys_bring_everything_back() {
    let _turn = turn().await;
    let mut stage = Stage::on(Base::own().await, 20).await;
    let gateway = stage.gateway("all", &[]).await;
    let url = stage.sandbox.base_url();
    let id = stage.connect(&gateway.api, Vendor::CallGear, &url).await;
    until_calls(&gateway.api, id, 20).await;
    until_synced_anew(&gateway.api, id).await;
    let before = seen(&gateway.api).await;
    let place = tempfile::tempdir().unwrap();
    let dump = place.path().join("callweave.dump");
    let dump = dump.to_str().unwrap();
    // While it serves and syncs.
    let from = stage.database.url().to_owned();
    run_client(
        &stage.database,
        "pg_dump",
        &["--format", "custom", "--file", dump, &from],
    );
    let (code, said) = gateway.running.stop();
    assert_eq!(code, Some(0), "{said}");

    // Another server, which knows nothing.
    let fresh = Base::empty().await;
    let to = fresh.url().to_owned();
    let role = "CREATE ROLE callweave_app NOLOGIN; CREATE ROLE callweave_search NOLOGIN";
    run_client(&fresh, "psql", &["--command", role, &to]);
    run_client(
        &fresh,
        "pg_restore",
        &["--no-owner", "--exit-on-error", "--dbname", &to, dump],
    );
    stage.database = fresh;
    let migrated = stage.command(&to, &[]).arg("migrate").output().unwrap();
    assert_eq!(migrated.status.code(), Some(0), "{}", complaint(&migrated));

    // With other keys it is refused, and nothing is written.
    let other = run(&["encryption", "generate-key", "--id", "k1"], &[]);
    let other = String::from_utf8(other.stdout).unwrap();
    let mut wrong = stage.command(&to, &[("CALLWEAVE__ENCRYPTION__KEYS", other.trim())]);
    let wrong = wrong.arg("check").output().unwrap();
    assert_eq!(wrong.status.code(), Some(1), "{}", complaint(&wrong));
    let checked = stage.command(&to, &[]).arg("check").output().unwrap();
    assert_eq!(checked.status.code(), Some(0), "{}", complaint(&checked));

    let gateway = stage.gateway("all", &[]).await;
    let api = &gateway.api;
    assert_eq!(seen(api).await, before, "calls and events");
    api.check_until_good(id).await;
    until_synced_anew(api, id).await;
    assert_eq!(seen(api).await, before, "and a sync adds nothing");
}
