//! Everything the sandbox holds arrives, and nothing of it is lost on the way.

use std::collections::BTreeMap;

use callweave_model::{
    AnalyzedCall,
    enums::{ArtifactState, CallKind, CallStatus, OutcomeValue, PartyRole},
};
use callweave_provider::{ErrorKind, Next, Walk, media::MediaContent};
use callweave_provider_neuro::NeuroFactory;
use callweave_provider_testkit::live::{Live, Stored};
use callweave_sandbox::{CallPatch, Vendor};
use serde_json::{Map, Value, json};

/// The lines of a call as the sandbox made them, without their speakers.
fn lines(live: &Live, id: &str) -> Vec<String> {
    let record = live.sandbox.world().record(Vendor::Neuro, id).unwrap();
    let text = record["text"].as_str().unwrap();
    text.lines()
        .map(|line| line.split_once(": ").unwrap().1.to_owned())
        .collect()
}

pub(crate) fn assert_fits(live: &Live, id: &str, facts: &Value, call: &AnalyzedCall) {
    assert_eq!(call.kind, CallKind::AiAgentCall);
    assert_eq!(
        call.attempts.len() as u64,
        facts["attempts"].as_u64().unwrap(),
        "{id}"
    );
    let started_at: callweave_model::Timestamp =
        facts["started_at"].as_str().unwrap().parse().unwrap();
    // Some of the vendor's date forms have no fraction.
    let seconds = |at: callweave_model::Timestamp| at.as_millis() / 1_000;
    assert_eq!(
        call.started_at.map(seconds),
        Some(seconds(started_at)),
        "{id}"
    );
    let customer = &call.parties[1];
    assert_eq!(customer.role, PartyRole::Customer);
    assert_eq!(customer.phone.as_deref(), facts["msisdn"].as_str(), "{id}");
    assert_eq!(
        call.parties[0].remote_id.as_deref(),
        facts["agent_uuid"].as_str()
    );
    assert!(call.parties[0].name.is_some(), "the agent has a name");
    let result = facts["result"].as_str().unwrap();
    let outcome = call.analyses[0].outcome.as_ref().unwrap();
    assert_eq!(outcome.raw.as_deref(), Some(result), "{id}");
    let expected = match result {
        "success" => (CallStatus::Completed, OutcomeValue::Success),
        "refused" => (CallStatus::Completed, OutcomeValue::Failure),
        "callback" => (CallStatus::Completed, OutcomeValue::Callback),
        "no_answer" => (CallStatus::NoAnswer, OutcomeValue::NoContact),
        "busy" => (CallStatus::Busy, OutcomeValue::NoContact),
        "voicemail" => (CallStatus::Voicemail, OutcomeValue::NoContact),
        "failed" => (CallStatus::Failed, OutcomeValue::Failure),
        "transferred" => (CallStatus::Completed, OutcomeValue::Transferred),
        other => panic!("{other} is not in this table"),
    };
    assert_eq!((call.status, outcome.value), expected, "{id}");
    if facts["answered"] == json!(true) {
        let transcript = call.transcript.as_ref().unwrap();
        let said: Vec<String> = transcript
            .utterances
            .iter()
            .map(|turn| turn.text.clone())
            .collect();
        assert_eq!(said, lines(live, id), "{id}");
    }
}

#[tokio::test]
async fn a_first_walk_brings_every_dialog_and_a_second_one_asks_for_nothing() {
    let live = Live::start(Vendor::Neuro, &NeuroFactory, 150).await;
    let mut stored = Stored::default();
    let resume = live
        .walk(&mut stored, Walk::Incremental, &BTreeMap::new())
        .await;
    assert_eq!(stored.unmapped, Vec::<String>::new());
    assert_eq!(stored.quarantined, Vec::<String>::new());
    assert_eq!(stored.not_ready, Vec::<String>::new());
    let dialogs = live.ledger(Vendor::Neuro, "dialog");
    assert_eq!(stored.calls.len(), dialogs.len());
    for (id, facts) in &dialogs {
        assert_fits(&live, id, facts, &stored.calls[id]);
    }
    let lookups = stored.lookups;
    live.walk(&mut stored, Walk::Incremental, &resume).await;
    live.walk(&mut stored, Walk::Full, &BTreeMap::new()).await;
    assert_eq!(
        stored.lookups, lookups,
        "nothing changed, nothing is asked for"
    );
}

