//! Streamed bodies: sent once, framed by their length, ended when either side stalls.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use callweave_provider::http_client::{OutgoingUpload, TransportError, UploadBody};
use futures::{StreamExt as _, stream};
use tokio::io::AsyncReadExt as _;

use crate::support::{Server, answer};

fn upload(server: &Server, body: UploadBody) -> OutgoingUpload {
    OutgoingUpload {
        operation: "TS-02",
        request: http::Request::builder()
            .method("POST")
            .uri(server.url("/files"))
            .body(())
            .unwrap(),
        body,
    }
}

fn pieces(count: u64, size: usize) -> UploadBody {
    let piece = Bytes::from(vec![7; size]);
    UploadBody {
        length: Some(count * u64::try_from(size).unwrap()),
        content: stream::iter(0..count)
            .map(move |_| Ok(piece.clone()))
            .boxed(),
    }
}

#[tokio::test]
async fn a_large_body_goes_out_piece_by_piece_with_its_length() {
    let server =
        Server::answering(answer("200 OK", "content-type: application/json\r\n", "{}")).await;
    let body = pieces(512, 64 * 1024);
    let told = server.client().upload(upload(&server, body)).await.unwrap();
    assert_eq!(told.status, 200);
    assert_eq!(server.requests(), 1, "with the whole of the announced body");
}

#[tokio::test]
async fn an_upload_that_fails_is_not_sent_again() {
    let server = Server::start(|_, mut peer| async move {
        peer.request().await;
        peer.reset();
    })
    .await;
    let error = server.client().upload(upload(&server, pieces(2, 10))).await;
    assert!(matches!(error, Err(TransportError::Broken(_))), "{error:?}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_body_that_stalls_ends_the_request() {
    let server = Arc::new(Server::answering(answer("200 OK", "", "")).await);
    let content = stream::iter([Ok(Bytes::from_static(b"beginning"))])
        .chain(stream::pending())
        .boxed();
    let body = UploadBody {
        length: Some(100),
        content,
    };
    let error = server.client().upload(upload(&server, body)).await;
    assert!(matches!(error, Err(TransportError::Timeout)), "{error:?}");
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_body_that_fails_breaks_the_request_off() {
    let server = Server::start(|_, mut peer| async move {
        let mut seen = Vec::new();
        // Ends when the client breaks off.
        let _read = peer.stream.read_to_end(&mut seen).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
    })
    .await;
    let content = stream::iter([
        Ok(Bytes::from_static(b"beginning")),
        Err(std::io::Error::other("the caller went away")),
    ])
    .boxed();
    let body = UploadBody {
        length: Some(100),
        content,
    };
    let error = server.client().upload(upload(&server, body)).await;
    assert!(matches!(error, Err(TransportError::Broken(_))), "{error:?}");
}

#[tokio::test]
async fn an_upload_leaves_the_host_for_nothing() {
    let server = Server::answering(answer(
        "307 Temporary Redirect",
        "location: http://192.0.2.1/\r\n",
        "",
    ))
    .await;
    let error = server.client().upload(upload(&server, pieces(1, 10))).await;
    assert!(
        matches!(error, Err(TransportError::Redirect { .. })),
        "{error:?}"
    );
}
