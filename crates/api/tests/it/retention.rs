//! How long a tenant keeps what.

use callweave_model::{Clock as _, SystemClock};
use http::Method;
use serde_json::{Value, json};

use crate::support::Gateway;

#[tokio::test]
async fn a_tenant_says_how_long_it_keeps_what() {
    let gateway = Gateway::start().await;
    let none = json!({"calls_days": null, "transcripts_days": null, "documents_days": null,
        "events_days": null, "jobs_days": null});
    assert_eq!(gateway.get("/v1/retention").await.json(), none);
    let body = json!({"transcripts_days": 30, "jobs_days": 7});
    let put = async |body: &Value| {
        gateway
            .send(Method::PUT, "/v1/retention", Some(body), &[])
            .await
    };
    let set = put(&body).await;
    assert_eq!(set.status, 200, "{:?}", set.body);
    assert_eq!(set.json()["transcripts_days"], 30);
    assert_eq!(gateway.get("/v1/retention").await.json(), set.json());
    let log = gateway.get("/v1/audit-log?action=retention.changed").await;
    assert_eq!(log.json()["data"][0]["detail"]["jobs"], 7);
    for (body, pointer) in [
        (json!({"calls_days": 0}), "/calls_days"),
        (json!({"events_days": 36_501}), "/events_days"),
        (json!({"recordings_days": 1}), "/recordings_days"),
    ] {
        let refused = put(&body).await;
        assert_eq!((refused.status, refused.pointer().as_str()), (422, pointer));
    }
    assert_eq!(put(&json!({})).await.json(), none);
}

#[tokio::test]
async fn a_call_that_is_too_old_is_not_imported() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let body = json!({"calls_days": 365});
    gateway
        .send(Method::PUT, "/v1/retention", Some(&body), &[])
        .await;
    for (started_at, status) in [
        ("2020-03-02T09:15:00Z", 409),
        // As old as the clock of the machine that tests.
        (&*SystemClock.now().to_string(), 201),
    ] {
        let import = json!({"connection_id": connection,
            "call": {"remote_id": "elsewhere-1", "started_at": started_at}});
        let answer = gateway.post("/v1/calls", &import).await;
        assert_eq!(answer.status, status, "{:?}", answer.body);
    }
}
