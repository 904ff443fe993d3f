//! Scenario results, live: read, written, deleted.

use std::collections::BTreeSet;

use callweave_model::owned::{Evaluation, EvaluationDraft};
use callweave_provider::{
    ErrorKind, Retry,
    evaluations::{Evaluations, Part},
    http_client::TransportError,
    listing::ListQuery,
};
use callweave_provider_testkit::{CannedClient, answers};
use callweave_sandbox::{Action, FaultKind, Vendor};
use serde_json::{Value, json};

use crate::{
    rubrics::paging_styles,
    scene::Scene,
    support::{caller, page_through, provider, query},
};

const RESULT: &str = "/api/v1.0/scenario_result/789";

async fn list(scene: &Scene, call: Option<&str>, limit: u32) -> Vec<Evaluation> {
    let evaluations = scene.provider.evaluations().unwrap();
    page_through(async |position| {
        Evaluations::evaluations(
            evaluations,
            &scene.caller.context(),
            call,
            &query(limit, position),
        )
        .await
        .unwrap()
    })
    .await
}

fn draft(more: &Value) -> EvaluationDraft {
    let mut members = json!({
        "remote_id": "789", "call_remote_id": "5139000001", "rubric_remote_id": "130",
        "rubric_name": "Медицина", "application_remote_id": "64832", "result": {"hold": {"data": []}},
    });
    for (name, value) in more.as_object().unwrap() {
        members[name] = value.clone();
    }
    serde_json::from_value(members).unwrap()
}

/// The vendor's object of [`draft`].
fn stored() -> Value {
    json!({
        "call_session_id": 5_139_000_001_i64, "scenario_id": 130, "scenario_name": "Медицина",
        "result": {"hold": {"data": []}}, "id": 789, "app_id": 64832,
    })
}

#[tokio::test]
async fn traps_c16_c17_results_are_listed_whole_however_the_vendor_pages() {
    for (options, settings) in paging_styles() {
        let scene = Scene::new(40, options.clone(), settings).await;
        let known: BTreeSet<String> = scene.ledger().into_iter().map(|entry| entry.id).collect();
        for limit in [3, 50, 200] {
            let listed = list(&scene, None, limit).await;
            let ids: BTreeSet<String> =
                listed.iter().map(|found| found.remote_id.clone()).collect();
            assert_eq!(ids, known, "{options} {limit}");
            assert_eq!(listed.len(), known.len(), "{options} {limit}: none twice");
        }
    }
    let rows: Vec<Value> = (0..50).map(|id| json!({"id": 100 + id})).collect();
    let client = CannedClient::new().always(
        "GET",
        "/api/v1.0/scenario_result",
        answers::ok(&json!(rows)),
    );
    let provider = provider(&client);
    let evaluations = provider.evaluations().unwrap();
    Evaluations::evaluations(
        evaluations,
        &caller().context(),
        Some("5139000001"),
        &query(50, None),
    )
    .await
    .unwrap();
    assert_eq!(
        client.lines(),
        [
            "GET /api/v1.0/scenario_result?_sort=id&_order=asc&_start=0&_end=50\
          &call_session_id__eq=5139000001"
        ]
    );
}

