//! The report as a list of records.

use callweave_provider::{Change, ErrorKind, Next, Walk};
use callweave_provider_testkit::{CannedClient, answers};
use serde_json::{Value, json};

use crate::support::{AGENT, AGENTS_PATH, CALL, REPORT_PATH, STREAM, caller, fixtures, provider};

fn agents(client: CannedClient) -> CannedClient {
    client.always(
        "GET",
        AGENTS_PATH,
        answers::ok_bytes(fixtures().bytes("agents.json")),
    )
}

#[tokio::test]
async fn every_agent_of_the_company_is_a_stream_unless_some_are_named() {
    let client = agents(CannedClient::new());
    let caller = caller();
    let all = provider(&client, &json!({}));
    let streams = all
        .pull()
        .unwrap()
        .streams(&caller.context())
        .await
        .unwrap();
    assert_eq!(streams.len(), 2);
    assert_eq!(streams[0], STREAM);
    let named = provider(&CannedClient::new(), &json!({"agent_uuids": ["b1", "b1"]}));
    let streams = named
        .pull()
        .unwrap()
        .streams(&caller.context())
        .await
        .unwrap();
    assert_eq!(streams, ["agent:b1"]);
}

#[tokio::test]
async fn a_page_names_attempts_and_what_the_lookup_needs() {
    let client = agents(CannedClient::new()).always(
        "POST",
        REPORT_PATH,
        answers::ok_bytes(fixtures().bytes("report_page.json")),
    );
    let provider = provider(
        &client,
        &json!({"timezone": "Europe/Moscow", "history_days": 10}),
    );
    let caller = caller();
    let page = provider
        .pull()
        .unwrap()
        .page(&caller.context(), STREAM, Walk::Incremental, None)
        .await
        .unwrap();
    assert!(matches!(page.next, Next::Done { .. }));
    assert_eq!(page.total_hint, Some(2));
    let [
        Change::Seen {
            record,
            hint: Some(hint),
            ..
        },
        Change::Seen { record: old, .. },
    ] = &page.changes[..]
    else {
        panic!("{:?}", page.changes)
    };
    assert_eq!(
        (record.kind.as_str(), record.remote_id.as_str()),
        ("attempt", CALL)
    );
    assert_eq!(old.kind, "dialog", "trap N-39: no call id");
    assert_eq!(hint["agent_uuid"], json!(AGENT));
    assert_eq!(hint["agent_name"], json!("Reminder"));
    let asked = client.requests().pop().unwrap().json();
    assert_eq!(asked["agent_uuid"], json!(AGENT));
    assert_eq!(
        (&asked["limit"], &asked["offset"]),
        (&json!(500), &json!(0))
    );
    assert_eq!(
        asked["start"],
        json!("2026-02-20 12:14:59"),
        "local time of the connection"
    );
}

#[tokio::test]
async fn case_072_the_fingerprint_is_of_the_row_and_of_nothing_around_it() {
    let row = fixtures().json("report_page.json")["result"][0].clone();
    let mut other = row.clone();
    other["call_uuid"] = json!("c0000000-0000-4000-8000-000000000009");
    let fingerprint = |rows: Value| async move {
        let total = rows.as_array().unwrap().len();
        let client = agents(CannedClient::new()).always(
            "POST",
            REPORT_PATH,
            answers::ok(&json!({"result": rows, "total": total})),
        );
        let provider = provider(&client, &json!({}));
        let caller = caller();
        let page = provider
            .pull()
            .unwrap()
            .page(&caller.context(), STREAM, Walk::Full, None)
            .await
            .unwrap();
        page.changes.into_iter().find_map(|change| match change {
            Change::Seen {
                record,
                fingerprint,
                ..
            } if record.remote_id == CALL => Some(fingerprint),
            _ => None,
        })
    };
    let alone = fingerprint(json!([row])).await;
    assert_eq!(
        alone,
        fingerprint(json!([other, row, row])).await,
        "its window does not matter"
    );
    let mut late = row.clone();
    late["output_entity_1"] = json!("changed her mind");
    assert_ne!(alone, fingerprint(json!([late])).await);
}

