//! Batches of dialogs.

use callweave_provider::ErrorKind;
use callweave_provider_testkit::fake::{Finds, operation};
use serde_json::{Value, json};

use super::dialogs::{held, with_agent};
use crate::support::Gateway;

fn phones(count: usize) -> Vec<Value> {
    (0..count)
        .map(|index| json!({"phone": format!("+9999{index:07}")}))
        .collect()
}

/// Hands a batch in; returns its id.
async fn batch(gateway: &Gateway, connection: &str, agent: &str, dialogs: &[Value]) -> String {
    let body = json!({"connection_id": connection, "agent": agent, "dialogs": dialogs});
    let taken = gateway.hand_in("/v1/dialog-batches", &body).await;
    assert_eq!(taken.status, 202, "{:?}", taken.body);
    let id = taken.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(taken.header("location"), format!("/v1/dialog-batches/{id}"));
    id
}

/// All dialogs of a batch, page by page.
async fn items(gateway: &Gateway, id: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/dialog-batches/{id}/dialogs?limit=4{cursor}");
        let page = gateway.get(&path).await;
        assert_eq!(page.status, 200, "{:?}", page.body);
        let page = page.json();
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

fn state_of(items: &[Value], index: usize) -> &str {
    items[index]["state"].as_str().unwrap()
}

#[tokio::test]
async fn a_batch_is_split_and_each_dialog_has_its_own_end() {
    let (gateway, connection, agent) = with_agent().await;
    let vendor = gateway.vendor.main();
    vendor.owned(|owned| owned.batch_limit = Some(3));
    let mut dialogs = phones(10);
    dialogs[4] = json!({"phone": "+123"});
    dialogs[7]["client_metadata"] = json!({"deal": 7});
    let id = batch(&gateway, &connection, &agent, &dialogs).await;
    assert_eq!(
        gateway.job(&id).await["progress"]["by_state"]["accepted"],
        10
    );
    gateway.work().await;
    assert_eq!(vendor.count(operation::START), 4, "one request a part");
    let refs = gateway.job(&id).await["remote_refs"].clone();
    for name in ["batch", "task", "task_1", "task_2", "task_3"] {
        assert!(
            refs[name].is_string(),
            "the vendor's id of the {name}: {refs}"
        );
    }
    let shown = items(&gateway, &id).await;
    assert_eq!(shown.len(), 10);
    assert_eq!(state_of(&shown, 4), "failed");
    assert_eq!(shown[4]["message"], "invalid phone number");
    assert_eq!(state_of(&shown, 7), "submitted");
    let call = shown[7]["call_id"].as_str().unwrap();
    let stored = gateway.get(&format!("/v1/calls/{call}")).await.json();
    assert_eq!(stored["client_metadata"]["deal"], 7);
    assert_eq!(stored["batch_remote_id"], refs["batch"]);
    assert_eq!(stored["parties"][0]["phone"], "+99990000007");
    for item in &shown {
        if let Some(dialog) = item["dialog_remote_id"].as_str() {
            held(&gateway, dialog);
        }
    }
    for _ in 0..2 {
        gateway.round().await;
    }
    let done = gateway
        .get(&format!("/v1/dialog-batches/{id}"))
        .await
        .json();
    assert_eq!(done["state"], "partially_completed", "{done}");
    assert_eq!(done["progress"]["total"], 10);
    assert_eq!(
        done["progress"]["by_state"],
        json!({"completed": 9, "failed": 1})
    );
    assert_eq!(
        vendor.owned(|owned| owned.started.len()),
        9,
        "each was dialled once"
    );
    let only = format!("/v1/dialog-batches/{id}/dialogs?state=failed");
    let failed = gateway.get(&only).await.json();
    assert_eq!(failed["data"][0]["index"], 4);
    assert_eq!(
        gateway.get("/v1/dialog-batches").await.ids(),
        vec![id.clone()]
    );
    assert_eq!(gateway.resubmit(&id, "").await.code(), "gateway.conflict");
    let single = gateway
        .hand_in(
            "/v1/dialogs",
            &json!({"connection_id": connection, "agent": agent, "phone": "+99990001122"}),
        )
        .await;
    let single = single.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        gateway
            .get(&format!("/v1/dialog-batches/{single}"))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_part_without_an_answer_stops_no_other_and_is_not_sent_again() {
    let (gateway, connection, agent) = with_agent().await;
    let vendor = gateway.vendor.main();
    vendor.owned(|owned| {
        owned.batch_limit = Some(2);
        owned.finds = Finds::CannotTell;
    });
    vendor.lose_next(operation::START);
    let id = batch(&gateway, &connection, &agent, &phones(6)).await;
    gateway.work().await;
    let shown = items(&gateway, &id).await;
    assert_eq!(state_of(&shown, 0), "outcome_unknown");
    assert_eq!(state_of(&shown, 2), "submitted");
    assert_eq!(
        vendor.owned(|owned| owned.started.len()),
        6,
        "the first part had arrived"
    );
    for item in &shown {
        if let Some(dialog) = item["dialog_remote_id"].as_str() {
            held(&gateway, dialog);
        }
    }
    for _ in 0..10 {
        gateway.round().await;
    }
    let job = gateway.job(&id).await;
    assert_eq!(job["state"], "partially_completed", "{job}");
    assert_eq!(vendor.count(operation::START), 3);
    assert_eq!(
        gateway.resubmit(&id, "").await.code(),
        "gateway.confirmation_required"
    );
    let confirmed = gateway.resubmit(&id, "?confirm=may_duplicate").await;
    assert_eq!(confirmed.status, 202);
    gateway.work().await;
    assert_eq!(
        vendor.count(operation::START),
        4,
        "only the part that may be missing"
    );
    assert_eq!(state_of(&items(&gateway, &id).await, 0), "submitted");
}

#[tokio::test]
async fn dialogs_of_a_lost_part_are_found_one_by_one() {
    let (gateway, connection, agent) = with_agent().await;
    let vendor = gateway.vendor.main();
    vendor.lose_next(operation::START);
    let mut dialogs = phones(3);
    dialogs[1] = json!({"phone": "+123"});
    let id = batch(&gateway, &connection, &agent, &dialogs).await;
    gateway.work().await;
    gateway.hasten().await;
    gateway.work().await;
    let shown = items(&gateway, &id).await;
    assert_eq!(
        [0, 1, 2].map(|index| state_of(&shown, index)),
        ["submitted", "failed", "submitted"]
    );
    assert_eq!(vendor.count(operation::START), 1);
}

#[tokio::test]
async fn a_batch_waits_for_a_busy_vendor_and_for_its_task() {
    let (gateway, connection, agent) = with_agent().await;
    let vendor = gateway.vendor.main();
    vendor.fail_next(operation::START, ErrorKind::RateLimited);
    vendor.owned(|owned| owned.batches_run = true);
    let id = batch(&gateway, &connection, &agent, &phones(2)).await;
    gateway.work().await;
    let job = gateway.job(&id).await;
    assert_eq!(
        (&job["state"], &job["delivery"]),
        (&json!("accepted"), &json!("none"))
    );
    gateway.hasten().await;
    gateway.work().await;
    assert_eq!(state_of(&items(&gateway, &id).await, 0), "submitting");
    assert_eq!(gateway.job(&id).await["delivery"], "taken");
    vendor.owned(|owned| owned.batches_run = false);
    gateway.hasten().await;
    gateway.work().await;
    assert_eq!(state_of(&items(&gateway, &id).await, 0), "submitted");
    assert_eq!(vendor.owned(|owned| owned.started.len()), 2);
}

#[tokio::test]
async fn a_batch_is_taken_back_as_far_as_it_waits() {
    let (gateway, connection, agent) = with_agent().await;
    let vendor = gateway.vendor.main();
    let unsent = batch(&gateway, &connection, &agent, &phones(2)).await;
    let cancel = async |id: &str| {
        let path = format!("/v1/jobs/{id}/cancel");
        gateway.post(&path, &json!({})).await.json()
    };
    assert_eq!(cancel(&unsent).await["state"], "canceled");
    assert_eq!(state_of(&items(&gateway, &unsent).await, 1), "canceled");
    let waiting = batch(&gateway, &connection, &agent, &phones(3)).await;
    gateway.work().await;
    // One of them is dialled already.
    vendor.owned(|owned| owned.agent(&agent).queue.remove(0));
    assert_eq!(cancel(&waiting).await["cancel_requested"], true);
    gateway.work().await;
    let shown = items(&gateway, &waiting).await;
    assert_eq!(
        [0, 1, 2].map(|index| state_of(&shown, index)),
        ["submitted", "canceled", "canceled"]
    );
    assert!(vendor.owned(|owned| owned.agent(&agent).queue.is_empty()));
    assert_eq!(gateway.job(&waiting).await["cancel_requested"], false);
    held(&gateway, shown[0]["dialog_remote_id"].as_str().unwrap());
    for _ in 0..2 {
        gateway.round().await;
    }
    assert_eq!(gateway.job_state(&waiting).await, "partially_completed");
}

#[tokio::test]
async fn ten_thousand_dialogs_are_one_request_and_wrong_ones_are_pointed_at() {
    let (gateway, connection, agent) = with_agent().await;
    let mut dialogs = phones(10_000);
    dialogs[17] = json!({"phone": "nobody"});
    dialogs[9_999] = json!({"phone": "+99990001122", "odd": 1});
    let body = json!({"connection_id": connection, "agent": agent, "dialogs": dialogs});
    let unread = gateway.hand_in("/v1/dialog-batches", &body).await;
    assert_eq!(
        (unread.status, unread.pointer().as_str()),
        (422, "/dialogs/9999/odd")
    );
    dialogs[9_999] = json!({"phone": "nobody either"});
    let body = json!({"connection_id": connection, "agent": agent, "dialogs": dialogs});
    let unfit = gateway.hand_in("/v1/dialog-batches", &body).await;
    assert_eq!(
        (unfit.status, unfit.pointer().as_str()),
        (422, "/dialogs/17/phone")
    );
    assert_eq!(unfit.json()["errors"][1]["pointer"], "/dialogs/9999/phone");
    let id = batch(&gateway, &connection, &agent, &phones(10_000)).await;
    let last = gateway
        .get(&format!("/v1/dialog-batches/{id}/dialogs?limit=200"))
        .await
        .json();
    assert_eq!(last["data"][199]["index"], 199);
    assert_eq!(gateway.job(&id).await["progress"]["total"], 10_000);
    let more = json!({"connection_id": connection, "agent": agent, "dialogs": phones(10_001)});
    let more = gateway.hand_in("/v1/dialog-batches", &more).await;
    assert_eq!((more.status, more.pointer().as_str()), (422, "/dialogs"));
    let none = json!({"connection_id": connection, "agent": agent, "dialogs": []});
    assert_eq!(
        gateway.hand_in("/v1/dialog-batches", &none).await.status,
        422
    );
}
