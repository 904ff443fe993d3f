//! Rubrics.

use http::Method;
use serde_json::json;

use super::Setup;

#[tokio::test]
async fn a_rubric_is_made_read_changed_and_deleted() {
    let setup = Setup::new().await;
    let draft = json!({
        "kind": "scenario", "name": "Greeting", "text": "Say your name.", "filters": [[1]],
        "pass_threshold_pct": 70.5,
    });
    let made = setup.post("rubrics", &draft).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let address = made.header("location").to_owned();
    assert_eq!(address, setup.at("rubrics/1"));
    let shown = setup.gateway.get(&address).await;
    assert_eq!(shown.json(), made.json());
    assert_eq!(shown.json()["filters"], json!([[1]]));
    let changed = setup
        .patch("rubrics/1", &json!({"name": "Hello", "text": null}))
        .await
        .json();
    assert_eq!(changed["name"], "Hello");
    assert_eq!(changed["text"], json!(null));
    assert_eq!(changed["pass_threshold_pct"], 70.5, "left alone");
    let off = setup.act("rubrics/1/deactivate").await.json();
    assert_eq!(off["active"], false);
    assert_eq!(setup.ids("rubrics?active=true").await, Vec::<String>::new());
    assert_eq!(setup.act("rubrics/1/activate").await.json()["active"], true);
    let gone = setup.delete("rubrics/1").await;
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    let missing = setup.get("rubrics/1").await;
    assert_eq!(
        (missing.status, missing.code().as_str()),
        (404, "vendor.not_found")
    );
}

#[tokio::test]
async fn lists_are_filtered_by_kind_and_text() {
    let setup = Setup::new().await;
    for (kind, name) in [("scenario", "One"), ("script", "Two"), ("script", "Three")] {
        let body = json!({"kind": kind, "name": name});
        assert_eq!(setup.post("rubrics", &body).await.status, 201);
    }
    assert_eq!(setup.ids("rubrics?kind=script").await, ["2", "3"]);
    assert_eq!(setup.ids("rubrics?q=thr").await, ["3"]);
    assert_eq!(setup.ids("rubrics").await.len(), 3);
    for (query, pointer) in [
        ("kind=melody", "/kind"),
        ("active=yes", "/active"),
        ("q=", "/q"),
        ("cursor=abc", "/cursor"),
        ("limit=0", "/limit"),
        ("colour=red", "/colour"),
    ] {
        let answer = setup.get(&format!("rubrics?{query}")).await;
        assert_eq!(
            (answer.status, answer.pointer().as_str()),
            (400, pointer),
            "{query}"
        );
    }
}

#[tokio::test]
async fn points_have_routes_of_their_own() {
    let setup = Setup::new().await;
    setup
        .post("rubrics", &json!({"kind": "script", "name": "n"}))
        .await;
    let made = setup
        .post("rubrics/1/items", &json!({"text": "Was the name said?"}))
        .await;
    assert_eq!(made.status, 201);
    assert_eq!(made.header("location"), setup.at("rubrics/1/items/2"));
    let shown = setup.get("rubrics/1/items/2").await.json();
    assert_eq!(shown["text"], "Was the name said?");
    let changed = setup
        .patch("rubrics/1/items/2", &json!({"text": "Was a name said?"}))
        .await;
    assert_eq!(changed.json()["text"], "Was a name said?");
    assert_eq!(setup.ids("rubrics/1/items").await, ["2"]);
    assert_eq!(setup.ids("rubric-items").await, ["2"]);
    let text = setup.get("rubrics/1/items?form=text").await.json();
    assert_eq!(text["data"][0]["remote_id"], json!(null));
    assert_eq!(text["next_cursor"], json!(null));
    let score = setup.get("rubrics/1/score").await.json();
    assert_eq!(score["rubric_remote_id"], "1");
    assert_eq!(setup.get("rubric-scores").await.json()["total"], 1);
    assert_eq!(setup.delete("rubrics/1/items/2").await.status, 204);
    assert_eq!(setup.get("rubrics/1/items/2").await.status, 404);
}

#[tokio::test]
async fn the_vendors_own_toggle_gets_the_callers_body() {
    let setup = Setup::new().await;
    let answer = setup
        .post("rubrics/7/toggle", &json!({"vendor_body": {"odd": 1}}))
        .await;
    assert_eq!(
        answer.json(),
        json!({"vendor_answer": {"toggled": "7", "by": {"odd": 1}}})
    );
    for body in [json!({}), json!({"vendor_body": 1}), json!({"body": {}})] {
        let answer = setup.post("rubrics/7/toggle", &body).await;
        assert_eq!(answer.status, 422, "{body}");
    }
}

#[tokio::test]
async fn wrong_bodies_point_at_the_member() {
    let setup = Setup::new().await;
    let cases = [
        (json!({"name": "n"}), "/kind"),
        (json!({"kind": "melody", "name": "n"}), "/kind"),
        (json!({"kind": "other", "name": "n"}), "/kind"),
        // The adapter's own word.
        (json!({"kind": "checklist", "name": "n"}), "/kind"),
        (json!({"kind": "script"}), "/name"),
        (json!({"kind": "script", "name": ""}), "/name"),
        (json!({"kind": "script", "name": 5}), "/name"),
        (json!({"kind": "script", "name": "n", "id": "1"}), "/id"),
        (
            json!({"kind": "script", "name": "n", "pass_threshold_pct": 101}),
            "/pass_threshold_pct",
        ),
        (
            json!({"kind": "script", "name": "n", "tags": [1]}),
            "/tags/0",
        ),
    ];
    for (body, pointer) in cases {
        let answer = setup.post("rubrics", &body).await;
        assert_eq!(
            (
                answer.status,
                answer.code().as_str(),
                answer.pointer().as_str()
            ),
            (422, "gateway.invalid_body", pointer),
            "{body}"
        );
        assert_eq!(answer.json()["errors"][0]["in"], "body");
    }
    let unknown = setup.patch("rubrics/1", &json!({"kind": "script"})).await;
    assert_eq!(unknown.pointer(), "/kind", "a kind is for good");
    assert_eq!(setup.vendor.count("FK-09"), 0, "nothing was sent");
}

#[tokio::test]
async fn a_post_sent_again_is_carried_out_once() {
    let setup = Setup::new().await;
    let body = json!({"kind": "script", "name": "n"});
    let send = async || {
        let headers = [("idempotency-key", "once")];
        let path = setup.at("rubrics");
        setup
            .gateway
            .send(Method::POST, &path, Some(&body), &headers)
            .await
    };
    let (first, second) = (send().await, send().await);
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.json(), second.json());
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.header("location"), first.header("location"));
    assert_eq!(setup.ids("rubrics").await, ["1"]);
}

#[tokio::test]
async fn what_cannot_be_an_id_is_never_asked_for() {
    let setup = Setup::new().await;
    for id in [
        "%2e%2e", ".", "a%2Fb", "%20", "a%0a", "%00", "a%3Fb", "a%23",
    ] {
        for method in [Method::GET, Method::DELETE] {
            let path = setup.at(&format!("rubrics/{id}"));
            let answer = setup.gateway.send(method, &path, None, &[]).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (404, "gateway.not_found"),
                "{id}"
            );
        }
    }
    assert_eq!(setup.delete("rubrics/").await.status, 404);
    assert_eq!(setup.vendor.count("FK-09"), 0);
}
