//! Tasks that are not done, not there, not calls; answers that are not answers.

use callweave_model::enums::{ArtifactState, CallStatus, Direction};
use callweave_provider::{Change, ErrorKind};
use callweave_provider_testkit::{CannedClient, answers};
use serde_json::{Value, json};

use crate::support::{
    ANALYSIS_PATH, ANSWERS_PATH, CODE, Case, LIST_PATH, TASK_PATH, caller, provider, record,
};

async fn fetch(client: &CannedClient, hint: Option<&Value>) -> callweave_provider::Result<Change> {
    let provider = provider(client);
    let caller = caller();
    provider
        .lookup()
        .unwrap()
        .fetch(&caller.context(), &record(), hint)
        .await
}

fn refused(code: i64) -> Value {
    json!({"success": false, "error_code": code, "error_message": "no"})
}

#[tokio::test]
async fn trap_t13_t57_every_status_has_its_artifacts() {
    use ArtifactState::{Failed, Pending, Processing, Ready};
    for (status, transcript, analysis, unfinished) in [
        ("pending", Pending, Pending, true),
        ("processing", Processing, Processing, true),
        ("something_new", Processing, Processing, true),
        ("audio_completed", Ready, Processing, true),
        ("completed", Ready, Ready, false),
        ("completed2", Ready, Ready, false),
        ("error", Failed, Failed, false),
    ] {
        let mut case = Case::documented();
        case.task["status"] = json!(status);
        if transcript != Ready {
            case.task["task_result"] = Value::Null;
        }
        if status == "error" {
            case.task["error_message"] = json!("File decoding error");
            case.task["error_code"] = json!(4026);
        }
        let upsert = case.upsert().await;
        assert_eq!(upsert.unfinished, unfinished, "{status}");
        let call = upsert.call;
        assert_eq!(call.artifact_state("transcript"), transcript, "{status}");
        assert_eq!(call.artifact_state("analysis"), analysis, "{status}");
        assert_eq!(call.vendor_values["artifacts"], json!(status));
        if status == "error" {
            let error = call.artifacts["analysis"].error.clone().unwrap();
            assert_eq!(error.message, "File decoding error");
            assert_eq!(error.code.as_deref(), Some("4026"));
            assert_eq!(
                call.status,
                CallStatus::Unknown,
                "the analysis failed, not the call"
            );
        }
    }
}

#[tokio::test]
async fn case_031_a_task_that_is_gone_and_an_analysis_that_is_late() {
    let gone = CannedClient::new().always("GET", TASK_PATH, answers::ok(&refused(4021)));
    let change = fetch(&gone, None).await.unwrap();
    assert!(matches!(change, Change::Gone { .. }), "{change:?}");

    for (now, unfinished, state) in [
        ("2026-03-01T09:00:00Z", true, ArtifactState::Pending),
        ("2026-03-09T09:00:00Z", false, ArtifactState::NotRequested),
    ] {
        let mut case = Case::documented();
        case.analysis = refused(4057);
        case.answers = json!({"success": true, "error_code": 0, "data": []});
        let Change::Upsert(upsert) = case.change(now).await else {
            panic!("no upsert")
        };
        assert_eq!(upsert.unfinished, unfinished, "{now}");
        assert_eq!(upsert.call.artifact_state("analysis"), state, "{now}");
        assert!(upsert.call.analyses.is_empty());
        assert!(upsert.call.transcript.is_some());
    }
}

#[tokio::test]
async fn what_a_task_may_be_without_is_no_failure_and_what_concerns_the_moment_is() {
    let case = Case::documented();
    for (code, kind) in [
        (5000, Some(ErrorKind::VendorFailure)),
        (4012, Some(ErrorKind::Unauthorized)),
        (4056, None),
        (4053, None),
    ] {
        let client = CannedClient::new()
            .always("GET", TASK_PATH, answers::ok(&case.task))
            .always("GET", ANALYSIS_PATH, answers::ok(&case.analysis))
            .always("GET", ANSWERS_PATH, answers::ok(&refused(code)));
        let outcome = fetch(&client, Some(&case.row)).await;
        assert_eq!(outcome.err().map(|error| error.kind), kind, "{code}");
    }
}

#[tokio::test]
async fn trap_t09_the_introductions_paths_are_tried_where_the_sections_are_unknown() {
    let case = Case::documented();
    let client = CannedClient::new()
        .always("GET", TASK_PATH, answers::ok(&case.task))
        .always("GET", ANALYSIS_PATH, answers::html(404))
        .always(
            "GET",
            &format!("/api/calls_analysis/{CODE}"),
            answers::ok(&case.analysis),
        )
        .always("GET", ANSWERS_PATH, answers::ok(&case.answers));
    let change = fetch(&client, Some(&case.row)).await.unwrap();
    let Change::Upsert(upsert) = change else {
        panic!("{change:?}")
    };
    assert_eq!(upsert.call.artifact_state("analysis"), ArtifactState::Ready);
}

