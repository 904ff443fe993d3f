//! What is not asked for in the right way is refused with a code and a place, and never with 500.

use axum::body::Body;
use http::{HeaderValue, Method, Request};
use serde_json::{Value, json};

use crate::support::{Gateway, sample};

#[tokio::test]
async fn wrong_queries_name_the_parameter() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway
        .put(connection, vec![sample("a", "2026-03-02T09:15:00Z")])
        .await[0];
    let cases = [
        ("/v1/calls?limit=0", "/limit"),
        ("/v1/calls?limit=-1", "/limit"),
        ("/v1/calls?limit=201", "/limit"),
        ("/v1/calls?limit=1e2", "/limit"),
        ("/v1/calls?limit=5&limit=6", "/limit"),
        ("/v1/calls?offset=5", "/offset"),
        ("/v1/calls?direction=sideways", "/direction"),
        ("/v1/calls?direction=inbound,", "/direction"),
        ("/v1/calls?started_after=yesterday", "/started_after"),
        ("/v1/calls?started_after=2026-03-02", "/started_after"),
        ("/v1/calls?connection_id=1", "/connection_id"),
        ("/v1/calls?vendor=A%20B", "/vendor"),
        ("/v1/calls?remote_id=%00", "/remote_id"),
        ("/v1/calls?q=%00", "/q"),
        ("/v1/calls?q=", "/q"),
        ("/v1/calls?phone=%0a", "/phone"),
        ("/v1/calls?passed=yes", "/passed"),
        ("/v1/calls?score_min=-1", "/score_min"),
        ("/v1/calls?score_max=NaN", "/score_max"),
        ("/v1/calls?order=up", "/order"),
        ("/v1/calls?include=everything", "/include"),
        ("/v1/connections?vendor=%27", "/vendor"),
        ("/v1/vendors?x=1", "/x"),
        ("/v1/api-keys?x=1", "/x"),
    ];
    for (path, pointer) in cases {
        let answer = gateway.get(path).await;
        assert_eq!(
            (
                answer.status,
                answer.code().as_str(),
                answer.pointer().as_str()
            ),
            (400, "gateway.invalid_query", pointer),
            "{path}"
        );
        assert_eq!(answer.json()["errors"][0]["in"], "query");
    }
    for part in [
        "",
        "/transcript",
        "/analyses",
        "/media",
        "/raw",
        "/versions",
    ] {
        let path = format!("/v1/calls/{id}{part}?unknown=1");
        assert_eq!(gateway.get(&path).await.pointer(), "/unknown", "{path}");
    }
    let many = format!("/v1/calls?{}", "a=1&".repeat(10_000));
    assert_eq!(gateway.get(&many).await.code(), "gateway.invalid_query");
    let tags = format!("/v1/calls?{}", "tag=a&".repeat(51));
    assert_eq!(gateway.get(&tags).await.pointer(), "/tag");
}

#[tokio::test]
async fn wrong_paths_are_not_found() {
    let gateway = Gateway::start().await;
    for path in [
        "/v1/calls/1",
        "/v1/calls/%00",
        "/v1/calls/%ff",
        "/v1/calls/..%2f..%2fetc",
        "/v1/calls/00000000-0000-0000-0000-000000000001",
        "/v1/connections/x/status",
        "/v1/vendors/%00",
        "/docs/errors/%00",
    ] {
        let answer = gateway.get(path).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "gateway.not_found"),
            "{path}"
        );
    }
}

