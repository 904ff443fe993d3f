use std::time::Duration;

use callweave_provider::http_client::{Safety, TransportError};

use crate::support::{BUDGET, Server, answer, get, request, scope, short, transport};

/// Keeps the first connection for one good answer, then closes it as the next request arrives.
async fn forgetful() -> Server {
    Server::start(|number, mut peer| async move {
        peer.request().await;
        peer.write(answer("200 OK", "", "{}").as_bytes()).await;
        if number == 0 {
            peer.request().await;
            return;
        }
        while peer.request().await.is_some() {
            peer.write(answer("200 OK", "", "{}").as_bytes()).await;
        }
    })
    .await
}

#[tokio::test]
async fn case_005_a_get_on_a_connection_that_closes_is_sent_once_more() {
    let server = forgetful().await;
    let client = server.client();
    for _ in 0..3 {
        let answer = client.send(get(&server.url("/"))).await.unwrap();
        assert_eq!(answer.status.as_u16(), 200);
    }
    assert_eq!((server.connections(), server.requests()), (2, 4));
}

#[tokio::test]
async fn case_005_a_write_on_a_connection_that_closes_is_not_repeated() {
    for method in ["POST", "GET"] {
        let server = forgetful().await;
        let client = server.client();
        let write = || request(method, &server.url("/"), Safety::Write);
        client.send(write()).await.unwrap();
        let error = client.send(write()).await.unwrap_err();
        assert!(matches!(error, TransportError::Broken(_)), "{error:?}");
        assert_eq!(server.requests(), 2, "sent once each");
    }
}

#[tokio::test]
async fn case_006_a_reset_within_the_body_discards_it_and_tries_again() {
    let server = Server::start(|number, mut peer| async move {
        peer.request().await;
        if number == 0 {
            peer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{\"id\":1}")
                .await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            peer.reset();
        } else {
            peer.write(answer("200 OK", "", "[]").as_bytes()).await;
        }
    })
    .await;
    let answer = server.client().send(get(&server.url("/"))).await.unwrap();
    assert_eq!(&answer.body[..], b"[]");
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn case_007_a_body_shorter_than_announced_is_a_failure_and_never_handed_on() {
    let server = Server::start(|_, mut peer| async move {
        peer.request().await;
        peer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[]")
            .await;
    })
    .await;
    let error = server
        .client()
        .send(get(&server.url("/")))
        .await
        .unwrap_err();
    assert!(matches!(error, TransportError::Broken(_)), "{error:?}");
    assert_eq!(server.requests(), 3, "tried, and twice again");
}

#[tokio::test]
async fn case_001_a_refused_connection_is_told_after_two_more_tries() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("http://127.0.0.1:{port}");
    let client = transport(short()).for_connection(scope(&url, BUDGET));
    let error = client.send(get(&url)).await.unwrap_err();
    assert!(matches!(error, TransportError::Connect(_)), "{error:?}");
}

#[tokio::test]
async fn case_012_a_passing_502_to_504_is_mended_for_reads_only() {
    for status in ["502 Bad Gateway", "503 Unavailable", "504 Timeout"] {
        let start = || {
            Server::start(move |_, mut peer| async move {
                peer.request().await;
                peer.write(answer(status, "", "").as_bytes()).await;
                peer.request().await;
                peer.write(answer("200 OK", "", "{}").as_bytes()).await;
            })
        };
        let server = start().await;
        let read = request("POST", &server.url("/"), Safety::Read);
        assert_eq!(
            server.client().send(read).await.unwrap().status.as_u16(),
            200
        );
        let server = start().await;
        let write = request("POST", &server.url("/"), Safety::Write);
        let answer = server.client().send(write).await.unwrap();
        assert!(status.starts_with(answer.status.as_str()));
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn case_012_a_vendor_that_keeps_failing_gets_at_most_a_fifth_more() {
    let server = Server::answering(answer("503 Unavailable", "", "")).await;
    let client = server.client();
    for _ in 0..50 {
        let answer = client.send(get(&server.url("/"))).await.unwrap();
        assert_eq!(answer.status.as_u16(), 503);
    }
    assert!(server.requests() <= 50 + 2 + 10, "{}", server.requests());
    assert!(server.requests() >= 60, "{}", server.requests());
}

#[tokio::test]
async fn other_failures_and_named_times_are_not_repeated() {
    let named = answer("503 Unavailable", "retry-after: 5\r\n", "");
    for told in [
        named,
        answer("500 Broken", "", ""),
        answer("401 Who", "", ""),
    ] {
        let server = Server::answering(told).await;
        server.client().send(get(&server.url("/"))).await.unwrap();
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn an_error_prints_neither_address_nor_headers() {
    let url = "http://127.0.0.1:1/canary-path?token=canary-query";
    let client = transport(short()).for_connection(scope("http://127.0.0.1:1", BUDGET));
    let error = client.send(get(url)).await.unwrap_err();
    let first = format!("{error} {error:?}");
    let error = error.into_provider_error("testing", "TS-01");
    let printed = format!("{first} {error} {error:?}");
    assert!(!printed.contains("canary"), "{printed}");
}
