//! What `/v1/calls/{id}/versions` tells of a call's changes.

use callweave_model::enums::Direction;
use serde_json::{Value, json};

use crate::support::{Gateway, sample, spoken};

#[tokio::test]
async fn each_version_names_the_members_that_changed() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let started = "2026-03-02T09:15:00Z";
    let mut call = sample("a", started);
    call.vendor_values.insert("status".to_owned(), json!("odd"));
    let id = gateway.put(connection, vec![call.clone()]).await[0];

    call.direction = Direction::Inbound;
    call.subject = Some("An umbrella".to_owned());
    gateway.put(connection, vec![call.clone()]).await;
    gateway.put(connection, vec![call.clone()]).await;
    // A member that is left out when it is empty.
    call.vendor_values.clear();
    gateway.put(connection, vec![call.clone()]).await;
    gateway.put(connection, vec![spoken("a", started)]).await;
    let body = json!({
        "client_metadata": {"deal": 4711},
        "started_at": "2020-01-01T00:00:00Z",
        "parties": [{"role": "agent", "name": "Vera Example"}],
    });
    let path = format!("/v1/calls/{id}");
    assert_eq!(gateway.patch(&path, &body).await.status, 200);

    let versions = gateway.get(&format!("{path}/versions")).await.json();
    let told: Vec<(i64, &str, Value)> = versions["data"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|version| {
            (
                version["version"].as_i64().unwrap(),
                version["cause"].as_str().unwrap(),
                version["changed"].clone(),
            )
        })
        .collect();
    assert_eq!(told[0], (1, "created", json!([])));
    assert_eq!(told[1], (2, "updated", json!(["direction", "subject"])));
    assert_eq!(told[2], (3, "updated", json!(["vendor_values"])));
    let (version, cause, changed) = &told[3];
    assert_eq!((*version, *cause), (4, "updated"));
    for member in ["transcript", "analyses", "rollup", "parties", "media"] {
        assert!(
            changed.as_array().unwrap().contains(&json!(member)),
            "{member} in {changed}"
        );
    }
    assert!(!changed.as_array().unwrap().contains(&json!("started_at")));
    let (version, cause, changed) = &told[4];
    assert_eq!((*version, *cause), (5, "client"));
    assert!(
        changed
            .as_array()
            .unwrap()
            .contains(&json!("client_metadata")),
        "{changed}"
    );
    assert_eq!(told.len(), 5, "an unchanged call has no new version");

    // The events say the same.
    let events = gateway.get("/v1/events?type=call.*").await.json();
    let of_events: Vec<&Value> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["data"]["changed"])
        .collect();
    let of_versions: Vec<&Value> = told.iter().map(|(.., changed)| changed).collect();
    assert_eq!(of_events, of_versions);
}
