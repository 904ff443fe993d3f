//! The suite that every vendor passes, over the sandbox.

use std::sync::Arc;

use callweave_model::{SystemClock, Timestamp};
use callweave_provider::{
    Change, ErrorKind, HttpClient, ProviderFactory as _, Settings, Walk, manifest::RateBudget,
};
use callweave_provider_callgear::CallGearFactory;
use callweave_provider_http::{ConnectionScope, HttpTransport, TransportConfig, egress::Guard};
use callweave_provider_testkit::{
    Caller,
    conformance::{self, Action, Case, Class, Expected},
};
use callweave_sandbox::{Sandbox, SandboxConfig, Vendor};
use secrecy::ExposeSecret as _;
use serde_json::json;

fn client(base_url: &str) -> Arc<dyn HttpClient> {
    let guard = Guard::new(["127.0.0.0/8".parse().unwrap()]);
    let config = TransportConfig::default();
    let transport = HttpTransport::new(config, guard, Arc::new(SystemClock)).unwrap();
    transport.for_connection(ConnectionScope {
        vendor: "callgear",
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
    let account = sandbox.world().credentials(&sandbox.base_url())["callgear"].clone();
    let text = |name: &str| account[name].as_str().unwrap().to_owned();
    let now = Timestamp::from_jiff(sandbox.world().now());
    let base_url = format!(
        "{}{}",
        sandbox.vendor_url(Vendor::CallGear),
        text("api_path")
    );
    let (username, password) = (text("username"), text("password"));
    let credentials = [
        ("username", username.as_str()),
        ("password", password.as_str()),
    ];
    let settings = json!({"base_url": base_url});
    let provider = CallGearFactory
        .build(
            Settings(settings.as_object().unwrap().clone()),
            client(&base_url),
        )
        .unwrap();
    let mut caller = Caller::new(&credentials);
    caller.now = now;
    let grant = provider
        .token_grant()
        .unwrap()
        .login(&caller.context())
        .await
        .unwrap();
    let token = grant.access_token.expose_secret().to_owned();
    caller.access_token = Some(grant.access_token);
    let pull = provider.pull().unwrap();
    let streams = pull.streams(&caller.context()).await.unwrap();
    let page = pull
        .page(&caller.context(), &streams[0], Walk::Full, None)
        .await
        .unwrap();
    let listed = page.changes.into_iter().find_map(|change| match change {
        Change::Seen { record, hint, .. } => Some((record, hint)),
        Change::Upsert(upsert) => Some((upsert.record, None)),
        _ => None,
    });
    let (record, hint) = listed.unwrap();
    let url = base_url.clone();
    let case = Case::new(settings, &credentials, &base_url, move || client(&url))
        .with_access_token(&token)
        .at(now)
        .with_record(record, hint)
        // The vendor answers deletions with 204; a check it never does.
        .expects(
            Action::Check,
            Class::NoContent,
            Expected::Kind(ErrorKind::NotFound),
        );
    conformance::run(&CallGearFactory, case).await;
}
