//! The suite that every vendor passes, over the sandbox.

use callweave_provider::{Change, Walk};
use callweave_provider_testkit::{
    conformance::{self, Case},
    live::{Live, client},
};
use callweave_provider_transcripto::TranscriptoFactory;
use callweave_sandbox::Vendor;
use secrecy::ExposeSecret as _;
use serde_json::json;

#[tokio::test]
async fn the_adapter_passes_the_suite() {
    let live = Live::start(Vendor::Transcripto, &TranscriptoFactory, 30).await;
    let credentials =
        live.sandbox.world().credentials(&live.sandbox.base_url())["transcripto"].clone();
    let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
    let base_url = live.base_url.clone();
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
        move || client("transcripto", &url),
    )
    .with_access_token(token.expose_secret())
    .at(live.caller.now)
    .with_record(record, hint);
    conformance::run(&TranscriptoFactory, case).await;
}
