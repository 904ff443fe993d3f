//! Figures about calls.

use callweave_model::{
    AnalyzedCall,
    analysis::{Analysis, Scorecard},
    enums::AnalysisKind,
};
use serde_json::{Value, json};

use crate::support::{Gateway, sample, spoken};

async fn figures(gateway: &Gateway, query: &str) -> Value {
    let answer = gateway.get(&format!("/v1/stats/calls?{query}")).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.json()
}

/// Key and number of calls of each group.
fn groups(figures: &Value) -> Vec<(Value, u64)> {
    let groups = figures["data"].as_array().unwrap().iter();
    groups
        .map(|group| (group["key"].clone(), group["calls"].as_u64().unwrap()))
        .collect()
}

#[tokio::test]
async fn calls_are_counted_by_what_is_asked_for() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let mut timed = sample("b", "2026-03-02T23:30:00Z");
    timed.duration_ms = Some(60_000);
    let unknown = callweave_model::AnalyzedCall::new("c");
    gateway
        .put(
            connection,
            vec![spoken("a", "2026-03-01T10:00:00Z"), timed, unknown],
        )
        .await;
    let by_day = figures(&gateway, "").await;
    assert_eq!(by_day["group_by"], "day");
    assert_eq!(
        groups(&by_day),
        [
            (json!("2026-03-02"), 1),
            (json!("2026-03-01"), 1),
            (Value::Null, 1),
        ]
    );
    let total = &by_day["total"];
    assert_eq!(total["calls"], 3);
    assert_eq!(
        (&total["timed"], &total["duration_ms"]),
        (&json!(1), &json!(60_000))
    );
    assert_eq!(
        (&total["scored"], &total["score_pct"]),
        (&json!(1), &json!(80.0))
    );
    assert_eq!(
        (&total["passed"], &total["with_transcript"]),
        (&json!(1), &json!(1))
    );
    assert!(by_day["freshness"][connection.to_string()].is_object());
    let elsewhere = figures(&gateway, "timezone=Asia/Tashkent").await;
    assert_eq!(groups(&elsewhere)[0].0, "2026-03-03");
    for (query, expected) in [
        ("group_by=vendor", vec![(json!("fake"), 3)]),
        (
            "group_by=connection",
            vec![(json!(connection.to_string()), 3)],
        ),
        ("group_by=agent", vec![(json!("Nadia Testova"), 1)]),
        ("group_by=tag", vec![(json!("umbrella"), 1)]),
        (
            "group_by=direction&direction=inbound",
            vec![(json!("inbound"), 1)],
        ),
        (
            "group_by=sentiment&q=umbrella",
            vec![(json!("positive"), 1)],
        ),
        (
            "group_by=day&started_after=2026-03-02T00:00:00Z",
            vec![(json!("2026-03-02"), 1)],
        ),
    ] {
        assert_eq!(groups(&figures(&gateway, query).await), expected, "{query}");
    }
    let cut = figures(&gateway, "limit=1").await;
    assert_eq!((groups(&cut).len(), &cut["truncated"]), (1, &json!(true)));
    assert_eq!(cut["total"]["calls"], 3, "the total is of all");
}

#[tokio::test]
async fn figures_are_the_tenants_own_and_search_needs_its_scope() {
    let mut gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    gateway
        .put(connection, vec![spoken("a", "2026-03-01T10:00:00Z")])
        .await;
    let weak = gateway.key_of(gateway.tenant, &["calls:read"]).await;
    let bearer = format!("Bearer {weak}");
    let headers = [("authorization", bearer.as_str())];
    for (query, status) in [
        ("", 200),
        ("?q=umbrella", 403),
        ("?timezone=Mars/North", 400),
    ] {
        let path = format!("/v1/stats/calls{query}");
        assert_eq!(
            gateway.get_with(&path, &headers).await.status,
            status,
            "{path}"
        );
    }
    gateway.tenant = gateway.tenant_named("second").await;
    gateway.key = gateway.key_of(gateway.tenant, &["*"]).await;
    let foreign = figures(&gateway, "").await;
    assert_eq!(
        (groups(&foreign).len(), &foreign["total"]["calls"]),
        (0, &json!(0))
    );
}

