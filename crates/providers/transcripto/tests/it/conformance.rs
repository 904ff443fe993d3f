//! The suite that every vendor passes, over the sandbox.

use std::sync::Arc;

use callweave_model::SystemClock;
use callweave_provider::{Change, Walk, manifest::RateBudget};
use callweave_provider_http::{ConnectionScope, HttpTransport, TransportConfig, egress::Guard};
use callweave_provider_testkit::conformance::{self, Case};
use callweave_provider_transcripto::TranscriptoFactory;
use callweave_sandbox::Vendor;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::live::Live;

#[tokio::test]
async fn the_adapter_passes_the_suite() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 30).await;
    let credentials =
        live.sandbox.world().credentials(&live.sandbox.base_url())["transcripto"].clone();
    let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
    let base_url = live.sandbox.vendor_url(Vendor::Transcripto);
    let pull = live.provider.pull().unwrap();
    let streams = pull.streams(&live.caller.context()).await.unwrap();
    let page = pull
        .page(&live.caller.context(), &streams[0], Walk::Full, None)
        .await
        .unwrap();
    let Some(Change::Seen { record, hint, .. }) = page.changes.into_iter().next() else {
        panic!("no call is listed");
    };
    let token = live.caller.access_token.clone().unwrap();
    let url = base_url.clone();
    let case = Case::new(
        json!({"base_url": base_url}),
        &[("access_token", &text("token"))],
        &base_url,
        move || {
            let guard = Guard::new(["127.0.0.0/8".parse().unwrap()]);
            let config = TransportConfig::default();
            let transport = HttpTransport::new(config, guard, Arc::new(SystemClock)).unwrap();
            transport.for_connection(ConnectionScope {
                vendor: "transcripto",
                connection: "one".to_owned(),
                base_url: Some(url.clone()),
                rate_budget: RateBudget {
                    requests_per_second: 10_000,
                    concurrency: 8,
                },
                limits: None,
            })
        },
    )
    .with_access_token(token.expose_secret())
    .at(live.caller.now)
    .with_record(record, hint);
    conformance::run(&TranscriptoFactory, case).await;
}
