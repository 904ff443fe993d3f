//! Parts of scenario results, live: of one, of a session, of all.

use std::collections::BTreeMap;

use callweave_model::owned::EvaluationPart;
use callweave_provider::{ErrorKind, Provider, evaluations::Part};
use callweave_provider_testkit::{CannedClient, answers};
use serde_json::{Value, json};

use crate::{
    rubrics::paging_styles,
    scene::Scene,
    support::{caller, page_through, provider, provider_with, query},
};

const SPANS: [(Part, &str); 3] = [
    (Part::SuccessPoints, "success_points"),
    (Part::Tags, "tags"),
    (Part::AgentMetrics, "employees_metrics"),
];

async fn of_all(scene: &Scene, part: Part, call: Option<&str>, limit: u32) -> Vec<EvaluationPart> {
    let evaluations = scene.provider.evaluations().unwrap();
    page_through(async |position| {
        let page = evaluations
            .parts(&scene.caller.context(), part, call, &query(limit, position))
            .await
            .unwrap();
        assert!(page.items.len() <= usize::try_from(limit).unwrap());
        page
    })
    .await
}

/// What an entry says, without whose it is.
fn said(entry: &EvaluationPart) -> EvaluationPart {
    EvaluationPart {
        evaluation_remote_id: None,
        call_remote_id: None,
        ..entry.clone()
    }
}

fn milliseconds(seconds: &Value) -> Option<i64> {
    callweave_provider::number::seconds_to_ms(seconds.as_f64()?)
}

#[tokio::test]
async fn the_parts_of_one_result_are_what_the_vendor_shows() {
    let scene = Scene::new(30, json!({}), json!({})).await;
    let evaluations = scene.provider.evaluations().unwrap();
    let context = scene.caller.context();
    let mut met = BTreeMap::new();
    for entry in scene.ledger() {
        let id = entry.id.as_str();
        for (part, path) in SPANS {
            let entries = evaluations.part(&context, id, part).await.unwrap();
            let known = scene
                .at_vendor(&format!("/scenario_result/{id}/{path}"))
                .await;
            let known = known.as_array().unwrap();
            assert_eq!(entries.len(), known.len());
            *met.entry(path).or_insert(0) += known.len();
            for (entry, row) in entries.iter().zip(known) {
                assert_eq!(json!(entry.name), row["name"]);
                assert_eq!(entry.start_ms, milliseconds(&row["start"]));
                assert_eq!(entry.end_ms, milliseconds(&row["end"]));
                assert_eq!(entry.color.as_deref(), row["color"].as_str());
                assert_eq!(entry.evaluation_remote_id.as_deref(), Some(id));
                assert!(entry.extra.is_empty());
            }
        }
        let summary = evaluations.part(&context, id, Part::Summary).await.unwrap();
        if entry.facts["empty_result"] == json!(true) {
            assert!(summary.is_empty(), "a summary without a word is none");
        } else {
            assert_eq!(json!(summary[0].text), entry.facts["dialog_summary"]);
        }
    }
    assert!(met.values().all(|count| *count > 5), "{met:?}");
    for part in [
        Part::Summary,
        Part::Transcript,
        Part::SuccessPoints,
        Part::Tags,
        Part::AgentMetrics,
    ] {
        let missing = evaluations.part(&context, "1", part).await.unwrap_err();
        assert_eq!(missing.kind, ErrorKind::NotFound, "{part:?}");
    }
}

#[tokio::test]
async fn trap_c49_transcripts_come_from_the_operation_of_either_edition() {
    for edition in [2025, 2026] {
        for source in ["auto", "phrase_and_words", "transcription"] {
            let options = json!({"callgear_edition": edition});
            let scene = Scene::new(12, options, json!({"transcript_source": source})).await;
            let evaluations = scene.provider.evaluations().unwrap();
            let context = scene.caller.context();
            for entry in scene.ledger() {
                let passages = evaluations
                    .part(&context, &entry.id, Part::Transcript)
                    .await
                    .unwrap();
                if entry.facts["empty_result"] == json!(true) && edition == 2025 {
                    assert!(passages.is_empty());
                    continue;
                }
                assert_eq!(
                    json!(passages.len()),
                    entry.facts["lines"],
                    "{edition} {source}"
                );
                assert_eq!(json!(passages[0].start_ms), entry.facts["first_start_ms"]);
                let last = passages.last().unwrap();
                assert_eq!(json!(last.end_ms), entry.facts["last_end_ms"]);
                for passage in &passages {
                    let utterance = passage.utterance.as_ref().unwrap();
                    assert!(!utterance.words.is_empty() && !utterance.text.is_empty());
                    let by_role = passage.extra.contains_key("role");
                    assert_eq!(
                        (utterance.channel.is_some(), by_role),
                        (edition == 2025, edition == 2026)
                    );
                    assert_eq!(passage.evaluation_remote_id.as_ref(), Some(&entry.id));
                }
            }
        }
    }
}