#[tokio::test]
async fn trap_c36_a_session_has_several_results_and_only_its_own() {
    for options in [
        json!({}),
        json!({"callgear_empty_is_404": true, "callgear_start_base": 1}),
    ] {
        let scene = Scene::new(40, options, json!({})).await;
        let ledger = scene.ledger();
        let session = |index: usize| ledger[index].call_id.clone().unwrap();
        for entry in &ledger {
            let call = entry.call_id.clone().unwrap();
            let expected: Vec<&str> = ledger
                .iter()
                .filter(|other| other.call_id.as_ref() == Some(&call))
                .map(|other| other.id.as_str())
                .collect();
            let found = list(&scene, Some(&call), 50).await;
            let ids: Vec<&str> = found.iter().map(|found| found.remote_id.as_str()).collect();
            assert_eq!(ids, expected);
            assert!(
                found
                    .iter()
                    .all(|found| found.call_remote_id.as_ref() == Some(&call))
            );
        }
        assert!(list(&scene, Some("5"), 50).await.is_empty());
        assert!(session(0).parse::<i64>().unwrap() > i64::from(u32::MAX));
    }
    let rows = json!([{"id": 1, "call_session_id": 7}, {"id": 2, "call_session_id": "8"}]);
    let client = CannedClient::new().always("GET", "/api/v1.0/scenario_result", answers::ok(&rows));
    let provider = provider(&client);
    let evaluations = provider.evaluations().unwrap();
    let caller = caller();
    let page = Evaluations::evaluations(evaluations, &caller.context(), Some("8"), &query(2, None))
        .await
        .unwrap();
    let ids: Vec<&str> = page
        .items
        .iter()
        .map(|found| found.remote_id.as_str())
        .collect();
    assert_eq!(ids, ["2"], "where the vendor ignores the filter");
    let odd = Evaluations::evaluations(
        evaluations,
        &caller.context(),
        Some("8&x=1"),
        &query(2, None),
    )
    .await
    .unwrap_err();
    assert_eq!(
        (odd.kind, odd.pointer.as_deref()),
        (ErrorKind::InvalidInput, Some("/call_remote_id"))
    );
    let searched = ListQuery {
        search: Some("x".to_owned()),
        ..ListQuery::default()
    };
    let error = Evaluations::evaluations(evaluations, &caller.context(), None, &searched)
        .await
        .unwrap_err();
    assert_eq!(error.pointer.as_deref(), Some("/q"));
}

#[tokio::test]
async fn a_result_by_id_tells_what_its_ledger_entry_says() {
    for edition in [2025, 2026] {
        let scene = Scene::new(30, json!({"callgear_edition": edition}), json!({})).await;
        let evaluations = scene.provider.evaluations().unwrap();
        for entry in scene.ledger() {
            let found = evaluations
                .evaluation(&scene.caller.context(), &entry.id)
                .await
                .unwrap();
            assert_eq!(found.remote_id, entry.id);
            assert_eq!(found.call_remote_id, entry.call_id);
            let scenario = found.rubric_remote_id.as_deref().unwrap();
            assert_eq!(
                json!(scenario.parse::<i64>().unwrap()),
                entry.facts["scenario_id"]
            );
            assert_eq!(json!(found.rubric_name), entry.facts["scenario_name"]);
            assert!(found.application_remote_id.is_some() && found.extra.is_empty());
            if entry.facts["empty_result"] == json!(true) {
                assert_eq!(found.result, json!({}));
            } else {
                let percent = &found.result["scenario"]["percent_completion"];
                assert_eq!(
                    percent, &entry.facts["score_percent"],
                    "flat in either edition"
                );
            }
        }
        let missing = evaluations
            .evaluation(&scene.caller.context(), "1")
            .await
            .unwrap_err();
        assert_eq!(missing.kind, ErrorKind::NotFound);
        assert_eq!(
            missing.message.as_deref(),
            Some("Scenario result is not found")
        );
    }
}

/// A small generator; the same seed gives the same values.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn value(&mut self, depth: u32) -> Value {
        match self.below(if depth == 0 { 4 } else { 6 }) {
            0 => json!(self.below(1_000_000)),
            1 => json!(f64::from(u32::try_from(self.below(9_999)).unwrap()) / 64.0),
            2 => json!(format!("слово {}", self.below(99))),
            3 => json!(self.below(2) == 0),
            4 => Value::Array((0..self.below(4)).map(|_| self.value(depth - 1)).collect()),
            _ => {
                let names = ["data", "events", "active_count", "name", "start", "result"];
                let mut members = serde_json::Map::new();
                for _ in 0..self.below(4) {
                    let name = names[usize::try_from(self.below(6)).unwrap()];
                    let value = self.value(depth - 1);
                    members.insert(name.to_owned(), value);
                }
                Value::Object(members)
            }
        }
    }
}

