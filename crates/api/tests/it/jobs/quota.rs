//! The usage guard.

use callweave_model::owned::Resource;
use callweave_provider_testkit::fake::{MINUTES, operation};
use serde_json::json;

use crate::support::Gateway;

/// A gateway whose vendor has so many of a hundred minutes left.
async fn with_minutes(left: f64) -> (Gateway, String) {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    gateway.vendor.main().owned(|owned| {
        let resource = Resource {
            limit: Some(100.0),
            used: Some(100.0 - left),
            remaining: Some(left),
        };
        owned.usage.resources.insert(MINUTES.to_owned(), resource);
    });
    (gateway, connection.to_string())
}

async fn analyse(
    gateway: &Gateway,
    connection: &str,
    minutes: Option<i64>,
) -> crate::support::Answer {
    let body = json!({
        "connection_id": connection,
        "source": {"type": "recording_url", "url": "https://recordings.example.com/1.mp3"},
        "call": {"duration_ms": minutes.map(|minutes| minutes * 60_000)},
    });
    gateway.hand_in("/v1/analyses", &body).await
}

async fn thresholds(gateway: &Gateway) -> Vec<serde_json::Value> {
    let events = gateway.get("/v1/events?limit=200").await.json();
    let events = events["data"].as_array().unwrap().iter();
    events
        .filter(|event| event["type"] == "usage.threshold")
        .cloned()
        .collect()
}

#[tokio::test]
async fn what_does_not_fit_the_plan_is_refused_with_the_figures() {
    let (gateway, connection) = with_minutes(50.0).await;
    let refused = analyse(&gateway, &connection, Some(51)).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (402, "vendor.quota_exceeded")
    );
    assert_eq!(
        refused.json()["quota"],
        json!({"resource": "minutes", "needed": 51.0, "remaining": 50.0, "limit": 100.0})
    );
    let fits = analyse(&gateway, &connection, Some(40)).await;
    assert_eq!(fits.status, 202, "{:?}", fits.body);
    assert_eq!(
        fits.json()["cost_estimate"],
        json!({"resource": "minutes", "amount": 40.0})
    );
    // What was taken on before is reckoned with, although it was not sent yet.
    let refused = analyse(&gateway, &connection, Some(11)).await;
    assert_eq!(refused.json()["quota"]["remaining"], 10.0);
    assert_eq!(analyse(&gateway, &connection, None).await.status, 202);
    assert_eq!(gateway.get("/v1/jobs").await.ids().len(), 2);
    assert_eq!(gateway.vendor.main().count(operation::SUBMIT), 0);
    assert!(thresholds(&gateway).await.is_empty());
}

#[tokio::test]
async fn a_resource_that_runs_low_is_told_of_once() {
    let (gateway, connection) = with_minutes(9.0).await;
    for _ in 0..2 {
        assert_eq!(analyse(&gateway, &connection, Some(1)).await.status, 202);
        gateway.work().await;
    }
    let told = thresholds(&gateway).await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0]["data"],
        json!({"resource": "minutes", "limit": 100.0, "remaining": 9.0})
    );
    assert_eq!(told[0]["subject"]["type"], "connection");
}

#[tokio::test]
async fn a_vendor_that_does_not_tell_its_plan_decides_itself() {
    let (gateway, connection) = with_minutes(0.0).await;
    let vendor = gateway.vendor.main();
    vendor.fail_next(
        operation::ACCOUNT,
        callweave_provider::ErrorKind::VendorFailure,
    );
    assert_eq!(analyse(&gateway, &connection, Some(1)).await.status, 202);
    assert_eq!(
        analyse(&gateway, &connection, None).await.status,
        402,
        "nothing is left"
    );
}
