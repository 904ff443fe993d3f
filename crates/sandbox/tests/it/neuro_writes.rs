//! Neuro.net over real HTTP: what changes something.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use callweave_sandbox::{Action, Vendor};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::neuro::Account;

async fn send(account: &Account, method: Method, path: &str, body: Value) -> Response {
    account
        .request(method, path)
        .json(&body)
        .send()
        .await
        .unwrap()
}

async fn body(response: Response, status: StatusCode) -> Value {
    assert_eq!(response.status(), status);
    response.json().await.unwrap()
}

fn submitted(account: &Account) -> usize {
    let page = account
        .sandbox
        .world()
        .ledger_page(Vendor::Neuro, 0, 100_000);
    page.entries
        .iter()
        .filter(|entry| entry.action == Action::Submitted)
        .count()
}

/// What the ledger says happened to things of one kind, oldest first.
fn noted(account: &Account, kind: &str) -> Vec<(Action, Value)> {
    let page = account
        .sandbox
        .world()
        .ledger_page(Vendor::Neuro, 0, 100_000);
    let entries = page.entries.into_iter();
    entries
        .filter(|entry| entry.kind == kind)
        .map(|entry| (entry.action, entry.facts))
        .collect()
}

#[tokio::test]
async fn a_dialog_is_placed_and_has_statistics_later() {
    let account = Account::open(10, Duration::from_mins(1)).await;
    let agent = account.agent(1);
    let path = format!("/dialog/dialog-initial?agent_uuid={agent}");
    let dialog = json!({ "msisdn": "+99890000123", "customer_name": "Anna Example" });
    let answer = send(&account, Method::POST, &path, dialog.clone()).await;
    let id = body(answer, StatusCode::OK).await["dialog_uuid"]
        .as_str()
        .unwrap()
        .to_owned();
    let statistic = format!("/statistic/dialog?dialog_uuid={id}");
    assert_eq!(
        account.get(&statistic).await.status(),
        StatusCode::NOT_FOUND
    );
    let queue = account
        .json(&format!("/queue/dialog?agent_uuid={agent}"))
        .await;
    assert_eq!(
        (&queue[0]["uuid"], &queue[0]["msisdn"]),
        (&json!(id), &json!("+99890000123"))
    );
    assert_ne!(queue[0]["result"], "done");
    account.sandbox.world().set_clock_offset_ms(61_000);
    let rows = account.json(&statistic).await;
    assert_eq!(rows.as_array().unwrap().len(), 1);
    let phone = rows[0]
        .get("msisnd")
        .or_else(|| rows[0].get("msisdn"))
        .unwrap();
    assert_eq!(phone, "+99890000123");
    assert_eq!(submitted(&account), 1);

    account.option("neuro_bare_dialog_uuid", json!(true));
    let bare = body(
        send(&account, Method::POST, &path, dialog).await,
        StatusCode::OK,
    )
    .await;
    assert!(bare.is_string());
    let no_phone = send(&account, Method::POST, &path, json!({ "name": "x" })).await;
    assert_eq!(no_phone.status(), StatusCode::CONFLICT);
    let number = send(
        &account,
        Method::POST,
        &path,
        json!({ "msisdn": 998_900_001_234_u64 }),
    )
    .await;
    assert_eq!(number.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(submitted(&account), 2);
}

#[tokio::test]
async fn a_group_is_uploaded_step_by_step() {
    let account = Account::open(30, Duration::from_mins(4)).await;
    let agent = account.agent(0);
    let path = format!(
        "/dialog/dialogs-group-initial?agent_uuid={agent}&with_selection=true&selection_name=Spring"
    );
    let dialogs = json!([
        { "msisdn": "+99890000001" }, { "phone": "99890000002" }, { "msisdn": "12" }, { "name": "x" },
    ]);
    account.option("neuro_group_status", json!(202));
    let answer = send(&account, Method::POST, &path, dialogs).await;
    let ids = body(answer, StatusCode::ACCEPTED).await;
    let (bulk, task) = (
        ids["bulk_uuid"].as_str().unwrap(),
        ids["task_uuid"].as_str().unwrap(),
    );
    let status = format!("/dialog/dialogs-group-initial-status?task_uuid={task}");
    let result = format!("/dialog/dialogs-group-initial-result?task_uuid={task}");
    assert_eq!(account.json(&status).await["state"], "PENDING");
    assert_eq!(
        account.json(&result).await.as_array().unwrap().len(),
        2,
        "read too early"
    );
    account.sandbox.world().set_clock_offset_ms(61_000);
    assert_eq!(account.json(&status).await["state"], "SUCCESS");
    let rows = account.json(&result).await;
    let accepted: Vec<bool> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["status"].as_bool().unwrap())
        .collect();
    assert_eq!(accepted, [true, true, false, false]);
    assert!(rows[2]["dialog_uuid"].is_null() && rows[2]["message"].is_string());

    let group = format!("/statistic/dialog-group?bulk_uuid={bulk}");
    assert_eq!(account.get(&group).await.status(), StatusCode::NOT_FOUND);
    account.sandbox.world().set_clock_offset_ms(241_000);
    assert_eq!(account.json(&group).await.as_array().unwrap().len(), 2);
    let more = format!("/dialog/dialogs-group-initial?agent_uuid={agent}&bulk_uuid={bulk}");
    let answer = send(
        &account,
        Method::POST,
        &more,
        json!([{ "msisdn": "+99890000003" }]),
    )
    .await;
    assert_eq!(body(answer, StatusCode::ACCEPTED).await["bulk_uuid"], bulk);
    let selections = account
        .json(&format!("/selection?agent_uuid={agent}"))
        .await;
    let spring = selections
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "Spring");
    assert_eq!(spring.unwrap()["dialogs_count"], 2);

    for (bulk, status) in [
        ("nonsense", StatusCode::BAD_REQUEST),
        ("00000000-0000-4000-8000-000000000000", StatusCode::CONFLICT),
    ] {
        let path = format!("/dialog/dialogs-group-initial?agent_uuid={agent}&bulk_uuid={bulk}");
        let answer = send(&account, Method::POST, &path, json!([])).await;
        assert!(body(answer, status).await["message"].is_string());
    }
}

