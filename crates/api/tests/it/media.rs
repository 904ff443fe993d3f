//! Recordings.

use callweave_provider::{ErrorKind, Retry};
use callweave_provider_testkit::fake::operation;
use http::Method;

use crate::support::{Answer, Gateway, spoken};

/// A gateway with one recorded call, and the address of its recording.
async fn recorded() -> (Gateway, String) {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway
        .put(connection, vec![spoken("a", "2026-03-02T09:15:00Z")])
        .await[0];
    let mut bytes = b"RIFF....WAVE".to_vec();
    bytes.extend(0..88_u8);
    gateway.vendor.main().put_media("a", "main", bytes);
    let list = gateway.get(&format!("/v1/calls/{id}/media")).await.json();
    assert_eq!(list["state"], "ready");
    let url = list["data"][0]["url"].as_str().unwrap().to_owned();
    (gateway, url)
}

async fn range(gateway: &Gateway, url: &str, range: &str) -> Answer {
    gateway.get_with(url, &[("range", range)]).await
}

#[tokio::test]
async fn the_bytes_come_from_the_vendor() {
    let (gateway, url) = recorded().await;
    let whole = gateway.get(&url).await;
    assert_eq!(whole.status, 200);
    assert_eq!(whole.body.len(), 100);
    assert_eq!(whole.header("content-type"), "audio/wav");
    assert_eq!(whole.header("content-length"), "100");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(
        whole.header("content-disposition"),
        "inline; filename=\"call_1.wav\""
    );
    assert_eq!(whole.header("x-content-type-options"), "nosniff");
    assert!(whole.header("cache-control").starts_with("private"));
    let head = gateway.send(Method::HEAD, &url, None, &[]).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), "100");
    let tag = whole.header("etag").to_owned();
    let again = gateway.get_with(&url, &[("if-none-match", &tag)]).await;
    assert_eq!(again.status, 304);
}

#[tokio::test]
async fn ranges_are_honoured() {
    let (gateway, url) = recorded().await;
    let whole = gateway.get(&url).await;
    for (asked, first, last) in [
        ("bytes=0-9", 0, 9),
        ("bytes=90-", 90, 99),
        ("bytes=-5", 95, 99),
        ("bytes=95-500", 95, 99),
    ] {
        let part = range(&gateway, &url, asked).await;
        assert_eq!(part.status, 206, "{asked}");
        assert_eq!(part.body, whole.body[first..=last], "{asked}");
        assert_eq!(
            part.header("content-range"),
            format!("bytes {first}-{last}/100")
        );
        assert_eq!(
            part.header("content-length"),
            (last - first + 1).to_string()
        );
    }
    let beyond = range(&gateway, &url, "bytes=100-").await;
    assert_eq!(
        (beyond.status, beyond.code().as_str()),
        (416, "gateway.range_not_satisfiable")
    );
    assert_eq!(beyond.header("content-range"), "bytes */100");
    assert_eq!(range(&gateway, &url, "bytes=5-1").await.status, 200);
    let outdated = gateway
        .get_with(&url, &[("range", "bytes=0-9"), ("if-range", "\"other\"")])
        .await;
    assert_eq!(
        outdated.status, 200,
        "a range of another file would not fit"
    );
}

#[tokio::test]
async fn what_the_vendor_answers_instead_is_told() {
    let (gateway, url) = recorded().await;
    let vendor = gateway.vendor.main();
    let cases = [
        (ErrorKind::NotFound, Retry::Never, 404, "vendor.not_found"),
        (ErrorKind::NotReady, Retry::Backoff, 409, "vendor.not_ready"),
        (
            ErrorKind::RateLimited,
            Retry::After(std::time::Duration::from_secs(7)),
            503,
            "vendor.rate_limited",
        ),
        (
            ErrorKind::Transport,
            Retry::Backoff,
            504,
            "vendor.unreachable",
        ),
        (
            ErrorKind::VendorFailure,
            Retry::Backoff,
            502,
            "vendor.failure",
        ),
        (
            ErrorKind::BadResponse,
            Retry::Backoff,
            502,
            "vendor.bad_response",
        ),
        (ErrorKind::Forbidden, Retry::Never, 502, "vendor.forbidden"),
    ];
    for (kind, retry, status, code) in cases {
        vendor.fail_next_with(operation::MEDIA, kind, retry);
        let failed = gateway.get(&url).await;
        assert_eq!((failed.status, failed.code().as_str()), (status, code));
        assert_eq!(failed.json()["vendor"]["key"], "fake");
        assert_eq!(failed.json()["vendor"]["operation"], "FK-05");
        if code == "vendor.rate_limited" {
            assert_eq!(failed.header("retry-after"), "7");
        }
    }
    let missing = url.rsplit_once('/').unwrap().0.to_owned();
    let missing = format!("{missing}/00000000-0000-0000-0000-000000000001");
    assert_eq!(gateway.get(&missing).await.code(), "gateway.not_found");
}

#[tokio::test]
async fn a_removed_connection_takes_the_recordings_along() {
    let (gateway, url) = recorded().await;
    let connection = gateway.get("/v1/connections").await.ids().remove(0);
    gateway
        .delete(&format!("/v1/connections/{connection}"))
        .await;
    let gone = gateway.get(&url).await;
    assert_eq!(
        (gone.status, gone.code().as_str()),
        (409, "gateway.conflict")
    );
    let call = url.split("/media").next().unwrap();
    assert_eq!(gateway.get(call).await.status, 200, "the call stays");
}
