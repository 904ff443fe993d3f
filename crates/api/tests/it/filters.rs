//! Lists of calls: filters, pages, cursors, freshness.

use callweave_model::enums::Direction;
use serde_json::json;

use crate::support::{Gateway, UNDATED, sample, spoken};

#[tokio::test]
async fn each_filter_narrows_the_list() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let mut outbound = sample("plain", "2026-03-01T10:00:00Z");
    outbound.direction = Direction::Outbound;
    let ids = gateway
        .put(
            connection,
            vec![spoken("rich", "2026-03-02T09:15:00Z"), outbound],
        )
        .await;
    let (rich, plain) = (ids[0].to_string(), ids[1].to_string());
    let both = vec![rich.clone(), plain.clone()];
    let (only_rich, only_plain) = (vec![rich], vec![plain]);
    let cases = [
        ("", &both),
        ("order=desc", &both),
        ("vendor=fake", &both),
        ("vendor=fake,other", &both),
        ("remote_id=plain", &only_plain),
        ("started_after=2026-03-02T00:00:00Z", &only_rich),
        ("started_before=2026-03-02T00:00:00Z", &only_plain),
        (
            "started_after=2026-03-01T13:00:00%2B03:00&started_before=2026-03-01T10:00:01Z",
            &only_plain,
        ),
        ("modified_after=2020-01-01T00:00:00Z", &both),
        ("channel=voice", &both),
        ("direction=inbound", &only_rich),
        ("direction=inbound,outbound", &both),
        ("direction=inbound&direction=outbound", &both),
        ("kind=human_call", &both),
        ("status=completed", &only_plain),
        ("agent=Nadia%20Testova", &only_rich),
        ("phone=%2B79990001122", &only_rich),
        ("phone=+79990001122", &only_rich),
        ("phone=8(999)0001122", &only_rich),
        ("tag=umbrella", &only_rich),
        ("sentiment=positive", &only_rich),
        ("passed=true", &only_rich),
        ("score_min=80&score_max=80", &only_rich),
        ("has_transcript=false", &only_plain),
        ("has_transcript=true", &only_rich),
        ("q=umbrel+RED", &only_rich),
        ("q=%27+%26+%5C", &vec![]),
    ];
    for (query, expected) in cases {
        let found = gateway.get(&format!("/v1/calls?{query}")).await.ids();
        assert_eq!(&found, expected, "{query}");
    }
    let none = [
        "connection_id=00000000-0000-0000-0000-000000000001",
        "vendor=other",
        "modified_after=2999-01-01T00:00:00Z",
        "channel=chat",
        "kind=upload",
        "tag=umbrella&tag=other",
        "sentiment=negative",
        "passed=false",
        "score_min=80.5",
        "q=umbrella+green",
        "phone=101",
        "agent=Nobody",
    ];
    for query in none {
        let found = gateway.get(&format!("/v1/calls?{query}")).await.ids();
        assert_eq!(found, Vec::<String>::new(), "{query}");
    }
    let ascending = gateway.get("/v1/calls?order=asc").await.ids();
    assert_eq!(ascending, [only_plain, only_rich].concat());
    let here = format!("/v1/calls?connection_id={connection}");
    assert_eq!(gateway.get(&here).await.ids(), both);
}

#[tokio::test]
async fn pages_join_into_the_list_in_both_orders() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    // Several calls share an instant, so that the id must tell them apart.
    let calls = (0..7)
        .map(|number| {
            let minute = number / 3;
            sample(
                &format!("c{number}"),
                &format!("2026-03-02T09:{minute:02}:00Z"),
            )
        })
        .collect();
    gateway.put(connection, calls).await;
    for order in ["asc", "desc"] {
        let whole = gateway.get(&format!("/v1/calls?order={order}")).await.ids();
        assert_eq!(whole.len(), 7);
        let mut joined = Vec::new();
        let mut cursor = String::new();
        for size in [2, 1, 3, 2] {
            let path = format!("/v1/calls?order={order}&limit={size}{cursor}");
            let page = gateway.get(&path).await;
            joined.extend(page.ids());
            let Some(next) = page.json()["next_cursor"].as_str().map(str::to_owned) else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(joined, whole, "{order}");
    }
}