#[tokio::test]
async fn the_queue_is_stopped_returned_and_emptied() {
    let account = Account::open(10, Duration::from_mins(1)).await;
    let agent = account.agent(2);
    let place = format!("/dialog/dialog-initial?agent_uuid={agent}");
    let mut ids = Vec::new();
    for number in 1..=3 {
        let dialog = json!({ "msisdn": format!("+9989000000{number}") });
        let answer = send(&account, Method::POST, &place, dialog).await;
        let answer = body(answer, StatusCode::OK).await;
        ids.push(answer["dialog_uuid"].as_str().unwrap().to_owned());
    }
    let command = |name: &str| {
        let path = format!("/queue/{name}?agent_uuid={agent}");
        account.request(Method::POST, &path).json(&json!({})).send()
    };
    assert_eq!(
        body(command("stop").await.unwrap(), StatusCode::OK).await,
        Value::Null
    );
    account.sandbox.world().set_clock_offset_ms(120_000);
    let states = account
        .json(&format!("/queue/dialog?agent_uuid={agent}&limit=3"))
        .await;
    assert!(
        states
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["result"] == "stopped")
    );
    assert_eq!(
        body(command("return").await.unwrap(), StatusCode::OK).await,
        Value::Null
    );
    let one = account.request(
        Method::POST,
        &format!("/queue/remove?agent_uuid={agent}&dialog_uuid={}", ids[0]),
    );
    assert_eq!(
        body(one.send().await.unwrap(), StatusCode::OK).await,
        Value::Null
    );
    account.sandbox.world().set_clock_offset_ms(200_000);
    let statistic = |id: &str| format!("/statistic/dialog?dialog_uuid={id}");
    assert_eq!(
        account.get(&statistic(&ids[0])).await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        account.get(&statistic(&ids[1])).await.status(),
        StatusCode::OK
    );
    command("remove").await.unwrap();
    assert_eq!(
        account.get(&statistic(&ids[1])).await.status(),
        StatusCode::OK,
        "it did not wait"
    );
    let counted = account
        .sandbox
        .world()
        .requests(Some(Vendor::Neuro), None)
        .by_operation;
    assert_eq!((counted["NN-37"], counted["NN-38"]), (1, 1));
    // These methods document no refusal but of the token and of the access.
    for name in ["stop", "return", "remove"] {
        let path = format!("/queue/{name}?agent_uuid=00000000-0000-4000-8000-000000000000");
        let answer = send(&account, Method::POST, &path, json!({})).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{name}");
    }
}