#[tokio::test]
async fn trap_c22_parts_of_a_session_are_told_with_their_result() {
    let scene = Scene::new(40, json!({}), json!({})).await;
    let evaluations = scene.provider.evaluations().unwrap();
    let context = scene.caller.context();
    let mut sessions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in scene.ledger() {
        sessions
            .entry(entry.call_id.unwrap())
            .or_default()
            .push(entry.id);
    }
    for (call, ids) in sessions.iter().take(20) {
        for (part, _) in SPANS {
            let mut expected = Vec::new();
            for id in ids {
                expected.extend(evaluations.part(&context, id, part).await.unwrap());
            }
            for entry in &mut expected {
                entry.call_remote_id = Some(call.clone());
            }
            for limit in [2, 200] {
                let found = of_all(&scene, part, Some(call), limit).await;
                assert_eq!(found, expected, "{part:?} {limit}");
            }
        }
    }
    assert!(sessions.values().any(|ids| ids.len() == 3));
    for (part, _) in SPANS {
        assert!(of_all(&scene, part, Some("5"), 50).await.is_empty());
    }
}

#[tokio::test]
async fn traps_c19_c20_summaries_and_transcripts_of_a_session_come_by_its_filter() {
    for edition in [2025, 2026] {
        let options = json!({"callgear_edition": edition, "callgear_summary_paging": false});
        let scene = Scene::new(20, options, json!({})).await;
        let ledger = scene.ledger();
        for entry in ledger.iter().take(16) {
            let call = entry.call_id.as_deref().unwrap();
            let of_session: Vec<&str> = ledger
                .iter()
                .filter(|other| other.call_id.as_deref() == Some(call))
                .map(|other| other.id.as_str())
                .collect();
            let only = (of_session.len() == 1).then(|| entry.id.clone());
            let summaries = of_all(&scene, Part::Summary, Some(call), 50).await;
            let passages = of_all(&scene, Part::Transcript, Some(call), 7).await;
            for part in summaries.iter().chain(&passages) {
                assert_eq!(part.call_remote_id.as_deref(), Some(call));
                assert_eq!(part.evaluation_remote_id, only, "several results: nobody's");
            }
            if entry.facts["empty_result"] == json!(true) && only.is_some() {
                assert!(summaries.is_empty());
                continue;
            }
            assert_eq!(json!(summaries[0].text), entry.facts["dialog_summary"]);
            assert_eq!(
                json!(passages.len()),
                entry.facts["lines"],
                "once, not for each result"
            );
        }
        assert!(scene.asked("CG-22") > 0);
        assert!(scene.asked(if edition == 2025 { "CG-24" } else { "CG-37" }) > 0);
        assert!(
            of_all(&scene, Part::Summary, Some("5"), 50)
                .await
                .is_empty()
        );
        assert!(
            of_all(&scene, Part::Transcript, Some("5"), 50)
                .await
                .is_empty()
        );
    }
    let client = CannedClient::new()
        .always(
            "GET",
            "/api/v1.0/scenario_result/summary",
            answers::ok(&json!([{"dialog_summary": "a"}])),
        )
        .always(
            "GET",
            "/api/v1.0/scenario_result/phrase_and_words",
            answers::ok(&json!([{"phrase": "b"}])),
        )
        .always(
            "GET",
            "/api/v1.0/scenario_result",
            answers::ok(&json!([{"id": 5}])),
        );
    let provider = provider(&client);
    let evaluations = provider.evaluations().unwrap();
    for part in [Part::Summary, Part::Transcript] {
        let page = evaluations
            .parts(&caller().context(), part, Some("9"), &query(50, None))
            .await
            .unwrap();
        assert_eq!(page.items[0].evaluation_remote_id.as_deref(), Some("5"));
    }
    let asked = client.lines();
    for line in [
        "GET /api/v1.0/scenario_result/summary?_sort=id&_order=asc&call_session_id__eq=9",
        "GET /api/v1.0/scenario_result/phrase_and_words?_sort=id&_order=asc&call_session_id__in=9",
    ] {
        assert!(asked.iter().any(|asked| asked == line), "{asked:#?}");
    }
}

