//! Scenarios, their points and scores, live.

use std::collections::BTreeMap;

use callweave_model::owned::{Rubric, RubricChange, RubricDraft, RubricItem, RubricKind};
use callweave_provider::{
    ErrorKind, Retry,
    http_client::TransportError,
    listing::{ListQuery, Listing},
    rubrics::{ItemForm, RubricFilter, Rubrics},
};
use callweave_provider_testkit::{CannedClient, answers};
use callweave_sandbox::FaultKind;
use serde_json::{Map, Value, json};

use crate::{
    scene::Scene,
    support::{caller, page_through, provider, provider_with, query},
};

const SCENARIO: &str = "/api/v1.0/scenarios/130";

/// Every way in which a vendor may page, by the sandbox's options and the settings that go along.
pub(crate) fn paging_styles() -> Vec<(Value, Value)> {
    vec![
        (json!({}), json!({})),
        (json!({"callgear_start_base": 1}), json!({})),
        (json!({"callgear_start_base": 1}), json!({"start_base": 1})),
        (json!({"callgear_page_cap": 7}), json!({})),
        (
            json!({"callgear_end_is_page_size": true, "callgear_page_cap": 0}),
            json!({}),
        ),
        (
            json!({"callgear_edition": 2026, "callgear_total_header": false}),
            json!({}),
        ),
    ]
}

async fn list(
    scene: &Scene,
    filter: &RubricFilter,
    search: Option<&str>,
    limit: u32,
) -> Vec<Rubric> {
    let rubrics = scene.provider.rubrics().unwrap();
    page_through(async |position| {
        let query = ListQuery {
            limit,
            position,
            search: search.map(str::to_owned),
        };
        Rubrics::rubrics(rubrics, &scene.caller.context(), filter, &query)
            .await
            .unwrap()
    })
    .await
}

fn draft(name: &str) -> RubricDraft {
    serde_json::from_value(json!({"kind": "scenario", "name": name})).unwrap()
}

fn change(members: Value) -> RubricChange {
    serde_json::from_value(members).unwrap()
}

#[tokio::test]
async fn trap_c16_scenarios_are_listed_whole_however_the_vendor_pages() {
    for (options, settings) in paging_styles() {
        let scene = Scene::new(2, options.clone(), settings).await;
        let known = scene.at_vendor("/scenarios?_start=0&_end=100").await;
        for limit in [1, 3, 5, 50, 200] {
            let listed = list(&scene, &RubricFilter::default(), None, limit).await;
            let ids: Vec<String> = listed
                .iter()
                .map(|rubric| rubric.remote_id.clone())
                .collect();
            let all: Vec<String> = (130..144).map(|id| id.to_string()).collect();
            assert_eq!(ids, all, "{options} {limit}");
        }
        let listed = list(&scene, &RubricFilter::default(), None, 50).await;
        let first = &listed[0];
        assert_eq!(first.kind, RubricKind::Scenario);
        assert_eq!(json!(first.name), known[0]["scenario_name"]);
        assert_eq!(json!(first.text), known[0]["scenario_text"]);
        assert_eq!(
            first.pass_threshold_pct,
            known[0]["scenario_score"].as_f64()
        );
        assert_eq!(json!(first.tags), known[0]["tags"]);
        assert_eq!(
            first.filters.as_ref(),
            Some(&known[0]["filters"]),
            "a list of lists"
        );
        assert!(first.extra.is_empty());
    }
}

#[tokio::test]
async fn scenarios_are_filtered_here_since_the_vendor_does_not() {
    let scene = Scene::new(2, json!({}), json!({})).await;
    let all = list(&scene, &RubricFilter::default(), None, 50).await;
    let active = RubricFilter {
        kind: Some(RubricKind::Scenario),
        active_only: true,
    };
    let found = list(&scene, &active, None, 2).await;
    assert!(!found.is_empty() && found.len() < all.len());
    assert!(found.iter().all(|rubric| rubric.active == Some(true)));
    let found = list(&scene, &RubricFilter::default(), Some("МЕДИЦ"), 50).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].name, "Медицина");
    let rubrics = scene.provider.rubrics().unwrap();
    for (kind, capability) in [
        (RubricKind::Checklist, "rubrics.checklist"),
        (RubricKind::Script, "rubrics.script"),
    ] {
        let filter = RubricFilter {
            kind: Some(kind),
            active_only: false,
        };
        let error = Rubrics::rubrics(
            rubrics,
            &scene.caller.context(),
            &filter,
            &ListQuery::default(),
        )
        .await
        .unwrap_err();
        assert_eq!(error.kind, ErrorKind::CapabilityNotSupported);
        assert_eq!(error.operation, capability);
    }
}

