//! A provider over scripted answers.

use std::sync::Arc;

use callweave_model::{Analysis, AnalyzedCall};
use callweave_provider::{
    Change, Provider, ProviderFactory, RecordRef, Settings, change::Upsert, listing::ListQuery,
};
use callweave_provider_testkit::{Caller, CannedClient, Fixtures, answers};
use callweave_provider_transcripto::TranscriptoFactory;
use serde_json::{Value, json};

pub(crate) const CODE: &str = "10000000-0000-4000-8000-000000000001";
pub(crate) const LIST_PATH: &str = "/tasks/filter";
pub(crate) const TASK_PATH: &str = "/gettask";
pub(crate) const ANALYSIS_PATH: &str =
    "/api/calls_analysis_v2/10000000-0000-4000-8000-000000000001";
pub(crate) const ANSWERS_PATH: &str = "/checklist/answer/12345";

pub(crate) fn fixtures() -> Fixtures {
    Fixtures::of(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn provider(client: &CannedClient) -> Arc<dyn Provider> {
    let settings = json!({"base_url": "https://tr.example", "language": "en"});
    let members = settings.as_object().unwrap().clone();
    TranscriptoFactory
        .build(Settings(members), client.shared())
        .unwrap()
}

/// A provider with another time zone than UTC.
pub(crate) fn provider_in(client: &CannedClient, timezone: &str) -> Arc<dyn Provider> {
    let settings = json!({"base_url": "https://tr.example", "timezone": timezone});
    let members = settings.as_object().unwrap().clone();
    TranscriptoFactory
        .build(Settings(members), client.shared())
        .unwrap()
}

/// An answer of the vendor's that refuses.
pub(crate) fn refused(code: i64) -> Value {
    json!({"success": false, "error_code": code, "error_message": "no"})
}

/// A list as it is asked for.
pub(crate) fn list(limit: u32) -> ListQuery {
    ListQuery {
        limit,
        ..ListQuery::default()
    }
}

pub(crate) fn caller() -> Caller {
    Caller::new(&[("access_token", "access")]).with_token("access")
}

pub(crate) fn record() -> RecordRef {
    RecordRef::new("task", CODE)
}

/// A task with all that belongs to it.
pub(crate) struct Case {
    pub(crate) row: Value,
    pub(crate) task: Value,
    pub(crate) analysis: Value,
    pub(crate) answers: Value,
}

impl Case {
    pub(crate) fn documented() -> Self {
        Self {
            row: fixtures().json("task_row.json"),
            task: fixtures().json("task_completed.json"),
            analysis: fixtures().json("analysis_full.json"),
            answers: fixtures().json("answers.json"),
        }
    }

    pub(crate) fn client(&self) -> CannedClient {
        CannedClient::new()
            .always("GET", TASK_PATH, answers::ok(&self.task))
            .always("GET", ANALYSIS_PATH, answers::ok(&self.analysis))
            .always("GET", ANSWERS_PATH, answers::ok(&self.answers))
    }

    pub(crate) async fn change(&self, now: &str) -> Change {
        let provider = provider(&self.client());
        let caller = caller().at(now);
        let lookup = provider.lookup().unwrap();
        lookup
            .fetch(&caller.context(), &record(), Some(&self.row))
            .await
            .unwrap()
    }

    pub(crate) async fn upsert(&self) -> Upsert {
        match self.change("2026-03-05T00:00:00Z").await {
            Change::Upsert(upsert) => *upsert,
            other => panic!("no upsert: {other:?}"),
        }
    }

    pub(crate) async fn call(&self) -> AnalyzedCall {
        self.upsert().await.call
    }

    pub(crate) async fn run(&self) -> Analysis {
        self.call().await.analyses.remove(0)
    }
}
