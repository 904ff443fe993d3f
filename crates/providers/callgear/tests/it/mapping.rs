//! From the documented answers to the canonical call.

use callweave_model::enums::{
    ArtifactState, Condition, DetectionScope, Direction, EventType, ItemResult, PartyRole,
    Performer, SentimentLabel, StartedAtSource,
};
use callweave_provider::{Change, change::Upsert};
use callweave_provider_testkit::{CannedClient, answers};
use serde_json::{Value, json};

use crate::support::{analysis, caller, fetch, fixtures, provider_with, result, upsert};

/// Answers a result with its parts; what is not given does not exist.
struct Vendor {
    client: CannedClient,
    id: String,
}

impl Vendor {
    fn of(result: &Value) -> Self {
        let id = result["id"].to_string();
        let path = format!("/api/v1.0/scenario_result/{id}");
        let client = CannedClient::new()
            .always("GET", &path, answers::ok(result))
            .otherwise(|_| Ok(answers::json(404, &json!({"error": "Not Found"}))));
        Self { client, id }
    }

    fn part(mut self, part: &str, body: &Value) -> Self {
        let path = format!("/api/v1.0/scenario_result/{}/{part}", self.id);
        self.client = self.client.always("GET", &path, answers::ok(body));
        self
    }

    fn at(mut self, path: &str, body: &Value) -> Self {
        self.client = self
            .client
            .always("GET", &format!("/api/v1.0{path}"), answers::ok(body));
        self
    }

    async fn upsert(&self) -> Upsert {
        upsert(&self.client, &self.id).await
    }

    fn asked(&self, path: &str) -> bool {
        let line = format!("GET /api/v1.0{path}");
        self.client
            .lines()
            .iter()
            .any(|asked| asked.starts_with(&line))
    }
}

fn nested() -> Value {
    fixtures().json("result_nested.json")
}

fn listed(row: usize) -> Value {
    fixtures().json("list.json")[row].clone()
}

#[tokio::test]
async fn trap_c24_nested_and_flat_results_are_one() {
    let nested_result = nested();
    let mut flat = nested_result.clone();
    flat["result"] = nested_result["result"]["result"].clone();
    let mut deep = nested_result.clone();
    deep["result"] = json!({"result": nested_result["result"]});
    let one = Vendor::of(&nested_result).upsert().await;
    for other in [flat, deep] {
        let other = Vendor::of(&other).upsert().await;
        assert_eq!(one.call, other.call);
        assert_eq!(other.unmapped, Vec::<String>::new());
    }
    assert_eq!(one.unmapped, Vec::<String>::new());
    assert_eq!(
        one.call.remote_id, "5139032004",
        "trap C-21: larger than 32 bits"
    );
    assert_eq!(one.call.remote_refs["app_id"], "64001");
    let analysis = analysis(&one.call);
    assert_eq!(analysis.remote_id, "90018");
    let rubric = analysis.rubric_ref.as_ref().unwrap();
    assert_eq!(
        (rubric.remote_id.as_str(), rubric.name.as_deref()),
        ("133", Some("Заказ пиццы"))
    );
}

#[tokio::test]
async fn trap_c21_ids_may_be_text() {
    let mut result = nested();
    for member in ["app_id", "call_session_id", "scenario_id"] {
        result[member] = json!(result[member].to_string());
    }
    result["result"]["result"]["scenario"]["percent_completion"] = json!("80");
    result["result"]["result"]["scenario"]["count"] = json!("12");
    let text = Vendor::of(&result).upsert().await;
    let number = Vendor::of(&nested()).upsert().await;
    assert_eq!(text.call, number.call);
}