#[tokio::test]
async fn a_scenario_is_made_of_what_the_caller_names() {
    let scene = Scene::new(2, json!({}), json!({})).await;
    let rubrics = scene.provider.rubrics().unwrap();
    let context = scene.caller.context();
    let draft: RubricDraft = serde_json::from_value(json!({
        "kind": "scenario", "name": "Приветствие", "text": "1. Поздоровался\n2. Представился",
        "active": false, "pass_threshold_pct": 62.5,
        "tags": [{"id": 181, "name": "a"}],
        "filters": [{"id": 203, "name": "Длительность", "operators": "больше чем", "values": 5}],
    }))
    .unwrap();
    let made = rubrics.create_rubric(&context, &draft).await.unwrap();
    let written = scene.written("scenario");
    assert_eq!(written.len(), 1);
    assert_eq!(written[0].id, made.remote_id);
    assert_eq!(written[0].facts["scenario_name"], "Приветствие");
    assert_eq!(written[0].facts["scenario_score"], 62.5);
    assert_eq!(
        (made.active, made.pass_threshold_pct),
        (Some(false), Some(62.5))
    );
    let flat = json!(draft.filters.as_ref().unwrap());
    assert_eq!(
        made.filters,
        Some(json!([flat])),
        "written flat, read as a list of lists"
    );
    assert_eq!(
        rubrics.rubric(&context, &made.remote_id).await.unwrap(),
        made
    );

    for (member, value) in [
        ("identifier", json!("a")),
        ("description", json!("a")),
        ("version", json!("1")),
        ("name", json!("  ")),
        ("pass_threshold_pct", json!(101)),
    ] {
        let mut members = json!({"kind": "scenario", "name": "A"});
        members[member] = value;
        let draft = serde_json::from_value(members).unwrap();
        let error = rubrics.create_rubric(&context, &draft).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput);
        assert_eq!(error.pointer, Some(format!("/{member}")));
    }
    assert_eq!(scene.asked("CG-02"), 1, "what is refused is not sent");
    let client = CannedClient::new().always(
        "POST",
        "/api/v1.0/scenarios",
        answers::ok(&json!({"id": 7})),
    );
    let canned = provider(&client);
    let rubrics = canned.rubrics().unwrap();
    rubrics
        .create_rubric(&caller().context(), &self::draft("A"))
        .await
        .unwrap();
    assert_eq!(
        client.requests()[0].json(),
        json!({"scenario_name": "A"}),
        "nothing is made up"
    );
}

#[tokio::test]
async fn trap_c39_a_change_keeps_what_it_does_not_name() {
    for replaces in [false, true] {
        let options = json!({"callgear_put_replaces": replaces});
        let scene = Scene::new(2, options, json!({})).await;
        let rubrics = scene.provider.rubrics().unwrap();
        let context = scene.caller.context();
        let before = scene.at_vendor("/scenarios/130").await;
        let renamed = change(json!({"name": "Новое имя"}));
        let answer = rubrics
            .update_rubric(&context, "130", &renamed)
            .await
            .unwrap();
        let mut expected = before.clone();
        expected["scenario_name"] = json!("Новое имя");
        assert_eq!(
            scene.at_vendor("/scenarios/130").await,
            expected,
            "{replaces}"
        );
        assert_eq!(answer, rubrics.rubric(&context, "130").await.unwrap());

        for (active, state) in [(false, "inactive"), (true, "active")] {
            let switched = change(json!({"active": active}));
            let answer = rubrics
                .update_rubric(&context, "130", &switched)
                .await
                .unwrap();
            assert_eq!(answer.active, Some(active));
            expected["state"] = json!(state);
            assert_eq!(scene.at_vendor("/scenarios/130").await, expected);
        }
        assert_eq!(scene.asked("CG-05"), 0, "states are not toggled blindly");
        scene.forget_requests();
        let same = change(json!({"active": true, "name": "Новое имя"}));
        rubrics.update_rubric(&context, "130", &same).await.unwrap();
        rubrics
            .update_rubric(&context, "130", &RubricChange::default())
            .await
            .unwrap();
        assert_eq!(
            (scene.asked("CG-03"), scene.asked("CG-04")),
            (2, 0),
            "nothing to write"
        );

        let cleared = change(json!({"text": null, "tags": null, "filters": null}));
        let answer = rubrics
            .update_rubric(&context, "130", &cleared)
            .await
            .unwrap();
        assert_eq!(answer.text.as_deref(), Some(""));
        assert_eq!((answer.tags, answer.filters), (Vec::new(), Some(json!([]))));
    }
}

