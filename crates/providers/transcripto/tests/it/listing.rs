//! The list of tasks.

use callweave_provider::{Change, Cursor, ErrorKind, Next, Page, Walk, http_client::Answer};
use callweave_provider_testkit::{CannedClient, answers};
use serde_json::{Value, json};

use crate::support::{CODE, LIST_PATH, caller, fixtures, provider};

async fn page(
    client: &CannedClient,
    walk: Walk,
    cursor: Option<&Cursor>,
) -> callweave_provider::Result<Page> {
    let provider = provider(client);
    let caller = caller();
    provider
        .pull()
        .unwrap()
        .page(&caller.context(), "tasks", walk, cursor)
        .await
}

fn list(rows: &Value) -> Answer {
    let count = rows.as_array().unwrap().len();
    answers::ok(&json!({
        "tasks": rows,
        "pagination": {"current_page": 1, "per_page": 50, "total_tasks": count, "total_pages": 1},
    }))
}

#[tokio::test]
async fn a_page_names_tasks_and_hands_their_rows_on() {
    let row = fixtures().json("task_row.json");
    let mut report = row.clone();
    report["task_code"] = json!("20000000-0000-4000-8000-000000000002");
    report["type"] = json!("callreport");
    let client = CannedClient::new().always("POST", LIST_PATH, list(&json!([row, report])));
    let read = page(&client, Walk::Incremental, None).await.unwrap();
    let [
        Change::Seen {
            record,
            hint: Some(hint),
            ..
        },
    ] = &read.changes[..]
    else {
        panic!("trap T-14: a report is no call: {:?}", read.changes)
    };
    assert_eq!(
        (record.kind.as_str(), record.remote_id.as_str()),
        ("task", CODE)
    );
    assert_eq!(hint["operator_name"], json!("Ivanov"));
    assert!(matches!(read.next, Next::Done { .. }));
    let asked = client.requests().remove(0);
    assert_eq!(
        asked.json(),
        json!({"page": 1, "per_page": 50}),
        "trap T-36, no status filter"
    );
    assert_eq!(asked.headers["accept-language"], "en");
    assert!(asked.headers["authorization"].is_sensitive());
}

#[tokio::test]
async fn case_030_a_failure_with_status_200_is_no_empty_list() {
    for (body, kind) in [
        (
            json!({"success": false, "error_code": 5000}),
            ErrorKind::VendorFailure,
        ),
        (
            json!({"success": false, "error_code": 4012}),
            ErrorKind::Unauthorized,
        ),
        (json!({"success": true}), ErrorKind::BadResponse),
        (json!({"tasks": "none"}), ErrorKind::BadResponse),
        (json!({"tasks": null}), ErrorKind::BadResponse),
    ] {
        let client = CannedClient::new().always("POST", LIST_PATH, answers::ok(&body));
        let error = page(&client, Walk::Full, None).await.unwrap_err();
        assert_eq!(error.kind, kind, "{body}");
    }
}

#[tokio::test]
async fn trap_t09_the_alias_is_tried_once_and_remembered() {
    let row = fixtures().json("task_row.json");
    let many: Vec<Value> = (0..50)
        .map(|place| {
            let mut row = row.clone();
            row["task_code"] = json!(format!("t{place}"));
            row
        })
        .collect();
    let full = answers::ok(&json!({"tasks": many}));
    let client = CannedClient::new()
        .always("POST", LIST_PATH, answers::html(404))
        .on("GET", "/user/tasks/filter?page=1&per_page=50", full)
        .on(
            "GET",
            "/user/tasks/filter?page=2&per_page=50",
            list(&json!([])),
        );
    let first = page(&client, Walk::Full, None).await.unwrap();
    let Next::More(cursor) = first.next else {
        panic!("{:?}", first.next)
    };
    let second = page(&client, Walk::Full, Some(&cursor)).await.unwrap();
    assert!(matches!(second.next, Next::Done { .. }));
    assert_eq!(
        client
            .lines()
            .iter()
            .filter(|line| line.starts_with("POST"))
            .count(),
        1
    );
}

#[tokio::test]
async fn a_refused_page_size_falls_back_to_the_documented_one() {
    let client = CannedClient::new().plays("POST", LIST_PATH, |request| {
        if request.json()["per_page"].as_u64().unwrap() > 10 {
            answers::ok(&json!({"success": false, "error_code": 4001, "error_message": "per_page"}))
        } else {
            list(&json!([]))
        }
    });
    let read = page(&client, Walk::Full, None).await.unwrap();
    assert!(matches!(read.next, Next::Done { .. }));
}

#[tokio::test]
async fn case_023_case_025_case_027_a_bad_row_costs_itself_only() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let body = format!(
        r#"{{"tasks": [{{"task_code": "{CODE}", "type": "call"}}, {{"id": 7}}, 5,
            {{"task_code": "x", "task_length": 1e400}}, {{"task_code": "y", "m": {deep}}}]}}"#
    );
    let client = CannedClient::new()
        .on("POST", LIST_PATH, answers::ok_bytes(body))
        .on("POST", LIST_PATH, list(&json!([])));
    let read = page(&client, Walk::Full, None).await.unwrap();
    let seen = read
        .changes
        .iter()
        .filter(|change| matches!(change, Change::Seen { .. }));
    assert_eq!(seen.count(), 1);
    let aside: Vec<(&str, &str)> = read
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
    for named in [("x", "/task_length"), ("y", "/m")] {
        assert!(aside.contains(&named), "{aside:?}");
    }
}

#[tokio::test]
async fn trap_t18_a_backfill_asks_for_days() {
    let client = CannedClient::new().always("POST", LIST_PATH, list(&json!([])));
    let walk = Walk::Window {
        from: "2026-02-01T10:00:00Z".parse().unwrap(),
        to: "2026-02-03T00:00:00Z".parse().unwrap(),
    };
    page(&client, walk, None).await.unwrap();
    let asked = client.requests().remove(0).json();
    assert_eq!(asked["date_from"], json!("2026-01-31"));
    assert_eq!(asked["date_to"], json!("2026-02-04"));
}

#[tokio::test]
async fn a_cursor_of_another_version_begins_anew() {
    let client = CannedClient::new().always("POST", LIST_PATH, list(&json!([])));
    for cursor in [
        json!(null),
        json!({"at": "walk", "v": 9, "page": 4, "per_page": 50}),
        json!("x"),
    ] {
        page(&client, Walk::Incremental, Some(&Cursor(cursor)))
            .await
            .unwrap();
        assert_eq!(client.requests().pop().unwrap().json()["page"], json!(1));
    }
}
