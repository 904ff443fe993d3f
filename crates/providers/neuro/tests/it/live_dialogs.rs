//! Dialogs in the sandbox over real HTTP: from their start through the queue to what came of them.

use std::{sync::Arc, time::Duration};

use callweave_model::{
    AnalyzedCall,
    enums::{ArtifactState, CallStatus},
    owned::DialogRequest,
};
use callweave_provider::{
    Change, ErrorKind, Provider, Walk,
    dialogs::{BatchProgress, DialogTarget, Dialogs, QueueKind, StartedDialog},
    listing::ListQuery,
    submit::Found,
};
use callweave_provider_neuro::NeuroFactory;
use callweave_provider_testkit::live::{Live, Stored};
use callweave_sandbox::{CallPatch, SandboxConfig, Vendor};
use serde_json::{Map, Value, json};

use crate::sandbox::assert_fits;

/// How long a dialog of these sandboxes waits before it is held and counted.
const WAIT_MS: i64 = 60_000;

struct Scene {
    live: Live,
    provider: Arc<dyn Provider>,
    agent: String,
}

impl Scene {
    async fn open() -> Self {
        let config = SandboxConfig {
            calls_per_vendor: 12,
            analysis_delay: Duration::from_mins(1),
            ..SandboxConfig::default()
        };
        let live = Live::open(Vendor::Neuro, &NeuroFactory, config, &Map::new()).await;
        let account = live.sandbox.world().credentials(&live.sandbox.base_url());
        let agent = account["neuro"]["agent_uuid"].as_str().unwrap().to_owned();
        Self {
            provider: Arc::clone(&live.provider),
            live,
            agent,
        }
    }

    fn dialogs(&self) -> &dyn Dialogs {
        self.provider.dialogs().unwrap()
    }

    fn target(&self) -> DialogTarget {
        DialogTarget {
            agent: self.agent.clone(),
            batch: None,
            campaign: None,
        }
    }

    async fn start(&self, phone: &str) -> StartedDialog {
        let context = self.live.caller.context();
        let (target, request) = (self.target(), request(phone));
        let started = self.dialogs().start(&context, &target, &request).await;
        started.unwrap()
    }

    /// How a dialog ends is drawn; a test decides it.
    fn succeed(&self, dialog: &str) {
        let patch = CallPatch {
            extra: Map::from_iter([("result".to_owned(), json!("success"))]),
            ..CallPatch::default()
        };
        let world = self.live.sandbox.world();
        assert!(world.change_record(Vendor::Neuro, dialog, patch));
    }

    async fn fetch(&self, dialog: &StartedDialog) -> Change {
        self.live.fetch(&dialog.record, dialog.hint.as_ref()).await
    }

    async fn find(&self, phone: &str, sent_at: callweave_model::Timestamp) -> Found<StartedDialog> {
        let context = self.live.caller.context();
        let (target, request) = (self.target(), request(phone));
        let dialogs = self.dialogs();
        let found = dialogs
            .find_dialog(&context, &target, &request, sent_at)
            .await;
        found.unwrap()
    }

    async fn waiting(&self) -> Vec<(String, Option<String>)> {
        let context = self.live.caller.context();
        let query = ListQuery::default();
        let kind = QueueKind::Dialogs;
        let page = self
            .dialogs()
            .queue(&context, &self.agent, kind, None, &query);
        let items = page.await.unwrap().items.into_iter();
        items
            .filter(|item| item.status != CallStatus::Completed)
            .map(|item| (item.remote_id, item.status_raw))
            .collect()
    }

    /// The call is whole: it fits the ledger, and its recording is sound.
    async fn assert_whole(&self, call: &AnalyzedCall) {
        let facts = &self.live.ledger(Vendor::Neuro, "dialog")[&call.remote_id];
        assert_eq!(facts["answered"], json!(true));
        assert_facts(&self.live, facts, call);
        assert_eq!(call.artifact_state("transcript"), ArtifactState::Ready);
        assert_eq!(call.artifact_state("recording"), ArtifactState::Ready);
        let source = self.provider.media().unwrap();
        let context = self.live.caller.context();
        let body = source.open(&context, &call.remote_id, &call.media[0]).await;
        assert_eq!(body.unwrap().content_type, "audio/wav");
    }
}

/// As a walk's calls, but for the agent's name, which a lookup by id does not ask for.
fn assert_facts(live: &Live, facts: &Value, call: &AnalyzedCall) {
    let mut named = call.clone();
    named.parties[0].name = Some("any".to_owned());
    assert_fits(live, &call.remote_id, facts, &named);
}

fn request(phone: &str) -> DialogRequest {
    serde_json::from_value(json!({
        "phone": phone, "script": "main_script", "inputs": {"name": "Anna Example", "visits": 3},
    }))
    .unwrap()
}

