//! Voice agents of the sandbox over real HTTP: what is made can be read, changed and deleted, and
//! the sandbox's ledger says so.

use callweave_model::owned::{
    AgentFieldChange, AgentFieldDraft, SpeechKeyChange, TimeSlotChange, TimeSlotDraft,
    VoiceAgentChange,
};
use callweave_model::patch::Patch;
use callweave_provider::{
    ErrorKind,
    agents::{Agents, FieldSide, LastSlot},
    listing::ListQuery,
    passthrough::PassRequest,
};
use callweave_provider_neuro::NeuroFactory;
use callweave_provider_testkit::live::Live;
use callweave_sandbox::Vendor;
use http::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

async fn scene() -> (Live, Vec<String>) {
    let live = Live::start(Vendor::Neuro, &NeuroFactory, 4).await;
    let account = live.sandbox.world().credentials(&live.sandbox.base_url());
    let agents = account["neuro"]["agent_uuids"].as_array().unwrap().iter();
    let agents = agents
        .map(|agent| agent.as_str().unwrap().to_owned())
        .collect();
    (live, agents)
}

fn pass(method: Method, path: &str, query: &str) -> PassRequest {
    PassRequest {
        method,
        path: path.to_owned(),
        query: Some(query.to_owned()),
        content_type: None,
        accept_language: None,
        body: bytes::Bytes::new(),
    }
}

/// The vendor's own answer to a GET.
async fn raw(live: &Live, path: &str, query: &str) -> Value {
    let passthrough = live.provider.passthrough().unwrap();
    let request = pass(Method::GET, path, query);
    let answer = passthrough.forward(&live.caller.context(), request).await;
    serde_json::from_slice(&answer.unwrap().body).unwrap()
}

#[tokio::test]
async fn agents_are_listed_by_pages_and_by_name() {
    let (live, agents) = scene().await;
    let source = live.provider.agents().unwrap();
    let context = live.caller.context();
    let (mut met, mut position) = (Vec::new(), None);
    loop {
        let query = ListQuery {
            limit: 3,
            position,
            search: None,
        };
        let page = Agents::agents(source, &context, &query).await.unwrap();
        assert_eq!(page.total, Some(4));
        met.extend(page.items.into_iter().map(|agent| agent.remote_id));
        match page.next {
            Some(next) => position = Some(next),
            None => break,
        }
    }
    assert_eq!(met, agents);
    let query = ListQuery {
        search: Some("PAYMENT".to_owned()),
        ..ListQuery::default()
    };
    let page = Agents::agents(source, &context, &query).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.items[0].name.as_deref(), Some("Payment reminder"));
    let odd = ListQuery {
        position: Some("x".to_owned()),
        ..ListQuery::default()
    };
    let refused = Agents::agents(source, &context, &odd).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::InvalidInput);
}