#[tokio::test]
async fn trap_c25_an_empty_result_is_a_call_without_scorecard() {
    for payload in [json!({}), json!(null), json!([]), json!({"result": {}})] {
        let mut row = listed(1);
        row["result"] = payload.clone();
        let vendor = Vendor::of(&row)
            .part("summary", &json!({"dialog_summary": ""}))
            .part("phrase_and_words", &json!([]))
            .part("success_points", &json!([]))
            .part("tags", &json!([]))
            .part("employees_metrics", &json!([]));
        let upsert = vendor.upsert().await;
        assert_eq!(upsert.unmapped, Vec::<String>::new(), "{payload}");
        assert!(upsert.unfinished);
        let analysis = analysis(&upsert.call);
        assert!(analysis.scorecards.is_empty() && analysis.detections.is_empty());
        assert_eq!(analysis.status.state, ArtifactState::Pending);
        assert!(upsert.call.transcript.is_none());
    }
}

#[tokio::test]
async fn trap_c26_a_list_may_be_called_data_or_events_or_stand_bare() {
    let entry = json!({"start": 1, "end": 2, "name": "hold", "state": "active", "duration": 1});
    for block in [
        json!({"data": [entry], "active_count": 1}),
        json!({"events": [entry], "active_count": 1}),
        json!([entry]),
    ] {
        let result = json!({"id": 7, "call_session_id": 9, "result": {"hold": block}});
        let upsert = Vendor::of(&result).upsert().await;
        let event = &analysis(&upsert.call).events[0];
        assert_eq!(
            (event.event_type, event.start_ms),
            (EventType::Hold, Some(1_000))
        );
        assert_eq!(upsert.unmapped, Vec::<String>::new(), "{block}");
    }
    for empty in [json!([]), json!({}), json!(null), json!({"data": null})] {
        let result = json!({"id": 7, "call_session_id": 9, "result": {"hold": empty}});
        let upsert = Vendor::of(&result).upsert().await;
        assert!(analysis(&upsert.call).events.is_empty());
        assert_eq!(upsert.unmapped, Vec::<String>::new());
    }
}

#[tokio::test]
async fn trap_c27_the_vendors_count_stands_beside_the_list() {
    let upsert = Vendor::of(&nested()).upsert().await;
    assert_eq!(upsert.call.stats.0["profanity_count"].value, 6.0);
    assert_eq!(upsert.call.stats.0["silence_count"].value, 1.0);
    assert_eq!(upsert.call.stats.0["hold_count"].value, 0.0);
    let events = &analysis(&upsert.call).events;
    assert_eq!(
        events.len(),
        3,
        "entries that were taken back are kept with their state"
    );
    assert_eq!(events[1].state_raw.as_deref(), Some("deleted"));
    assert_eq!(events[2].duration_ms, Some(320));
}

#[tokio::test]
async fn trap_c28_tags_get_their_names_by_time_and_where_that_is_not_enough_by_definition() {
    let vendor = Vendor::of(&nested())
        .part("tags", &fixtures().json("result_tags.json"))
        .at("/tags/212", &fixtures().json("tag_212.json"));
    let upsert = vendor.upsert().await;
    assert_eq!(upsert.unmapped, Vec::<String>::new());
    let tags = &analysis(&upsert.call).detections;
    let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(names, ["upsale", "filler words", "213", "interrupts"]);
    assert!(!vendor.asked("/tags/211"), "its time is told only once");
    assert!(vendor.asked("/tags/213"));
    assert_eq!(tags[0].color.as_deref(), Some("special-6"));
    assert_eq!(tags[0].definition_id.as_deref(), Some("211"));
    assert_eq!(
        (tags[0].scope, tags[0].start_ms),
        (DetectionScope::Span, Some(303_808))
    );
    assert_eq!(tags[1].performer, Performer::Agent);
    assert_eq!(
        tags[1].condition,
        Some(Condition::NotDiscussed),
        "trap C-42"
    );
    assert_eq!(tags[1].vendor_values["comagic_tag_id"], json!("3745"));
    assert_eq!(tags[1].state_raw.as_deref(), Some("inactive"));
    assert!(!upsert.call.rollup.tags.contains(&"filler words".to_owned()));
}

