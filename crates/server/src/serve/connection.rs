//! One connection, HTTP/1 or HTTP/2, with time limits.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use tracing::debug;

use super::{
    Limits,
    newcomers::Newcomer,
    pace::{PacedBody, PacedStream},
};

/// How often a silent HTTP/2 peer is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// HTTP/2 requests of one connection at the same time.
const STREAMS: u32 = 200;
/// For the head of a request: room for long queries and cookies of proxies, not more.
const HEAD_BYTES: usize = 64 * 1024;

/// Serves one connection to its end; after `shutdown` only what is under way.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    newcomer: Newcomer,
    shutdown: CancellationToken,
) {
    // Small answers must not wait for more bytes to come.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(error = %error, "The connection keeps Nagle's delay");
    }
    let begun = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&begun);
    let newcomer = Arc::new(newcomer);
    let known = Arc::clone(&newcomer);
    let service = service_fn(move |request: Request<Incoming>| {
        if !seen.swap(true, Ordering::Relaxed) {
            known.is_known();
        }
        answer(router.clone(), request, peer, limits.body_timeout)
    });
    let builder = builder(limits.header_timeout);
    let stream = TokioIo::new(PacedStream::new(stream, limits.write_timeout));
    let connection = builder.serve_connection(stream, service);
    tokio::pin!(connection);
    // The builder's own time limit begins only when it knows which HTTP is spoken.
    let first_request = tokio::time::sleep(limits.header_timeout);
    tokio::pin!(first_request);
    let (mut finishing, mut waiting) = (false, true);
    let outcome = loop {
        tokio::select! {
            outcome = connection.as_mut() => break outcome,
            () = shutdown.cancelled(), if !finishing => {
                finishing = true;
                connection.as_mut().graceful_shutdown();
                if !begun.load(Ordering::Relaxed) {
                    return;
                }
            }
            () = newcomer.sent_away() => return,
            () = first_request.as_mut(), if waiting => {
                waiting = false;
                if !begun.load(Ordering::Relaxed) {
                    return;
                }
            }
        }
    };
    if let Err(error) = outcome {
        debug!(error = %error, "A connection ended early");
    }
}

fn builder(header_timeout: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .max_concurrent_streams(STREAMS);
    builder
}

async fn answer(
    router: Router,
    mut request: Request<Incoming>,
    peer: SocketAddr,
    body_timeout: Duration,
) -> Result<Response<Body>, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    let bounded = |body| Body::new(PacedBody::new(body, body_timeout));
    router.oneshot(request.map(bounded)).await
}
