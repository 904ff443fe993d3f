//! Deadlines, erasure, removed connections.

use callweave_store::jobs::JobFilter;
use serde_json::json;

use super::dialogs::with_agent;
use crate::support::{Gateway, spoken};

/// What jobs keep of what was sent.
async fn kept_inputs(gateway: &Gateway) -> usize {
    let mut tx = gateway.store.tenant(gateway.tenant).await.unwrap();
    let filter = JobFilter {
        limit: 100,
        ..JobFilter::default()
    };
    let jobs = tx.list_jobs(&filter).await.unwrap();
    jobs.iter().filter(|job| job.sealed_input.is_some()).count()
}

#[tokio::test]
async fn a_job_is_given_up_at_its_deadline() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let sent = gateway.analyse(connection, "c-1").await;
    gateway.work().await;
    let unsent = gateway.analyse(connection, "c-2").await;
    gateway
        .execute("UPDATE jobs SET deadline = now() - interval '1 s'")
        .await;
    gateway.hasten().await;
    gateway.work().await;
    for id in [&sent, &unsent] {
        assert_eq!(gateway.job_state(id).await, "expired");
    }
    assert_eq!(gateway.vendor.main().owned(|owned| owned.work.len()), 1);
    assert_eq!(kept_inputs(&gateway).await, 0);
}

#[tokio::test]
async fn what_is_stored_in_time_is_completed_even_late() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway.analyse(connection, "c-1").await;
    gateway.work().await;
    gateway
        .vendor
        .main()
        .put(spoken("c-1", "2026-03-02T09:15:00Z"));
    gateway.hasten().await;
    gateway.sync().await;
    gateway
        .execute("UPDATE jobs SET deadline = now() - interval '1 s'")
        .await;
    gateway.work().await;
    assert_eq!(gateway.job_state(&id).await, "completed");
    assert_eq!(kept_inputs(&gateway).await, 0, "it is needed no more");
}

#[tokio::test]
async fn erasing_a_call_erases_what_jobs_hold_of_it() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway.analyse(connection, "c-1").await;
    gateway.work().await;
    let job = gateway.job(&id).await;
    assert_eq!(kept_inputs(&gateway).await, 1);
    let call = job["links"]["call"].as_str().unwrap();
    assert_eq!(gateway.delete(call).await.status, 204);
    assert_eq!(kept_inputs(&gateway).await, 0);
    gateway.hasten().await;
    gateway.work().await;
    assert_eq!(gateway.job_state(&id).await, "canceled");
    gateway.sync().await;
    assert_eq!(
        gateway.get(call).await.status,
        404,
        "the job does not bring it back"
    );
}

#[tokio::test]
async fn erasing_the_call_of_a_dialog_erases_its_item() {
    let (gateway, connection, agent) = with_agent().await;
    let body = json!({
        "connection_id": connection, "agent": agent,
        "dialogs": [{"phone": "+99990001122"}, {"phone": "+123"}],
    });
    let id = gateway.hand_in("/v1/dialog-batches", &body).await.json()["id"].clone();
    let id = id.as_str().unwrap();
    gateway.work().await;
    let path = format!("/v1/dialog-batches/{id}/dialogs");
    let items = gateway.get(&path).await.json();
    let call = items["data"][0]["call_id"].as_str().unwrap();
    gateway.delete(&format!("/v1/calls/{call}")).await;
    gateway.hasten().await;
    gateway.work().await;
    let items = gateway.get(&path).await.json();
    assert_eq!(items["data"][0]["state"], "canceled");
    assert_eq!(gateway.job_state(id).await, "failed");
}

#[tokio::test]
async fn removing_a_connection_ends_its_jobs() {
    let (gateway, connection, agent) = with_agent().await;
    let start = async |phone: &str| {
        let body = json!({"connection_id": connection, "agent": agent, "phone": phone});
        let job = gateway.hand_in("/v1/dialogs", &body).await.json();
        job["id"].as_str().unwrap().to_owned()
    };
    let sent = start("+99990001122").await;
    gateway.work().await;
    let unsent = start("+99990001123").await;
    gateway
        .delete(&format!("/v1/connections/{connection}"))
        .await;
    assert_eq!(gateway.job_state(&unsent).await, "canceled");
    let job = gateway.job(&sent).await;
    assert_eq!(job["state"], "failed");
    let timeline = job["timeline"].as_array().unwrap();
    assert_eq!(
        timeline.last().unwrap()["reason"],
        "the connection was removed"
    );
    assert_eq!(kept_inputs(&gateway).await, 0);
    gateway.hasten().await;
    assert_eq!(gateway.work().await, 0);
    assert_eq!(gateway.vendor.main().owned(|owned| owned.started.len()), 1);
    let events = gateway.job_events().await;
    assert_eq!(
        events.iter().filter(|kind| *kind == "job.canceled").count(),
        1
    );
}

#[tokio::test]
async fn a_paused_connection_sends_nothing() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway.analyse(connection, "c-1").await;
    let path = format!("/v1/connections/{connection}");
    gateway.post(&format!("{path}/pause"), &json!({})).await;
    gateway.work().await;
    assert_eq!(gateway.job_state(&id).await, "accepted");
    assert_eq!(gateway.vendor.main().owned(|owned| owned.work.len()), 0);
    gateway.post(&format!("{path}/resume"), &json!({})).await;
    gateway.hasten().await;
    gateway.work().await;
    assert_eq!(gateway.job_state(&id).await, "submitted");
}
