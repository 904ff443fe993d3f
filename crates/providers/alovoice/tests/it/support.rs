//! What the tests of this crate share.

use std::sync::Arc;

use callweave_provider::{
    Change, HttpClient, Provider, ProviderFactory as _, RecordRef, Settings, change::Upsert,
};
use callweave_provider_alovoice::AloVoiceFactory;
use callweave_provider_testkit::{Caller, CannedClient, Fixtures, answers};
use serde_json::{Value, json};

/// An invented token with a character that must be encoded.
pub(crate) const TOKEN: &str = "invented/token+77";
/// The token as it stands in a path.
pub(crate) const TOKEN_SEGMENT: &str = "invented%2Ftoken%2B77";
/// A call id of a telephone exchange.
pub(crate) const CALL: &str = "1772443200.17";

/// The fixtures of this crate.
pub(crate) fn fixtures() -> Fixtures {
    Fixtures::of(env!("CARGO_MANIFEST_DIR"))
}

/// A caller with the token.
pub(crate) fn caller() -> Caller {
    Caller::new(&[("token", TOKEN)])
}

/// The path of a call's result.
pub(crate) fn path(call: &str) -> String {
    format!("/callgetairesult/{TOKEN_SEGMENT}/{call}")
}

/// A provider with settings.
pub(crate) fn provider_with(http: Arc<dyn HttpClient>, more: &Value) -> Arc<dyn Provider> {
    let mut members = serde_json::Map::new();
    members.insert("base_url".into(), json!("https://vendor.example"));
    members.extend(more.as_object().cloned().unwrap_or_default());
    AloVoiceFactory.build(Settings(members), http).unwrap()
}

/// A provider over canned answers.
pub(crate) fn provider(client: &CannedClient) -> Arc<dyn Provider> {
    provider_with(client.shared(), &json!({}))
}

/// A record of a call.
pub(crate) fn record(call: &str) -> RecordRef {
    RecordRef::new("call", call)
}

/// What the answer means for a call.
pub(crate) async fn change(
    call: &str,
    answer: callweave_provider::http_client::Answer,
) -> callweave_provider::Result<Change> {
    let client = CannedClient::new().on("GET", &path(call), answer);
    let provider = provider(&client);
    let lookup = provider.lookup().unwrap();
    lookup.fetch(&caller().context(), &record(call), None).await
}

/// The translation of a document that is a result.
pub(crate) async fn upsert(body: &Value) -> Upsert {
    match change(CALL, answers::ok(body)).await.unwrap() {
        Change::Upsert(upsert) => *upsert,
        other => unreachable!("{other:?}"),
    }
}
