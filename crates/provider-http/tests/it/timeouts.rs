use std::time::{Duration, Instant};

use callweave_provider::http_client::TransportError;
use callweave_provider_http::TransportConfig;
use futures::StreamExt as _;
use tokio::net::TcpListener;

use crate::support::{BUDGET, Server, get, scope, short, transport};

#[tokio::test]
async fn case_002_a_connect_that_hangs_ends_in_its_time_and_is_not_repeated() {
    // A full accept queue: nobody accepts, so further handshakes hang.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener: TcpListener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut held = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(
        Duration::from_millis(200),
        tokio::net::TcpStream::connect(address),
    )
    .await
    {
        held.push(stream);
    }
    let url = format!("http://{address}");
    let mut config = short();
    config.connect_timeout = Duration::from_secs(2);
    config.limits.total = Duration::from_secs(30);
    let client = transport(config).for_connection(scope(&url, BUDGET));
    let began = Instant::now();
    let error = client.send(get(&url)).await.unwrap_err();
    assert!(matches!(error, TransportError::Connect(_)), "{error:?}");
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(2), "{took:?}");
    assert!(took < Duration::from_secs(4), "not repeated: {took:?}");
    let shipped = TransportConfig::default();
    assert_eq!(shipped.connect_timeout, Duration::from_secs(5));
    assert_eq!(shipped.limits.total, Duration::from_secs(30));
    assert_eq!(shipped.limits.rate_window, Duration::from_secs(10));
    assert_eq!(shipped.limits.rate_bytes, 1_024);
}

#[tokio::test]
async fn case_003_a_body_that_stalls_ends_in_the_total_time() {
    let server = Server::start(|_, mut peer| async move {
        peer.request().await;
        peer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
            .await;
        peer.hang().await;
    })
    .await;
    let mut config = short();
    config.limits.rate_window = Duration::from_secs(20);
    config.limits.idle = Duration::from_secs(20);
    let client = transport(config).for_connection(scope(&server.url(""), BUDGET));
    let began = Instant::now();
    let error = client.send(get(&server.url("/"))).await.unwrap_err();
    assert!(matches!(error, TransportError::Timeout), "{error:?}");
    let took = began.elapsed();
    assert!(
        took >= Duration::from_millis(600) && took < Duration::from_secs(10),
        "{took:?}"
    );
    assert_eq!(server.requests(), 1, "a time-out is not repeated");
}

#[tokio::test]
async fn case_003_headers_that_never_come_end_in_the_total_time() {
    let server = Server::start(|_, mut peer| async move {
        peer.request().await;
        peer.hang().await;
    })
    .await;
    let client = server.client();
    for streamed in [false, true] {
        let error = if streamed {
            client.stream(get(&server.url("/"))).await.unwrap_err()
        } else {
            client.send(get(&server.url("/"))).await.unwrap_err()
        };
        assert!(matches!(error, TransportError::Timeout), "{error:?}");
    }
}

/// Sends a byte every 20 ms for ever, behind the head of a long answer.
async fn dribbler() -> Server {
    Server::start(|_, mut peer| async move {
        peer.request().await;
        peer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
            .await;
        for _ in 0..500 {
            peer.write(b"x").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

#[tokio::test]
async fn case_004_a_body_slower_than_the_least_rate_is_given_up() {
    let server = dribbler().await;
    let mut config = short();
    config.limits.total = Duration::from_secs(20);
    let client = transport(config).for_connection(scope(&server.url(""), BUDGET));
    let began = Instant::now();
    let error = client.send(get(&server.url("/"))).await.unwrap_err();
    assert!(matches!(error, TransportError::Timeout), "{error:?}");
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn case_004_a_streamed_body_is_held_to_the_same_rate() {
    let server = dribbler().await;
    let answer = server.client().stream(get(&server.url("/"))).await.unwrap();
    let last = answer
        .body
        .fold(None, |_, piece| async move { Some(piece) })
        .await;
    assert!(
        matches!(last, Some(Err(TransportError::Timeout))),
        "{last:?}"
    );
}

#[tokio::test]
async fn a_slow_reader_of_a_stream_is_not_taken_for_a_slow_vendor() {
    let server = Server::start(|_, mut peer| async move {
        peer.request().await;
        peer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 300\r\n\r\n")
            .await;
        for _ in 0..3 {
            peer.write(&[b'x'; 100]).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        peer.hang().await;
    })
    .await;
    let mut answer = server.client().stream(get(&server.url("/"))).await.unwrap();
    let mut read = 0;
    while let Some(piece) = answer.body.next().await {
        read += piece.unwrap().len();
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    assert_eq!(read, 300);
}