#[tokio::test]
async fn case_028_a_listed_result_and_one_by_id_are_the_same_however_deep_it_is_nested() {
    const KNOWN: [&str; 6] = [
        "hold",
        "scenario",
        "silences",
        "profanity",
        "tag_events",
        "phrase_list",
    ];
    let mut dice = Dice(0x5eed_cafe);
    for round in 0..2_000_u32 {
        let mut payload = serde_json::Map::new();
        for name in KNOWN {
            if dice.below(2) == 0 {
                payload.insert(name.to_owned(), dice.value(3));
            }
        }
        let payload = Value::Object(payload);
        let envelope = |result: Value| {
            json!({
                "id": 789, "app_id": 64832, "call_session_id": 5_139_000_001_i64,
                "scenario_id": 130, "scenario_name": "Медицина", "result": result, "new": round,
            })
        };
        let mut nested = payload.clone();
        for _ in 0..round % 4 {
            nested = json!({"result": nested});
        }
        let client = CannedClient::new()
            .always(
                "GET",
                "/api/v1.0/scenario_result",
                answers::ok(&json!([envelope(payload.clone())])),
            )
            .always("GET", RESULT, answers::ok(&envelope(nested)));
        let provider = provider(&client);
        let evaluations = provider.evaluations().unwrap();
        let caller = caller();
        let listed =
            Evaluations::evaluations(evaluations, &caller.context(), None, &query(1, None))
                .await
                .unwrap();
        let by_id = evaluations
            .evaluation(&caller.context(), "789")
            .await
            .unwrap();
        assert_eq!(listed.items, std::slice::from_ref(&by_id), "round {round}");
        assert_eq!(by_id.result, payload);
        assert_eq!(by_id.extra["new"], round);
    }
}

#[tokio::test]
async fn trap_c24_what_stands_around_a_nested_result_is_not_lost() {
    for (result, expected) in [
        (
            json!({"result": {"hold": 1}, "audio": 2}),
            json!({"hold": 1, "audio": 2}),
        ),
        (
            json!({"result": {"hold": 1}, "scenario": 2}),
            json!({"result": {"hold": 1}, "scenario": 2}),
        ),
        (json!({"result": [1]}), json!({"result": [1]})),
        (json!(null), json!(null)),
        (json!("none"), json!("none")),
    ] {
        let answer = json!({"id": 789, "result": result});
        let client = CannedClient::new().on("GET", RESULT, answers::ok(&answer));
        let provider = provider(&client);
        let evaluations = provider.evaluations().unwrap();
        let found = evaluations.evaluation(&caller().context(), "789").await;
        assert_eq!(found.unwrap().result, expected);
    }
}

#[tokio::test]
async fn trap_c37_a_result_is_written_once_under_the_id_that_the_caller_chose() {
    let scene = Scene::new(10, json!({}), json!({})).await;
    let evaluations = scene.provider.evaluations().unwrap();
    let context = scene.caller.context();
    let made = evaluations
        .create_evaluation(&context, &draft(&json!({})))
        .await
        .unwrap();
    assert_eq!(scene.at_vendor("/scenario_result/789").await, stored());
    assert_eq!(made, evaluations.evaluation(&context, "789").await.unwrap());
    let written = scene.written("result");
    assert_eq!((written.len(), written[0].action), (1, Action::Added));

    let changed = draft(&json!({"remote_id": "1", "rubric_name": "Другое", "result": {}}));
    let replaced = evaluations
        .replace_evaluation(&context, "789", &changed)
        .await
        .unwrap();
    assert_eq!(replaced.remote_id, "789", "the id of the address");
    let mut expected = stored();
    expected["scenario_name"] = json!("Другое");
    expected["result"] = json!({});
    assert_eq!(scene.at_vendor("/scenario_result/789").await, expected);
    assert_eq!(scene.vendor("GET", "/scenario_result/1").await.0, 404);
    let unknown = evaluations
        .replace_evaluation(&context, "790", &draft(&json!({})))
        .await
        .unwrap_err();
    assert_eq!(unknown.kind, ErrorKind::NotFound);

    scene.fault("CG-17", FaultKind::LostResponse);
    let lost = evaluations
        .create_evaluation(&context, &draft(&json!({"remote_id": "800"})))
        .await
        .unwrap_err();
    assert_eq!(
        (lost.kind, lost.retry),
        (ErrorKind::Transport, Retry::Never)
    );
    assert_eq!(
        scene.written("result").len(),
        3,
        "added, replaced, and once more added"
    );
}

