//! CallGear: what the owner of the account changes, and how the document lets the vendor take it.

use callweave_sandbox::{Action, Vendor};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Callgear, set_options, start};

#[tokio::test]
async fn a_put_changes_what_it_names_or_replaces_the_whole() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    for path in ["/scenarios/130", "/tags/181"] {
        let name = if path.starts_with("/tags") {
            "name"
        } else {
            "scenario_name"
        };
        let before = callgear.get(path).await;
        set_options(&sandbox, json!({"callgear_put_replaces": false})).await;
        callgear
            .send(Method::PUT, path, Some(json!({name: "one"})))
            .await;
        let mut expected = before.clone();
        expected[name] = json!("one");
        assert_eq!(callgear.get(path).await, expected);
        set_options(&sandbox, json!({"callgear_put_replaces": true})).await;
        callgear
            .send(Method::PUT, path, Some(json!({name: "two"})))
            .await;
        let replaced = callgear.get(path).await;
        assert_eq!(
            (&replaced[name], &replaced["id"]),
            (&json!("two"), &before["id"])
        );
        let lost = if path.starts_with("/tags") {
            "description"
        } else {
            "scenario_text"
        };
        assert_eq!(replaced[lost], "", "what the body left out");
        callgear.send(Method::PUT, path, Some(before.clone())).await;
        assert_eq!(
            callgear.get(path).await,
            before,
            "the whole object puts it back"
        );
    }
}

#[tokio::test]
async fn members_of_the_wrong_type_are_refused() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    for body in [
        json!({"state": "paused"}),
        json!({"tags": {}}),
        json!({"filters": "none"}),
    ] {
        for (method, path) in [
            (Method::POST, "/scenarios"),
            (Method::PUT, "/scenarios/130"),
        ] {
            let answer = callgear.send(method, path, Some(body.clone())).await;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path} {body}");
        }
    }
}

#[tokio::test]
async fn the_points_of_all_scenarios_come_flat_or_scenario_by_scenario() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let one = callgear.get("/scenarios/130/points").await;
    let flat = callgear.get("/scenarios/points?id__eq=130").await;
    assert_eq!(flat, one);
    let mut backwards: Vec<Value> = one.as_array().unwrap().clone();
    backwards.reverse();
    let path = "/scenarios/points?id__eq=130&_order=desc";
    assert_eq!(callgear.get(path).await, json!(backwards));
    let (status, _) = callgear.try_get("/scenarios/points?_sort=point").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    set_options(&sandbox, json!({"callgear_nested_points": true})).await;
    assert_eq!(
        callgear.get("/scenarios/points?id__eq=130").await,
        json!([one])
    );
    let all = callgear.get("/scenarios/points?_start=0&_end=3").await;
    assert_eq!(all.as_array().unwrap().len(), 3, "scenarios are counted");
}

#[tokio::test]
async fn the_ledger_sees_scenarios_and_tags_change() {
    let sandbox = start().await;
    let callgear = Callgear::log_in(&sandbox).await;
    let made = callgear
        .send(
            Method::POST,
            "/scenarios",
            Some(json!({"scenario_name": "A"})),
        )
        .await;
    let scenario = made.json::<Value>().await.unwrap()["id"].to_string();
    callgear
        .send(Method::POST, "/toggle_scenario", Some(json!({"id": 131})))
        .await;
    callgear
        .send(Method::PUT, "/tags/181", Some(json!({"name": "b"})))
        .await;
    callgear
        .send(Method::POST, "/tags", Some(json!({"id": 181, "name": "c"})))
        .await;
    let page = sandbox.world().ledger_page(Vendor::CallGear, 40 * 8, 100);
    let changes: Vec<(&str, &str, Action)> = page
        .entries
        .iter()
        .filter(|entry| ["scenario", "tag"].contains(&entry.kind.as_str()))
        .map(|entry| (entry.kind.as_str(), entry.id.as_str(), entry.action))
        .collect();
    let expected = [
        ("scenario", scenario.as_str(), Action::Added),
        ("scenario", "131", Action::Changed),
        ("tag", "181", Action::Changed),
        ("tag", "181", Action::Changed),
    ];
    assert_eq!(changes, expected);
    assert_eq!(page.entries.last().unwrap().facts["name"], "c");
}