#[tokio::test]
async fn trap_c28_tags_of_a_result_that_names_none_stand_for_themselves() {
    let mut result = nested();
    result["result"]["result"]
        .as_object_mut()
        .unwrap()
        .remove("tag_events");
    let vendor = Vendor::of(&result).part("tags", &fixtures().json("result_tags.json"));
    let tags = vendor.upsert().await.call.analyses[0].detections.clone();
    assert_eq!(tags.len(), 3);
    assert_eq!(
        (tags[1].name.as_str(), tags[1].end_ms),
        ("filler words", Some(40_000))
    );
}

#[tokio::test]
async fn trap_c29_float_seconds_become_whole_milliseconds_in_order() {
    let phrases = json!([
        {"start": 5.0, "end": 2.0, "phrase": "turned", "channel": 0, "words_list": []},
        {"start": -0.5, "end": 1.039_999_936, "phrase": "early", "channel": 0, "words_list": []},
        {"start": 1e9, "end": 1e9, "phrase": "never", "channel": 1, "words_list": []},
        {"start": 7, "end": 8.25, "phrase": "later", "channel": 1}
    ]);
    let result = json!({"id": 7, "call_session_id": 9, "result": {"phrase_list": phrases}});
    let upsert = Vendor::of(&result).upsert().await;
    let transcript = upsert.call.transcript.unwrap();
    let times: Vec<_> = transcript
        .utterances
        .iter()
        .map(|u| (u.start_ms, u.end_ms))
        .collect();
    assert_eq!(
        times,
        [
            (Some(0), Some(1_040)),
            (Some(5_000), Some(5_000)),
            (Some(7_000), Some(8_250)),
            (None, None)
        ]
    );
    for seq in [0, 1, 3] {
        let pointer = format!("/transcript/utterances/{seq}");
        assert!(upsert.call.estimated_fields.contains(&pointer), "{pointer}");
    }
}

#[tokio::test]
async fn trap_c30_roles_come_from_the_vendor_or_are_marked_as_derived() {
    let by_channel = Vendor::of(&nested()).upsert().await.call;
    assert_eq!(by_channel.parties.len(), 2);
    assert_eq!(by_channel.parties[0].role, PartyRole::Agent);
    assert_eq!(by_channel.parties[1].role, PartyRole::Customer);
    assert!(
        by_channel
            .parties
            .iter()
            .all(|party| party.role_derived && party.name.is_none())
    );
    assert!(
        by_channel
            .estimated_fields
            .contains(&"/parties/0/role".to_owned())
    );
    let first = &by_channel.transcript.as_ref().unwrap().utterances[0];
    assert_eq!((first.party_index, first.channel), (Some(1), Some(1)));
    assert_eq!(first.text, "Алло.", "trap C-51");

    let turned = json!({"channel_roles": {"0": "customer", "1": "agent"}});
    let vendor = Vendor::of(&nested());
    let provider = provider_with(vendor.client.shared(), &turned);
    let lookup = provider.lookup().unwrap();
    let change = lookup
        .fetch(&caller().context(), &result("90018"), None)
        .await
        .unwrap();
    let Change::Upsert(upsert) = change else {
        panic!("{change:?}")
    };
    let agent = &upsert.call.parties[0];
    assert_eq!((agent.role, agent.channel), (PartyRole::Agent, Some(1)));

    let told = Vendor::of(&listed(0))
        .at("/transcription", &fixtures().json("transcription.json"))
        .upsert()
        .await
        .call;
    assert_eq!(told.parties[0].role, PartyRole::Agent);
    let customer = told
        .parties
        .iter()
        .find(|party| party.role == PartyRole::Customer)
        .unwrap();
    assert_eq!(told.parties.len(), 2);
    assert!(told.parties.iter().all(|party| !party.role_derived));
    let first = &told.transcript.as_ref().unwrap().utterances[0];
    assert_eq!(first.party_index, Some(customer.index));
}