#[tokio::test]
async fn a_refused_page_size_falls_back_to_the_documented_one() {
    for status in [409, 500, 422] {
        let client = agents(CannedClient::new()).plays("POST", REPORT_PATH, move |request| {
            if request.json()["limit"].as_u64().unwrap() > 100 {
                answers::json(status, &json!({"message": "limit must be at most 100"}))
            } else {
                answers::ok(&json!({"result": [], "total": 0}))
            }
        });
        let provider = provider(&client, &json!({}));
        let caller = caller();
        let page = provider
            .pull()
            .unwrap()
            .page(&caller.context(), STREAM, Walk::Full, None)
            .await
            .unwrap();
        assert!(matches!(page.next, Next::Done { .. }), "{status}");
    }
}

#[tokio::test]
async fn case_013_what_is_no_report_is_no_empty_list() {
    for answer in [
        answers::html(200),
        answers::ok(&json!({"message": "ok"})),
        answers::ok(&json!({"result": null, "total": 3})),
        answers::empty(204),
        answers::ok_bytes(r#"{"result": [{"call_uuid": "c"#),
    ] {
        let client = agents(CannedClient::new()).always("POST", REPORT_PATH, answer);
        let provider = provider(&client, &json!({}));
        let caller = caller();
        let error = provider
            .pull()
            .unwrap()
            .page(&caller.context(), STREAM, Walk::Full, None)
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadResponse);
    }
}

#[tokio::test]
async fn case_023_case_025_case_027_a_bad_row_costs_itself_only() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let body = format!(
        r#"{{"result": [{{"call_uuid": "{CALL}"}}, {{"call_uuid": "x", "n": 1e400}}, 7,
            {{"city": "Boston"}}, {{"call_uuid": "y", "m": {deep}}}], "total": 5}}"#
    );
    let client = agents(CannedClient::new()).always("POST", REPORT_PATH, answers::ok_bytes(body));
    let provider = provider(&client, &json!({}));
    let caller = caller();
    let page = provider
        .pull()
        .unwrap()
        .page(&caller.context(), STREAM, Walk::Full, None)
        .await
        .unwrap();
    let aside: Vec<(&str, &str)> = page
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Quarantined {
                record, pointer, ..
            } => Some((record.remote_id.as_str(), pointer.as_deref()?)),
            _ => None,
        })
        .collect();
    assert_eq!(aside.len(), 4, "{aside:?}");
    for named in [("x", "/n"), ("y", "/m")] {
        assert!(aside.contains(&named), "{aside:?}");
    }
    let seen = page
        .changes
        .iter()
        .filter(|change| matches!(change, Change::Seen { .. }));
    assert_eq!(seen.count(), 1);
    assert!(matches!(page.next, Next::Done { .. }), "the rows add up");
}

#[tokio::test]
async fn a_cursor_of_another_version_begins_anew() {
    let client = agents(CannedClient::new()).always(
        "POST",
        REPORT_PATH,
        answers::ok(&json!({"result": [], "total": 0})),
    );
    let provider = provider(&client, &json!({}));
    let caller = caller();
    for cursor in [
        json!(null),
        json!({"v": 9}),
        json!({"at": "walk", "v": 9, "started": 1, "windows": [], "limit": 5}),
    ] {
        let cursor = callweave_provider::Cursor(cursor);
        let pull = provider.pull().unwrap();
        let page = pull
            .page(&caller.context(), STREAM, Walk::Incremental, Some(&cursor))
            .await
            .unwrap();
        assert!(matches!(page.next, Next::Done { .. }));
    }
}

#[tokio::test]
async fn a_backfill_ends_even_where_nothing_can_be_proved() {
    let client = agents(CannedClient::new()).always(
        "POST",
        REPORT_PATH,
        answers::ok(&json!({"result": [], "total": 5})),
    );
    let provider = provider(&client, &json!({}));
    let caller = caller();
    let walk = Walk::Window {
        from: "2026-02-01T00:00:00Z".parse().unwrap(),
        to: "2026-02-02T00:00:00Z".parse().unwrap(),
    };
    let mut cursor = None;
    for _ in 0..20 {
        let page = provider
            .pull()
            .unwrap()
            .page(&caller.context(), STREAM, walk, cursor.as_ref())
            .await
            .unwrap();
        match page.next {
            Next::More(next) | Next::Unproved { resume: next, .. } => cursor = Some(next),
            Next::Done { .. } => return,
        }
    }
    panic!("the backfill does not end");
}
