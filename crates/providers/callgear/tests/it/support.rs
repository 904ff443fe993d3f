//! What the tests of this crate share.

use std::sync::Arc;

use callweave_model::AnalyzedCall;
use callweave_provider::{
    Change, HttpClient, Provider, ProviderFactory as _, RecordRef, Settings,
    change::Upsert,
    listing::{ListQuery, Listing},
};
use callweave_provider_callgear::CallGearFactory;
use callweave_provider_testkit::{Caller, CannedClient, Fixtures};
use serde_json::{Value, json};

/// Where the canned vendor is.
pub(crate) const BASE: &str = "https://vendor.example/api/v1.0";

/// The fixtures of this crate.
pub(crate) fn fixtures() -> Fixtures {
    Fixtures::of(env!("CARGO_MANIFEST_DIR"))
}

/// A caller with a token.
pub(crate) fn caller() -> Caller {
    Caller::new(&[("username", "anna"), ("password", "not-a-real-one")]).with_token("token-1")
}

/// A provider with further settings over the canned base URL.
pub(crate) fn provider_with(http: Arc<dyn HttpClient>, more: &Value) -> Arc<dyn Provider> {
    let mut members = serde_json::Map::new();
    members.insert("base_url".into(), json!(BASE));
    members.extend(more.as_object().cloned().unwrap_or_default());
    CallGearFactory.build(Settings(members), http).unwrap()
}

/// A provider over canned answers.
pub(crate) fn provider(client: &CannedClient) -> Arc<dyn Provider> {
    provider_with(client.shared(), &json!({}))
}

/// The record of a result.
pub(crate) fn result(id: &str) -> RecordRef {
    RecordRef::new("scenario_result", id)
}

/// Fetches a result.
pub(crate) async fn fetch(client: &CannedClient, id: &str) -> Change {
    let provider = provider(client);
    let caller = caller();
    let lookup = provider.lookup().unwrap();
    lookup
        .fetch(&caller.context(), &result(id), None)
        .await
        .unwrap()
}

/// Fetches a result that must be translated.
pub(crate) async fn upsert(client: &CannedClient, id: &str) -> Upsert {
    match fetch(client, id).await {
        Change::Upsert(upsert) => *upsert,
        other => panic!("{other:?}"),
    }
}

/// The one analysis of a call.
pub(crate) fn analysis(call: &AnalyzedCall) -> &callweave_model::Analysis {
    assert_eq!(call.analyses.len(), 1);
    &call.analyses[0]
}

/// What is asked of a list.
pub(crate) fn query(limit: u32, position: Option<String>) -> ListQuery {
    ListQuery {
        limit,
        position,
        search: None,
    }
}

/// All entries of a list, page by page.
pub(crate) async fn page_through<T>(
    mut page: impl AsyncFnMut(Option<String>) -> Listing<T>,
) -> Vec<T> {
    let (mut items, mut position) = (Vec::new(), None);
    for _ in 0..2_000 {
        let listing = page(position).await;
        items.extend(listing.items);
        match listing.next {
            Some(next) => position = Some(next),
            None => return items,
        }
    }
    panic!("the list does not end");
}