#[tokio::test]
async fn trap_n15_all_nineteen_settings_arrive_and_a_change_leaves_the_others_alone() {
    let (live, agents) = scene().await;
    let source = live.provider.agents().unwrap();
    let context = live.caller.context();
    for id in &agents {
        let told = raw(&live, "agent-settings/general", &format!("agent_uuid={id}")).await;
        let agent = source.agent(&context, id).await.unwrap();
        let names: Vec<&String> = told.as_object().unwrap().keys().collect();
        assert_eq!(names.len(), 19);
        let shown = serde_json::to_value(&agent).unwrap();
        for (name, canonical) in [
            ("agent_uuid", "remote_id"),
            ("name", "name"),
            ("description", "description"),
            ("recall_count", "retry_count"),
            ("flag", "voice_flag"),
            ("routing_channel_limit", "transfer_channel_limit"),
            ("total_channel_limit", "channel_limit"),
            ("language", "language"),
            ("asr", "speech_recognition"),
            ("tts", "speech_synthesis"),
            ("timezone", "timezone"),
        ] {
            assert_eq!(told[name], shown[canonical], "{name}");
        }
        assert_eq!(agent.vendor_values["retry_delay_ms"], told["delay"]);
        assert!(agent.retry_delay_ms.is_some());
        for name in [
            "trunk_name",
            "record_path",
            "pool_name",
            "speed",
            "pitch",
            "emotion",
            "record_storage_time",
        ] {
            assert_eq!(agent.extra.get(name), Some(&told[name]), "{name}");
        }
    }
    let id = &agents[1];
    let before = source.agent(&context, id).await.unwrap();
    let change = VoiceAgentChange {
        retry_delay_ms: Patch::Set(7_200_000),
        retry_count: Patch::Set(9),
        transfer_channel_limit: Patch::Clear,
        ..VoiceAgentChange::default()
    };
    let after = source.update_agent(&context, id, &change).await.unwrap();
    assert_eq!(
        (after.retry_delay_ms, after.retry_count),
        (Some(7_200_000), Some(9))
    );
    assert_eq!(after.transfer_channel_limit, None);
    assert_eq!(
        (&after.name, &after.language),
        (&before.name, &before.language)
    );
    let noted = &live.ledger(Vendor::Neuro, "agent")[id];
    assert_eq!(
        (&noted["delay"], &noted["recall_count"]),
        (&json!("02:00"), &json!(9))
    );
    let same = source
        .update_agent(&context, id, &VoiceAgentChange::default())
        .await;
    assert_eq!(same.unwrap().retry_count, Some(9));
    assert_eq!(
        live.asked(Vendor::Neuro, "NN-09"),
        1,
        "nothing to change, nothing sent"
    );
    let unknown = source
        .agent(&context, "00000000-0000-4000-8000-000000000000")
        .await;
    assert_eq!(unknown.unwrap_err().kind, ErrorKind::NotFound);
    let moved = VoiceAgentChange {
        company_remote_id: Patch::Set("11111111-1111-4111-8111-111111111111".to_owned()),
        ..VoiceAgentChange::default()
    };
    let moved = source.update_agent(&context, id, &moved).await.unwrap();
    assert_eq!(
        moved.company_remote_id.as_deref(),
        Some("11111111-1111-4111-8111-111111111111")
    );
    let left = Agents::agents(source, &context, &ListQuery::default())
        .await
        .unwrap();
    assert!(!left.items.iter().any(|agent| agent.remote_id == *id));
}