#[tokio::test]
async fn a_change_that_does_not_fit_is_refused_before_anything_is_asked() {
    let client = CannedClient::new();
    let provider = provider(&client);
    let rubrics = provider.rubrics().unwrap();
    for members in [
        json!({"name": null}),
        json!({"name": " "}),
        json!({"active": null}),
        json!({"pass_threshold_pct": null}),
        json!({"pass_threshold_pct": -1}),
        json!({"identifier": "x"}),
        json!({"description": null}),
        json!({"version": "2"}),
    ] {
        let pointer = format!("/{}", members.as_object().unwrap().keys().next().unwrap());
        let error = rubrics
            .update_rubric(&caller().context(), "130", &change(members))
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput);
        assert_eq!(error.pointer, Some(pointer));
    }
}

#[tokio::test]
async fn trap_c08_the_whole_object_goes_back_without_the_id_that_the_address_has() {
    let known = json!({
        "state": "active", "scenario_text": "1. A", "id": 130, "scenario_name": "A",
        "scenario_score": "70", "tags": [{"id": 208, "new": 1}], "owner": {"id": 5},
        "filters": [[{"id": 203, "operators": "больше чем", "values": {"title": "V"}}], [{"id": 7}]],
    });
    for put_answer in [
        answers::empty(204),
        answers::empty(200),
        answers::typed(200, "application/json", "[\"done\"]"),
        answers::ok(&json!({"id": 131, "scenario_name": "Another"})),
        answers::ok(&json!({"id": 130})),
    ] {
        let client = CannedClient::new()
            .always("GET", SCENARIO, answers::ok(&known))
            .on("PUT", SCENARIO, put_answer);
        let provider = provider(&client);
        let rubrics = provider.rubrics().unwrap();
        let answer = rubrics
            .update_rubric(
                &caller().context(),
                "130",
                &change(json!({"active": false})),
            )
            .await
            .unwrap();
        let mut whole = known.clone();
        whole["state"] = json!("inactive");
        whole.as_object_mut().unwrap().remove("id");
        assert_eq!(
            client.requests()[1].json(),
            whole,
            "filters of two groups go back as they came"
        );
        assert_eq!(answer.remote_id, "130");
        assert_eq!(
            client.lines()[2],
            format!("GET {SCENARIO}"),
            "read again to tell what is there"
        );
    }
    let one_group = json!({"id": "130", "scenario_name": "A", "filters": [[{"id": 1}, {"id": 2}]]});
    let client = CannedClient::new()
        .always("GET", SCENARIO, answers::ok(&one_group))
        .on(
            "PUT",
            SCENARIO,
            answers::ok(&json!({"id": 130, "scenario_name": "B"})),
        );
    let provider = provider(&client);
    let rubrics = provider.rubrics().unwrap();
    let renamed = change(json!({"name": "B"}));
    rubrics
        .update_rubric(&caller().context(), "130", &renamed)
        .await
        .unwrap();
    let body = client.requests()[1].json();
    assert_eq!(
        body,
        json!({"scenario_name": "B", "filters": [{"id": 1}, {"id": 2}]})
    );
    let own = change(json!({"filters": [[{"id": 9}]]}));
    let client = CannedClient::new()
        .always("GET", SCENARIO, answers::ok(&one_group))
        .on(
            "PUT",
            SCENARIO,
            answers::ok(&json!({"id": 130, "scenario_name": "A"})),
        );
    let canned = crate::support::provider(&client);
    let rubrics = canned.rubrics().unwrap();
    rubrics
        .update_rubric(&caller().context(), "130", &own)
        .await
        .unwrap();
    let sent = client.requests()[1].json();
    assert_eq!(
        sent["filters"],
        json!([[{"id": 9}]]),
        "what the caller writes is not touched"
    );
}

#[tokio::test]
async fn an_answer_that_is_another_scenario_is_not_written_back() {
    for other in [
        json!({"id": 131, "scenario_name": "B"}),
        json!([]),
        json!({}),
    ] {
        let client = CannedClient::new().always("GET", SCENARIO, answers::ok(&other));
        let provider = provider(&client);
        let rubrics = provider.rubrics().unwrap();
        let error = rubrics
            .update_rubric(&caller().context(), "130", &change(json!({"active": true})))
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadResponse);
        assert_eq!(client.requests().len(), 1);
    }
}

