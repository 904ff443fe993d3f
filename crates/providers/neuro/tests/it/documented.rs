//! Documented and observed answers, one trap each.

use callweave_model::{
    call::Media,
    enums::{
        ArtifactState, CallKind, CallStatus, Direction, FetchMode, MediaKind, OutcomeValue,
        PartyRole, StartedAtSource,
    },
    merge::{Share, absorb},
};
use callweave_provider::{Change, ErrorKind, RecordRef, media::MediaContent};
use callweave_provider_testkit::{CannedClient, answers};
use serde_json::{Value, json};

use crate::support::{
    AGENT, CALL, DIALOG, LOG_PATH, STATISTIC_PATH, caller, fetch, fixtures, hint, provider, upsert,
};

fn attempt() -> RecordRef {
    RecordRef::new("attempt", CALL)
}

fn listed() -> Value {
    hint(&json!([
        fixtures().json("report_page.json")["result"][0].clone()
    ]))
}

fn documented() -> CannedClient {
    CannedClient::new()
        .always(
            "GET",
            STATISTIC_PATH,
            answers::ok_bytes(fixtures().bytes("statistic_one_attempt.json")),
        )
        .always(
            "GET",
            LOG_PATH,
            answers::ok_bytes(fixtures().bytes("transcription.json")),
        )
}

fn with_statistic(statistic: &Value) -> CannedClient {
    CannedClient::new()
        .always("GET", STATISTIC_PATH, answers::ok(statistic))
        .always(
            "GET",
            LOG_PATH,
            answers::ok_bytes(fixtures().bytes("transcription.json")),
        )
}

#[tokio::test]
async fn documented_answers_become_a_call_without_a_loss() {
    let moscow = json!({"timezone": "Europe/Moscow"});
    let change = fetch(&documented(), &moscow, &attempt(), Some(&listed()))
        .await
        .unwrap();
    let upsert = upsert(change);
    assert_eq!(upsert.unmapped, Vec::<String>::new());
    assert_eq!(upsert.share, Share::OneAttempt);
    assert!(!upsert.unfinished);
    let call = upsert.call;
    assert_eq!(call.remote_id, DIALOG);
    assert_eq!(call.kind, CallKind::AiAgentCall);
    assert_eq!(call.direction, Direction::Unknown, "not told");
    assert_eq!(
        call.started_at.unwrap().to_string(),
        "2026-03-01T09:15:30.000Z"
    );
    assert_eq!(call.started_at_source, StartedAtSource::Vendor);
    assert!(
        call.estimated_fields.contains(&"/started_at".to_owned()),
        "the zone is assumed"
    );
    assert_eq!(call.remote_refs["agent_uuid"], AGENT);
    assert_eq!(call.parties[0].role, PartyRole::Bot);
    assert_eq!(call.parties[0].name.as_deref(), Some("Reminder"));
    assert_eq!(call.parties[1].phone.as_deref(), Some("+79990000001"));
    let attempt = &call.attempts[0];
    assert_eq!(attempt.remote_id.as_deref(), Some(CALL));
    assert_eq!(attempt.dialog_events.len(), 3);
    assert_eq!(
        attempt.dialog_events[2].data["confidence"],
        json!(0.91),
        "data is kept whole"
    );
    assert_eq!(
        attempt.dialog_events[1].at.unwrap().to_string(),
        "2026-03-01T09:15:31.500Z"
    );
    let run = &call.analyses[0];
    assert_eq!(run.fields["output_entity_2"].value, json!("Friday"));
    assert_eq!(run.fields.len(), 3);
    let transcript = call.transcript.as_ref().unwrap();
    assert_eq!(transcript.utterances[1].text, "Да, конечно");
    assert_eq!(transcript.utterances[1].party_index, Some(1));
    assert_eq!(call.status, CallStatus::Completed);
    assert!(
        call.estimated_fields.contains(&"/status".to_owned()),
        "concluded from speech"
    );
    assert_eq!(call.artifact_state("transcript"), ArtifactState::Ready);
    assert_eq!(call.media[0].remote_key, CALL);
}