#[tokio::test]
async fn trap_n35_n36_thousands_of_rows_in_a_shuffled_order_all_arrive() {
    let live = Live::start(Vendor::Neuro, &NeuroFactory, 2_500).await;
    live.option("neuro_shuffle_pages", json!(true));
    let pull = live.provider.pull().unwrap();
    let context = live.caller.context();
    let (mut seen, mut pages) = (std::collections::BTreeSet::new(), 0);
    for stream in pull.streams(&context).await.unwrap() {
        let mut cursor = None;
        loop {
            let page = pull
                .page(&context, &stream, Walk::Full, cursor.as_ref())
                .await
                .unwrap();
            pages += 1;
            for change in page.changes {
                if let callweave_provider::Change::Seen { record, .. } = change {
                    seen.insert(record.remote_id);
                }
            }
            match page.next {
                Next::More(next) => cursor = Some(next),
                Next::Done { .. } => break,
                Next::Unproved { reason, .. } => panic!("{reason}"),
            }
        }
    }
    let attempts = live.ledger(Vendor::Neuro, "call");
    assert_eq!(seen.len(), attempts.len());
    assert!(pages < 120, "{pages} pages for {} attempts", attempts.len());
}

#[tokio::test]
async fn case_060_a_change_and_a_new_dialog_are_met_by_the_next_walk() {
    let live = Live::start(Vendor::Neuro, &NeuroFactory, 30).await;
    let mut stored = Stored::default();
    let resume = live
        .walk(&mut stored, Walk::Incremental, &BTreeMap::new())
        .await;
    let now = live.sandbox.world().now();
    let ids = live.sandbox.world().add_record(
        Vendor::Neuro,
        CallPatch {
            started_at: Some(now),
            ..CallPatch::default()
        },
    );
    let before = stored.lookups;
    let resume = live.walk(&mut stored, Walk::Incremental, &resume).await;
    let added = stored.calls.contains_key(&ids[0]) || !stored.not_ready.is_empty();
    assert!(
        added || stored.lookups == before,
        "a dialog that is not reported yet"
    );
    let (id, _) = live
        .ledger(Vendor::Neuro, "dialog")
        .into_iter()
        .filter(|(id, facts)| facts["answered"] == json!(true) && *id != ids[0])
        .max_by_key(|(_, facts)| facts["started_at"].as_str().unwrap().to_owned())
        .unwrap();
    let summary = CallPatch {
        summary: Some("Another outcome altogether".to_owned()),
        score: Some(7),
        ..CallPatch::default()
    };
    assert!(
        live.sandbox
            .world()
            .change_record(Vendor::Neuro, &id, summary)
    );
    live.walk(&mut stored, Walk::Incremental, &resume).await;
    let facts = &live.ledger(Vendor::Neuro, "dialog")[&id];
    assert_fits(&live, &id, facts, &stored.calls[&id]);
}

#[tokio::test]
async fn trap_n39_dialogs_older_than_call_ids_arrive_without_attempts_of_their_own() {
    let live = Live::start(Vendor::Neuro, &NeuroFactory, 20).await;
    live.option("neuro_archived_dialogs", json!(5));
    let mut stored = Stored::default();
    live.walk(&mut stored, Walk::Incremental, &BTreeMap::new())
        .await;
    assert_eq!(stored.calls.len(), 20);
    let archived: Vec<_> = stored
        .calls
        .values()
        .filter(|call| {
            call.attempts
                .iter()
                .all(|attempt| attempt.remote_id.is_none())
        })
        .collect();
    assert_eq!(archived.len(), 5);
    assert!(
        archived
            .iter()
            .all(|call| call.media.is_empty() && !call.attempts.is_empty())
    );
}

