//! A gateway on a database of the operator's.

use std::{fs, process::Command, time::Duration};

use callweave_postgres::testing::TestDatabase;
use serde_json::{Value, json};

use crate::support::{Place, Running, complaint, eventually, free_address, http, run, turn};

fn key(id: &str) -> String {
    let output = run(&["encryption", "generate-key", "--id", id], &[]);
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn command(place: &Place, database: &TestDatabase, keys: &str) -> Command {
    let mut command = place.command();
    command
        .env("DATABASE_URL", database.url())
        .env("CALLWEAVE__ENCRYPTION__KEYS", keys)
        .env("CALLWEAVE__EGRESS__ALLOW", "127.0.0.0/8");
    command
}

#[tokio::test]
async fn a_gateway_without_the_right_keys_does_not_start() {
    let _turn = turn().await;
    let (place, database) = (Place::new(), TestDatabase::create().await);
    let (one, two) = (key("one"), key("two"));
    let address = free_address();
    let mut serve = command(&place, &database, &one);
    serve.args(["serve", "--listen", &address]);
    let running = Running::start(&mut serve);
    eventually("ready", Duration::from_secs(60), async || {
        let url = format!("http://{address}/readyz");
        match http().get(url).send().await {
            Ok(response) if response.status() == 200 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    connect_somewhere(&place, &database, &one, &address).await;
    assert_eq!(running.stop().0, Some(0));

    let refused = command(&place, &database, &two)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = complaint(&refused);
    assert!(said.contains("do not open"), "{said}");
    assert!(said.contains("\"one\" is not configured"), "{said}");

    let both = command(&place, &database, &format!("{two},{one}"))
        .arg("check")
        .output()
        .unwrap();
    let found = String::from_utf8_lossy(&both.stdout).into_owned();
    assert_eq!(both.status.code(), Some(0), "{found}");
    assert!(found.contains("two is active"), "{found}");
    assert!(
        !place.data_dir().exists(),
        "nothing is kept on this machine"
    );
}

/// Makes a connection to a vendor that cannot be reached, through the API.
async fn connect_somewhere(place: &Place, database: &TestDatabase, key: &str, address: &str) {
    let made = command(place, database, key)
        .args(["keys", "create", "--tenant", "acme", "--name", "crm"])
        .args(["--scope", "connections:write", "connections:read", "--json"])
        .output()
        .unwrap();
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let bearer = made["key"].as_str().unwrap();
    let url = format!("http://{address}/v1/vendors");
    let vendors = http().get(url).bearer_auth(bearer).send().await.unwrap();
    let vendors: Value = vendors.json().await.unwrap();
    // Any vendor that is opened with a single token will do.
    let vendor = vendors["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|vendor| vendor["credential_fields"].as_array().unwrap().len() == 1)
        .unwrap();
    let field = vendor["credential_fields"][0]["name"].as_str().unwrap();
    let body = json!({
        "vendor": vendor["key"],
        "name": "unreachable",
        "credentials": {field: "a-token-of-nobody"},
        "settings": {"base_url": "http://127.0.0.1:9"},
    });
    let made = http()
        .post(format!("http://{address}/v1/connections"))
        .bearer_auth(bearer)
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201, "{}", made.text().await.unwrap());
}

#[tokio::test]
async fn the_password_may_stand_in_a_file() {
    let _turn = turn().await;
    let (place, database) = (Place::new(), TestDatabase::create().await);
    let directory = tempfile::tempdir().unwrap();
    let (password, keys) = (
        directory.path().join("password"),
        directory.path().join("keys"),
    );
    // The server of tests asks for none, and takes any.
    fs::write(&password, "any\n").unwrap();
    fs::write(&keys, key("k1")).unwrap();
    let output = place
        .command()
        .arg("migrate")
        .env("CALLWEAVE__DATABASE__URL", database.url())
        .env("CALLWEAVE__DATABASE__PASSWORD_FILE", &password)
        .env("CALLWEAVE__ENCRYPTION__KEYS_FILE", &keys)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
}