#[tokio::test]
async fn case_029_trap_n30_the_phone_has_three_spellings() {
    for (key, other) in [
        ("msisnd", "msisdn"),
        ("msisdn", "phone"),
        ("phone", "msisnd"),
    ] {
        let mut row = json!({"dialog_uuid": DIALOG, "date": "2026-03-01 12:15:30"});
        row[key] = json!("79990000001");
        row[other] = json!("");
        let client = with_statistic(&json!([row]));
        let call = upsert(fetch(&client, &json!({}), &attempt(), None).await.unwrap()).call;
        assert_eq!(
            call.parties[1].phone.as_deref(),
            Some("+79990000001"),
            "{key}"
        );
        assert_eq!(
            call.parties[1].phone_raw.as_deref(),
            Some("79990000001"),
            "{key}"
        );
    }
}

#[tokio::test]
async fn trap_n31_output_entities_of_any_name_and_type_are_kept() {
    let row = json!({
        "dialog_uuid": DIALOG, "date": "x", "key_1": "1", "key_2": 2, "key_3": null,
        "key_4": {"deep": [1]}, "status": "lukewarm", "name": "Ann",
    });
    let client = with_statistic(&json!([row]));
    let call = upsert(fetch(&client, &json!({}), &attempt(), None).await.unwrap()).call;
    let fields = &call.analyses[0].fields;
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["key_1", "key_2", "key_3", "key_4", "name", "status"]
    );
    assert_eq!(fields["key_4"].field_type, "object");
    let outcome = call.analyses[0].outcome.as_ref().unwrap();
    assert_eq!(
        (outcome.value, outcome.raw.as_deref()),
        (OutcomeValue::Other, Some("lukewarm"))
    );
    assert_eq!(call.vendor_values["status"], json!("lukewarm"));
}

#[tokio::test]
async fn case_032_trap_n32_no_statistic_is_not_ready_yet() {
    for answer in [
        answers::json(404, &json!({"message": "No data for dialog report"})),
        answers::json(404, &json!([])),
        answers::ok(&json!([])),
    ] {
        let client = CannedClient::new()
            .always("GET", STATISTIC_PATH, answer)
            .always("GET", LOG_PATH, answers::json(404, &json!([])));
        let change = fetch(&client, &json!({}), &attempt(), Some(&listed()))
            .await
            .unwrap();
        let Change::NotReady {
            call: Some(call),
            raw,
            ..
        } = change
        else {
            panic!("{change:?}")
        };
        assert_eq!(call.remote_id, DIALOG);
        assert_eq!(
            call.analyses[0].fields["output_entity_1"].value,
            json!("agreed")
        );
        assert_eq!(raw.len(), 1);
        let unknown = RecordRef::new("dialog", DIALOG);
        let change = fetch(&client, &json!({}), &unknown, None).await.unwrap();
        assert!(
            matches!(change, Change::NotReady { call: None, .. }),
            "{change:?}"
        );
    }
}

#[tokio::test]
async fn a_row_that_names_another_call_tells_nothing_of_this_one() {
    let other = "c0000000-0000-4000-8000-000000000002";
    for (named, ours) in [(CALL, true), (other, false)] {
        let rows = json!([{"call_uuid": named, "dialog_uuid": DIALOG, "result": "busy"}]);
        let client = with_statistic(&rows);
        let row = hint(&json!([{"call_uuid": CALL, "dialog_uuid": DIALOG}]));
        let told = upsert(
            fetch(&client, &json!({}), &attempt(), Some(&row))
                .await
                .unwrap(),
        );
        let result = told.call.attempts[0].result_raw.as_deref();
        assert_eq!(result == Some("busy"), ours, "{result:?}");
    }
}