#[tokio::test]
async fn trap_c07_the_toggle_sends_only_what_the_caller_wrote() {
    let scene = Scene::new(2, json!({}), json!({})).await;
    let rubrics = scene.provider.rubrics().unwrap();
    let context = scene.caller.context();
    let Value::Object(body) = json!({"scenario_id": 131}) else {
        panic!()
    };
    let before = scene.at_vendor("/scenarios/131").await["state"].clone();
    let answer = rubrics.toggle_rubric(&context, "131", &body).await.unwrap();
    assert_ne!(answer["state"], before);
    assert_eq!(scene.at_vendor("/scenarios/131").await, answer);
    let silent = rubrics
        .toggle_rubric(&context, "131", &Map::new())
        .await
        .unwrap_err();
    assert_eq!(silent.kind, ErrorKind::InvalidRequest, "no id is added");
    assert_eq!(scene.asked("CG-05"), 2);

    let client =
        CannedClient::new().always("POST", "/api/v1.0/toggle_scenario", answers::empty(204));
    let canned = provider(&client);
    let rubrics = canned.rubrics().unwrap();
    let answer = rubrics
        .toggle_rubric(&caller().context(), "131", &body)
        .await;
    assert_eq!(answer.unwrap(), Value::Null);
    assert_eq!(client.requests()[0].json(), json!({"scenario_id": 131}));
    for odd in [
        answers::html(200),
        answers::json(500, &json!({"id": 1, "point": "x"})),
    ] {
        let client = CannedClient::new().always("POST", "/api/v1.0/toggle_scenario", odd);
        let canned = provider(&client);
        let rubrics = canned.rubrics().unwrap();
        let error = rubrics
            .toggle_rubric(&caller().context(), "131", &body)
            .await
            .unwrap_err();
        assert_eq!(error.retry, Retry::Never, "it may have been toggled");
    }
}

#[tokio::test]
async fn what_is_made_once_is_not_offered_for_a_second_try() {
    let cases: [(fn() -> TransportError, Retry); 3] = [
        (|| TransportError::Timeout, Retry::Never),
        (|| TransportError::Broken(None), Retry::Never),
        (|| TransportError::Connect(None), Retry::Backoff),
    ];
    for (failure, retry) in cases {
        let client = CannedClient::new().fails("POST", "/api/v1.0/scenarios", failure);
        let provider = provider(&client);
        let rubrics = provider.rubrics().unwrap();
        let error = rubrics
            .create_rubric(&caller().context(), &draft("A"))
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.retry), (ErrorKind::Transport, retry));
        assert_eq!(client.requests().len(), 1);
    }
    let scene = Scene::new(2, json!({}), json!({})).await;
    scene.fault("CG-02", FaultKind::LostResponse);
    let rubrics = scene.provider.rubrics().unwrap();
    let error = rubrics
        .create_rubric(&scene.caller.context(), &draft("A"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::Transport, Retry::Never)
    );
    assert_eq!(scene.written("scenario").len(), 1, "sent once");
}

