//! What all tests share.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic, in its helpers too"
)]

use callweave_sandbox::{Sandbox, SandboxConfig, Vendor};
use jiff::Timestamp;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

/// A small sandbox with fixed times on a free port.
pub(crate) async fn start() -> Sandbox {
    start_with(SandboxConfig {
        calls_per_vendor: 40,
        ..SandboxConfig::default()
    })
    .await
}

/// A sandbox with fixed times on a free port.
pub(crate) async fn start_with(config: SandboxConfig) -> Sandbox {
    let epoch = Some(Timestamp::from_second(1_770_000_000).unwrap());
    Sandbox::start(SandboxConfig { epoch, ..config })
        .await
        .unwrap()
}

/// A client that follows no redirect.
pub(crate) fn client() -> Client {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

/// The JSON behind this URL.
pub(crate) async fn get_json(url: String) -> Value {
    client()
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

/// Sets options through the control surface.
pub(crate) async fn set_options(sandbox: &Sandbox, options: Value) {
    let url = format!("{}/control/options", sandbox.base_url());
    let answer = client().post(url).json(&options).send().await.unwrap();
    assert_eq!(
        answer.status(),
        StatusCode::OK,
        "{}",
        answer.text().await.unwrap()
    );
}

/// A logged-in customer of CallGear.
pub(crate) struct Callgear {
    pub(crate) client: Client,
    pub(crate) base: String,
    pub(crate) token: String,
}

impl Callgear {
    /// Logs in.
    pub(crate) async fn log_in(sandbox: &Sandbox) -> Self {
        let base = format!("{}/api/v1.0", sandbox.vendor_url(Vendor::CallGear));
        let account = sandbox.world().credentials("")["callgear"].clone();
        let body = json!({"username": account["username"], "password": account["password"]});
        let client = client();
        let answer = client
            .post(format!("{base}/api-login"))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let answer: Value = answer.json().await.unwrap();
        let token = answer["access_token"].as_str().unwrap().to_owned();
        Self {
            client,
            base,
            token,
        }
    }

    /// Sends a request with the token.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// The JSON of a path that must answer 200.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, None).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    /// The status and the JSON of a path.
    pub(crate) async fn try_get(&self, path: &str) -> (StatusCode, Value) {
        let answer = self.send(Method::GET, path, None).await;
        (answer.status(), answer.json().await.unwrap())
    }
}

/// The ids in a list.
pub(crate) fn ids(list: &Value) -> Vec<i64> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_i64().unwrap())
        .collect()
}
