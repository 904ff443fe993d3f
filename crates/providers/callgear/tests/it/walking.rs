//! Pages of the list, read row by row.

use callweave_provider::{Change, Cursor, Next, Page, Walk};
use callweave_provider_testkit::{CannedClient, answers};
use serde_json::{Value, json};

use crate::support::{caller, provider, provider_with};

const LIST: &str = "/api/v1.0/scenario_result";

async fn page(client: &CannedClient, cursor: Option<&Cursor>) -> Page {
    let provider = provider(client);
    let pull = provider.pull().unwrap();
    assert!(pull.full_walk_proves_absence());
    pull.page(&caller().context(), "results", Walk::Full, cursor)
        .await
        .unwrap()
}

#[tokio::test]
async fn trap_c17_every_page_is_bounded_and_sorted() {
    let rows = json!([{"id": 5, "call_session_id": 1}, {"id": 6, "call_session_id": 1}]);
    let client = CannedClient::new().always("GET", LIST, answers::ok(&rows));
    let first = page(&client, None).await;
    assert_eq!(
        client.lines(),
        ["GET /api/v1.0/scenario_result?_sort=id&_order=asc&_start=0&_end=50"]
    );
    assert!(
        matches!(first.next, Next::More(_)),
        "a short page proves nothing"
    );
    assert!(
        first
            .changes
            .iter()
            .all(|change| matches!(change, Change::Seen { .. }))
    );
    let Next::More(cursor) = first.next else {
        panic!()
    };
    page(&client, Some(&cursor)).await;
    let provider = provider_with(client.shared(), &json!({"page_size": 10, "start_base": 1}));
    let pull = provider.pull().unwrap();
    assert_eq!(
        pull.streams(&caller().context()).await.unwrap(),
        ["results"]
    );
    pull.page(&caller().context(), "results", Walk::Incremental, None)
        .await
        .unwrap();
    assert!(client.lines()[2].ends_with("_start=1&_end=11"));
}

#[tokio::test]
async fn trap_c16_a_list_that_refuses_zero_is_asked_from_one() {
    let rows = json!([{"id": 5}, {"id": 6}, {"id": 7}]);
    for refusal in [answers::json(400, &json!({})), answers::ok(&json!([]))] {
        let client = CannedClient::new()
            .on(
                "GET",
                &format!("{LIST}?_sort=id&_order=asc&_start=0&_end=50"),
                refusal,
            )
            .always(
                "GET",
                &format!("{LIST}?_sort=id&_order=asc&_start=1&_end=51"),
                answers::ok(&rows),
            );
        let page = page(&client, None).await;
        assert_eq!(page.changes.len(), 3);
    }
    let client = CannedClient::new().always("GET", LIST, answers::ok(&json!([])));
    let page = page(&client, None).await;
    assert!(matches!(page.next, Next::Done { .. }), "an empty account");
}

#[tokio::test]
async fn case_023_a_row_that_cannot_be_read_costs_itself_only() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let body = r#"[{"id": 5, "call_session_id": 1}, {"name": "no id"}, {"id": "points"}, 7, null,
                   {"id": "8", "result": {"x": "\ud83d"}}, {"id": 9, "x": 1e400},
                   {"id": 10, "result": DEEP}]"#
        .replace("DEEP", &deep);
    let client = CannedClient::new().always("GET", LIST, answers::ok_bytes(body));
    let read = page(&client, None).await;
    let mut seen = Vec::new();
    let mut aside = Vec::new();
    for change in &read.changes {
        match change {
            Change::Seen { record, hint, .. } => {
                assert!(hint.is_some());
                seen.push(record.remote_id.clone());
            }
            Change::Quarantined {
                record,
                raw,
                pointer,
                ..
            } => {
                let expected = match record.remote_id.as_str() {
                    // What names it can be read.
                    "9" => "/x",
                    "10" => "/result",
                    made_up => {
                        assert!(made_up.starts_with("row-"), "{made_up}");
                        "/id"
                    }
                };
                assert_eq!((pointer.as_deref(), raw.len()), (Some(expected), 1));
                aside.push(record.remote_id.clone());
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, ["5", "8"]);
    assert_eq!(aside.len(), 6);
    let again = page(&client, None).await;
    let ids: Vec<String> = again
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Quarantined { record, .. } => Some(record.remote_id.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(ids, aside, "the made-up ids are stable");
}

#[tokio::test]
async fn trap_c18_no_header_is_relied_on() {
    let rows: Vec<Value> = (0..5).map(|id| json!({"id": 100 + id})).collect();
    let lying = answers::with_header(answers::ok(&json!(rows)), "x-total-count", "2");
    let client = CannedClient::new().always("GET", LIST, lying);
    let read = page(&client, None).await;
    assert!(matches!(read.next, Next::More(_)));
    assert_eq!(read.total_hint, None);
}
