//! A client of our own REST API, as any other would be one.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

/// How long an answer may take: connecting an account asks the vendor.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client with the demo's key. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base_url: String,
    key: SecretString,
}

/// What the API answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// The status.
    pub(super) status: StatusCode,
    /// The body.
    pub(super) body: Value,
}

impl Answer {
    /// The body of a success; the problem's words otherwise.
    pub(super) fn good(self) -> anyhow::Result<Value> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        let member = |name: &str| {
            let text = self.body.get(name).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        anyhow::bail!("{} {}: {}", self.status, member("code"), member("detail"))
    }
}

impl Client {
    /// A client of the gateway at this address.
    pub(super) fn new(base_url: &str, key: SecretString) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .context("start the HTTP client of the demo")?;
        Ok(Self {
            http,
            base_url: base_url.to_owned(),
            key,
        })
    }

    /// Sends a request.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.base_url))
            .bearer_auth(self.key.expose_secret());
        if let Some(body) = body {
            request = request.json(body);
        }
        let sent = async {
            let response = request.send().await?;
            let status = response.status();
            let bytes = response.bytes().await?;
            Ok::<_, reqwest::Error>((status, bytes))
        };
        let (status, bytes) = sent
            .await
            .map_err(reqwest::Error::without_url)
            .with_context(|| format!("{method} {path}"))?;
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).with_context(|| format!("read {method} {path}"))?
        };
        Ok(Answer { status, body })
    }
}
