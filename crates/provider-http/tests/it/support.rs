//! A server on the loopback that does as it is told, byte by byte, and clients toward it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use callweave_model::{SystemClock, TenantId, ids::AccountId};
use callweave_provider::{
    HttpClient,
    http_client::{OutgoingRequest, Safety},
    manifest::RateBudget,
};
use callweave_provider_http::{
    ConnectionScope, HttpTransport, Limits, TransportConfig, egress::Guard,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A server whose behaviour is a function of the connection's number.
pub(crate) struct Server {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

/// One accepted connection.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    requests: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start<F, R>(behave: F) -> Self
    where
        F: Fn(usize, Peer) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(AtomicUsize::new(0));
        let (accepted, served) = (Arc::clone(&connections), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = accepted.fetch_add(1, Ordering::SeqCst);
                let requests = Arc::clone(&served);
                tokio::spawn(behave(number, Peer { stream, requests }));
            }
        });
        Self {
            port,
            connections,
            requests,
        }
    }

    /// A server that answers each request with these bytes and keeps the connection.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::start(move |_, mut peer| {
            let answer = Arc::clone(&answer);
            async move {
                while peer.request().await.is_some() {
                    peer.write(&answer).await;
                }
            }
        })
        .await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// A client of this server with short limits.
    pub(crate) fn client(&self) -> Arc<dyn HttpClient> {
        transport(short()).for_connection(scope(&self.url(""), BUDGET))
    }
}

impl Peer {
    /// Reads a request, head and body; `None` when the client closed.
    pub(crate) async fn request(&mut self) -> Option<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.ok()?);
        }
        let text = String::from_utf8_lossy(&head).into_owned();
        let length = text
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length:")?
                    .trim()
                    .parse()
                    .ok()
            })
            .unwrap_or(0);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.ok()?;
        self.requests.fetch_add(1, Ordering::SeqCst);
        Some(text)
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        // The client may have gone; what it saw is judged on its side.
        let _written = self.stream.write_all(bytes).await;
    }

    /// Breaks the connection with a TCP reset.
    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    /// Says nothing more and keeps the connection for as long as a test may last.
    pub(crate) async fn hang(self) {
        tokio::time::sleep(Duration::from_mins(1)).await;
        drop(self);
    }
}

/// A budget that slows no test down.
pub(crate) const BUDGET: RateBudget = RateBudget {
    requests_per_second: 1_000,
    concurrency: 8,
};

/// Limits that let a test end soon.
pub(crate) fn short() -> TransportConfig {
    TransportConfig {
        connect_timeout: Duration::from_millis(400),
        limits: Limits {
            total: Duration::from_millis(600),
            idle: Duration::from_millis(300),
            rate_window: Duration::from_millis(200),
            body_cap: 1024 * 1024,
            stream_cap: 2 * 1024 * 1024,
            queue: Duration::from_millis(500),
            retry_pause: Duration::from_millis(10),
            ..Limits::default()
        },
        ..TransportConfig::default()
    }
}

pub(crate) fn guard() -> Guard {
    Guard::new(["127.0.0.0/8".parse().unwrap()])
}

pub(crate) fn transport(config: TransportConfig) -> HttpTransport {
    HttpTransport::new(config, guard(), Arc::new(SystemClock)).unwrap()
}

/// A vendor account.
pub(crate) fn account(number: u128) -> AccountId {
    AccountId {
        tenant: TenantId(uuid::Uuid::from_u128(7)),
        namespace: uuid::Uuid::from_u128(number),
    }
}

pub(crate) fn scope(base_url: &str, rate_budget: RateBudget) -> ConnectionScope {
    ConnectionScope {
        vendor: "testing",
        account: account(1),
        base_url: Some(base_url.to_owned()),
        ca_certificate: None,
        rate_budget,
        limits: None,
    }
}

pub(crate) fn get(url: &str) -> OutgoingRequest {
    request("GET", url, Safety::Read)
}

pub(crate) fn request(method: &str, url: &str, safety: Safety) -> OutgoingRequest {
    OutgoingRequest {
        operation: "TS-01",
        safety,
        request: http::Request::builder()
            .method(method)
            .uri(url)
            .header("authorization", "Bearer canary-header")
            .body(Bytes::new())
            .unwrap(),
    }
}

/// An HTTP/1.1 answer.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}