#[tokio::test]
async fn trap_n21_rules_are_made_changed_and_deleted_within_their_agent() {
    let (live, agents) = scene().await;
    let source = live.provider.agents().unwrap();
    let context = live.caller.context();
    let (mine, other) = (&agents[1], &agents[0]);
    let draft = TimeSlotDraft {
        day: 6,
        not_before: "10:00".to_owned(),
        not_after: "12:30".to_owned(),
    };
    let made = source.create_slot(&context, mine, &draft).await.unwrap();
    assert_eq!(
        (made.day, made.not_after.as_deref()),
        (Some(6), Some("12:30"))
    );
    let change = TimeSlotChange {
        not_after: Some("13:00".to_owned()),
        ..TimeSlotChange::default()
    };
    for status in [201, 200] {
        live.option("neuro_time_slot_put_status", json!(status));
        let changed = source
            .update_slot(&context, mine, &made.remote_id, &change)
            .await;
        assert_eq!(changed.unwrap().not_before.as_deref(), Some("10:00"));
    }
    let listed = source.schedule(&context, mine).await.unwrap();
    assert_eq!(listed.len(), 3);
    assert!(
        listed
            .iter()
            .any(|slot| slot.not_after.as_deref() == Some("13:00"))
    );
    // The vendor would take the id from anybody; the gateway takes it from its agent alone.
    let foreign = source
        .update_slot(&context, other, &made.remote_id, &change)
        .await;
    assert_eq!(foreign.unwrap_err().kind, ErrorKind::NotFound);
    let foreign = source
        .delete_slot(&context, other, &made.remote_id, LastSlot::MayGo)
        .await;
    assert_eq!(foreign.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(live.asked(Vendor::Neuro, "NN-15"), 0);
    for slot in &listed[..2] {
        source
            .delete_slot(&context, mine, &slot.remote_id, LastSlot::Keep)
            .await
            .unwrap();
    }
    let last = &listed[2].remote_id;
    let kept = source
        .delete_slot(&context, mine, last, LastSlot::Keep)
        .await;
    assert_eq!(kept.unwrap_err().kind, ErrorKind::InvalidInput);
    source
        .delete_slot(&context, mine, last, LastSlot::MayGo)
        .await
        .unwrap();
    assert!(source.schedule(&context, mine).await.unwrap().is_empty());
    assert_eq!(live.asked(Vendor::Neuro, "NN-15"), 3);
    assert!(
        live.ledger(Vendor::Neuro, "time_slot").is_empty(),
        "all of them are gone"
    );
    let refused = TimeSlotDraft {
        not_before: "15:00".to_owned(),
        not_after: "14:00".to_owned(),
        ..draft
    };
    let refused = source
        .create_slot(&context, mine, &refused)
        .await
        .unwrap_err();
    assert_eq!(
        (refused.kind, refused.status),
        (ErrorKind::InvalidRequest, Some(409))
    );
}

#[tokio::test]
async fn fields_are_made_changed_and_deleted_on_both_sides() {
    let (live, agents) = scene().await;
    let source = live.provider.agents().unwrap();
    let context = live.caller.context();
    let (mine, other) = (&agents[0], &agents[1]);
    for (side, kind, spoken) in [
        (FieldSide::Input, None, Some(true)),
        (FieldSide::Output, Some("number"), None),
    ] {
        let draft = |name: &str| AgentFieldDraft {
            name: name.to_owned(),
            synthesized: spoken,
            field_type: kind.map(str::to_owned),
            position: None,
        };
        let before = source.fields(&context, mine, side).await.unwrap();
        let made = source
            .create_field(&context, mine, side, &draft("one"))
            .await
            .unwrap();
        assert_eq!(
            (made.synthesized, made.field_type.as_deref()),
            (spoken, kind)
        );
        assert_eq!(made.agent_remote_id.as_ref(), Some(mine));
        let taken = source
            .create_field(&context, mine, side, &draft("one"))
            .await;
        assert_eq!(
            taken.unwrap_err().kind,
            ErrorKind::Conflict,
            "trap N-38: by its words"
        );
        let many = [draft("one"), draft("two"), draft("three")];
        let many = source
            .create_fields(&context, mine, side, &many)
            .await
            .unwrap();
        assert_eq!((many.done.len(), &many.skipped), (2, &vec![json!("one")]));
        let change = AgentFieldChange {
            name: Some("uno".to_owned()),
            ..AgentFieldChange::default()
        };
        let changed = source
            .update_field(&context, mine, side, &made.remote_id, &change)
            .await;
        let changed = changed.unwrap();
        assert_eq!(
            (changed.name.as_str(), changed.synthesized),
            ("uno", spoken)
        );
        assert_eq!(
            changed.field_type.as_deref(),
            kind,
            "what is left alone stays"
        );
        let foreign = source
            .update_field(&context, other, side, &made.remote_id, &change)
            .await;
        assert_eq!(foreign.unwrap_err().kind, ErrorKind::NotFound);
        let foreign = source
            .delete_field(&context, other, side, &made.remote_id)
            .await;
        assert_eq!(foreign.unwrap_err().kind, ErrorKind::NotFound);
        source
            .delete_field(&context, mine, side, &made.remote_id)
            .await
            .unwrap();
        let foreign = source
            .fields(&context, other, side)
            .await
            .unwrap()
            .remove(0);
        let mut ids: Vec<String> = many
            .done
            .iter()
            .map(|field| field.remote_id.clone())
            .collect();
        ids.push(foreign.remote_id.clone());
        let gone = source
            .delete_fields(&context, mine, side, &ids)
            .await
            .unwrap();
        assert_eq!((gone.done.len(), gone.one_by_one), (2, false));
        assert_eq!(gone.skipped[0]["remote_id"], json!(foreign.remote_id));
        assert_eq!(source.fields(&context, mine, side).await.unwrap(), before);
        let kept = source.fields(&context, other, side).await.unwrap();
        assert_eq!(kept[0], foreign, "another agent's field is untouched");
        let noted = if side == FieldSide::Input {
            "input"
        } else {
            "output"
        };
        assert!(live.ledger(Vendor::Neuro, noted).is_empty());
    }
    let counted: Vec<u64> = ["NN-18", "NN-21", "NN-24", "NN-27"]
        .map(|operation| live.asked(Vendor::Neuro, operation))
        .to_vec();
    assert_eq!(counted, [1, 1, 1, 1]);
}

#[tokio::test]
async fn trap_n17_a_speech_key_is_renamed_and_stays_what_it_is() {
    let (live, agents) = scene().await;
    let source = live.provider.agents().unwrap();
    let context = live.caller.context();
    let secret = "play-first-value";
    let hash = |text: &str| {
        let digest = Sha256::digest(format!("{text}\n"));
        let hex: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        hex.concat()
    };
    let keys = source
        .speech_keys(&context, &agents[0], None)
        .await
        .unwrap();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key.has_value && key.extra.is_empty()));
    let only = source
        .speech_keys(&context, &agents[0], Some("tts"))
        .await
        .unwrap();
    assert_eq!(only[0].key_type.as_deref(), Some("tts"));
    let id = &keys[0].remote_id;
    let mut change = SpeechKeyChange {
        value: Some(secret.to_owned()),
        ..SpeechKeyChange::default()
    };
    source
        .update_speech_key(&context, &agents[0], id, &change)
        .await
        .unwrap();
    let query = format!("agent_uuid={}", agents[0]);
    let told = raw(&live, "agent-settings/credentials", &query).await;
    for key in told["data"].as_array().unwrap() {
        assert_eq!(key["value"], "…", "passed through, and masked");
    }
    change = SpeechKeyChange {
        name: Some("renamed".to_owned()),
        ..SpeechKeyChange::default()
    };
    let renamed = source
        .update_speech_key(&context, &agents[0], id, &change)
        .await
        .unwrap();
    assert_eq!(renamed.name.as_deref(), Some("renamed"));
    let noted = &live.ledger(Vendor::Neuro, "speech_key")[id];
    assert_eq!(
        noted["value_sha256"],
        json!(hash(secret)),
        "the key itself stayed"
    );
    change.value = Some("play-another".to_owned());
    let renewed = source
        .update_speech_key(&context, &agents[0], id, &change)
        .await
        .unwrap();
    let noted = &live.ledger(Vendor::Neuro, "speech_key")[id];
    assert_eq!(noted["value_sha256"], json!(hash("play-another")));
    let foreign = source
        .update_speech_key(&context, &agents[1], id, &change)
        .await;
    assert_eq!(foreign.unwrap_err().kind, ErrorKind::NotFound);
    let shown = format!("{keys:?} {renamed:?} {renewed:?} {change:?}");
    assert!(!shown.contains(secret) && !shown.contains("play-another"));
}