#[tokio::test]
async fn settings_keys_and_rules_are_changed() {
    let account = Account::open(5, Duration::ZERO).await;
    let agent = account.agent(3);
    let general = format!("/agent-settings/general?agent_uuid={agent}");
    let changes = json!({ "recall_count": "5", "routing_channel_limit": null, "name": "no" });
    let shown = body(
        send(&account, Method::PUT, &general, changes).await,
        StatusCode::OK,
    )
    .await;
    assert_eq!(
        (shown.as_object().unwrap().len(), &shown["recall_count"]),
        (9, &json!(5))
    );
    let settings = account.json(&general).await;
    assert_eq!(settings["recall_count"], 5);
    assert_eq!(settings.as_object().unwrap().len(), 19);
    assert_ne!(settings["name"], "no");

    let entry = &noted(&account, "agent")[0];
    assert_eq!(
        (entry.0, &entry.1["recall_count"]),
        (Action::Changed, &json!(5))
    );
    let company = json!({ "company_uuid": "11111111-1111-4111-8111-111111111111" });
    let moved = send(&account, Method::PUT, &general, company).await;
    assert_eq!(moved.status(), StatusCode::OK);
    let credentials = account.sandbox.world().credentials("")["neuro"].clone();
    let company = credentials["company_uuid"].as_str().unwrap();
    let agents = account
        .json(&format!("/company-agents?company_uuid={company}"))
        .await;
    assert_eq!(
        agents.as_array().unwrap().len(),
        3,
        "it is another company's now"
    );

    let keys = account
        .json(&format!(
            "/agent-settings/credentials?agent_uuid={agent}&key_type=asr"
        ))
        .await;
    assert_eq!(keys["data"].as_array().unwrap().len(), 1);
    let path = format!(
        "/agent-settings/credentials/{}",
        keys["data"][0]["uuid"].as_str().unwrap()
    );
    let renamed = send(&account, Method::PUT, &path, json!({ "name": "renamed" })).await;
    assert_eq!(body(renamed, StatusCode::OK).await["name"], "renamed");
    let key = &noted(&account, "speech_key")[0].1;
    assert!(key["value_sha256"].is_string() && key.get("value").is_none());

    let slots = format!("/agent-settings/time-slot?agent_uuid={agent}");
    let rule = json!({ "day": 6, "not_before": "09:00", "not_after": "10:01:01" });
    let added = body(
        send(&account, Method::POST, &slots, rule).await,
        StatusCode::CREATED,
    )
    .await;
    assert_eq!(
        (&added["not_before"], &added["not_after"]),
        (&json!("09:00:00"), &json!("10:01:01"))
    );
    let bad = json!({ "day": 7, "not_before": "09:00", "not_after": "10:00" });
    assert_eq!(
        send(&account, Method::POST, &slots, bad).await.status(),
        StatusCode::CONFLICT
    );
    let mut moved = added.clone();
    moved["day"] = json!(0);
    let path = "/agent-settings/time-slot";
    let answer = send(&account, Method::PUT, path, moved.clone()).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(account.json(&slots).await[0]["day"], 0);
    account.option("neuro_time_slot_put_status", json!(200));
    assert_eq!(
        send(&account, Method::PUT, path, moved).await.status(),
        StatusCode::OK
    );
    let id = json!({ "time_slot_uuid": added["time_slot_uuid"] });
    let without_body = account.request(Method::DELETE, path).send().await.unwrap();
    assert_eq!(without_body.status(), StatusCode::CONFLICT);
    let deleted = send(&account, Method::DELETE, path, id.clone()).await;
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        send(&account, Method::DELETE, path, id).await.status(),
        StatusCode::CONFLICT
    );
    let actions: Vec<Action> = noted(&account, "time_slot")
        .into_iter()
        .map(|(action, _)| action)
        .collect();
    let expected = [
        Action::Added,
        Action::Changed,
        Action::Changed,
        Action::Deleted,
    ];
    assert_eq!(actions, expected);
}

