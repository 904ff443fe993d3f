//! The account at the vendor.

use callweave_model::owned::{Resource, Usage};
use serde_json::json;

use super::{Setup, remote_ids};
use crate::support::sample;

#[tokio::test]
async fn usage_and_conditions_are_shown() {
    let setup = Setup::new().await;
    setup.vendor.owned(|owned| {
        owned.usage = Usage {
            plan_name: Some("Large".to_owned()),
            resources: [(
                "call_minutes".to_owned(),
                Resource {
                    limit: Some(1_000.0),
                    used: Some(10.0),
                    remaining: Some(990.0),
                },
            )]
            .into(),
            ..Usage::default()
        };
    });
    let usage = setup.get("usage").await.json();
    assert_eq!(usage["resources"]["call_minutes"]["remaining"], 990.0);
    let conditions = setup.get("notification-conditions").await.json();
    assert_eq!(conditions["data"][0]["values"], json!([1, 2]));
}

#[tokio::test]
async fn a_vendor_token_is_shown_once() {
    let setup = Setup::new().await;
    let made = setup
        .post("vendor-tokens", &json!({"name": "reporting"}))
        .await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["token"], "vendor-token-1");
    let list = setup.get("vendor-tokens").await;
    assert_eq!(remote_ids(&list), ["1"]);
    assert!(
        !list.text().contains("vendor-token-1"),
        "even if an adapter forgets"
    );
    assert_eq!(setup.delete("vendor-tokens/1").await.status, 204);
    let none = setup.post("vendor-tokens", &json!({"name": ""})).await;
    assert_eq!(none.pointer(), "/name");
}

#[tokio::test]
async fn a_procedure_is_called_where_it_may_be() {
    let setup = Setup::new().await;
    let body = json!({"method": "get.it", "params": {"a": 1}});
    let called = setup.post("rpc", &body).await;
    assert_eq!(
        called.json(),
        json!({"vendor_answer": {"result": "get.it"}})
    );
    let other = setup.post("rpc", &json!({"method": "set.it"})).await;
    assert_eq!((other.status, other.pointer().as_str()), (422, "/method"));
    let calls = setup.vendor.owned(|owned| owned.rpc_calls.len());
    assert_eq!(calls, 1);
    let key = setup
        .gateway
        .key_of(setup.gateway.tenant, &["vendor:write", "vendor:read"])
        .await;
    let key = format!("Bearer {key}");
    let strange = setup
        .gateway
        .send(
            http::Method::POST,
            &setup.at("rpc"),
            Some(&body),
            &[("authorization", &key)],
        )
        .await;
    assert_eq!(strange.code(), "gateway.insufficient_scope");
}

#[tokio::test]
async fn a_search_tells_which_calls_are_stored_here() {
    let setup = Setup::new().await;
    setup.vendor.put_ids(["a", "b", "c"]);
    let stored = setup
        .gateway
        .put(setup.id, vec![sample("b", "2026-03-02T09:15:00Z")])
        .await[0];
    let body = json!({"criteria": {"status": ["completed"]}, "limit": 2});
    let page = setup.post("vendor-calls/search", &body).await;
    assert_eq!(remote_ids(&page), ["a", "b"]);
    assert_eq!(page.json()["data"][0]["call_id"], json!(null));
    assert_eq!(page.json()["data"][1]["call_id"], json!(stored));
    let cursor = page.json()["next_cursor"].clone();
    let next = json!({"criteria": {"status": ["completed"]}, "cursor": cursor});
    let page = setup.post("vendor-calls/search", &next).await;
    assert_eq!(remote_ids(&page), ["c"]);
    let other = json!({"criteria": {"status": ["failed"]}, "cursor": cursor});
    let refused = setup.post("vendor-calls/search", &other).await;
    assert_eq!(refused.code(), "gateway.invalid_cursor");
    let unknown = json!({"criteria": {"unknown": 1}});
    let refused = setup.post("vendor-calls/search", &unknown).await;
    assert_eq!(
        (refused.status, refused.pointer().as_str()),
        (422, "/criteria/unknown")
    );
    for (body, pointer) in [
        (json!({"limit": 0}), "/limit"),
        (json!({"limit": 201}), "/limit"),
        (json!({"criteria": []}), "/criteria"),
        (json!({"status": "x"}), "/status"),
    ] {
        let refused = setup.post("vendor-calls/search", &body).await;
        assert_eq!(refused.pointer(), pointer, "{body}");
    }
}