#[tokio::test]
async fn trap_n33_a_dialog_has_many_attempts() {
    let other = "c0000000-0000-4000-8000-000000000002";
    let rows = fixtures().json("statistic_two_attempts.json");
    let client = with_statistic(&rows).always(
        "GET",
        "/api/v2/ext/statistic/c0000000-0000-4000-8000-000000000002/transcription",
        answers::json(404, &json!({"data": []})),
    );
    let row = |call: &str, result: &str, city: &str| {
        hint(&json!([{"call_uuid": call, "dialog_uuid": DIALOG, "result": result, "city": city}]))
    };
    let (first, second) = (row(other, "no_answer", ""), row(CALL, "success", "Boston"));
    let one = upsert(
        fetch(
            &client,
            &json!({}),
            &RecordRef::new("attempt", other),
            Some(&first),
        )
        .await
        .unwrap(),
    );
    let two = upsert(
        fetch(&client, &json!({}), &attempt(), Some(&second))
            .await
            .unwrap(),
    );
    let forth = absorb(
        Some(absorb(None, one.call.clone(), one.share)),
        two.call.clone(),
        two.share,
    );
    let back = absorb(Some(absorb(None, two.call, two.share)), one.call, one.share);
    assert_eq!(forth, back);
    let call = forth;
    assert_eq!(
        call.status,
        CallStatus::Completed,
        "the latest attempt tells"
    );
    assert_eq!(
        call.started_at.unwrap().to_string(),
        "2026-03-01T15:00:00.000Z"
    );
    assert_eq!(call.attempts.len(), 2);
    assert_eq!(call.attempts[0].remote_id.as_deref(), Some(other));
    assert_eq!(call.attempts[0].status, CallStatus::NoAnswer);
    assert_eq!(
        call.attempts[0].started_at.unwrap().to_string(),
        "2026-03-01T12:00:00.000Z"
    );
    assert_eq!(call.attempts[1].result_raw.as_deref(), Some("success"));
    assert_eq!(call.analyses[0].fields["city"].value, json!("Boston"));
    assert_eq!(
        call.analyses[0].extra["earlier_attempts"][0]["result"],
        json!("no_answer")
    );
    assert_eq!(call.media.len(), 2);
    assert!(call.transcript.is_some());
}

#[tokio::test]
async fn case_034_trap_n34_dates_come_in_five_forms() {
    for date in [
        "2026-03-01 12:15:30.000000",
        "2026-03-01 12:15:30",
        "2026-03-01T12:15:30",
        "2026-03-01T12:15:30.000",
        "01-03-2026 12:15:30",
    ] {
        let client = with_statistic(&json!([{"dialog_uuid": DIALOG, "date": date}]));
        let call = upsert(fetch(&client, &json!({}), &attempt(), None).await.unwrap()).call;
        assert_eq!(
            call.started_at.unwrap().to_string(),
            "2026-03-01T12:15:30.000Z",
            "{date}"
        );
    }
    let client = with_statistic(&json!([{"dialog_uuid": DIALOG, "date": "some day"}]));
    let call = upsert(fetch(&client, &json!({}), &attempt(), None).await.unwrap()).call;
    assert_eq!(
        call.started_at.unwrap().to_string(),
        "2026-03-01T12:15:30.000Z",
        "the log tells when the statistic cannot be read"
    );
}

#[tokio::test]
async fn trap_n40_an_orphan_goes_by_its_call() {
    let client = CannedClient::new().always("GET", LOG_PATH, answers::json(404, &json!([])));
    let row = hint(&json!([{"call_uuid": CALL, "dialog_uuid": null, "output_entity_1": "x"}]));
    let upsert = upsert(
        fetch(&client, &json!({}), &attempt(), Some(&row))
            .await
            .unwrap(),
    );
    assert_eq!(upsert.call.remote_id, CALL);
    assert_eq!(
        upsert.call.analyses[0].fields["output_entity_1"].value,
        json!("x")
    );
}

#[tokio::test]
async fn trap_n44_a_young_dialog_without_a_log_is_looked_at_again() {
    for (now, unfinished, state) in [
        ("2026-03-01T13:00:00Z", true, ArtifactState::Pending),
        ("2026-03-05T13:00:00Z", false, ArtifactState::NotSupported),
    ] {
        for log in [
            answers::json(404, &json!({"data": []})),
            answers::ok(&json!({"data": []})),
            answers::empty(404),
        ] {
            let client = CannedClient::new()
                .always(
                    "GET",
                    STATISTIC_PATH,
                    answers::ok_bytes(fixtures().bytes("statistic_one_attempt.json")),
                )
                .always("GET", LOG_PATH, log);
            let provider = provider(&client, &json!({}));
            let caller = caller().at(now);
            let lookup = provider.lookup().unwrap();
            let change = lookup
                .fetch(&caller.context(), &attempt(), Some(&listed()))
                .await
                .unwrap();
            let upsert = upsert(change);
            assert_eq!(upsert.unfinished, unfinished, "{now}");
            assert_eq!(upsert.call.artifact_state("transcript"), state, "{now}");
            assert!(upsert.call.transcript.is_none());
        }
    }
}