#[tokio::test]
async fn a_result_that_does_not_fit_is_refused_before_it_is_sent() {
    let client = CannedClient::new();
    let provider = provider(&client);
    let evaluations = provider.evaluations().unwrap();
    let caller = caller();
    for (members, pointer) in [
        (json!({"remote_id": null}), "/remote_id"),
        (json!({"remote_id": "0"}), "/remote_id"),
        (json!({"call_remote_id": "call-7"}), "/call_remote_id"),
        (json!({"rubric_remote_id": "1.5"}), "/rubric_remote_id"),
        (
            json!({"application_remote_id": "-1"}),
            "/application_remote_id",
        ),
    ] {
        let error = evaluations
            .create_evaluation(&caller.context(), &draft(&members))
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput);
        assert_eq!(error.pointer.as_deref(), Some(pointer));
    }
    for odd in ["summary", "0", "", "7/tags"] {
        let outcomes = [
            evaluations
                .evaluation(&caller.context(), odd)
                .await
                .map(drop),
            evaluations.delete_evaluation(&caller.context(), odd).await,
            evaluations
                .part(&caller.context(), odd, Part::Tags)
                .await
                .map(drop),
            evaluations
                .replace_evaluation(&caller.context(), odd, &draft(&json!({})))
                .await
                .map(drop),
        ];
        for outcome in outcomes {
            assert_eq!(outcome.unwrap_err().kind, ErrorKind::NotFound, "{odd:?}");
        }
    }
    assert!(client.requests().is_empty());
}

#[tokio::test]
async fn trap_c38_any_successful_answer_to_a_replacement_will_do() {
    for answer in [
        answers::empty(204),
        answers::ok(&json!({"id": 1, "scenario_name": "another"})),
        answers::ok(&json!(true)),
        answers::typed(200, "text/plain", "saved"),
    ] {
        let client = CannedClient::new().on("PUT", RESULT, answer);
        let provider = provider(&client);
        let evaluations = provider.evaluations().unwrap();
        let replaced = evaluations
            .replace_evaluation(
                &caller().context(),
                "789",
                &draft(&json!({"remote_id": null})),
            )
            .await
            .unwrap();
        assert_eq!(
            (replaced.remote_id.as_str(), replaced.rubric_name.as_deref()),
            ("789", Some("Медицина"))
        );
        assert_eq!(client.requests()[0].json(), stored());
    }
    let client = CannedClient::new().on("PUT", RESULT, answers::html(200));
    let provider = provider(&client);
    let evaluations = provider.evaluations().unwrap();
    let page = evaluations
        .replace_evaluation(&caller().context(), "789", &draft(&json!({})))
        .await
        .unwrap_err();
    assert_eq!(
        page.kind,
        ErrorKind::BadResponse,
        "a page is somebody else's answer"
    );
}

#[tokio::test]
async fn trap_c44_a_deletion_whose_answer_is_lost_is_looked_up_and_not_repeated() {
    let scene = Scene::new(10, json!({}), json!({})).await;
    let evaluations = scene.provider.evaluations().unwrap();
    let context = scene.caller.context();
    let ids: Vec<String> = scene
        .ledger()
        .into_iter()
        .map(|entry| entry.id)
        .take(3)
        .collect();
    evaluations
        .delete_evaluation(&context, &ids[0])
        .await
        .unwrap();
    assert_eq!(
        scene
            .vendor("GET", &format!("/scenario_result/{}", ids[0]))
            .await
            .0,
        404
    );
    let again = evaluations
        .delete_evaluation(&context, &ids[0])
        .await
        .unwrap_err();
    assert_eq!(again.kind, ErrorKind::NotFound);

    scene.fault("CG-20", FaultKind::LostResponse);
    scene.forget_requests();
    evaluations
        .delete_evaluation(&context, &ids[1])
        .await
        .unwrap();
    assert_eq!((scene.asked("CG-20"), scene.asked("CG-18")), (1, 1));
    assert_eq!(
        scene
            .vendor("GET", &format!("/scenario_result/{}", ids[1]))
            .await
            .0,
        404
    );

    scene.sandbox.world().clear_faults();
    scene.fault("CG-20", FaultKind::Close { after_bytes: None });
    let kept = evaluations
        .delete_evaluation(&context, &ids[2])
        .await
        .unwrap_err();
    assert_eq!(kept.kind, ErrorKind::Transport, "it is still there");
    let deleted = scene.written("result");
    let deleted: Vec<&str> = deleted.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(deleted, [ids[0].as_str(), ids[1].as_str()], "each once");

    let client = CannedClient::new()
        .fails("DELETE", RESULT, || TransportError::Timeout)
        .fails("GET", RESULT, || TransportError::Timeout);
    let provider = provider(&client);
    let evaluations = provider.evaluations().unwrap();
    let unknown = evaluations
        .delete_evaluation(&caller().context(), "789")
        .await
        .unwrap_err();
    assert_eq!(unknown.kind, ErrorKind::Transport);
    assert_eq!(
        client.lines(),
        [format!("DELETE {RESULT}"), format!("GET {RESULT}")]
    );
}