#[tokio::test]
async fn requests_in_the_vendors_words_go_through_and_stay_where_they_belong() {
    let (mut live, agents) = scene().await;
    let query = format!("agent_uuid={}&limit=2", agents[0]);
    for path in ["queue/dialog", "/queue/dialog", "api/v2/ext/queue/dialog"] {
        assert!(raw(&live, path, &query).await.is_array(), "{path}");
    }
    let passthrough = live.provider.passthrough().unwrap();
    let context = live.caller.context();
    let mut report = pass(Method::POST, "statistic/dialog-report", "");
    report.query = None;
    report.content_type = Some(http::HeaderValue::from_static("application/json"));
    report.body = json!({"agent_uuid": agents[0], "start": "2026-01-01 00:00:00",
                         "end": "2026-01-02 00:00:00"})
    .to_string()
    .into();
    let answer = passthrough.forward(&context, report).await.unwrap();
    assert_eq!(answer.status, 200);
    let unknown = pass(Method::GET, "statistic/dialog", "dialog_uuid=x");
    let answer = passthrough.forward(&context, unknown).await.unwrap();
    assert_eq!(
        answer.status, 404,
        "whatever the vendor answers is an answer"
    );
    for path in [
        "auth",
        "auth/refresh",
        "/auth",
        "api/v2/ext/auth",
        "../x",
        "a/%2e%2e/b",
        "",
    ] {
        let refused = passthrough
            .forward(&context, pass(Method::POST, path, ""))
            .await;
        assert_eq!(refused.unwrap_err().kind, ErrorKind::InvalidInput, "{path}");
    }
    let refused = pass(Method::GET, "queue/dialog", "a=\u{7}");
    let refused = passthrough.forward(&context, refused).await.unwrap_err();
    assert_eq!(refused.pointer.as_deref(), Some("/query"));
    live.sandbox.world().expire_tokens(Vendor::Neuro, false);
    live.catch_up();
    let passthrough = live.provider.passthrough().unwrap();
    let expired = pass(Method::GET, "queue/dialog", &query);
    let expired = passthrough.forward(&live.caller.context(), expired).await;
    assert_eq!(expired.unwrap_err().kind, ErrorKind::Unauthorized);
}