#[tokio::test]
async fn trap_c31_a_word_without_channel_keeps_none_and_one_without_time_takes_its_phrases() {
    let mut result = nested();
    result["result"]["result"]["phrase_list"][0]["words_list"] =
        json!([{"word": "алло"}, {"start": 1.8, "end": 1.9, "word": "да", "channel": 1}]);
    let upsert = Vendor::of(&result).upsert().await;
    let transcript = upsert.call.transcript.unwrap();
    let words = &transcript.utterances[0].words;
    assert_eq!(
        (words[0].start_ms, words[0].end_ms, words[0].channel),
        (1_720, 1_960, None)
    );
    assert_eq!(words[1].channel, Some(1));
    assert!(
        upsert
            .call
            .estimated_fields
            .contains(&"/transcript/utterances/0".to_owned())
    );
    assert_eq!(transcript.utterances[1].words[0].start_ms, 2_720);
}

#[tokio::test]
async fn trap_c32_an_unknown_tone_is_kept_in_the_vendors_word() {
    let call = Vendor::of(&nested()).upsert().await.call;
    let utterances = &call.transcript.as_ref().unwrap().utterances;
    assert_eq!(utterances[0].sentiment, Some(SentimentLabel::Neutral));
    assert_eq!(utterances[0].sentiment_state_raw.as_deref(), Some("active"));
    assert_eq!(utterances[1].sentiment, Some(SentimentLabel::Other));
    assert_eq!(utterances[1].vendor_values["sentiment"], json!("furious"));
    assert!(
        call.analyses[0].sentiments.is_empty(),
        "tones of phrases are not averaged"
    );
}

#[tokio::test]
async fn trap_c33_count_means_met_and_the_rest_of_the_checklist_is_missed() {
    let vendor = Vendor::of(&listed(0))
        .part("success_points", &fixtures().json("success_points.json"))
        .part("phrase_and_words", &fixtures().json("phrases.json"))
        .at("/scenarios/130/points", &fixtures().json("points.json"));
    let upsert = vendor.upsert().await;
    assert_eq!(upsert.unmapped, Vec::<String>::new());
    let card = &analysis(&upsert.call).scorecards[0];
    assert_eq!((card.items_met, card.items_total), (Some(3), Some(5)));
    assert!(!card.items_total_derived);
    assert_eq!((card.score_pct, card.passed), (Some(15.0), Some(false)));
    let items: Vec<_> = card
        .items
        .iter()
        .map(|item| {
            (
                item.remote_id.as_deref().unwrap(),
                item.result,
                item.derived,
            )
        })
        .collect();
    assert_eq!(
        items,
        [
            ("1", ItemResult::Met, false),
            ("2", ItemResult::Met, false),
            ("3", ItemResult::Met, false),
            ("4", ItemResult::NotMet, true),
            ("5", ItemResult::NotMet, true),
        ]
    );
    assert_eq!(card.items[0].points, Some(1.0));
    assert_eq!(card.items[2].start_ms, Some(16_750));
}

#[tokio::test]
async fn trap_c33_without_the_points_the_total_is_derived_and_nothing_is_called_missed() {
    let nested_card = Vendor::of(&nested()).upsert().await.call.analyses[0].scorecards[0].clone();
    assert_eq!(
        (nested_card.items_met, nested_card.items_total),
        (Some(12), Some(15))
    );
    assert!(nested_card.items_total_derived);
    assert_eq!(nested_card.items.len(), 1);
    let list_card = Vendor::of(&listed(0)).upsert().await.call.analyses[0].scorecards[0].clone();
    assert_eq!(
        (list_card.items_met, list_card.items_total),
        (Some(3), Some(20))
    );
    let renamed = json!([{"id": 1, "point": "A"}, {"id": 2, "point": "B"}, {"id": 3, "point": "C"},
                         {"id": 4, "point": "D"}]);
    let vendor = Vendor::of(&listed(0))
        .part("success_points", &fixtures().json("success_points.json"))
        .at("/scenarios/130/points", &renamed);
    let card = vendor.upsert().await.call.analyses[0].scorecards[0].clone();
    assert_eq!(
        (card.items_total, card.items.len()),
        (Some(4), 3),
        "points were renamed since"
    );
}