#[tokio::test]
async fn case_037_results_of_another_application_are_refused() {
    let scene = Scene::new(10, json!({}), json!({})).await;
    let account = scene.sandbox.world().credentials("")["callgear"].clone();
    let ours = account["app_id"].as_i64().unwrap();
    let entry = &scene.ledger()[0];
    let (id, call) = (entry.id.as_str(), entry.call_id.as_deref().unwrap());
    let context = scene.caller.context();
    let own = scene.with(json!({"app_id": ours}));
    let own = own.evaluations().unwrap();
    assert_eq!(own.evaluation(&context, id).await.unwrap().remote_id, id);
    assert!(
        !own.part(&context, id, Part::Summary)
            .await
            .unwrap()
            .is_empty()
    );
    let listed = Evaluations::evaluations(own, &context, None, &query(50, None))
        .await
        .unwrap();
    assert!(!listed.items.is_empty());

    scene.forget_requests();
    let foreign = scene.with(json!({"app_id": 1}));
    let foreign = foreign.evaluations().unwrap();
    let draft = draft(&json!({"application_remote_id": "1"}));
    let refusals = [
        foreign.evaluation(&context, id).await.map(drop),
        foreign.delete_evaluation(&context, id).await,
        foreign
            .replace_evaluation(&context, id, &draft)
            .await
            .map(drop),
        foreign.part(&context, id, Part::Transcript).await.map(drop),
    ];
    for refusal in refusals {
        assert_eq!(refusal.unwrap_err().kind, ErrorKind::Forbidden);
    }
    let listed = Evaluations::evaluations(foreign, &context, None, &query(200, None))
        .await
        .unwrap();
    assert_eq!((listed.items, listed.next), (Vec::new(), None));
    for part in [
        Part::Summary,
        Part::Transcript,
        Part::SuccessPoints,
        Part::Tags,
        Part::AgentMetrics,
    ] {
        let found = foreign
            .parts(&context, part, Some(call), &query(50, None))
            .await;
        assert_eq!(found.unwrap().items, Vec::new(), "{part:?}");
    }
    for part in [
        Part::Summary,
        Part::SuccessPoints,
        Part::Tags,
        Part::AgentMetrics,
    ] {
        let error = own
            .parts(&context, part, None, &query(50, None))
            .await
            .unwrap_err();
        assert_eq!(
            error.pointer.as_deref(),
            Some("/call_remote_id"),
            "{part:?} tell no application"
        );
    }
    for untouched in [
        "CG-17", "CG-19", "CG-20", "CG-21", "CG-22", "CG-23", "CG-24", "CG-25",
    ] {
        assert_eq!(scene.asked(untouched), 0, "{untouched}");
    }
    let wrong = crate::evaluations::draft(&json!({"application_remote_id": "2"}));
    let error = foreign
        .create_evaluation(&context, &wrong)
        .await
        .unwrap_err();
    assert_eq!(error.pointer.as_deref(), Some("/application_remote_id"));
    assert!(scene.sandbox.world().record(Vendor::CallGear, id).is_some());
}
