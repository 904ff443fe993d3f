//! Evaluations and their parts.

use http::Method;
use serde_json::json;

use super::Setup;

#[tokio::test]
async fn an_evaluation_is_written_read_replaced_and_deleted() {
    let setup = Setup::new().await;
    let mut draft = json!({
        "remote_id": "77", "call_remote_id": "c-1", "rubric_remote_id": "1", "rubric_name": "Greeting",
        "application_remote_id": "9", "result": {"score": 1},
    });
    let made = setup.post("evaluations", &draft).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.header("location"), setup.at("evaluations/77"));
    assert_eq!(setup.ids("evaluations?call_remote_id=c-1").await, ["77"]);
    assert_eq!(setup.ids("evaluations?call_remote_id=c-2").await.len(), 0);
    draft["result"] = json!({"score": 2});
    let put = async |body: &serde_json::Value| {
        let path = setup.at("evaluations/77");
        setup
            .gateway
            .send(Method::PUT, &path, Some(body), &[])
            .await
    };
    assert_eq!(put(&draft).await.json()["result"]["score"], 2);
    draft["remote_id"] = json!("78");
    let other = put(&draft).await;
    assert_eq!(
        (other.status, other.pointer().as_str()),
        (422, "/remote_id")
    );
    let shown = setup.get("evaluations/77").await.json();
    assert_eq!(shown["call_remote_id"], "c-1");
    assert_eq!(setup.delete("evaluations/77").await.status, 204);
    assert_eq!(setup.get("evaluations/77").await.status, 404);
}

#[tokio::test]
async fn parts_are_served_by_name() {
    let setup = Setup::new().await;
    let draft = json!({
        "remote_id": "77", "call_remote_id": "c-1", "rubric_remote_id": "1", "rubric_name": "Greeting",
        "application_remote_id": "9", "result": {},
    });
    setup.post("evaluations", &draft).await;
    for (word, name) in [
        ("summary", "Summary"),
        ("transcript", "Transcript"),
        ("success-points", "SuccessPoints"),
        ("tags", "Tags"),
        ("agent-metrics", "AgentMetrics"),
    ] {
        let one = setup.get(&format!("evaluations/77/{word}")).await.json();
        assert_eq!(one["data"][0]["name"], name);
        let path = format!("evaluation-parts/{word}?call_remote_id=c-1");
        let many = setup.get(&path).await.json();
        assert_eq!(many["data"][0]["evaluation_remote_id"], "77");
    }
    for path in ["evaluations/77/melody", "evaluation-parts/melody"] {
        assert_eq!(setup.get(path).await.code(), "gateway.not_found");
    }
}

#[tokio::test]
async fn what_was_said_needs_its_scope_here_as_well() {
    let setup = Setup::new().await;
    let key = setup
        .gateway
        .key_of(setup.gateway.tenant, &["vendor:read"])
        .await;
    let key = format!("Bearer {key}");
    let headers = [("authorization", key.as_str())];
    for path in [
        "evaluations",
        "evaluations/1",
        "evaluation-parts/transcript",
    ] {
        let answer = setup.gateway.get_with(&setup.at(path), &headers).await;
        assert_eq!(answer.code(), "gateway.insufficient_scope", "{path}");
    }
    let allowed = setup.gateway.get_with(&setup.at("rubrics"), &headers).await;
    assert_eq!(allowed.status, 200);
}