/// A call whose scorecard has these items: vendor's id, wording, result, points.
fn judged(
    remote_id: &str,
    started_at: &str,
    items: &[(Option<&str>, &str, &str, f64)],
) -> AnalyzedCall {
    let mut call = sample(remote_id, started_at);
    let mut analysis = Analysis::new("run-1", AnalysisKind::ScenarioScoring);
    let item = |(seq, (id, label, result, points)): (usize, &(Option<&str>, &str, &str, f64))| {
        json!({
            "seq": seq, "remote_id": id, "label": label, "result": result,
            "points": points, "points_max": 1.0,
        })
    };
    let items: Vec<Value> = items.iter().enumerate().map(item).collect();
    analysis.scorecards.push(Scorecard {
        rubric_name: "Greeting".to_owned(),
        items: serde_json::from_value(json!(items)).unwrap(),
        ..Scorecard::default()
    });
    call.analyses.push(analysis);
    call
}

#[tokio::test]
async fn items_of_rubrics_are_counted_by_how_they_were_answered() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let named = Some("71");
    gateway
        .put(
            connection,
            vec![
                judged(
                    "a",
                    "2026-03-01T10:00:00Z",
                    &[
                        (named, "Gave a name", "met", 1.0),
                        (None, "Was kind", "met", 1.0),
                    ],
                ),
                judged(
                    "b",
                    "2026-03-02T10:00:00Z",
                    &[
                        (named, "Said a name", "partial", 0.5),
                        (None, "Was kind", "not_applicable", 0.0),
                    ],
                ),
                judged(
                    "c",
                    "2026-03-03T10:00:00Z",
                    &[
                        (named, "Said a name", "not_met", 0.0),
                        (None, "Was kind", "unknown", 0.0),
                    ],
                ),
                judged(
                    "d",
                    "2026-03-03T11:00:00Z",
                    &[(named, "Said a name", "met", 1.0)],
                ),
                sample("e", "2026-03-04T10:00:00Z"),
            ],
        )
        .await;
    let items = async |query: &str| {
        let answer = gateway
            .get(&format!("/v1/stats/rubric-items?{query}"))
            .await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.json()
    };
    let all = items("").await;
    assert_eq!((&all["calls"], &all["complete"]), (&json!(5), &json!(true)));
    let counts = |item: &Value| {
        ["answers", "met", "not_met", "partial", "not_applicable"]
            .map(|name| item[name].as_i64().unwrap())
    };
    let (name, kind) = (&all["data"][0], &all["data"][1]);
    // The same item under another wording is the same by its id; the newest wording is shown.
    assert_eq!(
        (&name["remote_id"], &name["label"]),
        (&json!("71"), &json!("Said a name"))
    );
    assert_eq!(
        (&name["vendor"], &name["rubric_name"]),
        (&json!("fake"), &json!("Greeting"))
    );
    assert_eq!(counts(name), [4, 2, 1, 1, 0]);
    assert_eq!(
        (&name["met_pct"], &name["points"], &name["points_max"]),
        (&json!(62.5), &json!(2.5), &json!(4.0))
    );
    assert_eq!(
        (&kind["remote_id"], &kind["label"]),
        (&Value::Null, &json!("Was kind"))
    );
    assert_eq!(counts(kind), [3, 1, 0, 0, 1]);
    assert_eq!(kind["met_pct"], 100.0);
    let early = items("started_before=2026-03-02T00:00:00Z").await;
    assert_eq!(
        (&early["calls"], counts(&early["data"][0])),
        (&json!(1), [1, 1, 0, 0, 0])
    );
    let one = items("limit=1").await;
    assert_eq!(
        (one["data"].as_array().unwrap().len(), &one["truncated"]),
        (1, &json!(true))
    );
    let stranger = gateway.tenant_named("other").await;
    let key = gateway.key_of(stranger, &["calls:read"]).await;
    let bearer = format!("Bearer {key}");
    let theirs = gateway
        .get_with("/v1/stats/rubric-items", &[("authorization", &bearer)])
        .await;
    assert_eq!(theirs.json()["calls"], 0);
}
