//! CallGear: the newer edition of its document.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Callgear, ids, set_options, start};

#[tokio::test]
async fn the_newer_edition_is_flat_and_has_transcripts_by_session() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let transcription = callgear.try_get("/transcription").await;
    assert_eq!(transcription.0, StatusCode::NOT_FOUND);
    let nested = callgear.get("/scenario_result/34000").await;

    set_options(&sandbox, json!({"callgear_edition": 2026})).await;
    let flat = callgear.get("/scenario_result/34000").await;
    assert_eq!(flat["result"], nested["result"]["result"]);
    for path in [
        "34000/phrase_and_words",
        "phrase_and_words?call_session_id__in=1",
    ] {
        let (status, _) = callgear.try_get(&format!("/scenario_result/{path}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    let session = &flat["call_session_id"];
    let found = callgear
        .get(&format!("/transcription?call_session_id__eq={session}"))
        .await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    let phrase = &found[0]["result"]["phrase_list"][0];
    assert!(["operator", "client"].contains(&phrase["role"].as_str().unwrap()));
    assert!(phrase.get("channel").is_none() && phrase["words_list"].is_array());
    assert!(found[0]["result"]["call_segments"][0]["role"].is_string());
    assert!(found[0].get("id").is_none());
}

#[tokio::test]
async fn transcripts_are_found_by_time_and_by_words() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    set_options(&sandbox, json!({"callgear_edition": 2026})).await;
    let all = callgear.get("/transcription").await;
    assert_eq!(all.as_array().unwrap().len(), 40);
    let early = callgear
        .get("/transcription?date_till=2026-01-10T00:00:00")
        .await;
    let late = callgear
        .get("/transcription?date_from=2026-01-10T00:00:00Z")
        .await;
    let count = |list: &Value| list.as_array().unwrap().len();
    assert!(count(&early) > 0 && count(&late) > 0);
    assert_eq!(count(&early) + count(&late), 40);
    let phrase = all[7]["result"]["phrase_list"][0]["phrase"]
        .as_str()
        .unwrap();
    let url = reqwest::Url::parse_with_params("http://x/transcription", [("_q", phrase)]).unwrap();
    let path = format!("/transcription?{}", url.query().unwrap());
    let found = callgear.get(&path).await;
    let sessions: Vec<&Value> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["call_session_id"])
        .collect();
    assert!(sessions.contains(&&all[7]["call_session_id"]));
    let (status, _) = callgear.try_get("/transcription?date_from=yesterday").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_newer_edition_pages_by_itself_and_may_count_by_size() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let changes = json!({
        "callgear_edition": 2026, "callgear_page_cap": 10, "callgear_end_is_page_size": true,
    });
    set_options(&sandbox, changes).await;
    assert_eq!(ids(&callgear.get("/scenario_result").await).len(), 10);
    let first = ids(&callgear.get("/scenario_result?_start=0&_end=8").await);
    let second = ids(&callgear.get("/scenario_result?_start=8&_end=8").await);
    assert_eq!((first.len(), second.len()), (8, 8));
    assert!(first.last() < second.first());
}