#[tokio::test]
async fn trap_n45_speech_is_read_from_the_text_form_where_the_log_has_none() {
    let log = json!({"data": [{"action_alias": "step_7", "data": {"x": 1}, "date": null}]});
    let text = "bot(12:15:31): Good day; human(12:15:36): Who is it?";
    for first in [answers::ok(&log), answers::typed(200, "text/plain", text)] {
        let client = CannedClient::new()
            .always(
                "GET",
                STATISTIC_PATH,
                answers::ok_bytes(fixtures().bytes("statistic_one_attempt.json")),
            )
            .always("GET", &format!("{LOG_PATH}?type=json"), first)
            .always(
                "GET",
                &format!("{LOG_PATH}?type=text"),
                answers::typed(200, "text/plain", text),
            );
        let upsert = upsert(
            fetch(&client, &json!({}), &attempt(), Some(&listed()))
                .await
                .unwrap(),
        );
        let transcript = upsert.call.transcript.unwrap();
        assert_eq!(transcript.utterances.len(), 2);
        assert_eq!(transcript.utterances[1].text, "Who is it?");
        assert_eq!(transcript.utterances[1].party_index, Some(1));
        assert_eq!(transcript.text.as_deref(), Some(text));
        assert_eq!(upsert.unmapped, Vec::<String>::new());
    }
}

#[tokio::test]
async fn unknown_members_of_a_log_are_told_by_the_meter() {
    let log =
        json!({"data": [{"action_alias": "say", "data": {"text": "a"}, "mood": 1}], "version": 2});
    let client = CannedClient::new()
        .always(
            "GET",
            STATISTIC_PATH,
            answers::ok_bytes(fixtures().bytes("statistic_one_attempt.json")),
        )
        .always("GET", LOG_PATH, answers::ok(&log));
    let upsert = upsert(
        fetch(&client, &json!({}), &attempt(), Some(&listed()))
            .await
            .unwrap(),
    );
    assert_eq!(upsert.unmapped, ["NN-32/version", "NN-32/data/0/mood"]);
}