#[tokio::test]
async fn the_lists_of_all_parts_are_told_whole_however_the_vendor_pages() {
    for (options, settings) in paging_styles() {
        for summary_paging in [true, false] {
            let mut options = options.clone();
            options["callgear_summary_paging"] = json!(summary_paging);
            let scene = Scene::new(16, options.clone(), settings.clone()).await;
            let evaluations = scene.provider.evaluations().unwrap();
            let context = scene.caller.context();
            let parts = SPANS
                .map(|(part, _)| part)
                .into_iter()
                .chain([Part::Summary]);
            for part in parts {
                let mut expected = Vec::new();
                for entry in scene.ledger() {
                    let of_one = evaluations.part(&context, &entry.id, part).await.unwrap();
                    expected.extend(of_one.iter().map(said));
                }
                for limit in [5, 200] {
                    let mut found = of_all(&scene, part, None, limit).await;
                    // A result without a summary gives one without a word.
                    found.retain(|part| part.text.as_deref() != Some(""));
                    assert_eq!(found, expected, "{options} {part:?} {limit}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_list_that_counts_its_own_rows_is_told_whole_as_well() {
    // Five results and twelve rows; `_start` and `_end` mean rows.
    let results: Vec<Value> = (1..=5).map(|id| json!({"id": id})).collect();
    let rows: Vec<Value> = (0..12)
        .map(|at| json!({"name": format!("point {at}"), "start": at, "end": at + 1}))
        .collect();
    let stretch = |list: Vec<Value>| {
        move |request: &callweave_provider_testkit::Recorded| {
            let bound = |name: &str| {
                let query = request.uri.query().unwrap();
                let pair = query
                    .split('&')
                    .find_map(|pair| pair.strip_prefix(name))
                    .unwrap();
                pair.parse::<usize>().unwrap()
            };
            let (start, end) = (bound("_start="), bound("_end="));
            let page: Vec<&Value> = list.iter().take(end).skip(start).collect();
            answers::ok(&json!(page))
        }
    };
    let client = CannedClient::new()
        .plays(
            "GET",
            "/api/v1.0/scenario_result/success_points",
            stretch(rows),
        )
        .plays("GET", "/api/v1.0/scenario_result", stretch(results));
    let provider = provider(&client);
    let evaluations = provider.evaluations().unwrap();
    for limit in [2, 3, 50] {
        let found = page_through(async |position| {
            evaluations
                .parts(
                    &caller().context(),
                    Part::SuccessPoints,
                    None,
                    &query(limit, position),
                )
                .await
                .unwrap()
        })
        .await;
        let names: Vec<String> = found.into_iter().map(|part| part.name.unwrap()).collect();
        let expected: Vec<String> = (0..12).map(|at| format!("point {at}")).collect();
        assert_eq!(names, expected, "{limit}");
    }
}

#[tokio::test]
async fn a_list_that_ignores_paging_is_told_once() {
    let rows = json!([{"name": "a", "start": 1, "end": 2}, {"name": "b", "start": 3, "end": 4}]);
    let client = CannedClient::new()
        .always("GET", "/api/v1.0/scenario_result/tags", answers::ok(&rows))
        .always(
            "GET",
            "/api/v1.0/scenario_result",
            answers::ok(&json!([{"id": 1}, {"id": 2}, {"id": 3}])),
        );
    let provider = provider(&client);
    let evaluations = provider.evaluations().unwrap();
    for limit in [1, 2, 50] {
        let found = page_through(async |position| {
            evaluations
                .parts(
                    &caller().context(),
                    Part::Tags,
                    None,
                    &query(limit, position),
                )
                .await
                .unwrap()
        })
        .await;
        assert_eq!(found.len(), 2, "{limit}");
    }
}

#[tokio::test]
async fn transcripts_of_all_calls_are_listed_where_the_edition_has_them() {
    let scene = Scene::new(12, json!({"callgear_edition": 2026}), json!({})).await;
    let calls: BTreeMap<String, Value> = scene
        .ledger()
        .into_iter()
        .map(|entry| (entry.call_id.unwrap(), entry.facts["lines"].clone()))
        .collect();
    for limit in [10, 200] {
        let passages = of_all(&scene, Part::Transcript, None, limit).await;
        let mut lines: BTreeMap<String, usize> = BTreeMap::new();
        for passage in &passages {
            *lines
                .entry(passage.call_remote_id.clone().unwrap())
                .or_default() += 1;
            assert_eq!(passage.evaluation_remote_id, None);
        }
        assert_eq!(json!(lines), json!(calls), "{limit}");
        assert!(passages[0].extra["call_segments"].is_array());
    }
    let older = Scene::new(2, json!({}), json!({})).await;
    let evaluations = older.provider.evaluations().unwrap();
    let error = evaluations
        .parts(
            &older.caller.context(),
            Part::Transcript,
            None,
            &query(50, None),
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidInput);
    assert_eq!(error.pointer.as_deref(), Some("/call_remote_id"));
}

/// The entries of a part whose answer is this one.
async fn read(provider: &dyn Provider, part: Part) -> Vec<EvaluationPart> {
    let evaluations = provider.evaluations().unwrap();
    evaluations
        .part(&caller().context(), "7", part)
        .await
        .unwrap()
}

#[tokio::test]
async fn case_029_entries_are_read_by_whatever_name_they_come() {
    let row = json!({"name": "profanity", "start": 17.849_499_648, "end": "18.17", "count": 6});
    for answer in [
        json!([row]),
        json!({"data": [row], "active_count": 6}),
        json!({"events": [row], "active_count": 6}),
        json!([[row]]),
        json!([null, row]),
        json!(row),
    ] {
        let path = "/api/v1.0/scenario_result/7/employees_metrics";
        let client = CannedClient::new().on("GET", path, answers::ok(&answer));
        let entries = read(provider(&client).as_ref(), Part::AgentMetrics).await;
        assert_eq!(entries.len(), 1, "{answer}");
        assert_eq!(entries[0].name.as_deref(), Some("profanity"));
        assert_eq!(
            (entries[0].start_ms, entries[0].end_ms),
            (Some(17_849), Some(18_170))
        );
        assert_eq!(json!(entries[0].extra), json!({"count": 6}));
    }
    let phrase = json!({"start": 1, "end": 2, "phrase": "Hello."});
    for answer in [
        json!([phrase]),
        json!({"phrase_list": [phrase]}),
        json!({"result": {"result": {"phrase_list": [phrase, null]}}}),
    ] {
        let path = "/api/v1.0/scenario_result/7/phrase_and_words";
        let client = CannedClient::new().on("GET", path, answers::ok(&answer));
        let entries = read(provider(&client).as_ref(), Part::Transcript).await;
        assert_eq!(entries.len(), 1, "{answer}");
        assert_eq!(entries[0].utterance.as_ref().unwrap().text, "Hello.");
    }
    for answer in [
        json!([]),
        json!(null),
        json!({"dialog_summary": ""}),
        json!([{"dialog_summary": null}]),
    ] {
        let client = CannedClient::new().on(
            "GET",
            "/api/v1.0/scenario_result/7/summary",
            answers::ok(&answer),
        );
        assert!(
            read(provider(&client).as_ref(), Part::Summary)
                .await
                .is_empty(),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn trap_c48_a_summary_stays_verbatim() {
    let text = "Main topic: Medical appointment\nResult: «уточнение»\n\n";
    let answer = json!({"dialog_summary": text, "language": "ru"});
    let client = CannedClient::new().on(
        "GET",
        "/api/v1.0/scenario_result/7/summary",
        answers::ok(&answer),
    );
    let entries = read(provider(&client).as_ref(), Part::Summary).await;
    assert_eq!(entries[0].text.as_deref(), Some(text));
    assert_eq!(entries[0].extra["language"], "ru");
}

#[tokio::test]
async fn a_result_tells_its_own_phrases_where_no_operation_has_them() {
    let result = json!({"id": 7, "call_session_id": 9, "result": {"result": {"phrase_list": [{"phrase": "a"}]}}});
    for status in [404, 405] {
        let client = CannedClient::new()
            .always("GET", "/api/v1.0/scenario_result/7", answers::ok(&result))
            .otherwise(move |_| Ok(answers::json(status, &json!({}))));
        for source in ["auto", "transcription"] {
            let provider = provider_with(client.shared(), &json!({"transcript_source": source}));
            let entries = read(provider.as_ref(), Part::Transcript).await;
            assert_eq!(
                entries[0].utterance.as_ref().unwrap().text,
                "a",
                "{status} {source}"
            );
        }
    }
    let path = "/api/v1.0/scenario_result/7/phrase_and_words";
    let client = CannedClient::new().on("GET", path, answers::json(500, &json!([{"phrase": "a"}])));
    let provider = provider(&client);
    let evaluations = provider.evaluations().unwrap();
    let error = evaluations
        .part(&caller().context(), "7", Part::Transcript)
        .await
        .unwrap_err();
    assert_eq!(
        error.kind,
        ErrorKind::VendorFailure,
        "a failure is no missing operation"
    );
}
