//! Erasing people and calls over the API.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Gateway, spoken};

#[tokio::test]
async fn case_118_a_person_goes_and_the_receipt_does_not_say_who() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let mut other = spoken("b", "2026-03-02T09:15:00Z");
    other.parties[1].phone = Some("+79990001133".to_owned());
    other.parties[1].phone_raw = Some("+79990001133".to_owned());
    let ids = gateway
        .put(connection, vec![spoken("a", "2026-03-02T09:15:00Z"), other])
        .await;
    let answer = gateway
        .post("/v1/erasures", &json!({"phone": "8 (999) 000-11-22"}))
        .await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let receipt = answer.json();
    assert_eq!(receipt["subject_type"], "phone");
    assert_eq!(receipt["actor_type"], "api_key");
    assert_eq!(receipt["counts"]["calls"], 1);
    assert!(!answer.text().contains("999000"), "{receipt}");
    let address = answer.header("location").to_owned();
    assert_eq!(gateway.get(&address).await.json(), receipt);
    assert_eq!(
        gateway.get("/v1/erasures").await.json()["data"],
        json!([receipt])
    );

    for path in ["", "/transcript", "/raw", "/versions", "?include=deleted"] {
        let answer = gateway.get(&format!("/v1/calls/{}{path}", ids[0])).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(gateway.get("/v1/calls").await.ids(), [ids[1].to_string()]);
    assert_eq!(gateway.get("/v1/calls?q=umbrella").await.ids().len(), 1);

    let log = gateway.get("/v1/audit-log?action=erasure.created").await;
    let entry = &log.json()["data"][0];
    assert_eq!(entry["resource"], address.as_str());
    assert_eq!(entry["detail"]["counts"], receipt["counts"]);
    assert!(!log.text().contains("999000"), "{entry}");
    let events = gateway.get("/v1/events?type=call.*").await.json();
    let told: Vec<(&str, &Value)> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["subject"]["id"] == ids[0].to_string())
        .map(|event| (event["type"].as_str().unwrap(), &event["data"]["cause"]))
        .collect();
    assert_eq!(told, [("call.deleted", &json!("erased"))]);
}

#[tokio::test]
async fn what_was_erased_cannot_be_brought_back_by_hand() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let import = json!({
        "connection_id": connection,
        "call": {"remote_id": "elsewhere-1", "parties": [
            {"index": 0, "role": "customer", "affiliation": "external", "type": "person",
             "phone": "+79990001122"}]},
    });
    let named = [("idempotency-key", "first")];
    let made = gateway
        .send(Method::POST, "/v1/calls", Some(&import), &named)
        .await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let other = gateway
        .put(connection, vec![spoken_by_nobody("other")])
        .await[0];
    let erased = gateway
        .post("/v1/erasures", &json!({"phone": "+79990001122"}))
        .await
        .json();
    assert_eq!(
        (&erased["counts"]["calls"], &erased["counts"]["answers"]),
        (&json!(1), &json!(1))
    );

    // The kept answer holds nothing any more, and the request is not carried out again for it.
    let again = gateway
        .send(Method::POST, "/v1/calls", Some(&import), &named)
        .await;
    assert_eq!(
        (again.status, again.code().as_str()),
        (409, "gateway.conflict")
    );
    let imported = gateway.post("/v1/calls", &import).await;
    assert_eq!(
        (imported.status, imported.code().as_str()),
        (409, "gateway.erased")
    );
    let registered = json!({"connection_id": connection, "remote_id": "c",
        "facts": {"parties": [{"role": "customer", "phone": "8 999 000 11 22"}]}});
    let registered = gateway.post("/v1/calls", &registered).await;
    assert_eq!(registered.code(), "gateway.erased");
    let noted = gateway
        .patch(
            &format!("/v1/calls/{other}"),
            &json!({"client_metadata": {"phone": "+79990001122"}}),
        )
        .await;
    assert_eq!(
        (noted.status, noted.code().as_str()),
        (409, "gateway.erased")
    );
    assert_eq!(gateway.get("/v1/calls").await.ids(), [other.to_string()]);
}

/// A call in which nobody is known.
fn spoken_by_nobody(remote_id: &str) -> callweave_model::AnalyzedCall {
    let mut call = spoken(remote_id, "2026-03-02T09:15:00Z");
    call.parties.clear();
    call.transcript = None;
    call
}

#[tokio::test]
async fn a_dialog_that_was_not_started_is_canceled_with_its_person() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let agent = gateway.vendor.main().owned(|owned| owned.put_agent("A"));
    let dialog = |phone: &str| json!({"connection_id": connection, "agent": agent, "phone": phone});
    let mut jobs = Vec::new();
    for phone in ["+79990001122", "+79990001133"] {
        let answer = gateway.hand_in("/v1/dialogs", &dialog(phone)).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        jobs.push(answer.json()["id"].as_str().unwrap().to_owned());
    }
    let erased = gateway
        .post("/v1/erasures", &json!({"phone": "+79990001122"}))
        .await
        .json();
    assert_eq!(erased["counts"]["jobs"], 1, "{erased}");
    assert_eq!(gateway.job_state(&jobs[0]).await, "canceled");
    assert_eq!(gateway.job_state(&jobs[1]).await, "accepted");
}

#[tokio::test]
async fn an_erasure_names_one_subject() {
    let gateway = Gateway::start().await;
    for (body, pointer) in [
        (json!({}), ""),
        (json!({"phone": "+79990001122", "client_id": "7"}), ""),
        (json!({"phone": "anonymous"}), "/phone"),
        (json!({"client_id": ""}), "/client_id"),
        (json!({"client_id": "  "}), "/client_id"),
        (json!({"name": "Vera"}), "/name"),
    ] {
        let answer = gateway.post("/v1/erasures", &body).await;
        assert_eq!(
            (answer.status, answer.pointer().as_str()),
            (422, pointer),
            "{body}"
        );
    }
    let nobody = json!({"call_id": "0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d"});
    assert_eq!(gateway.post("/v1/erasures", &nobody).await.status, 404);
    let empty = gateway
        .post("/v1/erasures", &json!({"client_id": "nobody"}))
        .await;
    assert_eq!(empty.json()["counts"]["calls"], 0);
}
