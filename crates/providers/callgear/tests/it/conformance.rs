//! The suite that every vendor passes, over the sandbox.

use callweave_provider::{Change, ErrorKind, Walk};
use callweave_provider_callgear::CallGearFactory;
use callweave_provider_testkit::{
    conformance::{self, Action, Case, Class, Expected},
    live::{Live, client},
};
use callweave_sandbox::Vendor;
use secrecy::ExposeSecret as _;
use serde_json::json;

#[tokio::test]
async fn the_adapter_passes_the_suite() {
    let live = Live::start(Vendor::CallGear, &CallGearFactory, 30).await;
    let account = live.sandbox.world().credentials("")["callgear"].clone();
    let text = |name: &str| account[name].as_str().unwrap().to_owned();
    let pull = live.provider.pull().unwrap();
    let streams = pull.streams(&live.caller.context()).await.unwrap();
    let page = pull
        .page(&live.caller.context(), &streams[0], Walk::Full, None)
        .await
        .unwrap();
    let Some(Change::Seen { record, hint, .. }) = page.changes.into_iter().next() else {
        panic!("no result is listed");
    };
    let token = live.caller.access_token.clone().unwrap();
    let url = live.base_url.clone();
    let case = Case::new(
        json!({"base_url": live.base_url}),
        &[
            ("username", &text("username")),
            ("password", &text("password")),
        ],
        &live.base_url,
        move || client("callgear", &url),
    )
    .with_access_token(token.expose_secret())
    .at(live.caller.now)
    .with_record(record, hint)
    // The vendor answers deletions with 204; a check it never does.
    .expects(
        Action::Check,
        Class::NoContent,
        Expected::Kind(ErrorKind::NotFound),
    );
    conformance::run(&CallGearFactory, case).await;
}
