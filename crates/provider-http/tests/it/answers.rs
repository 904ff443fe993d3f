use std::io::Write as _;

use callweave_provider::http_client::{Safety, TransportError};
use futures::StreamExt as _;

use crate::support::{Server, answer, get, request};

#[tokio::test]
async fn an_answer_comes_whole_with_status_headers_and_body() {
    let server = Server::answering(answer("404 Not Found", "x-kind: none\r\n", "{\"a\":1}")).await;
    let answer = server
        .client()
        .send(get(&server.url("/x?y=1")))
        .await
        .unwrap();
    assert_eq!(answer.status.as_u16(), 404);
    assert_eq!(answer.headers["x-kind"], "none");
    assert_eq!(&answer.body[..], b"{\"a\":1}");
}

#[tokio::test]
async fn a_request_names_the_gateway_and_no_referer() {
    let (seen, mut heads) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_, mut peer| {
        let seen = seen.clone();
        async move {
            seen.send(peer.request().await.unwrap()).unwrap();
            peer.write(answer("200 OK", "", "{}").as_bytes()).await;
        }
    })
    .await;
    server.client().send(get(&server.url("/"))).await.unwrap();
    let head = heads.recv().await.unwrap().to_ascii_lowercase();
    assert!(
        head.contains(concat!("user-agent: callweave/", env!("CARGO_PKG_VERSION"))),
        "{head}"
    );
    assert!(!head.contains("referer"), "{head}");
}

#[tokio::test]
async fn case_015_a_body_without_end_is_cut_at_the_cap() {
    let server = Server::start(|_, mut peer| async move {
        peer.request().await;
        peer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            .await;
        let piece = vec![b'x'; 0x10000];
        for _ in 0..1_000 {
            peer.write(b"10000\r\n").await;
            peer.write(&piece).await;
            peer.write(b"\r\n").await;
        }
    })
    .await;
    let client = server.client();
    let error = client.send(get(&server.url("/"))).await.unwrap_err();
    assert!(
        matches!(error, TransportError::TooLarge { limit: 1_048_576 }),
        "{error:?}"
    );
    let streamed = client.stream(get(&server.url("/"))).await.unwrap();
    let pieces: Vec<_> = streamed.body.collect().await;
    let read: usize = pieces.iter().flatten().map(bytes::Bytes::len).sum();
    assert!(read <= 2 * 1024 * 1024, "{read}");
    assert!(matches!(
        pieces.last(),
        Some(Err(TransportError::TooLarge { limit: 2_097_152 }))
    ));
}

#[tokio::test]
async fn case_015_an_announced_size_beyond_the_cap_is_refused_unread() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 5368709120\r\n\r\n";
    let server = Server::answering(head).await;
    let error = server
        .client()
        .send(get(&server.url("/")))
        .await
        .unwrap_err();
    assert!(
        matches!(error, TransportError::TooLarge { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn case_016_the_cap_counts_decompressed_bytes() {
    let zeros = vec![0_u8; 64 * 1024 * 1024];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&zeros).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::bulk::compress(&zeros, 3).unwrap();
    for (coding, bomb) in [("gzip", gzip), ("zstd", zstd)] {
        assert!(
            bomb.len() < 1024 * 1024,
            "below the cap as it comes over the wire"
        );
        let mut answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n",
            bomb.len()
        )
        .into_bytes();
        answer.extend(bomb);
        let server = Server::answering(answer).await;
        let error = server
            .client()
            .send(get(&server.url("/")))
            .await
            .unwrap_err();
        assert!(
            matches!(error, TransportError::TooLarge { limit: 1_048_576 }),
            "{coding}: {error:?}"
        );
    }
}

#[tokio::test]
async fn case_017_a_redirect_is_never_followed() {
    let other = Server::answering(answer("200 OK", "", "{}")).await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See",
        "307 Temporary",
        "308 Permanent",
    ] {
        for target in [
            other.url("/"),
            "http://169.254.169.254/".into(),
            "/below".into(),
        ] {
            let headers = format!("location: {target}\r\n");
            let server = Server::answering(answer(status, &headers, "")).await;
            for safety in [Safety::Read, Safety::Write] {
                let asked = request("GET", &server.url("/"), safety);
                let error = server.client().send(asked).await.unwrap_err();
                let TransportError::Redirect { status: seen } = error else {
                    panic!("{status}: {error:?}");
                };
                assert!(status.starts_with(seen.as_str()));
            }
            assert_eq!(server.requests(), 2);
        }
    }
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn a_stream_gives_its_pieces_and_the_status_of_a_failure() {
    let server =
        Server::answering(answer("410 Gone", "content-type: audio/wav\r\n", "words")).await;
    let answer = server.client().stream(get(&server.url("/"))).await.unwrap();
    assert_eq!(answer.status.as_u16(), 410);
    assert_eq!(answer.headers["content-type"], "audio/wav");
    let pieces: Vec<_> = answer.body.map(Result::unwrap).collect().await;
    assert_eq!(pieces.concat(), b"words");
}