#[tokio::test]
async fn entities_are_added_changed_and_deleted() {
    let account = Account::open(5, Duration::ZERO).await;
    let agent = account.agent(0);
    for (side, ids, own, many) in [
        (
            "initial",
            "initial_entities_uuid",
            "synthesis",
            "/initial-entity/bulk-delete",
        ),
        (
            "output",
            "output_entities_uuid",
            "entity_type",
            "/output-entity/bulk",
        ),
    ] {
        let (path, id) = (format!("/{side}-entity"), format!("{side}_entity_uuid"));
        let listed = format!("{path}?agent_uuid={agent}");
        let before = account.json(&listed).await["data"]
            .as_array()
            .unwrap()
            .len();
        let added = send(
            &account,
            Method::POST,
            &listed,
            json!({ "name": "new_one" }),
        )
        .await;
        let added = body(added, StatusCode::CREATED).await;
        assert!(added.get(own).is_some() && added["agent_uuid"] == agent.as_str());
        let twice = send(
            &account,
            Method::POST,
            &listed,
            json!({ "name": "new_one" }),
        )
        .await;
        assert_eq!(twice.status(), StatusCode::CONFLICT);

        let bulk = format!("{path}/bulk?agent_uuid={agent}");
        let entities = json!({ "entities": [{ "name": "new_one" }, { "name": "new_two" }] });
        let answer = send(&account, Method::POST, &bulk, entities).await;
        let answer = body(answer, StatusCode::OK).await;
        assert_eq!(answer["skipped"], json!(["new_one"]));
        let second = answer["added_entities"][0][&id].clone();

        let renamed = json!({ id.clone(): second, "name": "renamed" });
        let answer = send(&account, Method::PUT, &path, renamed).await;
        assert_eq!(body(answer, StatusCode::OK).await["name"], "renamed");
        let gone = send(
            &account,
            Method::DELETE,
            &path,
            json!({ id.clone(): added[&id] }),
        )
        .await;
        assert_eq!(gone.status(), StatusCode::NO_CONTENT);
        let path = format!("{many}?agent_uuid={agent}");
        let wanted = json!({ ids: [second, added[&id]] });
        let answer = send(&account, Method::POST, &path, wanted).await;
        let answer = body(answer, StatusCode::OK).await;
        assert_eq!(answer["deleted_entities"][0][&id], second);
        assert_eq!(answer["skipped"], json!([added[&id]]));
        assert_eq!(
            account.json(&listed).await["data"]
                .as_array()
                .unwrap()
                .len(),
            before
        );
        let kind = if side == "initial" { "input" } else { "output" };
        let went = noted(&account, kind);
        let deleted = went.iter().filter(|(action, _)| *action == Action::Deleted);
        assert_eq!(
            (went.len(), deleted.count()),
            (5, 2),
            "two made, one changed"
        );
    }
    let counted = account
        .sandbox
        .world()
        .requests(Some(Vendor::Neuro), None)
        .by_operation;
    assert_eq!(
        (counted["NN-24"], counted["NN-27"], counted["NN-21"]),
        (1, 1, 1)
    );
}
