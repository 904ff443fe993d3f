//! The vendor that is synced from: the sandbox, whose answers are kept once they were given.
//!
//! The sandbox computes every answer anew, which would cost more than the sync that is measured.
//! So this stands in front of it and gives the same bytes again. The first walk over everything
//! fills it, and is not timed.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    net::Ipv4Addr,
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use callweave_sandbox::{Sandbox, SandboxConfig, Vendor};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The vendor whose calls are synced.
pub(crate) const VENDOR: Vendor = Vendor::CallGear;

/// The headers that go along with a kept answer.
const KEPT: [&str; 2] = ["content-type", "x-total-count"];

struct Front {
    sandbox: String,
    http: reqwest::Client,
    kept: RwLock<Kept>,
}

#[derive(Default)]
struct Kept {
    /// By path and query.
    answers: HashMap<String, (HeaderMap, Bytes)>,
    /// What the sandbox itself let in.
    authorized: HashSet<HeaderValue>,
}

/// Serves until the process is ended; prints what is needed to connect as one line of JSON.
pub(crate) async fn serve(calls: u32, seed: u64) -> Result<()> {
    let sandbox = Sandbox::start(SandboxConfig {
        seed,
        calls_per_vendor: calls,
        ..SandboxConfig::default()
    })
    .await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let connection = sandbox
        .world()
        .credentials(&url)
        .get(VENDOR.key())
        .and_then(|known| known.get("connection"))
        .cloned()
        .context("the sandbox has no credentials")?;
    #[expect(clippy::print_stdout, reason = "the starting process reads it")]
    {
        println!("{}", json!({"url": url, "connection": connection}));
    }
    let front = Arc::new(Front {
        sandbox: sandbox.base_url(),
        http: reqwest::Client::builder().no_proxy().build()?,
        kept: RwLock::default(),
    });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let front = Arc::clone(&front);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&front), request));
            // A client that goes away is none of ours to mend.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    front: Arc<Front>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if let Some(kept) = front.kept(&request) {
        return Ok(kept);
    }
    Ok(front.ask(request).await.unwrap_or_else(|error| {
        let mut response = Response::new(Full::from(error.to_string()));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    }))
}

impl Front {
    fn kept(&self, request: &Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        if request.method() != Method::GET {
            return None;
        }
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let authorization = request.headers().get(header::AUTHORIZATION)?;
        if !kept.authorized.contains(authorization) {
            return None;
        }
        let path = request.uri().path_and_query()?.as_str();
        let (headers, body) = kept.answers.get(path)?;
        let mut response = Response::new(Full::new(body.clone()));
        *response.headers_mut() = headers.clone();
        Some(response)
    }

    /// Asks the sandbox, and keeps a good answer to a reading request.
    async fn ask(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = parts.headers.clone();
        headers.remove(header::HOST);
        // Whoever gets it again may understand no compression.
        headers.remove(header::ACCEPT_ENCODING);
        let answer = self
            .http
            .request(parts.method.clone(), format!("{}{path}", self.sandbox))
            .headers(headers)
            .body(body.collect().await?.to_bytes())
            .send()
            .await?;
        let status = answer.status();
        let headers: HeaderMap = KEPT
            .iter()
            .filter_map(|name| {
                let value = answer.headers().get(*name)?.clone();
                Some((http::HeaderName::from_static(name), value))
            })
            .collect();
        let body = answer.bytes().await?;
        if parts.method == Method::GET && status.is_success() {
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            kept.answers
                .insert(path.to_owned(), (headers.clone(), body.clone()));
            if let Some(authorization) = parts.headers.get(header::AUTHORIZATION) {
                kept.authorized.insert(authorization.clone());
            }
        }
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// How a running vendor is reached.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// The body that `POST /v1/connections` takes, but for the name.
    pub(crate) connection: Value,
    /// Where the vendor's own API begins.
    pub(crate) base_url: String,
    pub(crate) username: String,
    pub(crate) password: String,
}

impl Account {
    /// Reads the line that a vendor prints.
    pub(crate) fn read(line: &str) -> Result<Self> {
        let told: Value = serde_json::from_str(line).context("the vendor did not start")?;
        let text = |pointer: &str| {
            let found = told.pointer(pointer).and_then(Value::as_str);
            found
                .map(str::to_owned)
                .with_context(|| format!("{pointer} in what the vendor tells"))
        };
        let connection = told.get("connection").cloned().unwrap_or_default();
        Ok(Self {
            base_url: text("/connection/settings/base_url")?,
            username: text("/connection/credentials/username")?,
            password: text("/connection/credentials/password")?,
            connection,
        })
    }

    /// A token, as any client of the vendor gets one.
    pub(crate) async fn token(&self, http: &reqwest::Client) -> Result<String> {
        let answer = http
            .post(format!("{}/api-login", self.base_url))
            .json(&json!({"username": self.username, "password": self.password}))
            .send()
            .await?;
        ensure!(answer.status().is_success(), "login: {}", answer.status());
        let told: Value = answer.json().await?;
        let token = told.get("access_token").and_then(Value::as_str);
        Ok(token.context("a login without a token")?.to_owned())
    }

    /// How many results the vendor has: the records of a sync.
    pub(crate) async fn results(&self, http: &reqwest::Client) -> Result<u64> {
        let token = self.token(http).await?;
        let answer = http
            .get(format!("{}/scenario_result?_start=0&_end=1", self.base_url))
            .bearer_auth(token)
            .send()
            .await?;
        let total = answer.headers().get("x-total-count");
        let total = total.context("a list without a total")?.to_str()?;
        Ok(total.parse()?)
    }

    /// The ids of all results, ascending.
    pub(crate) async fn ids(&self, http: &reqwest::Client) -> Result<Vec<u64>> {
        const ROWS: u64 = 100;
        let token = self.token(http).await?;
        let mut ids = Vec::new();
        for start in (0..).step_by(100) {
            let url = format!(
                "{}/scenario_result?_sort=id&_order=asc&_start={start}&_end={}",
                self.base_url,
                start + ROWS
            );
            let answer = http.get(url).bearer_auth(&token).send().await?;
            let rows: Vec<Value> = answer.error_for_status()?.json().await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let id = row.get("id").and_then(Value::as_u64);
                ids.push(id.context("a result without an id")?);
            }
        }
        ids.sort_unstable();
        Ok(ids)
    }
}