#[tokio::test]
async fn points_are_read_one_by_one_whole_and_as_text() {
    let scene = Scene::new(2, json!({}), json!({})).await;
    let rubrics = scene.provider.rubrics().unwrap();
    let context = scene.caller.context();
    let points = rubrics
        .rubric_items(&context, "130", ItemForm::Structured)
        .await
        .unwrap();
    let known = scene.at_vendor("/scenarios/130/points").await;
    assert_eq!(points.len(), known.as_array().unwrap().len());
    assert_eq!(json!(points[1].text), known[1]["point"]);
    assert_eq!(points[1].rubric_remote_id.as_deref(), Some("130"));
    let id = points[1].remote_id.clone().unwrap();
    assert_eq!(
        rubrics.rubric_item(&context, "130", &id).await.unwrap(),
        points[1]
    );
    let text = rubrics
        .rubric_items(&context, "130", ItemForm::Text)
        .await
        .unwrap();
    let whole = scene.at_vendor("/scenarios/130/text_points").await;
    assert_eq!(json!(text[0].text), whole["text"]);
    assert_eq!((text.len(), &text[0].remote_id), (1, &None));
    let score = rubrics.rubric_score(&context, "130").await.unwrap();
    assert_eq!(
        (score.pass_threshold_pct, score.score_raw),
        (Some(70.0), json!(70))
    );
    assert_eq!(score.rubric_remote_id.as_deref(), Some("130"));
    for missing in [
        rubrics.rubric(&context, "9999").await.map(drop),
        rubrics.rubric_item(&context, "130", "99").await.map(drop),
        rubrics
            .rubric_items(&context, "9999", ItemForm::Structured)
            .await
            .map(drop),
        rubrics
            .rubric_items(&context, "9999", ItemForm::Text)
            .await
            .map(drop),
        rubrics.rubric_score(&context, "9999").await.map(drop),
    ] {
        assert_eq!(missing.unwrap_err().kind, ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn trap_c14_a_success_shaped_body_with_status_500_is_an_error() {
    let scene = Scene::new(2, json!({}), json!({})).await;
    for operation in ["CG-07", "CG-08"] {
        scene.fault(operation, FaultKind::SuccessShaped { status: 500 });
    }
    let rubrics = scene.provider.rubrics().unwrap();
    let context = scene.caller.context();
    let point = rubrics.rubric_item(&context, "130", "1").await.unwrap_err();
    let text = rubrics
        .rubric_items(&context, "130", ItemForm::Text)
        .await
        .unwrap_err();
    for error in [point, text] {
        assert_eq!(
            (error.kind, error.status),
            (ErrorKind::VendorFailure, Some(500))
        );
        assert_eq!(error.message, None, "such a body is no message");
    }
}

#[tokio::test]
async fn trap_c12_only_positive_integers_reach_an_address() {
    let client = CannedClient::new();
    let provider = provider(&client);
    let rubrics = provider.rubrics().unwrap();
    let caller = caller();
    let context = caller.context();
    for odd in [
        "points",
        "scenario_score",
        "",
        "0",
        "-1",
        "1.5",
        "../tags",
        "1/points",
        "9223372036854775808",
    ] {
        let outcomes = [
            rubrics.rubric(&context, odd).await.map(drop),
            rubrics
                .update_rubric(&context, odd, &change(json!({"active": true})))
                .await
                .map(drop),
            rubrics
                .toggle_rubric(&context, odd, &Map::new())
                .await
                .map(drop),
            rubrics
                .rubric_items(&context, odd, ItemForm::Structured)
                .await
                .map(drop),
            rubrics
                .rubric_items(&context, odd, ItemForm::Text)
                .await
                .map(drop),
            rubrics.rubric_item(&context, odd, "1").await.map(drop),
            rubrics.rubric_item(&context, "130", odd).await.map(drop),
            rubrics.rubric_score(&context, odd).await.map(drop),
        ];
        for outcome in outcomes {
            assert_eq!(outcome.unwrap_err().kind, ErrorKind::NotFound, "{odd:?}");
        }
    }
    assert!(client.requests().is_empty());
}

#[tokio::test]
async fn trap_c41_the_vendor_deletes_no_scenario_and_makes_no_points() {
    let client = CannedClient::new();
    let provider = provider(&client);
    let rubrics = provider.rubrics().unwrap();
    let caller = caller();
    let context = caller.context();
    let deleted = rubrics.delete_rubric(&context, "130").await.unwrap_err();
    assert_eq!(deleted.kind, ErrorKind::CapabilityNotSupported);
    assert_eq!(deleted.operation, "rubrics.delete");
    let item = serde_json::from_value(json!({"text": "x"})).unwrap();
    let made = rubrics
        .create_rubric_item(&context, "130", &item)
        .await
        .unwrap_err();
    assert_eq!(made.kind, ErrorKind::CapabilityNotSupported);
    assert!(client.requests().is_empty());
}

#[tokio::test]
async fn trap_c13_all_points_are_told_with_their_scenario_in_either_form() {
    let mut styles = paging_styles();
    styles.push((json!({"callgear_nested_points": true}), json!({})));
    for (options, settings) in styles {
        let scene = Scene::new(2, options.clone(), settings).await;
        let rubrics = scene.provider.rubrics().unwrap();
        let mut expected: Vec<(String, String)> = Vec::new();
        for id in 130..144 {
            let points = scene.at_vendor(&format!("/scenarios/{id}/points")).await;
            let points = points.as_array().unwrap().iter();
            expected.extend(
                points.map(|point| (id.to_string(), point["point"].as_str().unwrap().to_owned())),
            );
        }
        for limit in [7, 200] {
            let items: Vec<RubricItem> = page_through(async |position| {
                let page: Listing<RubricItem> = rubrics
                    .all_rubric_items(&scene.caller.context(), &query(limit, position))
                    .await
                    .unwrap();
                assert!(page.items.len() <= usize::try_from(limit).unwrap());
                page
            })
            .await;
            let told: Vec<(String, String)> = items
                .into_iter()
                .map(|item| (item.rubric_remote_id.unwrap(), item.text))
                .collect();
            assert_eq!(told, expected, "{options} {limit}");
        }
    }
}

#[tokio::test]
async fn all_scores_are_told_with_their_scenario_where_that_is_certain() {
    for (options, settings) in paging_styles() {
        let scene = Scene::new(2, options.clone(), settings).await;
        let rubrics = scene.provider.rubrics().unwrap();
        for limit in [1, 4, 50] {
            let scores = page_through(async |position| {
                rubrics
                    .rubric_scores(&scene.caller.context(), &query(limit, position))
                    .await
                    .unwrap()
            })
            .await;
            let told: BTreeMap<String, f64> = scores
                .into_iter()
                .map(|score| {
                    (
                        score.rubric_remote_id.unwrap(),
                        score.pass_threshold_pct.unwrap(),
                    )
                })
                .collect();
            assert_eq!(told.len(), 14, "{options} {limit}");
            assert_eq!((told["130"], told["143"]), (70.0, 50.0));
        }
    }
    // Scores that do not agree with the scenarios at their places belong to nobody.
    let scenarios = json!([{"id": 130, "scenario_score": 70}, {"id": 131, "scenario_score": 60}]);
    let scores = json!([{"scenario_score": 60}, {"scenario_score": 60}]);
    let list = "/api/v1.0/scenarios?_sort=id&_order=asc&_start=0&_end=50";
    let score_list = "/api/v1.0/scenarios/scenario_score?_sort=id&_order=asc&_start=0&_end=2";
    let client = CannedClient::new()
        .always("GET", list, answers::ok(&scenarios))
        .always("GET", score_list, answers::ok(&scores))
        .otherwise(|_| Ok(answers::ok(&json!([]))));
    let provider = provider_with(client.shared(), &json!({}));
    let page = provider
        .rubrics()
        .unwrap()
        .rubric_scores(&caller().context(), &ListQuery::default())
        .await
        .unwrap();
    let told: Vec<Option<String>> = page
        .items
        .into_iter()
        .map(|score| score.rubric_remote_id)
        .collect();
    assert_eq!(told, [None, Some("131".to_owned())]);
}

#[tokio::test]
async fn trap_c46_a_list_that_is_not_found_is_empty_and_other_refusals_are_not() {
    for (answer, kind) in [
        (answers::json(404, &json!({"error": "Not Found"})), None),
        (answers::empty(204), Some(ErrorKind::BadResponse)),
        (answers::html(200), Some(ErrorKind::BadResponse)),
        (
            answers::ok(&json!({"data": []})),
            Some(ErrorKind::BadResponse),
        ),
        (answers::json(405, &json!({})), Some(ErrorKind::Unsupported)),
        (answers::json(403, &json!({})), Some(ErrorKind::Forbidden)),
        (
            answers::json(500, &json!([])),
            Some(ErrorKind::VendorFailure),
        ),
    ] {
        let client = CannedClient::new().always("GET", "/api/v1.0/scenarios", answer);
        let provider = provider(&client);
        let rubrics = provider.rubrics().unwrap();
        let caller = caller();
        let page = Rubrics::rubrics(
            rubrics,
            &caller.context(),
            &RubricFilter::default(),
            &ListQuery::default(),
        )
        .await;
        match kind {
            None => assert_eq!(page.unwrap(), Listing::whole(Vec::new())),
            Some(kind) => assert_eq!(page.unwrap_err().kind, kind),
        }
    }
}

#[tokio::test]
async fn a_position_of_another_list_is_refused() {
    let client = CannedClient::new();
    let provider = provider(&client);
    let rubrics = provider.rubrics().unwrap();
    for position in ["", "7", "{}", "{\"from\":5}", "{\"v\":99}"] {
        let query = query(50, Some(position.to_owned()));
        let caller = caller();
        let outcomes = [
            Rubrics::rubrics(rubrics, &caller.context(), &RubricFilter::default(), &query)
                .await
                .map(drop),
            rubrics
                .all_rubric_items(&caller.context(), &query)
                .await
                .map(drop),
            rubrics
                .rubric_scores(&caller.context(), &query)
                .await
                .map(drop),
        ];
        for outcome in outcomes {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{position}");
            assert_eq!(error.pointer.as_deref(), Some("/cursor"));
        }
    }
}