#[tokio::test]
async fn case_008_case_013_broken_answers_are_of_the_moment_and_odd_ones_of_the_record() {
    let moment = [
        answers::html(200),
        answers::ok_bytes(r#"[{"msisnd": "+7999"#),
        answers::empty(200),
        answers::html(502),
    ];
    for answer in moment {
        let client = documented_but(answer);
        let error = fetch(&client, &json!({}), &attempt(), Some(&listed()))
            .await
            .unwrap_err();
        assert!(matches!(
            error.kind,
            ErrorKind::BadResponse | ErrorKind::VendorFailure
        ));
    }
    for (body, pointer) in [
        (r#"[{"a": 1}, 7]"#, "NN-28/1"),
        (r#"[{"a": 1e400}]"#, "NN-28/0"),
        (r#""a text""#, "NN-28"),
    ] {
        let client = documented_but(answers::ok_bytes(body));
        let change = fetch(&client, &json!({}), &attempt(), Some(&listed()))
            .await
            .unwrap();
        let Change::Quarantined {
            pointer: told, raw, ..
        } = change
        else {
            panic!("{change:?}")
        };
        assert_eq!(told.as_deref(), Some(pointer));
        assert!(!raw.is_empty());
    }
}

fn documented_but(statistic: callweave_provider::http_client::Answer) -> CannedClient {
    CannedClient::new()
        .always("GET", STATISTIC_PATH, statistic)
        .always(
            "GET",
            LOG_PATH,
            answers::ok_bytes(fixtures().bytes("transcription.json")),
        )
}

#[tokio::test]
async fn trap_n41_n43_a_recording_goes_by_its_call_and_may_come_late() {
    let path = format!("/api/v2/ext/statistic/download/call?call_uuid={CALL}");
    let media = upsert(
        fetch(&documented(), &json!({}), &attempt(), None)
            .await
            .unwrap(),
    )
    .call
    .media
    .remove(0);
    // "RIFF....WAVE" in Base64.
    let good = answers::ok(&json!({"file_name": "../../x.wav", "data": "UklGRgAAAABXQVZF"}));
    let client = CannedClient::new().on("GET", &path, good).on(
        "GET",
        &path,
        answers::json(404, &json!({"message": "Cannot find dialog for call_uuid"})),
    );
    let provider = provider(&client, &json!({}));
    let caller = caller();
    let source = provider.media().unwrap();
    let body = source
        .open(&caller.context(), DIALOG, &media)
        .await
        .unwrap();
    assert_eq!(
        (body.content_type.as_str(), body.length),
        ("audio/wav", Some(12))
    );
    assert!(matches!(body.content, MediaContent::Whole(_)));
    let error = source
        .open(&caller.context(), DIALOG, &media)
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotReady);
    client.assert_all_used();
}

#[tokio::test]
async fn an_id_of_the_gateways_user_cannot_leave_its_place() {
    let provider = provider(&CannedClient::new(), &json!({}));
    let lookup = provider.lookup().unwrap();
    for id in ["", "..", "a/b", "a b", "a\nb", &"x".repeat(200)] {
        assert!(lookup.validate_call_id(id).is_err(), "{id}");
    }
    assert!(lookup.validate_call_id(DIALOG).is_ok());
}

#[tokio::test]
async fn case_039_a_recording_that_will_never_come_is_not_there() {
    let path = format!("/api/v2/ext/statistic/download/call?call_uuid={CALL}");
    let missing = || answers::json(404, &json!({"message": "Cannot find dialog for call_uuid"}));
    for (availability, kind) in [
        (ArtifactState::NotSupported, ErrorKind::NotFound),
        (ArtifactState::Expired, ErrorKind::NotFound),
        (ArtifactState::Pending, ErrorKind::NotReady),
        (ArtifactState::Ready, ErrorKind::NotReady),
    ] {
        for answer in [
            missing(),
            answers::ok(&json!({"file_name": "x", "data": null})),
        ] {
            let mut media = Media::new(CALL, MediaKind::RecordingMono, FetchMode::InlineBase64);
            media.availability = availability;
            let client = CannedClient::new().on("GET", &path, answer);
            let provider = provider(&client, &json!({}));
            let caller = caller();
            let source = provider.media().unwrap();
            let opened = source.open(&caller.context(), DIALOG, &media).await;
            assert_eq!(opened.unwrap_err().kind, kind, "{availability:?}");
        }
    }
    let mut media = Media::new(CALL, MediaKind::RecordingMono, FetchMode::InlineBase64);
    media.availability = ArtifactState::NotSupported;
    let wave = answers::ok(&json!({"data": "UklGRgAAAABXQVZF"}));
    let client = CannedClient::new().on("GET", &path, wave);
    let provider = provider(&client, &json!({}));
    let caller = caller();
    let source = provider.media().unwrap();
    let body = source.open(&caller.context(), DIALOG, &media).await;
    assert!(
        body.is_ok(),
        "what is there is given, whatever was expected"
    );
}

#[tokio::test]
async fn a_dialog_known_by_its_id_finds_its_calls_in_the_report() {
    let row = json!({"msisdn": "+79990000001", "dialog_uuid": DIALOG, "result": "success",
                     "date": "2026-03-01 09:15:30"});
    let listed = json!({"result": [
        {"result": "busy", "call_uuid": "c-9", "dialog_uuid": "d-9"},
        {"result": "success", "call_uuid": CALL, "dialog_uuid": DIALOG},
    ], "total": 2});
    let agents = json!([{"agent_uuid": "a-9", "name": "x"}, {"agent_uuid": AGENT, "name": "y"}]);
    let client = CannedClient::new()
        .on("GET", STATISTIC_PATH, answers::ok(&json!([row])))
        .on("GET", "/api/v2/ext/company-agents", answers::ok(&agents))
        .plays("POST", "/api/v2/ext/statistic/dialog-report", move |sent| {
            let body = sent.json();
            assert_eq!((&body["limit"], &body["offset"]), (&json!(100), &json!(0)));
            assert_eq!(body["start"], "2026-03-01 09:13:29");
            if body["agent_uuid"] == AGENT {
                answers::ok(&listed)
            } else {
                answers::ok(&json!({"result": [], "total": 0}))
            }
        })
        .on(
            "GET",
            LOG_PATH,
            answers::ok_bytes(fixtures().bytes("transcription.json")),
        );
    let record = RecordRef::new("dialog", DIALOG);
    let change = fetch(&client, &json!({}), &record, None).await.unwrap();
    client.assert_all_used();
    let call = upsert(change).call;
    assert_eq!(call.attempts.len(), 1);
    assert_eq!(call.attempts[0].remote_id.as_deref(), Some(CALL));
    assert_eq!(call.attempts[0].result_raw.as_deref(), Some("success"));
    assert_eq!(call.parties[0].remote_id.as_deref(), Some(AGENT));
    assert_eq!(call.media[0].remote_key, CALL);
    assert!(call.transcript.is_some());
}

#[tokio::test]
async fn a_young_dialog_whose_calls_are_not_listed_yet_is_looked_at_again() {
    let row = json!([{"dialog_uuid": DIALOG, "date": "2026-03-02 09:00:00", "result": "success"}]);
    let hint = json!({"agent_uuid": AGENT, "sent_at": "2026-03-02T08:59:00.000Z"});
    let client = CannedClient::new()
        .on("GET", STATISTIC_PATH, answers::ok(&row))
        .always(
            "POST",
            "/api/v2/ext/statistic/dialog-report",
            answers::ok(&json!({"result": [], "total": 0})),
        );
    let record = RecordRef::new("dialog", DIALOG);
    let change = fetch(&client, &json!({}), &record, Some(&hint))
        .await
        .unwrap();
    let upsert = upsert(change);
    assert!(upsert.unfinished);
    assert_eq!(
        upsert.call.artifact_state("transcript"),
        ArtifactState::Pending
    );
    assert_eq!(
        upsert.call.artifact_state("recording"),
        ArtifactState::Pending
    );
    assert_eq!(upsert.call.parties[0].remote_id.as_deref(), Some(AGENT));
}

#[tokio::test]
async fn a_dialog_is_told_although_its_agents_lists_are_barred() {
    let row = json!([{"dialog_uuid": DIALOG, "date": "2026-03-02 09:00:00", "result": "success"}]);
    let hint = json!({"agent_uuid": AGENT, "sent_at": "2026-03-01T08:59:00.000Z"});
    let record = RecordRef::new("dialog", DIALOG);
    for status in [403, 409] {
        let barred = answers::json(status, &json!({"message": "Agent not found"}));
        let client = CannedClient::new()
            .on("GET", STATISTIC_PATH, answers::ok(&row))
            .always(
                "POST",
                "/api/v2/ext/statistic/dialog-report",
                barred.clone(),
            );
        let change = fetch(&client, &json!({}), &record, Some(&hint))
            .await
            .unwrap();
        assert_eq!(upsert(change).call.status, CallStatus::Completed);
        let nothing = answers::json(404, &json!({"message": "No data for dialog report"}));
        let client = CannedClient::new()
            .on("GET", STATISTIC_PATH, nothing)
            .always("GET", "/api/v2/ext/queue/dialog", barred);
        let change = fetch(&client, &json!({}), &record, Some(&hint))
            .await
            .unwrap();
        assert!(matches!(change, Change::NotReady { .. }), "{change:?}");
    }
}

#[tokio::test]
async fn case_032_a_queue_that_moves_while_it_is_read_proves_no_deletion() {
    let hint = json!({"agent_uuid": AGENT, "sent_at": "2026-03-01T08:59:00.000Z"});
    let record = RecordRef::new("dialog", DIALOG);
    for moves in [false, true] {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let client = CannedClient::new()
            .on("GET", STATISTIC_PATH, answers::json(404, &json!([])))
            .plays("GET", "/api/v2/ext/queue/dialog*", move |sent| {
                let round = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) / 3;
                let first = if moves { round } else { 0 };
                let query = sent.uri.query().unwrap();
                let range = match query.rsplit_once("offset=").unwrap().1 {
                    "0" => first..first + 100,
                    "100" => first + 100..first + 130,
                    _ => 0..0,
                };
                let rows: Vec<Value> = range.map(|n| json!({"uuid": format!("d-{n}")})).collect();
                answers::ok(&json!(rows))
            });
        let change = fetch(&client, &json!({}), &record, Some(&hint))
            .await
            .unwrap();
        assert_eq!(
            matches!(change, Change::Gone { .. }),
            !moves,
            "moves: {moves}"
        );
    }
}
