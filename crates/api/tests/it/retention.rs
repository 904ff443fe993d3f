//! How long a tenant keeps what.

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
