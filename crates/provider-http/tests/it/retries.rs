use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use callweave_provider::{
    ErrorKind, Retry,
    http_client::{Safety, TransportError},
};

use crate::support::{BUDGET, Server, account, answer, get, request, scope, short, transport};

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
    assert!(matches!(error, TransportError::Truncated(_)), "{error:?}");
    assert_eq!(server.requests(), 3, "tried, and twice again");
    let error = error.into_provider_error("testing", "TS-01");
    assert_eq!(error.kind, ErrorKind::BadResponse);
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
async fn case_001_a_vendor_that_refuses_again_and_again_is_left_alone_and_found_back() {
    let reserved = tokio::net::TcpSocket::new_v4().unwrap();
    reserved.set_reuseaddr(true).unwrap();
    reserved.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = reserved.local_addr().unwrap();
    let url = format!("http://{address}");
    let well = Server::answering(answer("200 OK", "", "{}")).await;
    let transport = transport(short());
    let sick = transport.for_connection(scope(&url, BUDGET));
    for _ in 0..5 {
        let error = sick.send(get(&url)).await.unwrap_err();
        assert!(matches!(error, TransportError::Connect(_)), "{error:?}");
    }
    let error = sick.send(get(&url)).await.unwrap_err();
    let TransportError::CircuitOpen { after } = error else {
        panic!("{error:?}");
    };
    assert!(after <= Duration::from_secs(1), "{after:?}");
    let error = error.into_provider_error("testing", "TS-01");
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::Transport, Retry::After(after))
    );
    let mut other = scope(&well.url(""), BUDGET);
    other.account = account(2);
    let other = transport.for_connection(other);
    assert_eq!(other.send(get(&well.url("/"))).await.unwrap().status, 200);
    // The vendor is back.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    let listener = socket.listen(8).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let mut head = [0; 1024];
            let _read = stream.read(&mut head).await;
            let told = answer("200 OK", "connection: close\r\n", "{}");
            let _written = stream.write_all(told.as_bytes()).await;
        }
    });
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        match sick.send(get(&url)).await {
            Ok(answer) => break assert_eq!(answer.status, 200),
            Err(TransportError::CircuitOpen { after }) => tokio::time::sleep(after).await,
            Err(error) => panic!("{error:?}"),
        }
        assert!(tokio::time::Instant::now() < deadline);
    }
    sick.send(get(&url)).await.unwrap();
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
    // Three of ten requests fail, whoever sends them.
    let statuses = [
        "500 Broken",
        "502 Bad Gateway",
        "503 Unavailable",
        "504 Timeout",
    ];
    let count = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |_, mut peer| {
        let count = Arc::clone(&count);
        async move {
            while peer.request().await.is_some() {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let status = match (number * 7) % 10 {
                    0..3 => statuses[number % 4],
                    _ => "200 OK",
                };
                peer.write(answer(status, "", "{}").as_bytes()).await;
            }
        }
    })
    .await;
    let client = server.client();
    let mut failed = 0;
    for _ in 0..500 {
        let answer = client.send(get(&server.url("/"))).await.unwrap();
        failed += usize::from(!answer.status.is_success());
    }
    let repeated = server.requests() - 500;
    assert!(repeated <= 100 + 2, "{repeated} repetitions");
    assert!(repeated >= 80, "{repeated} repetitions");
    assert!(failed < 150 - 50, "{failed} failures were told");
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