fn connection(change: &Value) -> Value {
    let mut body = json!({
        "vendor": "fake", "name": "n", "credentials": {"password": "correct"},
    });
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

#[tokio::test]
async fn wrong_connections_point_at_the_member() {
    let gateway = Gateway::start().await;
    let long = "x".repeat(201);
    let cases = [
        (json!({"vendor": "none"}), "/vendor"),
        (json!({"vendor": 1}), "/vendor"),
        (json!({"name": ""}), "/name"),
        (json!({"name": long}), "/name"),
        (json!({"name": "a\nb"}), "/name"),
        (json!({"name": "a\u{0}b"}), "/name"),
        (json!({"name": null}), "/name"),
        (json!({"credentials": {}}), "/credentials/password"),
        (
            json!({"credentials": {"password": "correct", "pin": "1"}}),
            "/credentials/pin",
        ),
        (json!({"credentials": {"password": 1}}), "/credentials"),
        (json!({"credentials": "hunter2"}), "/credentials"),
        (json!({"settings": {"odd": true}}), "/settings/odd"),
        (json!({"settings": {"account": 5}}), "/settings/account"),
        (json!({"settings": []}), "/settings"),
        (json!({"tags": {"a": 1}}), "/tags/a"),
        (json!({"tags": {"": "x"}}), "/tags/"),
        (json!({"tenant_id": "x"}), "/tenant_id"),
        (json!({"state": "active"}), "/state"),
    ];
    for (change, pointer) in cases {
        let answer = gateway.post("/v1/connections", &connection(&change)).await;
        assert_eq!(
            (answer.status, answer.pointer().as_str()),
            (422, pointer),
            "{change}"
        );
        assert!(
            !answer.text().contains("hunter2"),
            "secrets are not repeated"
        );
    }
    let list = gateway.post("/v1/connections", &json!([])).await;
    assert_eq!(list.status, 422);
}

#[tokio::test]
async fn wrong_calls_point_at_the_member() {
    let gateway = Gateway::start().await;
    let id = gateway.connect("main").await;
    let call = gateway
        .put(id, vec![sample("a", "2026-03-02T09:15:00Z")])
        .await[0];
    let base = json!({"connection_id": id, "remote_id": "b"});
    let cases = [
        (json!({"remote_id": "a b"}), "/remote_id"),
        (json!({"remote_id": ""}), "/remote_id"),
        (json!({"remote_id": "a\u{0}"}), "/remote_id"),
        (json!({"remote_id": null}), ""),
        (json!({"call": {"remote_id": "c"}}), ""),
        (json!({"connection_id": "x"}), "/connection_id"),
        (
            json!({"facts": {"direction": "sideways"}}),
            "/facts/direction",
        ),
        (
            json!({"facts": {"started_at": "soon"}}),
            "/facts/started_at",
        ),
        (
            json!({"facts": {"started_at": "-009999-01-01T00:00:00Z"}}),
            "/facts/started_at",
        ),
        (json!({"facts": {"parties": [{}]}}), "/facts/parties/0/role"),
        (
            json!({"facts": {"parties": [{"role": "king"}]}}),
            "/facts/parties/0/role",
        ),
        (json!({"facts": {"odd": 1}}), "/facts/odd"),
        (json!({"client_metadata": []}), "/client_metadata"),
        (
            json!({"client_metadata": {"a": {"b\u{0}": 1}}}),
            "/client_metadata/a",
        ),
        (
            json!({"client_metadata": {"big": "x".repeat(70_000)}}),
            "/client_metadata",
        ),
        (
            json!({"external_refs": [{"system": "s", "type": "t"}]}),
            "/external_refs/0/id",
        ),
        (
            json!({"external_refs": [{"system": "", "type": "t", "id": "1"}]}),
            "/external_refs/0/system",
        ),
        (json!({"version": 5}), "/version"),
    ];
    for (change, pointer) in cases {
        let mut body = base.clone();
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = gateway.post("/v1/calls", &body).await;
        assert_eq!(
            (answer.status, answer.pointer().as_str()),
            (422, pointer),
            "{change}"
        );
    }
    let path = format!("/v1/calls/{call}");
    for (change, pointer) in [
        (json!({"tenant_id": "x"}), "/tenant_id"),
        (json!({"_meta": {}}), "/_meta"),
        (json!({"remote_id": "x"}), "/remote_id"),
        (json!({"direction": "up"}), "/direction"),
        (
            json!({"parties": [{"role": "agent", "phone": "\u{7}"}]}),
            "/parties/0/phone",
        ),
    ] {
        let answer = gateway.patch(&path, &change).await;
        assert_eq!(
            (answer.status, answer.pointer().as_str()),
            (422, pointer),
            "case 108: {change}"
        );
    }
}

#[tokio::test]
async fn case_111_monstrous_requests_cost_little_and_are_refused() {
    let gateway = Gateway::start().await;
    let send = async |body: String| {
        let request = Request::post("/v1/connections")
            .header("authorization", format!("Bearer {}", gateway.key))
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap();
        gateway.raw(request).await
    };
    assert_eq!(
        send("[".repeat(10_000)).await.code(),
        "gateway.invalid_json"
    );
    assert_eq!(
        send("{\"a\":".repeat(10_000)).await.code(),
        "gateway.invalid_json"
    );
    assert_eq!(send("1e400".to_owned()).await.status / 100, 4);
    assert_eq!(send("\u{feff}{}".to_owned()).await.status, 400);
    assert_eq!(send(String::new()).await.code(), "gateway.invalid_json");
    let header = "x".repeat(60_000);
    let odd = gateway
        .send(
            Method::GET,
            "/v1/calls",
            None,
            &[("if-none-match", &header), ("x-request-id", &header)],
        )
        .await;
    assert_eq!(odd.status, 200);
}

#[tokio::test]
async fn a_number_is_whole_by_its_value_and_not_by_its_spelling() {
    let gateway = Gateway::start().await;
    let days = |text: &str| {
        let body: Value = serde_json::from_str(&format!("{{\"calls_days\": {text}}}")).unwrap();
        let gateway = &gateway;
        async move {
            gateway
                .send(Method::PUT, "/v1/retention", Some(&body), &[])
                .await
        }
    };
    for text in ["30", "30.0", "3e1"] {
        let answer = days(text).await;
        assert_eq!(answer.status, 200, "{text}: {:?}", answer.body);
        assert_eq!(answer.json()["calls_days"], 30, "{text}");
    }
    for text in ["30.5", "0.0", "-30.0", "1e300"] {
        let answer = days(text).await;
        assert_eq!(
            (answer.status, answer.pointer().as_str()),
            (422, "/calls_days"),
            "{text}"
        );
    }
    assert_eq!(gateway.get("/v1/calls?limit=20.0").await.status, 200);
    assert_eq!(gateway.get("/v1/calls?limit=20.5").await.status, 400);
}

#[tokio::test]
async fn a_condition_that_cannot_be_read_is_never_taken_for_none() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let path = format!("/v1/connections/{connection}");
    let body = json!({"name": "renamed"});
    // Well formed and not ours: it does not match. No entity tag at all: it is no condition.
    for (condition, status) in [
        ("\"é\"", 412),
        ("\"9-a\"", 412),
        ("é", 400),
        ("9-a", 400),
        ("*", 200),
    ] {
        let request = Request::builder()
            .method(Method::PATCH)
            .uri(&path)
            .header("authorization", format!("Bearer {}", gateway.key))
            .header("content-type", "application/json")
            .header(
                "if-match",
                HeaderValue::from_bytes(condition.as_bytes()).unwrap(),
            )
            .body(Body::from(body.to_string()))
            .unwrap();
        assert_eq!(gateway.raw(request).await.status, status, "{condition}");
    }
}