#[tokio::test]
async fn trap_c11_a_percentage_outside_its_scale_is_kept_and_not_normalised() {
    let mut result = nested();
    result["result"]["result"]["scenario"]["percent_completion"] = json!(180);
    let card = Vendor::of(&result).upsert().await.call.analyses[0].scorecards[0].clone();
    assert_eq!((card.score, card.score_pct), (Some(180.0), None));
    result["result"]["result"]["scenario"]["percent_completion"] = json!(80);
    result["result"]["result"]["scenario_score"] = json!("70");
    let upsert = Vendor::of(&result).upsert().await;
    let card = &analysis(&upsert.call).scorecards[0];
    assert_eq!(
        (card.score_pct, card.pass_threshold_pct),
        (Some(80.0), Some(70.0))
    );
    assert_eq!(analysis(&upsert.call).extra["scenario_score"], json!(70.0));
}

#[tokio::test]
async fn a_threshold_without_a_percentage_is_no_score() {
    let mut result = nested();
    let scenario = &mut result["result"]["result"]["scenario"];
    scenario["percent_completion"] = json!(null);
    scenario["scenario_score"] = json!(70);
    let upsert = Vendor::of(&result).upsert().await;
    let card = &analysis(&upsert.call).scorecards[0];
    assert_eq!((card.score, card.score_pct), (None, None));
    assert_eq!(analysis(&upsert.call).extra["scenario_score"], json!(70.0));
}

#[tokio::test]
async fn trap_c34_metrics_bring_events_and_no_employee() {
    let vendor = Vendor::of(&listed(0)).part("employees_metrics", &fixtures().json("metrics.json"));
    let upsert = vendor.upsert().await;
    let events = &analysis(&upsert.call).events;
    assert_eq!(events.len(), 2);
    assert!(
        events
            .iter()
            .all(|event| event.event_type == EventType::Profanity)
    );
    assert_eq!(events[1].start_ms, Some(49_303));
    assert!(upsert.call.parties.iter().all(|party| party.name.is_none()));
    let full = Vendor::of(&nested()).part("employees_metrics", &fixtures().json("metrics.json"));
    full.upsert().await;
    assert!(
        !full.asked("/scenario_result/90018/employees_metrics"),
        "told already"
    );
}

#[tokio::test]
async fn trap_c35_nothing_is_made_up() {
    let call = Vendor::of(&nested()).upsert().await.call;
    assert_eq!(
        (call.started_at, call.started_at_source),
        (None, StartedAtSource::None)
    );
    assert_eq!(
        (call.duration_ms, call.direction),
        (None, Direction::Unknown)
    );
    assert!(call.language.is_none() && call.media.is_empty());
    assert!(call.parties.iter().all(|party| party.phone.is_none()));
}

#[tokio::test]
async fn trap_c36_results_of_one_session_are_analyses_of_one_call() {
    let rows = fixtures().json("list.json");
    let mut foreign = rows[1].clone();
    foreign["id"] = json!(90_099);
    foreign["call_session_id"] = json!(1);
    let list = json!([rows[0], rows[1], foreign]);
    let client = CannedClient::new()
        .always("GET", "/api/v1.0/scenario_result", answers::ok(&list))
        .always(
            "GET",
            "/api/v1.0/scenario_result/90012",
            answers::ok(&rows[0]),
        )
        .always(
            "GET",
            "/api/v1.0/scenario_result/90013",
            answers::ok(&rows[1]),
        )
        .otherwise(|_| Ok(answers::json(404, &json!({}))));
    let provider = crate::support::provider(&client);
    let lookup = provider.lookup().unwrap();
    let record = callweave_provider::RecordRef::new("call_session", "5139032001");
    let change = lookup
        .fetch(&caller().context(), &record, None)
        .await
        .unwrap();
    let Change::Upsert(upsert) = change else {
        panic!("{change:?}")
    };
    let ids: Vec<_> = upsert
        .call
        .analyses
        .iter()
        .map(|a| a.remote_id.as_str())
        .collect();
    assert_eq!(
        ids,
        ["90012", "90013"],
        "a result of another session is left alone"
    );
    assert_eq!(upsert.call.remote_id, "5139032001");
    assert!(client.lines()[0].ends_with("&_start=0&_end=100&call_session_id__eq=5139032001"));
    let Some(Change::Upsert(again)) = lookup.remap(&record, &upsert.raw) else {
        panic!("remap")
    };
    assert_eq!(again.call, upsert.call);
}

