//! A provider over scripted answers.

use std::sync::Arc;

use callweave_provider::{Change, Provider, ProviderFactory, RecordRef, Settings, change::Upsert};
use callweave_provider_neuro::NeuroFactory;
use callweave_provider_testkit::{Caller, CannedClient, Fixtures};
use serde_json::{Value, json};

pub(crate) const AGENT: &str = "a0000000-0000-4000-8000-000000000001";
pub(crate) const CALL: &str = "c0000000-0000-4000-8000-000000000001";
pub(crate) const DIALOG: &str = "d0000000-0000-4000-8000-000000000001";
pub(crate) const STREAM: &str = "agent:a0000000-0000-4000-8000-000000000001";

pub(crate) const AGENTS_PATH: &str = "/api/v2/ext/company-agents";
pub(crate) const REPORT_PATH: &str = "/api/v2/ext/statistic/dialog-report";
pub(crate) const STATISTIC_PATH: &str = "/api/v2/ext/statistic/dialog";
pub(crate) const LOG_PATH: &str =
    "/api/v2/ext/statistic/c0000000-0000-4000-8000-000000000001/transcription";

pub(crate) fn fixtures() -> Fixtures {
    Fixtures::of(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn provider(client: &CannedClient, more: &Value) -> Arc<dyn Provider> {
    let mut settings = json!({
        "base_url": "https://neuro.example",
        "company_uuid": "f0000000-0000-4000-8000-000000000001",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        settings[name] = value.clone();
    }
    let members = settings.as_object().unwrap().clone();
    NeuroFactory
        .build(Settings(members), client.shared())
        .unwrap()
}

pub(crate) fn caller() -> Caller {
    Caller::new(&[("login", "anna"), ("password", "pass")]).with_token("access")
}

pub(crate) fn hint(rows: &Value) -> Value {
    json!({"agent_uuid": AGENT, "agent_name": "Reminder", "result": rows})
}

pub(crate) async fn fetch(
    client: &CannedClient,
    more: &Value,
    record: &RecordRef,
    hint: Option<&Value>,
) -> callweave_provider::Result<Change> {
    let provider = provider(client, more);
    let caller = caller();
    provider
        .lookup()
        .unwrap()
        .fetch(&caller.context(), record, hint)
        .await
}

pub(crate) fn upsert(change: Change) -> Upsert {
    match change {
        Change::Upsert(upsert) => *upsert,
        other => panic!("no upsert: {other:?}"),
    }
}