#[tokio::test]
async fn case_107_a_cursor_is_worth_nothing_elsewhere() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let calls = vec![
        sample("a", "2026-03-02T09:15:00Z"),
        sample("b", "2026-03-02T09:16:00Z"),
    ];
    gateway.put(connection, calls).await;
    let first = gateway.get("/v1/calls?limit=1&vendor=fake").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let with = |query: &str| format!("/v1/calls?{query}cursor={cursor}");
    assert_eq!(gateway.get(&with("vendor=fake&")).await.ids().len(), 1);
    let stranger = gateway.tenant_named("second").await;
    let foreign = format!("Bearer {}", gateway.key_of(stranger, &["*"]).await);
    let mut tampered = cursor.to_owned();
    let flipped = if tampered.starts_with('A') { "B" } else { "A" };
    tampered.replace_range(0..1, flipped);
    let refused = [
        gateway.get(&with("")).await,
        gateway.get(&with("vendor=fake&order=asc&")).await,
        gateway.get(&with("vendor=other&")).await,
        gateway
            .get(&format!("/v1/calls?vendor=fake&cursor={tampered}"))
            .await,
        gateway.get("/v1/calls?cursor=%00").await,
        gateway.get("/v1/calls?cursor=").await,
        gateway
            .get(&format!("/v1/connections?vendor=fake&cursor={cursor}"))
            .await,
        gateway
            .get_with(&with("vendor=fake&"), &[("authorization", &foreign)])
            .await,
    ];
    for (number, answer) in refused.iter().enumerate() {
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "gateway.invalid_cursor"),
            "{number}"
        );
        assert_eq!(answer.pointer(), "/cursor");
    }
}

#[tokio::test]
async fn a_list_says_how_fresh_it_is_and_what_it_could_not_do() {
    let gateway = Gateway::start().await;
    let dated = gateway.connect("main").await.to_string();
    let body = json!({
        "vendor": UNDATED, "name": "undated",
        "credentials": {"login": "shop", "password": "correct"}, "settings": {},
    });
    let made = gateway.post("/v1/connections", &body).await.json();
    let undated = made["id"].as_str().unwrap();
    let list = gateway
        .get("/v1/calls?started_after=2026-01-01T00:00:00Z")
        .await
        .json();
    let freshness = list["freshness"].as_object().unwrap();
    assert_eq!(freshness.len(), 2, "{list}");
    for member in ["state", "synced_at", "data_fresh_as_of", "next_run_at"] {
        assert!(freshness[&dated].get(member).is_some(), "{member}");
    }
    assert_eq!(list["notes"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list["notes"][0]["connection_id"], undated);
    assert_eq!(list["notes"][0]["code"], "date_range_not_applied");
    let narrow = gateway
        .get(&format!(
            "/v1/calls?connection_id={dated}&started_after=2026-01-01T00:00:00Z"
        ))
        .await
        .json();
    assert_eq!(narrow["notes"], json!([]));
    assert_eq!(narrow["freshness"].as_object().unwrap().len(), 1);
    assert_eq!(gateway.get("/v1/calls").await.json()["notes"], json!([]));
}

#[tokio::test]
async fn lists_include_what_is_asked_for() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    gateway
        .put(connection, vec![spoken("a", "2026-03-02T09:15:00Z")])
        .await;
    let first = async |query: &str| {
        let list = gateway.get(&format!("/v1/calls?{query}")).await.json();
        list["data"][0].clone()
    };
    let plain = first("").await;
    assert!(plain["transcript"].is_null() && plain["analyses"].is_null());
    assert_eq!(plain["vendor_values"], json!({"status": "odd"}));
    assert!(plain["_meta"].get("raw_refs").is_none());
    let rich = first("include=transcript,analyses&include=vendor_values,provenance,media").await;
    assert_eq!(
        rich["transcript"]["utterances"].as_array().unwrap().len(),
        2
    );
    assert_eq!(rich["vendor_values"]["direction"], "in");
    assert_eq!(
        rich["analyses"][0]["sentiments"][0]["vendor_values"]["label"],
        "GOOD"
    );
    assert_eq!(rich["provenance"]["unmapped"], json!(["FK-04/odd"]));
    let raw_ref = rich["_meta"]["raw_refs"][0].as_str().unwrap();
    assert!(raw_ref.starts_with("sha256:") && raw_ref.len() == 71);
    let narrow = gateway.key_of(gateway.tenant, &["calls:read"]).await;
    let bearer = format!("Bearer {narrow}");
    let refused = gateway
        .get_with(
            "/v1/calls?include=transcript",
            &[("authorization", &bearer)],
        )
        .await;
    assert_eq!(refused.status, 403, "a transcript needs its own scope");
}