#[tokio::test]
async fn trap_c48_the_summary_is_kept_verbatim_and_split() {
    let vendor = Vendor::of(&nested()).part("summary", &fixtures().json("summary.json"));
    let upsert = vendor.upsert().await;
    let summary = &analysis(&upsert.call).summaries[0];
    assert_eq!(
        json!(summary.text),
        fixtures().json("summary.json")["dialog_summary"]
    );
    assert_eq!(summary.sections["interaction_type"], "Sale");
    let mut own = nested();
    own["result"]["result"]["dialog_summary"] = json!("A short one.");
    let vendor = Vendor::of(&own);
    let upsert = vendor.upsert().await;
    assert_eq!(analysis(&upsert.call).summaries[0].text, "A short one.");
    assert!(!vendor.asked("/scenario_result/90018/summary"));
}

#[tokio::test]
async fn trap_c49_the_transcript_comes_from_whichever_operation_there_is() {
    let older = Vendor::of(&listed(0)).part("phrase_and_words", &fixtures().json("phrases.json"));
    let call = older.upsert().await.call;
    assert_eq!(call.transcript.unwrap().utterances[1].words.len(), 2);
    assert!(!older.asked("/transcription"));

    let newer = Vendor::of(&listed(0)).at("/transcription", &fixtures().json("transcription.json"));
    let upsert = newer.upsert().await;
    let transcript = upsert.call.transcript.unwrap();
    assert_eq!(transcript.utterances.len(), 2);
    let first = &transcript.utterances[0];
    assert_eq!(first.words.len(), 1);
    assert_eq!(
        first.sentiment,
        Some(SentimentLabel::Neutral),
        "taken over from the result"
    );
    assert!(newer.asked(
        "/transcription?_sort=id&_order=asc&_start=0&_end=100&call_session_id__eq=5139032001"
    ));
    assert_eq!(upsert.unmapped, Vec::<String>::new());

    let neither = Vendor::of(&listed(0)).upsert().await;
    assert_eq!(
        neither.call.transcript.unwrap().utterances[0].text,
        "All right."
    );
    assert!(neither.unmapped.is_empty());

    let mut marked = listed(0);
    marked["result"]["phrase_list"][0]["role"] = json!("client");
    let vendor = Vendor::of(&marked).at("/transcription", &fixtures().json("transcription.json"));
    vendor.upsert().await;
    assert!(
        !vendor.asked("/scenario_result/90012/phrase_and_words"),
        "the newer one goes first"
    );
}

#[tokio::test]
async fn case_026_unknown_members_are_kept_and_told() {
    let mut result = nested();
    result["verdict"] = json!("fine");
    result["result"]["result"]["phrase_list"][0]["pitch"] = json!([1, 2]);
    result["result"]["result"]["scenario"]["count"] = json!({"odd": true});
    let upsert = Vendor::of(&result).upsert().await;
    let mut unmapped = upsert.unmapped.clone();
    unmapped.sort_unstable();
    assert_eq!(
        unmapped,
        [
            "CG-18/result/result/phrase_list/0/pitch",
            "CG-18/result/result/scenario/count",
            "CG-18/verdict"
        ]
    );
    let extra = &analysis(&upsert.call).extra;
    assert_eq!(extra["CG-18/verdict"], json!("fine"));
    assert_eq!(
        extra["CG-18/result/result/phrase_list/0/pitch"],
        json!([1, 2])
    );
    assert_eq!(
        extra["CG-18/result/result/scenario/count"],
        json!({"odd": true})
    );
}