#[tokio::test]
async fn a_task_that_was_never_listed_is_listed_for_the_lookup() {
    let case = Case::documented();
    let page = json!({"tasks": [case.row], "pagination": {"total_tasks": 1}});
    let client = case.client().always("POST", LIST_PATH, answers::ok(&page));
    let change = fetch(&client, None).await.unwrap();
    let Change::Upsert(upsert) = change else {
        panic!("{change:?}")
    };
    assert_eq!(upsert.call.parties[0].name.as_deref(), Some("Ivanov"));
    let asked = client
        .requests()
        .into_iter()
        .find(|request| request.uri.path() == LIST_PATH)
        .unwrap();
    assert_eq!(asked.json()["task_code"], json!(CODE));
}

#[tokio::test]
async fn trap_t14_t15_open_words_stay_open() {
    let mut case = Case::documented();
    case.analysis["call_type"] = json!("callback");
    case.task["type"] = json!("fax");
    case.analysis["analysis"]["sentiment"] = json!("wistful");
    let call = case.call().await;
    assert_eq!(call.direction, Direction::Other);
    assert_eq!(call.vendor_values["direction"], json!("callback"));
    assert_eq!(call.channel.as_str(), "other");
    assert_eq!(call.vendor_values["channel"], json!("fax"));
    let sentiment = &call.analyses[0].sentiments[0];
    assert_eq!(sentiment.label.unwrap().as_str(), "other");
    assert_eq!(sentiment.vendor_values["label"], json!("wistful"));
}

#[tokio::test]
async fn members_of_another_type_are_kept_and_told() {
    let mut case = Case::documented();
    case.analysis["analysis"]["summary"] = json!({"text": "x"});
    case.analysis["analysis"]["tags"] = json!("eSIM, APN");
    case.analysis["call_checklists"] = json!([7]);
    let upsert = case.upsert().await;
    let mut unmapped = upsert.unmapped;
    unmapped.sort_unstable();
    assert_eq!(
        unmapped,
        [
            "TR-12/analysis/summary",
            "TR-12/analysis/tags",
            "TR-12/call_checklists/0"
        ]
    );
}

#[tokio::test]
async fn a_document_that_cannot_be_read_costs_its_task_only() {
    let case = Case::documented();
    let client = CannedClient::new()
        .always("GET", TASK_PATH, answers::ok(&case.task))
        .always(
            "GET",
            ANALYSIS_PATH,
            answers::ok_bytes(r#"{"task_code": "x", "duration_sec": 1e400}"#),
        )
        .always("GET", ANSWERS_PATH, answers::ok(&case.answers));
    let change = fetch(&client, Some(&case.row)).await.unwrap();
    let Change::Quarantined { pointer, raw, .. } = change else {
        panic!("{change:?}")
    };
    assert_eq!(pointer.as_deref(), Some("TR-12"));
    assert_eq!(raw.len(), 4);
    let mut report = Case::documented();
    report.task["type"] = json!("callreport");
    assert!(matches!(
        report.change("2026-03-05T00:00:00Z").await,
        Change::Quarantined { .. }
    ));
}

#[tokio::test]
async fn case_027_sound_answers_of_a_wrong_shape_are_put_aside_with_their_document() {
    let case = Case::documented();
    for (task, analysis, pointer) in [
        (json!(5), case.analysis.clone(), "TR-11"),
        (
            json!({"success": true, "error_code": 0}),
            case.analysis.clone(),
            "TR-11",
        ),
        (case.task.clone(), json!([]), "TR-12"),
        (case.task.clone(), json!({"success": true}), "TR-12"),
    ] {
        let client = CannedClient::new()
            .always("GET", TASK_PATH, answers::ok(&task))
            .always("GET", ANALYSIS_PATH, answers::ok(&analysis))
            .always("GET", ANSWERS_PATH, answers::ok(&case.answers));
        let change = fetch(&client, Some(&case.row)).await.unwrap();
        let Change::Quarantined {
            pointer: told, raw, ..
        } = change
        else {
            panic!("{change:?}")
        };
        assert_eq!(told.as_deref(), Some(pointer));
        assert_eq!(raw.last().unwrap().operation, pointer);
    }
}

#[tokio::test]
async fn case_008_case_013_broken_answers_are_of_the_moment() {
    for answer in [
        answers::html(200),
        answers::empty(200),
        answers::ok_bytes(r#"{"id": 1, "task_co"#),
    ] {
        let client = CannedClient::new().always("GET", TASK_PATH, answer);
        assert_eq!(
            fetch(&client, None).await.unwrap_err().kind,
            ErrorKind::BadResponse
        );
    }
}

#[tokio::test]
async fn trap_t11_a_code_is_opaque_and_cannot_leave_its_place() {
    let provider = provider(&CannedClient::new());
    let lookup = provider.lookup().unwrap();
    for code in [
        "",
        ".",
        "..",
        "a/b",
        "a?b",
        "a b",
        "a\u{0}",
        &"x".repeat(200),
    ] {
        assert!(lookup.validate_call_id(code).is_err(), "{code}");
    }
    for code in [CODE, "A1B2", "legacy_77.1"] {
        assert!(lookup.validate_call_id(code).is_ok(), "{code}");
    }
}