fn pending(change: Change) -> AnalyzedCall {
    match change {
        Change::NotReady {
            call: Some(call), ..
        } => *call,
        other => panic!("{other:?}"),
    }
}

fn held(change: Change) -> AnalyzedCall {
    match change {
        Change::Upsert(upsert) => {
            assert_eq!(upsert.unmapped, Vec::<String>::new());
            assert!(!upsert.unfinished);
            upsert.call
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_dialog_goes_through_the_queue_to_its_outcome() {
    let mut scene = Scene::open().await;
    for bare in [true, false] {
        scene.live.option("neuro_bare_dialog_uuid", json!(bare));
        scene.live.sandbox.world().clear_requests();
        let phone = if bare { "+99990001121" } else { "+99990001122" };
        let started = scene.start(phone).await;
        let id = started.record.remote_id.clone();
        let submission = &scene.live.ledger(Vendor::Neuro, "submission")[&id];
        assert_eq!(submission["agent_uuid"], json!(scene.agent));
        assert_eq!(
            submission["initial_entities"],
            json!({"msisdn": phone, "script_name": "main_script", "name": "Anna Example",
                   "visits": "3"})
        );
        let waiting = pending(scene.fetch(&started).await);
        assert!(matches!(
            waiting.status,
            CallStatus::Queued | CallStatus::InProgress
        ));
        assert_eq!(waiting.parties[1].phone.as_deref(), Some(phone));
        assert_eq!(
            waiting.parties[0].remote_id.as_deref(),
            Some(scene.agent.as_str())
        );
        assert_eq!(waiting.artifact_state("transcript"), ArtifactState::Pending);
        assert!(waiting.analyses.is_empty(), "nothing came of it yet");
        assert!(
            scene
                .waiting()
                .await
                .iter()
                .any(|(dialog, _)| *dialog == id)
        );
        scene.succeed(&id);
        scene
            .live
            .move_clock(if bare { 2 * WAIT_MS } else { 4 * WAIT_MS });
        let call = held(scene.fetch(&started).await);
        scene.assert_whole(&call).await;
        assert_eq!(
            call.attempts[0].remote_id.as_deref(),
            Some(call.media[0].remote_key.as_str())
        );
        // The walk meets the same call, and adds nothing but the agent's name.
        let mut stored = Stored::default();
        scene
            .live
            .take(&mut stored, scene.fetch(&started).await)
            .await;
        scene
            .live
            .walk(
                &mut stored,
                Walk::Incremental,
                &std::collections::BTreeMap::new(),
            )
            .await;
        let walked = &stored.calls[&id];
        assert!(walked.parties[0].name.is_some());
        assert_eq!(walked.attempts, call.attempts);
        assert_eq!(walked.transcript, call.transcript);
        assert_eq!(walked.media, call.media);
        assert_eq!(
            scene.live.asked(Vendor::Neuro, "NN-03"),
            1,
            "sent exactly once"
        );
    }
}

#[tokio::test]
async fn trap_n12_n13_a_batch_goes_through_its_task_to_its_outcomes() {
    for status in [200, 202] {
        let mut scene = Scene::open().await;
        scene.live.option("neuro_group_status", json!(status));
        let provider = Arc::clone(&scene.provider);
        let dialogs = provider.dialogs().unwrap();
        let target = DialogTarget {
            campaign: Some("Spring".to_owned()),
            ..scene.target()
        };
        // The last one is a number in full and too short for this vendor.
        let phones = ["+99990001131", "+99990001132", "+99990001"];
        let requests = phones.map(request);
        let context = scene.live.caller.context();
        let batch = dialogs
            .start_batch(&context, &target, &requests)
            .await
            .unwrap();
        let progress = dialogs.batch_progress(&context, &batch).await.unwrap();
        assert!(
            matches!(progress, BatchProgress::Running { .. }),
            "{progress:?}"
        );
        assert!(
            dialogs
                .batch_outcomes(&context, &batch.batch)
                .await
                .unwrap()
                .is_empty()
        );
        scene.live.move_clock(WAIT_MS / 2);
        let context = scene.live.caller.context();
        let progress = dialogs.batch_progress(&context, &batch).await.unwrap();
        let BatchProgress::Done(items) = progress else {
            panic!("{progress:?}")
        };
        let told: Vec<(bool, Option<&str>)> = items
            .iter()
            .map(|item| (item.accepted, item.phone_raw.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                (true, Some(phones[0])),
                (true, Some(phones[1])),
                (false, Some(phones[2]))
            ]
        );
        let refused = &items[2];
        assert!(refused.message.is_some() && refused.record.is_none());
        for item in &items[..2] {
            scene.succeed(&item.record.as_ref().unwrap().remote_id);
        }
        scene.live.move_clock(3 * WAIT_MS);
        let context = scene.live.caller.context();
        let outcomes = dialogs
            .batch_outcomes(&context, &batch.batch)
            .await
            .unwrap();
        assert_eq!(outcomes.len(), 2);
        let mut stored = Stored::default();
        for outcome in outcomes {
            scene.live.take(&mut stored, outcome).await;
        }
        for item in &items[..2] {
            let record = item.record.as_ref().unwrap();
            let told = &stored.calls[&record.remote_id];
            assert_eq!(told.batch_remote_id.as_deref(), Some(batch.batch.as_str()));
            assert_eq!(told.artifact_state("transcript"), ArtifactState::Pending);
            let change = scene.live.fetch(record, item.hint.as_ref()).await;
            scene.live.take(&mut stored, change).await;
            let call = &stored.calls[&record.remote_id];
            assert_eq!(call.batch_remote_id.as_deref(), Some(batch.batch.as_str()));
            scene.assert_whole(call).await;
        }
        let campaigns = dialogs
            .campaigns(&context, &scene.agent, None)
            .await
            .unwrap();
        let spring = campaigns
            .iter()
            .find(|one| one.name.as_deref() == Some("Spring"));
        assert_eq!(spring.unwrap().dialogs_count, Some(2));
        assert!(spring.unwrap().started_at.is_some());
        let current = dialogs
            .campaigns(&context, &scene.agent, Some(false))
            .await
            .unwrap();
        assert!(
            current
                .iter()
                .all(|campaign| campaign.completed == Some(false))
        );
        assert_eq!(scene.live.asked(Vendor::Neuro, "NN-04"), 1);
    }
}

#[tokio::test]
async fn dialogs_join_a_batch_that_is_there_and_no_other() {
    let scene = Scene::open().await;
    let context = scene.live.caller.context();
    let dialogs = scene.dialogs();
    let requests = [request("+99990001141")];
    let batch = dialogs
        .start_batch(&context, &scene.target(), &requests)
        .await;
    let batch = batch.unwrap().batch;
    let joining = |batch: &str| DialogTarget {
        batch: Some(batch.to_owned()),
        ..scene.target()
    };
    let more = dialogs
        .start_batch(&context, &joining(&batch), &requests)
        .await;
    assert_eq!(more.unwrap().batch, batch);
    let one = dialogs
        .start(&context, &joining(&batch), &request("+99990001142"))
        .await;
    assert_eq!(one.unwrap().hint.unwrap()["bulk_uuid"], json!(batch));
    for (unknown, kind) in [
        ("00000000-0000-4000-8000-000000000000", ErrorKind::NotFound),
        ("nonsense", ErrorKind::InvalidRequest),
    ] {
        let refused = dialogs
            .start(&context, &joining(unknown), &request("+99990001143"))
            .await;
        assert_eq!(refused.unwrap_err().kind, kind, "{unknown}");
    }
    let unknown = DialogTarget {
        agent: "00000000-0000-4000-8000-000000000000".to_owned(),
        ..scene.target()
    };
    let refused = dialogs
        .start(&context, &unknown, &request("+99990001143"))
        .await;
    assert_eq!(refused.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(scene.live.ledger(Vendor::Neuro, "submission").len(), 3);
}

#[tokio::test]
async fn trap_n49_the_queue_is_stopped_resumed_and_emptied() {
    let mut scene = Scene::open().await;
    let provider = Arc::clone(&scene.provider);
    let dialogs = provider.dialogs().unwrap();
    let agent = scene.agent.clone();
    let mut started = Vec::new();
    for number in 1..=4 {
        started.push(scene.start(&format!("+9999000115{number}")).await);
    }
    let id = |place: usize| started[place].record.remote_id.as_str();
    dialogs
        .stop_queue(&scene.live.caller.context(), &agent)
        .await
        .unwrap();
    scene.live.move_clock(2 * WAIT_MS);
    let waiting = scene.waiting().await;
    assert_eq!(waiting.len(), 4);
    assert!(
        waiting
            .iter()
            .all(|(_, state)| state.as_deref() == Some("stopped"))
    );
    let stopped = pending(scene.fetch(&started[0]).await);
    assert_eq!(
        stopped.status,
        CallStatus::Queued,
        "it waits until it is returned"
    );
    assert_eq!(stopped.vendor_values["status"], "stopped");
    let context = scene.live.caller.context();
    dialogs
        .remove_queued(&context, &agent, id(0))
        .await
        .unwrap();
    dialogs.resume_queue(&context, &agent).await.unwrap();
    let left: Vec<String> = scene
        .waiting()
        .await
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    assert_eq!(left.len(), 3);
    assert!(
        !left.iter().any(|left| left == id(0)),
        "one went, and only that one"
    );
    scene.live.option("neuro_wrapped_lists", json!(true));
    let query = ListQuery {
        limit: 2,
        ..ListQuery::default()
    };
    let kind = QueueKind::Calls;
    let first = dialogs
        .queue(&context, &agent, kind, None, &query)
        .await
        .unwrap();
    assert!(first.items.len() == 2 && first.total > Some(3) && first.next.is_some());
    assert!(
        first
            .items
            .iter()
            .all(|item| item.dialog_remote_id.is_some())
    );
    assert!(first.items.iter().all(|item| item.added_at.is_some()));
    let more = ListQuery {
        position: first.next,
        ..query
    };
    let second = dialogs
        .queue(&context, &agent, kind, None, &more)
        .await
        .unwrap();
    assert_ne!(first.items[1].remote_id, second.items[0].remote_id);
    dialogs.clear_queue(&context, &agent).await.unwrap();
    assert!(scene.waiting().await.is_empty());
    let counted = |operation| scene.live.asked(Vendor::Neuro, operation);
    assert_eq!((counted("NN-37"), counted("NN-38")), (1, 1));
    let nobody = "00000000-0000-4000-8000-000000000000";
    let refused = dialogs.stop_queue(&context, nobody).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Forbidden);
}

#[tokio::test]
async fn case_032_a_deleted_dialog_is_told_from_one_that_waits_after_half_a_day() {
    const HOUR: i64 = 3_600_000;
    let mut scene = Scene::open().await;
    let (gone, waits) = (
        scene.start("+99990001161").await,
        scene.start("+99990001162").await,
    );
    let provider = Arc::clone(&scene.provider);
    let dialogs = provider.dialogs().unwrap();
    let agent = scene.agent.clone();
    dialogs
        .stop_queue(&scene.live.caller.context(), &agent)
        .await
        .unwrap();
    let id = gone.record.remote_id.clone();
    dialogs
        .remove_queued(&scene.live.caller.context(), &agent, &id)
        .await
        .unwrap();
    scene.live.move_clock(11 * HOUR);
    scene
        .live
        .sandbox
        .world()
        .expire_tokens(Vendor::Neuro, false);
    scene.log_in().await;
    assert!(
        matches!(scene.fetch(&gone).await, Change::NotReady { .. }),
        "it may be counted yet"
    );
    scene.live.move_clock(12 * HOUR + 1_000);
    scene.log_in().await;
    let Change::Gone { evidence, .. } = scene.fetch(&gone).await else {
        panic!("not gone")
    };
    assert!(evidence.contains("NN-28") && evidence.contains("NN-33"));
    assert_eq!(
        pending(scene.fetch(&waits).await).status,
        CallStatus::Queued
    );
    // Without its start it cannot be told.
    let unknown = scene.live.fetch(&gone.record, None).await;
    assert!(
        matches!(unknown, Change::NotReady { call: None, .. }),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn trap_n09_a_start_without_an_outcome_is_found_or_left_open() {
    let mut scene = Scene::open().await;
    let sent_at = scene.live.caller.now;
    let id = scene.start("+99990001171").await.record.remote_id;
    let is = |found: &Found<StartedDialog>| match found {
        Found::Yes(dialog) => dialog.record.remote_id == id,
        Found::No | Found::Unknown => false,
    };
    // As documented the queue tells no times: it may be an earlier dialog.
    assert_eq!(scene.find("+99990001171", sent_at).await, Found::Unknown);
    scene.live.option("neuro_wrapped_lists", json!(true));
    assert!(
        is(&scene.find("+99990001171", sent_at).await),
        "as observed it does"
    );
    scene.live.option("neuro_wrapped_lists", json!(false));
    assert_eq!(
        scene.find("+99990009999", sent_at).await,
        Found::Unknown,
        "it may come yet"
    );
    scene.live.move_clock(2 * WAIT_MS);
    assert!(
        is(&scene.find("+99990001171", sent_at).await),
        "its statistic tells the time"
    );
    let twin = scene.start("+99990001171").await;
    assert_eq!(
        scene.find("+99990001171", sent_at).await,
        Found::Unknown,
        "either may be it"
    );
    assert!(twin.hint.is_some());
    scene.live.move_clock(3_700_000);
    scene.log_in().await;
    assert_eq!(scene.find("+99990009999", sent_at).await, Found::No);
    let late = scene.live.caller.now;
    assert_eq!(
        scene.find("+99990001171", late).await,
        Found::Unknown,
        "a dialog of an hour ago is not it, and the new one may come yet"
    );
}

impl Scene {
    async fn log_in(&mut self) {
        let grants = self.provider.token_grant().unwrap();
        let grant = grants.login(&self.live.caller.context()).await.unwrap();
        self.live.caller.access_token = Some(grant.access_token);
    }
}
