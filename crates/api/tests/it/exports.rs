//! All calls as one file.

use std::time::Duration;

use axum::body::Body;
use callweave_api::ApiOptions;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::support::{Gateway, sample, spoken};

/// More than one page.
const MANY: usize = 450;

async fn with_many() -> Gateway {
    let gateway = Gateway::start_with(ApiOptions {
        key_cache: Duration::ZERO,
        ..ApiOptions::default()
    })
    .await;
    let connection = gateway.connect("main").await;
    let calls = (0..MANY).map(|number| {
        let at = format!("2026-03-02T{:02}:{:02}:00Z", number / 60, number % 60);
        sample(&format!("c-{number}"), &at)
    });
    gateway.put(connection, calls.collect()).await;
    gateway
        .put(connection, vec![spoken("spoken", "2026-03-03T09:15:00Z")])
        .await;
    gateway
}

async fn exported(gateway: &Gateway) -> Vec<Value> {
    loop {
        let listed = gateway
            .get("/v1/audit-log?action=calls.exported")
            .await
            .json();
        let entries = listed["data"].as_array().unwrap().clone();
        if !entries.is_empty() {
            return entries;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn an_export_holds_every_call_once_as_the_list_shows_it() {
    let gateway = with_many().await;
    let export = gateway.get("/v1/calls/export?order=asc").await;
    assert_eq!(export.status, 200);
    assert_eq!(export.header("content-type"), "application/x-ndjson");
    assert!(
        export
            .header("content-disposition")
            .contains("calls.ndjson")
    );
    let lines: Vec<Value> = export
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), MANY + 1);
    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = gateway
            .get(&format!("/v1/calls?order=asc&limit=200{cursor}"))
            .await
            .json();
        listed.extend(page["data"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    for (line, call) in lines.iter().zip(&mut listed) {
        // How fresh its connection is, is told by lists.
        call["_meta"]
            .as_object_mut()
            .unwrap()
            .remove("data_fresh_as_of");
        assert_eq!(line, call);
    }
    let entries = exported(&gateway).await;
    assert_eq!(entries[0]["outcome"], "succeeded");
    assert_eq!(entries[0]["detail"]["calls"], MANY + 1);
    assert_eq!(
        entries[0]["detail"]["parameters"],
        serde_json::json!(["order"])
    );
    let begun = gateway.get("/v1/audit-log?action=calls.export_begun").await;
    assert_eq!(begun.ids().len(), 1);
}

#[tokio::test]
async fn an_export_may_be_a_table_and_narrowed() {
    let gateway = with_many().await;
    let export = gateway.get("/v1/calls/export?format=csv&q=umbrella").await;
    assert_eq!(
        export.header("content-type"),
        "text/csv; charset=utf-8; header=present"
    );
    let text = export.text();
    let rows: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 2, "{text}");
    assert!(rows[0].starts_with("id,connection_id,vendor,remote_id,"));
    assert!(rows[1].contains(",spoken,"), "{text}");
    for cell in [
        "Nadia Testova",
        "+79990001122",
        "umbrella",
        "positive",
        ",true,",
    ] {
        assert!(rows[1].contains(cell), "{cell}: {text}");
    }
    let by_type = gateway
        .get_with("/v1/calls/export", &[("accept", "text/csv")])
        .await;
    assert_eq!(by_type.text().matches("\r\n").count(), MANY + 2);
    // What was searched for is not told; that it was is.
    let entries = exported(&gateway).await;
    let text = serde_json::to_string(&entries).unwrap();
    assert!(
        text.contains("\"q\"") && !text.contains("umbrella"),
        "{text}"
    );
}

#[tokio::test]
async fn what_was_said_needs_its_scope_and_limits_need_no_cursor() {
    let gateway = with_many().await;
    let weak = gateway.key_of(gateway.tenant, &["calls:read"]).await;
    let bearer = format!("Bearer {weak}");
    let headers = [("authorization", bearer.as_str())];
    for (path, status) in [
        ("/v1/calls/export", 200),
        ("/v1/calls/export?include=transcript", 403),
        ("/v1/calls/export?q=umbrella", 403),
        ("/v1/calls/export?limit=5", 400),
        ("/v1/calls/export?cursor=x", 400),
        ("/v1/calls/export?format=xml", 400),
    ] {
        assert_eq!(
            gateway.get_with(path, &headers).await.status,
            status,
            "{path}"
        );
    }
    let whole = gateway.get("/v1/calls/export?include=transcript").await;
    assert!(whole.text().contains("red umbrella"));
    let head = gateway
        .send(Method::HEAD, "/v1/calls/export", None, &[])
        .await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-type"), "application/x-ndjson");
}

#[tokio::test]
async fn an_export_breaks_off_when_its_key_is_revoked_or_its_reader_leaves() {
    let gateway = with_many().await;
    let key = gateway.key_of(gateway.tenant, &["calls:read"]).await;
    let request = || {
        Request::get("/v1/calls/export")
            .header("authorization", format!("Bearer {key}"))
            .body(Body::empty())
            .unwrap()
    };
    let mut body = gateway
        .router
        .clone()
        .oneshot(request())
        .await
        .unwrap()
        .into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(std::str::from_utf8(&first).unwrap().lines().count(), 200);
    let id = callweave_api::keys::parse(&key).unwrap().id;
    gateway.delete(&format!("/v1/api-keys/{id}")).await;
    assert!(
        body.frame().await.unwrap().is_err(),
        "it must not look whole"
    );
    drop(body);
    let entries = exported(&gateway).await;
    assert_eq!(entries[0]["outcome"], "unknown");
    assert_eq!(entries[0]["detail"]["calls"], 200);
    assert_eq!(entries[0]["detail"]["complete"], false);
}
