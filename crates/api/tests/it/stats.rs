//! Figures about calls.

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
