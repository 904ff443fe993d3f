//! The suite that every vendor passes, over the sandbox.

use std::sync::Arc;

use callweave_model::{SystemClock, Timestamp};
use callweave_provider::{
    HttpClient, ProviderFactory as _, RecordRef, Settings, manifest::RateBudget,
};
use callweave_provider_alovoice::AloVoiceFactory;
use callweave_provider_http::{ConnectionScope, HttpTransport, TransportConfig, egress::Guard};
use callweave_provider_testkit::conformance::{self, Action, Case, Class, Expected};
use callweave_sandbox::{Sandbox, SandboxConfig, Vendor};
use serde_json::json;

fn client(base_url: &str) -> Arc<dyn HttpClient> {
    let guard = Guard::new(["127.0.0.0/8".parse().unwrap()]);
    let config = TransportConfig::default();
    let transport = HttpTransport::new(config, guard, Arc::new(SystemClock)).unwrap();
    transport.for_connection(ConnectionScope {
        vendor: "alovoice",
        connection: "one".to_owned(),
        base_url: Some(base_url.to_owned()),
        rate_budget: RateBudget {
            requests_per_second: 10_000,
            concurrency: 8,
        },
        limits: None,
    })
}

#[tokio::test]
async fn the_adapter_passes_the_suite() {
    let config = SandboxConfig {
        calls_per_vendor: 30,
        ..SandboxConfig::default()
    };
    let sandbox = Sandbox::start(config).await.unwrap();
    let account = sandbox.world().credentials(&sandbox.base_url())["alovoice"].clone();
    let text = |name: &str| account[name].as_str().unwrap().to_owned();
    let now = Timestamp::from_jiff(sandbox.world().now());
    let base_url = sandbox.vendor_url(Vendor::AloVoice);
    let token = text("token");
    let settings = json!({"base_url": base_url});
    let ledger = sandbox.world().ledger_page(Vendor::AloVoice, 0, 500);
    let ready = ledger
        .entries
        .iter()
        .find(|entry| entry.kind == "call" && entry.facts["state"] == "ready");
    let id = ready.unwrap().id.clone();
    let provider = AloVoiceFactory
        .build(
            Settings(settings.as_object().unwrap().clone()),
            client(&base_url),
        )
        .unwrap();
    let record = RecordRef::new(provider.lookup().unwrap().call_record_kind(), id);
    let url = base_url.clone();
    let mut case = Case::new(settings, &[("token", &token)], &base_url, move || {
        client(&url)
    })
    .at(now)
    .with_record(record, None);
    // No error is documented: an answer without a result means that the call is not there yet,
    // and a check needs no more than an answer that is let in.
    for action in [Action::Check, Action::Fetch] {
        for class in [Class::NoContent, Class::OtherShape] {
            case = case.expects(action, class, Expected::Anything);
        }
    }
    conformance::run(&AloVoiceFactory, case).await;
}