#[tokio::test]
async fn case_033_a_wrong_total_leaves_the_walk_unproved_and_brings_the_rows() {
    let live = Live::start(Vendor::Neuro, &NeuroFactory, 12).await;
    live.option("neuro_total_skew", json!(3));
    let pull = live.provider.pull().unwrap();
    let context = live.caller.context();
    let stream = pull.streams(&context).await.unwrap().remove(0);
    let (mut cursor, mut rows) = (None, 0);
    for _ in 0..60 {
        let page = pull
            .page(&context, &stream, Walk::Incremental, cursor.as_ref())
            .await
            .unwrap();
        rows += page.changes.len();
        match page.next {
            Next::More(next) => cursor = Some(next),
            Next::Unproved { resume, .. } => {
                cursor = Some(resume);
                break;
            }
            Next::Done { .. } => panic!("proved"),
        }
    }
    assert!(rows > 0);
    live.option("neuro_total_skew", json!(0));
    for _ in 0..60 {
        let page = pull
            .page(&context, &stream, Walk::Incremental, cursor.as_ref())
            .await
            .unwrap();
        match page.next {
            Next::More(next) => cursor = Some(next),
            Next::Done { .. } => return,
            Next::Unproved { reason, .. } => panic!("{reason}"),
        }
    }
    panic!("the walk does not end");
}

#[tokio::test]
async fn trap_n42_recordings_arrive_as_sound() {
    let live = Live::start(Vendor::Neuro, &NeuroFactory, 10).await;
    let mut stored = Stored::default();
    live.walk(&mut stored, Walk::Incremental, &BTreeMap::new())
        .await;
    let source = live.provider.media().unwrap();
    let mut opened = 0;
    for call in stored.calls.values() {
        for media in &call.media {
            match source
                .open(&live.caller.context(), &call.remote_id, media)
                .await
            {
                Ok(body) => {
                    assert_eq!(body.content_type, "audio/wav");
                    let MediaContent::Whole(bytes) = body.content else {
                        panic!("not whole")
                    };
                    assert_eq!(&bytes[..4], b"RIFF");
                    opened += 1;
                }
                Err(error) => {
                    assert_eq!(media.availability, ArtifactState::NotSupported);
                    assert_eq!(error.kind, ErrorKind::NotFound, "nobody answered");
                }
            }
        }
    }
    assert!(opened >= 5, "{opened} recordings");
}

#[tokio::test]
async fn trap_n02_n03_logins_and_refreshes() {
    let mut live = Live::start(Vendor::Neuro, &NeuroFactory, 3).await;
    let grants = live.provider.token_grant().unwrap();
    let first = grants.login(&live.caller.context()).await.unwrap();
    let refresh = first.refresh_token.unwrap();
    let second = grants
        .refresh(&live.caller.context(), &refresh)
        .await
        .unwrap()
        .unwrap();
    assert!(second.refresh_token.is_some());
    let spent = grants
        .refresh(&live.caller.context(), &refresh)
        .await
        .unwrap_err();
    assert_eq!(spent.kind, ErrorKind::Unauthorized);
    for status in [422, 401] {
        live.option("neuro_login_status", json!(status));
        live.option("reject_logins", json!(true));
        let refused = grants.login(&live.caller.context()).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::InvalidCredentials, "{status}");
    }
    live.sandbox.world().expire_tokens(Vendor::Neuro, false);
    let expired = live
        .provider
        .check(&live.caller.context())
        .await
        .unwrap_err();
    assert_eq!(expired.kind, ErrorKind::Unauthorized);
    live.caller.access_token = None;
    assert!(live.provider.check(&live.caller.context()).await.is_err());
}

#[tokio::test]
async fn case_027_poisoned_dialogs_cost_themselves_only() {
    let live = Live::start(Vendor::Neuro, &NeuroFactory, 40).await;
    let dialogs = live.ledger(Vendor::Neuro, "dialog");
    let poisons = [
        json!({"set": {"": 5}}),
        json!({"remove": ["/dialog_uuid", "/call_uuid"]}),
        json!({"set": {"/date": {}, "/msisdn": [], "/result": 7}}),
    ];
    for (id, edit) in dialogs.keys().zip(&poisons) {
        let patch = CallPatch {
            extra: Map::from_iter([("edit".to_owned(), edit.clone())]),
            ..CallPatch::default()
        };
        assert!(live.sandbox.world().change_record(Vendor::Neuro, id, patch));
    }
    let mut stored = Stored::default();
    live.walk(&mut stored, Walk::Incremental, &BTreeMap::new())
        .await;
    for id in dialogs.keys().skip(poisons.len()) {
        assert!(stored.calls.contains_key(id), "{id}");
    }
    let third = dialogs.keys().nth(2).unwrap();
    assert!(
        stored.calls.contains_key(third),
        "odd members cost nothing but themselves"
    );
    assert!(stored.quarantined.len() >= 2, "{:?}", stored.quarantined);
}