#[tokio::test]
async fn case_027_a_result_without_identity_is_set_aside_with_a_pointer() {
    let cases = [
        (json!({"id": 7, "result": {}}), Some("/call_session_id")),
        (json!({"id": 8, "call_session_id": 9}), Some("/id")),
        (json!([]), Some("")),
        (json!("text"), Some("")),
    ];
    for (body, expected) in cases {
        let path = "/api/v1.0/scenario_result/7";
        let client = CannedClient::new().on("GET", path, answers::ok(&body));
        match fetch(&client, "7").await {
            Change::Quarantined { pointer, raw, .. } => {
                assert_eq!(pointer.as_deref(), expected, "{body}");
                assert_eq!(raw.len(), 1);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_listed_row_fills_what_the_result_by_id_lacks() {
    let bare = json!({"id": 90012, "result": {"phrase_list": []}});
    let vendor = Vendor::of(&bare);
    let provider = crate::support::provider(&vendor.client);
    let lookup = provider.lookup().unwrap();
    let row = listed(0);
    let change = lookup
        .fetch(&caller().context(), &result("90012"), Some(&row))
        .await
        .unwrap();
    let Change::Upsert(upsert) = change else {
        panic!("{change:?}")
    };
    assert_eq!(upsert.call.remote_id, "5139032001");
    assert_eq!(analysis(&upsert.call).scorecards[0].items_met, Some(3));
    assert!(
        upsert
            .raw
            .iter()
            .any(|document| document.operation == "CG-16")
    );
    let Some(Change::Upsert(again)) = lookup.remap(&upsert.record, &upsert.raw) else {
        panic!("remap")
    };
    assert_eq!(again.call, upsert.call);
}

#[tokio::test]
async fn case_037_a_result_of_another_application_is_refused() {
    let vendor = Vendor::of(&nested());
    let provider = provider_with(vendor.client.shared(), &json!({"app_id": 1}));
    let lookup = provider.lookup().unwrap();
    let change = lookup
        .fetch(&caller().context(), &result("90018"), None)
        .await
        .unwrap();
    assert!(
        matches!(&change, Change::Foreign { pointer, .. } if pointer.as_deref() == Some("/app_id")),
        "{change:?}"
    );
}

#[tokio::test]
async fn what_many_results_refer_to_is_asked_for_once_a_minute() {
    let vendor = Vendor::of(&nested())
        .part("tags", &fixtures().json("result_tags.json"))
        .at("/tags/212", &fixtures().json("tag_212.json"));
    let provider = provider_with(vendor.client.shared(), &json!({}));
    let asked = |path: &str| {
        let line = format!("GET /api/v1.0{path}");
        let lines = vendor.client.lines();
        lines.iter().filter(|asked| **asked == line).count()
    };
    let caller = caller();
    let record = self::result(&vendor.id);
    for _ in 0..2 {
        let lookup = provider.lookup().unwrap();
        let change = lookup
            .fetch(&caller.context(), &record, None)
            .await
            .unwrap();
        let Change::Upsert(upsert) = change else {
            panic!("{change:?}")
        };
        assert_eq!(
            analysis(&upsert.call).detections[1]
                .definition_id
                .as_deref(),
            Some("212")
        );
    }
    let result = format!("/scenario_result/{}", vendor.id);
    assert_eq!(asked(&result), 2, "the result itself");
    assert_eq!(asked("/tags/212"), 1);
    assert_eq!(asked("/tags/213"), 1, "that there is none is known as well");
    fetch(&vendor.client, &vendor.id).await;
    assert_eq!(asked("/tags/212"), 2, "what is opened anew knows nothing");
}
