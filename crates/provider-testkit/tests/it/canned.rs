use callweave_provider::http_client::{OutgoingRequest, Safety, TransportError};
use callweave_provider_testkit::{CannedClient, answers};
use futures::StreamExt as _;
use serde_json::json;

fn get(uri: &str) -> OutgoingRequest {
    OutgoingRequest {
        operation: "TS-01",
        safety: Safety::Read,
        request: http::Request::get(uri).body(bytes::Bytes::new()).unwrap(),
    }
}

#[tokio::test]
async fn scripts_play_in_order_and_what_was_asked_is_recorded() {
    let canned = CannedClient::new()
        .on("GET", "/a", answers::ok(&json!(1)))
        .fails("GET", "/a", || TransportError::Timeout)
        .always("GET", "/b?x=1", answers::empty(204))
        .on(
            "GET",
            "/c*",
            answers::typed(200, "audio/wav", "long enough"),
        );
    let client = canned.shared();
    assert_eq!(
        &client
            .send(get("http://v.example/a?y=2"))
            .await
            .unwrap()
            .body[..],
        b"1"
    );
    assert!(client.send(get("http://v.example/a")).await.is_err());
    assert_eq!(
        client
            .send(get("http://v.example/b?x=1"))
            .await
            .unwrap()
            .status,
        204
    );
    let pieces: Vec<_> = client
        .stream(get("http://v.example/c/1?z"))
        .await
        .unwrap()
        .body
        .collect()
        .await;
    assert_eq!(pieces.len(), 2);
    canned.assert_all_used();
    assert_eq!(
        canned.lines(),
        ["GET /a?y=2", "GET /a", "GET /b?x=1", "GET /c/1?z"]
    );
}

#[tokio::test]
#[should_panic(expected = "nothing is scripted for GET /b?x=2")]
async fn a_request_without_a_script_ends_the_test() {
    let canned = CannedClient::new().on("GET", "/b?x=1", answers::empty(204));
    let _answer = canned.shared().send(get("http://v.example/b?x=2")).await;
}

#[test]
#[should_panic(expected = "never asked")]
fn a_script_that_was_not_played_ends_the_test() {
    CannedClient::new()
        .on("GET", "/a", answers::html(200))
        .assert_all_used();
}
