//! Reports that are ordered.

use callweave_model::owned::ReportState;
use callweave_provider_testkit::fake::operation;
use serde_json::json;

use crate::support::Gateway;

#[tokio::test]
async fn a_report_is_ordered_once_and_ends_with_its_address() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    vendor.lose_next(operation::ORDER);
    let path = format!("/v1/connections/{connection}/reports");
    let body = json!({"from": "2026-02-01", "to": "2026-02-28", "report_type": "business"});
    let taken = gateway.hand_in(&path, &body).await;
    assert_eq!(taken.status, 202, "{:?}", taken.body);
    let id = taken.json()["id"].as_str().unwrap().to_owned();
    gateway.work().await;
    assert_eq!(gateway.job_state(&id).await, "outcome_unknown");
    gateway.hasten().await;
    gateway.work().await;
    let job = gateway.job(&id).await;
    assert_eq!(
        (&job["type"], &job["state"]),
        (&json!("report"), &json!("submitted"))
    );
    let report = job["remote_refs"]["report"].as_str().unwrap().to_owned();
    gateway.hasten().await;
    gateway.work().await;
    assert_eq!(gateway.job_state(&id).await, "processing");
    vendor.owned(|owned| owned.reports[0].state = ReportState::Ready);
    gateway.hasten().await;
    gateway.work().await;
    let job = gateway.job(&id).await;
    assert_eq!(job["state"], "completed");
    assert_eq!(job["result_ref"], format!("{path}/{report}"));
    assert_eq!(vendor.owned(|owned| owned.reports.len()), 1);
}

#[tokio::test]
async fn wrong_orders_point_at_the_member() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let path = format!("/v1/connections/{connection}/reports");
    for (body, pointer) in [
        (json!({"from": "2026-02-30", "to": "2026-03-01"}), "/from"),
        (json!({"from": "2026-02-01", "to": "March"}), "/to"),
        (json!({"from": "2026-02-01", "to": "2026-01-01"}), "/to"),
        (json!({"from": "2026-02-01"}), "/to"),
        (
            json!({"from": "2026-02-01", "to": "2026-02-02", "odd": 1}),
            "/odd",
        ),
    ] {
        let refused = gateway.hand_in(&path, &body).await;
        assert_eq!(
            (refused.status, refused.pointer().as_str()),
            (422, pointer),
            "{body}"
        );
    }
    let body = json!({"from": "2026-02-01", "to": "2026-02-02"});
    let nameless = gateway.post(&path, &body).await;
    assert_eq!(nameless.code(), "gateway.idempotency_key_required");
}
