use callweave_model::AnalyzedCall;
use callweave_provider::RecordRef;
use callweave_provider_testkit::{
    CannedClient,
    conformance::{self, Case},
    fake::{FakeFactory, Listing},
};
use serde_json::json;

fn case() -> Case {
    Case::new(
        json!({"account": "main"}),
        &[("password", "correct-canary")],
        "https://fake.example",
        || CannedClient::new().shared(),
    )
    .with_record(RecordRef::new("call", "1"), None)
}

#[tokio::test]
async fn the_fake_vendor_passes_the_suite() {
    let factory = FakeFactory::without_tokens();
    let vendor = factory.main();
    vendor.tokens(|tokens| tokens.password = "correct-canary".to_owned());
    vendor.put(AnalyzedCall::new("1"));
    vendor.put_ids(["2", "3"]);
    vendor.set_page_size(2);
    for listing in [Listing::Whole, Listing::Fingerprints] {
        vendor.set_listing(listing);
        conformance::run(&factory, case()).await;
    }
}

#[tokio::test]
#[should_panic(expected = "too short to look for")]
async fn a_secret_that_cannot_be_looked_for_is_refused() {
    let case = Case::new(
        json!({}),
        &[("password", "short")],
        "https://fake.example",
        || CannedClient::new().shared(),
    );
    conformance::run(&FakeFactory::without_tokens(), case).await;
}
