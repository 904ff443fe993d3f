//! The suite that every vendor passes, over the sandbox.

use callweave_provider::RecordRef;
use callweave_provider_alovoice::AloVoiceFactory;
use callweave_provider_testkit::{
    conformance::{self, Action, Case, Class, Expected},
    live::{Live, client},
};
use callweave_sandbox::Vendor;
use serde_json::json;

#[tokio::test]
async fn the_adapter_passes_the_suite() {
    let live = Live::start(Vendor::AloVoice, &AloVoiceFactory, 30).await;
    let account = live.sandbox.world().credentials(&live.sandbox.base_url())["alovoice"].clone();
    let token = account["token"].as_str().unwrap();
    let calls = live.ledger(Vendor::AloVoice, "call");
    let ready = calls.iter().find(|(_, facts)| facts["state"] == "ready");
    let id = ready.unwrap().0.clone();
    let record = RecordRef::new(live.provider.lookup().unwrap().call_record_kind(), id);
    let base_url = live.base_url.clone();
    let url = base_url.clone();
    let settings = json!({"base_url": base_url});
    let mut case = Case::new(settings, &[("token", token)], &base_url, move || {
        client("alovoice", &url)
    })
    .at(live.caller.now)
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
