//! Cursors of lists that a vendor keeps.

use serde_json::{Value, json};

use super::{Setup, remote_ids};

async fn with_rubrics(count: usize) -> Setup {
    let setup = Setup::new().await;
    for index in 0..count {
        let body = json!({"kind": "script", "name": format!("number {index}")});
        assert_eq!(setup.post("rubrics", &body).await.status, 201);
    }
    setup
}

#[tokio::test]
async fn pages_follow_one_another_to_the_end() {
    let setup = with_rubrics(5).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for limit in [2, 1, 2] {
        let page = setup.get(&format!("rubrics?limit={limit}{cursor}")).await;
        seen.extend(remote_ids(&page));
        assert_eq!(page.json()["total"], 5);
        cursor = match &page.json()["next_cursor"] {
            Value::String(next) => format!("&cursor={next}"),
            _ => String::new(),
        };
    }
    assert_eq!(seen, ["1", "2", "3", "4", "5"]);
    assert_eq!(cursor, "", "the end");
}

#[tokio::test]
async fn a_vendor_with_small_pages_gives_fewer() {
    let setup = with_rubrics(3).await;
    setup.vendor.owned(|owned| owned.page_limit = Some(2));
    let page = setup.get("rubrics?limit=200").await;
    assert_eq!(remote_ids(&page), ["1", "2"]);
    assert!(page.json()["next_cursor"].is_string());
}

#[tokio::test]
async fn case_107_a_cursor_is_worth_nothing_elsewhere() {
    let setup = with_rubrics(3).await;
    let page = setup.get("rubrics?limit=1&kind=script").await.json();
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let with = |path: &str| {
        format!(
            "{path}{}cursor={cursor}",
            if path.contains('?') { '&' } else { '?' }
        )
    };
    assert_eq!(setup.ids(&with("rubrics?kind=script")).await, ["2", "3"]);
    for path in [
        with("rubrics"),
        with("rubrics?kind=scenario"),
        with("rubrics?kind=script&q=number"),
        with("rubric-scores"),
        with("rubric-items"),
        with("tags"),
        format!("rubrics?kind=script&cursor={}", cursor.to_uppercase()),
        format!("rubrics?kind=script&cursor={cursor}A"),
    ] {
        let answer = setup.get(&path).await;
        assert_eq!(
            (
                answer.status,
                answer.code().as_str(),
                answer.pointer().as_str()
            ),
            (400, "gateway.invalid_cursor", "/cursor"),
            "{path}"
        );
    }
    let second = setup.gateway.connect("second").await;
    let path = format!("/v1/connections/{second}/{}", with("rubrics?kind=script"));
    assert_eq!(
        setup.gateway.get(&path).await.code(),
        "gateway.invalid_cursor",
        "of another connection"
    );
    let stored = setup
        .gateway
        .get(&format!("/v1/calls?cursor={cursor}"))
        .await;
    assert_eq!(stored.code(), "gateway.invalid_cursor");
}

#[tokio::test]
async fn the_queue_of_one_agent_is_not_another_ones() {
    let setup = Setup::new().await;
    setup.vendor.owned(|owned| {
        for name in ["one", "two"] {
            owned.put_agent(name);
        }
    });
    let list = |agent: &str, rest: &str| format!("voice-agents/{agent}/queue?limit=1{rest}");
    setup.vendor.owned(|owned| {
        let queue = |id: &str| callweave_model::owned::QueuedItem {
            remote_id: id.to_owned(),
            dialog_remote_id: None,
            phone: None,
            phone_raw: None,
            status: callweave_model::enums::CallStatus::Queued,
            status_raw: None,
            added_at: None,
            extra: serde_json::Map::new(),
        };
        for agent in ["1", "2"] {
            owned.agent(agent).queue = vec![queue("a"), queue("b")];
        }
    });
    let page = setup.get(&list("1", "")).await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let same = setup.get(&list("1", &format!("&cursor={cursor}"))).await;
    assert_eq!(remote_ids(&same), ["b"]);
    let other = setup.get(&list("2", &format!("&cursor={cursor}"))).await;
    assert_eq!(other.code(), "gateway.invalid_cursor");
}
