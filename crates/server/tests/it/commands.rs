//! The short commands: what they print, where, and how they end.

use std::{fs, time::Duration};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Place, Running, blocking_turn, complaint, run};

#[test]
fn wrong_usage_and_wrong_configuration_end_with_2() {
    let unknown = run(&["serve", "--nonsense"], &[]);
    assert_eq!(unknown.status.code(), Some(2));

    let output = run(&["check"], &[("CALLWEAVE__SERVER__LISTNE", "127.0.0.1:1")]);
    assert_eq!(output.status.code(), Some(1), "check reports what is wrong");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("server.listne"), "{said}");

    for (name, value, key) in [
        ("CALLWEAVE__SERVER__LISTEN", "here", "server.listen"),
        ("CALLWEAVE__SYNC__WORKERS", "many", "sync.workers"),
        ("CALLWEAVE__EGRESS__ALLOW", "10.0.0.0/99", "egress.allow"),
        ("CALLWEAVE__LOG__LEVEL", "a=b=c", "log.level"),
        ("CALLWEAVE__NONSENSE__KEY", "1", "nonsense"),
        (
            "CALLWEAVE__SERVER__CORS_ORIGINS",
            "*",
            "server.cors_origins",
        ),
    ] {
        let output = run(&["serve"], &[(name, value)]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(complaint(&output).contains(key), "{}", complaint(&output));
        assert!(output.stdout.is_empty());
    }
    let output = run(&["--config", "/nowhere/callweave.toml", "serve"], &[]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_external_database_is_not_used_without_a_key() {
    let output = run(
        &["serve", "--listen", "127.0.0.1:0"],
        &[("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")],
    );
    assert_eq!(output.status.code(), Some(2));
    let said = complaint(&output);
    assert!(
        said.contains("encryption.keys") && said.contains("generate-key"),
        "{said}"
    );
}

#[test]
fn an_unreachable_database_ends_the_start_with_1() {
    let key = String::from_utf8(run(&["encryption", "generate-key"], &[]).stdout).unwrap();
    let output = run(
        &["serve", "--listen", "127.0.0.1:0"],
        &[
            ("DATABASE_URL", "postgres://nobody:secret@127.0.0.1:1/none"),
            ("CALLWEAVE__ENCRYPTION__KEYS", key.trim()),
            ("CALLWEAVE__DATABASE__CONNECT_TIMEOUT", "1s"),
            ("CALLWEAVE__DATABASE__ACQUIRE_TIMEOUT", "500ms"),
        ],
    );
    assert_eq!(output.status.code(), Some(1));
    let said = complaint(&output);
    assert!(said.contains("database cannot be reached"), "{said}");
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn a_generated_key_is_one_line_and_fits() {
    let output = run(&["encryption", "generate-key", "--id", "k1"], &[]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("k1:") && text.len() == 3 + 44 + 1,
        "{}",
        text.len()
    );
    let wrong = run(&["encryption", "generate-key", "--id", "a b"], &[]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn the_committed_openapi_document_is_the_printed_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/openapi.json");
    let committed = fs::read_to_string(path).unwrap();
    let printed = run(&["openapi"], &[]);
    assert_eq!(printed.status.code(), Some(0));
    assert!(
        committed.as_bytes() == printed.stdout,
        "openapi/openapi.json is out of date; write it again with: \
         cargo run -p callweave-server -- openapi --format json > openapi/openapi.json"
    );
    let yaml = run(&["openapi", "--format", "yaml"], &[]);
    assert!(yaml.stdout.starts_with(b"openapi: 3.1"));
}

#[test]
fn keys_are_made_listed_and_revoked() {
    let _turn = blocking_turn();
    let place = Place::new();
    let keys = |arguments: &[&str]| {
        let output = place
            .command()
            .arg("keys")
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        (output.status.code(), text, complaint(&output))
    };
    let create = [
        "create",
        "--tenant",
        "Acme",
        "--name",
        "crm",
        "--scope",
        "calls:read",
    ];
    let (code, made, said) = keys(&[&create[..], &["--scope", "events:read", "--json"]].concat());
    assert_eq!(code, Some(0), "{said}");
    let made: Value = serde_json::from_str(&made).unwrap();
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert!(key.starts_with("cw_live_"));
    assert!(made["tenant_id"].is_string());

    let (_, listed, _) = keys(&["list", "--tenant", "acme", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["id"], id);
    assert_eq!(
        listed["scopes"],
        serde_json::json!(["calls:read", "events:read"])
    );
    assert!(listed["revoked_at"].is_null());

    assert_eq!(keys(&["revoke", id]).0, Some(0));
    let (_, listed, _) = keys(&["list"]);
    assert!(listed.contains("revoked"), "{listed}");
    assert_eq!(
        keys(&["revoke", "01a1fce7-0000-7000-8000-000000000000"]).0,
        Some(1)
    );

    let (code, _, said) = keys(&["create", "--tenant", "a", "--name", "b", "--scope", "calls"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("calls:read"), "{said}");
    place.assert_abandoned();
}

#[test]
fn a_key_is_replaced_and_a_tenants_limits_are_its_operators() {
    let _turn = blocking_turn();
    let place = Place::new();
    let old = place.key("calls:read");
    let run = |arguments: &[&str]| {
        let output = place.command().args(arguments).output().unwrap();
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        (output.status.code(), text, complaint(&output))
    };
    let rotate = ["keys", "rotate", &old, "--keep-old", "2h", "--json"];
    let (code, made, said) = run(&rotate);
    assert_eq!(code, Some(0), "{said}");
    let made: Value = serde_json::from_str(&made).unwrap();
    assert!(made["key"].as_str().unwrap().starts_with("cw_live_"));
    let (_, listed, _) = run(&["keys", "list", "--json"]);
    let listed: Vec<Value> = listed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(listed.len(), 2);
    assert!(
        listed
            .iter()
            .all(|key| key["scopes"] == serde_json::json!(["calls:read"]))
    );
    let ending = listed.iter().filter(|key| key["expires_at"].is_string());
    assert_eq!(ending.count(), 1, "the old key ends: {listed:?}");

    let (code, shown, said) = run(&["tenants", "limits", "acme", "--requests", "5", "--json"]);
    assert_eq!(code, Some(0), "{said}");
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        shown["requests"],
        serde_json::json!({"limit": 5, "own": true})
    );
    assert_eq!(
        shown["exports"],
        serde_json::json!({"limit": 2, "own": false})
    );
    let (_, back, _) = run(&["tenants", "limits", "ACME", "--requests", "default"]);
    assert!(back.lines().all(|line| line.ends_with("default")), "{back}");
    assert_eq!(run(&["tenants", "limits", "nobody"]).0, Some(1));
    assert_eq!(
        run(&["tenants", "limits", "acme", "--exports", "-1"]).0,
        Some(2)
    );
    let shown = run(&["tenants", "retention", "acme", "--calls", "365", "--json"]).1;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["calls"], 365);
    let (_, back, _) = run(&["tenants", "retention", "acme", "--calls", "default"]);
    assert!(back.lines().all(|line| line.ends_with("default")), "{back}");
    assert_eq!(
        run(&["tenants", "retention", "acme", "--jobs", "0"]).0,
        Some(2)
    );
    let erase = [
        "erasures",
        "create",
        "--tenant",
        "acme",
        "--client-id",
        "c-7",
    ];
    let (code, receipt, said) = run(&erase);
    assert_eq!(code, Some(0), "{said}");
    assert!(receipt.contains("client_id  0 calls"), "{receipt}");
    assert!(!receipt.contains("c-7"), "{receipt}");
    let (_, receipts, _) = run(&["erasures", "list", "--tenant", "acme", "--json"]);
    assert_eq!(receipts.lines().count(), 1);
    assert_eq!(run(&["erasures", "replay"]).0, Some(0));
    let lift = ["erasures", "lift", "--tenant", "acme", "--client-id", "c-7"];
    assert_eq!([run(&lift).0, run(&lift).0], [Some(0), Some(1)]);
    assert_eq!(run(&["encryption", "rotate"]).0, Some(0));
    assert_eq!(run(&["encryption", "retire", "nobodys"]).0, Some(0));
    let (_, tenants, _) = run(&["tenants", "list", "--json"]);
    assert_eq!(tenants.lines().count(), 1);
    place.assert_abandoned();
}

#[test]
fn check_and_migrate_tell_the_state_of_the_database() {
    let _turn = blocking_turn();
    let place = Place::new();
    let run = |name: &str| {
        let output = place.command().arg(name).output().unwrap();
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        (output.status.code(), text, complaint(&output))
    };
    let (code, before, said) = run("check");
    assert_eq!(code, Some(0), "{before}{said}");
    assert!(before.contains("migrations are missing"), "{before}");
    assert_eq!(run("migrate").0, Some(0));
    let (code, after, _) = run("check");
    assert_eq!(code, Some(0), "{after}");
    assert!(
        after.contains("isolation") && after.contains("up to date"),
        "{after}"
    );
    place.assert_abandoned();
}

#[test]
fn the_sandbox_runs_alone() {
    let place = Place::new();
    let mut command = place.command();
    command.args([
        "sandbox",
        "--listen",
        "127.0.0.1:0",
        "--calls",
        "3",
        "--json",
    ]);
    let mut sandbox = Running::start(&mut command);
    let url = sandbox.report()["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("http://127.0.0.1:"));
    sandbox.signal(Signal::INT);
    let (code, said) = sandbox.wait(Duration::from_secs(10));
    assert_eq!(code, Some(0), "{said}");
}
