//! Dialogs, one by one.

use callweave_model::{AnalyzedCall, enums::CallStatus};
use callweave_provider_testkit::fake::{Finds, operation};
use serde_json::json;

use crate::support::Gateway;

/// A gateway with a voice agent: the connection, the agent.
pub(crate) async fn with_agent() -> (Gateway, String, String) {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let agent = gateway
        .vendor
        .main()
        .owned(|owned| owned.put_agent("Reminder"));
    (gateway, connection.to_string(), agent)
}

/// The dialog was held.
pub(super) fn held(gateway: &Gateway, dialog: &str) {
    let mut call = AnalyzedCall::new(dialog);
    call.status = CallStatus::Completed;
    gateway.vendor.main().put(call);
}

#[tokio::test]
async fn a_dialog_is_started_once_and_ends_with_its_outcome() {
    let (gateway, connection, agent) = with_agent().await;
    let vendor = gateway.vendor.main();
    let body = json!({
        "connection_id": connection, "agent": agent, "phone": "+99990001122",
        "script": "reminder", "inputs": {"debt": 120},
        "client_metadata": {"deal": 1},
    });
    let taken = gateway.hand_in("/v1/dialogs", &body).await;
    assert_eq!(taken.status, 202, "{:?}", taken.body);
    assert!(!taken.text().contains("9999000"), "phones are not shown");
    let id = taken.json()["id"].as_str().unwrap().to_owned();
    gateway.work().await;
    let job = gateway.job(&id).await;
    assert_eq!(
        (&job["type"], &job["state"]),
        (&json!("launch_dialog"), &json!("submitted"))
    );
    assert_eq!(vendor.owned(|owned| owned.started.len()), 1);
    let call = gateway
        .get(job["links"]["call"].as_str().unwrap())
        .await
        .json();
    assert_eq!(
        (&call["kind"], &call["status"]),
        (&json!("ai_agent_call"), &json!("queued"))
    );
    assert_eq!(call["parties"][0]["phone"], "+99990001122");
    gateway.round().await;
    assert_eq!(gateway.job_state(&id).await, "processing");
    held(&gateway, job["remote_ref"]["id"].as_str().unwrap());
    gateway.round().await;
    assert_eq!(gateway.job_state(&id).await, "completed");
    let call = gateway
        .get(job["links"]["call"].as_str().unwrap())
        .await
        .json();
    assert_eq!(call["client_metadata"]["deal"], 1);
    assert_eq!(vendor.owned(|owned| owned.started.len()), 1);
}

#[tokio::test]
async fn a_dialog_without_an_answer_is_looked_for_and_not_dialled_twice() {
    let (gateway, connection, agent) = with_agent().await;
    let vendor = gateway.vendor.main();
    vendor.lose_next(operation::START);
    vendor.owned(|owned| owned.finds = Finds::CannotTell);
    let body = json!({"connection_id": connection, "agent": agent, "phone": "+99990001122"});
    let id = gateway.hand_in("/v1/dialogs", &body).await.json()["id"].clone();
    let id = id.as_str().unwrap();
    for _ in 0..3 {
        gateway.hasten().await;
        gateway.work().await;
    }
    assert_eq!(gateway.job_state(id).await, "outcome_unknown");
    vendor.owned(|owned| owned.finds = Finds::Truth);
    gateway.hasten().await;
    gateway.work().await;
    assert_eq!(gateway.job_state(id).await, "submitted");
    assert_eq!(vendor.owned(|owned| owned.started.len()), 1);
}

#[tokio::test]
async fn a_dialog_is_taken_back_before_it_is_sent_and_while_it_waits() {
    let (gateway, connection, agent) = with_agent().await;
    let vendor = gateway.vendor.main();
    let start = async || {
        let body = json!({"connection_id": connection, "agent": agent, "phone": "+99990001122"});
        let job = gateway.hand_in("/v1/dialogs", &body).await.json();
        job["id"].as_str().unwrap().to_owned()
    };
    let cancel = async |id: &str| {
        let path = format!("/v1/jobs/{id}/cancel");
        gateway.post(&path, &json!({})).await
    };
    let unsent = start().await;
    assert_eq!(cancel(&unsent).await.json()["state"], "canceled");
    assert_eq!(gateway.work().await, 0);
    assert_eq!(vendor.owned(|owned| owned.started.len()), 0);
    assert_eq!(cancel(&unsent).await.code(), "gateway.conflict");

    let waiting = start().await;
    gateway.work().await;
    let taken_back = cancel(&waiting).await;
    assert_eq!(
        taken_back.json()["state"],
        "canceled",
        "{:?}",
        taken_back.body
    );
    assert!(vendor.owned(|owned| owned.agent(&agent).queue.is_empty()));
    gateway.round().await;
    assert_eq!(gateway.job_state(&waiting).await, "canceled");

    let dialled = start().await;
    gateway.work().await;
    vendor.owned(|owned| owned.agent(&agent).queue.clear());
    let refused = cancel(&dialled).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (409, "gateway.conflict")
    );
    assert_eq!(gateway.job_state(&dialled).await, "submitted");
}

#[tokio::test]
async fn wrong_dialogs_point_at_the_member() {
    let (gateway, connection, agent) = with_agent().await;
    let cases = [
        (json!({"phone": "12"}), "/phone"),
        (json!({"phone": "nobody"}), "/phone"),
        (
            json!({"phone": "+99990001122", "inputs": {"a": []}}),
            "/inputs/a",
        ),
        (json!({"phone": "+99990001122", "script": ""}), "/script"),
        (json!({"phone": "+99990001122", "odd": 1}), "/odd"),
        (json!({"phone": "+99990001122", "agent": ""}), "/agent"),
    ];
    for (change, pointer) in cases {
        let mut body = json!({"connection_id": connection, "agent": agent});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let refused = gateway.hand_in("/v1/dialogs", &body).await;
        assert_eq!(
            (refused.status, refused.pointer().as_str()),
            (422, pointer),
            "{change}"
        );
    }
}
