//! Lists of jobs.

use serde_json::json;

use crate::support::Gateway;

#[tokio::test]
async fn jobs_are_listed_newest_first_and_filtered() {
    let gateway = Gateway::start().await;
    let (one, two) = (
        gateway.connect("main").await,
        gateway.connect("other").await,
    );
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(gateway.analyse(one, &format!("c-{number}")).await);
    }
    let other = gateway.analyse(two, "c-0").await;
    gateway
        .post(&format!("/v1/jobs/{}/cancel", ids[0]), &json!({}))
        .await;
    let newest: Vec<String> = ids.iter().rev().cloned().collect();
    let list = async |query: &str| gateway.get(&format!("/v1/jobs?{query}")).await.ids();
    assert_eq!(list(&format!("connection_id={one}")).await, newest);
    assert_eq!(
        list(&format!("connection_id={two}")).await,
        vec![other.clone()]
    );
    assert_eq!(list("state=canceled").await, [ids[0].clone()]);
    assert_eq!(list("type=report").await, Vec::<String>::new());
    assert_eq!(list("type=analyze_call,report").await.len(), 6);
    assert_eq!(
        list("since=2999-01-01T00:00:00Z").await,
        Vec::<String>::new()
    );
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = gateway.get(&format!("/v1/jobs?limit=2{cursor}")).await;
        paged.extend(page.ids());
        match page.json()["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let all: Vec<String> = [other].into_iter().chain(newest).collect();
    assert_eq!(paged, all);
    let wrong = gateway.get("/v1/jobs?state=lost").await;
    assert_eq!(wrong.pointer(), "/state");
}

#[tokio::test]
async fn another_tenant_sees_and_changes_nothing() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway.analyse(connection, "c-1").await;
    let stranger = gateway.tenant_named("second").await;
    let key = format!("Bearer {}", gateway.key_of(stranger, &["*"]).await);
    let headers = [("authorization", key.as_str())];
    assert!(
        gateway
            .get_with("/v1/jobs", &headers)
            .await
            .ids()
            .is_empty()
    );
    for path in [format!("/v1/jobs/{id}"), format!("/v1/dialog-batches/{id}")] {
        assert_eq!(gateway.get_with(&path, &headers).await.status, 404);
    }
    let cancel = format!("/v1/jobs/{id}/cancel");
    let refused = gateway
        .send(http::Method::POST, &cancel, None, &headers)
        .await;
    assert_eq!(refused.status, 404);
    assert_eq!(gateway.job_state(&id).await, "accepted");
}
