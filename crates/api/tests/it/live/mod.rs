//! What vendors own, served live.

mod account;
mod call_documents;
mod evaluations;
mod failures;
mod pages;
mod passthrough;
mod reports;
mod rubrics;
mod taxonomies;
mod voice_agents;

use callweave_api::ApiOptions;
use callweave_model::ConnectionId;
use callweave_provider_testkit::fake::{FakeVendor, STATIC_VENDOR};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Gateway};

/// A gateway with a connection to the fake vendor.
pub(super) struct Setup {
    pub(super) gateway: Gateway,
    pub(super) vendor: FakeVendor,
    pub(super) id: ConnectionId,
}

impl Setup {
    pub(super) async fn new() -> Self {
        Self::over(Gateway::start().await).await
    }

    /// The same with options of its own.
    pub(super) async fn with(options: ApiOptions) -> Self {
        Self::over(Gateway::start_with(options).await).await
    }

    async fn over(gateway: Gateway) -> Self {
        let id = gateway.connect("main").await;
        let vendor = gateway.vendor.main();
        Self {
            gateway,
            vendor,
            id,
        }
    }

    /// The address of something below the connection.
    pub(super) fn at(&self, path: &str) -> String {
        format!("/v1/connections/{}/{path}", self.id)
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.gateway.get(&self.at(path)).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.gateway.post(&self.at(path), body).await
    }

    pub(super) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.gateway.patch(&self.at(path), body).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.gateway.delete(&self.at(path)).await
    }

    /// A POST without a body.
    pub(super) async fn act(&self, path: &str) -> Answer {
        self.gateway
            .send(Method::POST, &self.at(path), None, &[])
            .await
    }

    /// The vendor's ids of a list.
    pub(super) async fn ids(&self, path: &str) -> Vec<String> {
        remote_ids(&self.get(path).await)
    }
}

pub(super) fn remote_ids(answer: &Answer) -> Vec<String> {
    let list = answer.json();
    assert_eq!(answer.status, 200, "{list}");
    let items = list["data"].as_array().unwrap().iter();
    items
        .map(|item| item["remote_id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn what_a_vendor_cannot_do_is_said_before_the_body_is_read() {
    let setup = Setup::new().await;
    let body = json!({
        "vendor": STATIC_VENDOR, "name": "plain", "credentials": {"password": "correct"},
    });
    let plain = setup.gateway.post("/v1/connections", &body).await.json();
    let plain = plain["id"].as_str().unwrap();
    for (method, path, capability) in [
        (Method::GET, "rubrics", "rubrics"),
        (Method::POST, "rubrics", "rubrics"),
        (Method::GET, "tags", "taxonomy.tags"),
        (Method::POST, "saved-searches", "taxonomy.saved_searches"),
        (Method::GET, "categories/1", "taxonomy.categories"),
        (Method::DELETE, "folders/1", "taxonomy.folders"),
        (Method::GET, "voice-agents", "agents"),
        (Method::POST, "voice-agents/1/inputs/bulk", "agents"),
        (Method::DELETE, "voice-agents/1/queue", "dialogs"),
        (Method::GET, "reports/1", "reports"),
        (Method::PUT, "evaluations/1", "evaluations"),
        (Method::GET, "usage", "account"),
        (Method::POST, "rpc", "account"),
        (Method::PATCH, "passthrough/x", "passthrough"),
    ] {
        let path = format!("/v1/connections/{plain}/{path}");
        let nonsense = json!([]);
        let body = (method != Method::GET).then_some(&nonsense);
        let answer = setup.gateway.send(method, &path, body, &[]).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (501, "gateway.capability_not_supported"),
            "{path}"
        );
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(&format!("`{capability}`")), "{detail}");
    }
}

#[tokio::test]
async fn live_answers_are_nobodys_to_keep() {
    let setup = Setup::new().await;
    let answer = setup.get("rubrics").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("etag"), "");
    assert_eq!(
        answer.json(),
        json!({"data": [], "next_cursor": null, "total": 0})
    );
}

#[tokio::test]
async fn a_paused_connection_asks_its_vendor_nothing() {
    let setup = Setup::new().await;
    setup.act("pause").await;
    let before = setup.vendor.count("FK-09");
    let answer = setup.get("rubrics").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (409, "gateway.conflict")
    );
    assert_eq!(setup.vendor.count("FK-09"), before);
    setup.act("resume").await;
    assert_eq!(setup.get("rubrics").await.status, 200);
}
