//! Single calls.

use http::Method;
use serde_json::json;

use crate::support::{Gateway, sample, spoken};

#[tokio::test]
async fn a_call_is_shown_whole() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway
        .put(connection, vec![spoken("a", "2026-03-02T09:15:00Z")])
        .await[0];
    let call = gateway.get(&format!("/v1/calls/{id}")).await.json();
    assert_eq!(call["schema"], "analyzed_call/1");
    assert_eq!(call["id"], id.to_string());
    assert_eq!(call["tenant_id"], gateway.tenant.to_string());
    assert_eq!(call["connection_id"], connection.to_string());
    assert_eq!(call["vendor"], "fake");
    assert_eq!(call["remote_id"], "a");
    assert_eq!(call["started_at"], "2026-03-02T09:15:00.000Z");
    assert_eq!(call["direction"], "inbound");
    assert_eq!(call["vendor_values"], json!({"status": "odd"}));
    assert_eq!(call["rollup"]["score_pct"], 80.0);
    assert_eq!(call["analyses"][0]["remote_id"], "run-1");
    assert!(
        call["analyses"][0]["sentiments"][0]
            .get("vendor_values")
            .is_none(),
        "translated words are left out"
    );
    assert!(call["transcript"].is_null());
    let media = &call["media"][0];
    assert_eq!(
        media["url"],
        format!("/v1/calls/{id}/media/{}", media["id"].as_str().unwrap())
    );
    let meta = &call["_meta"];
    assert_eq!(meta["version"], 1);
    assert_eq!(meta["unmapped_count"], 1);
    assert_eq!(meta["payload_hash"].as_str().unwrap().len(), 64);
    assert_eq!(meta["raw_refs"].as_array().unwrap().len(), 1);
    assert!(meta["first_seen_at"].is_string() && meta.get("deleted_at").is_none());
    for (name, link) in call["links"].as_object().unwrap() {
        assert_eq!(
            gateway.get(link.as_str().unwrap()).await.status,
            200,
            "{name}"
        );
    }
    let with = gateway
        .get(&format!("/v1/calls/{id}?include=transcript,vendor_values"))
        .await
        .json();
    assert_eq!(with["transcript"]["utterances"][0]["party_index"], 0);
    assert_eq!(with["vendor_values"]["direction"], "in");
}

#[tokio::test]
async fn the_parts_of_a_call_are_shown() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway
        .put(connection, vec![spoken("a", "2026-03-02T09:15:00Z")])
        .await[0];
    let part = async |name: &str| gateway.get(&format!("/v1/calls/{id}/{name}")).await.json();
    let analyses = part("analyses").await;
    assert_eq!(analyses["state"], "ready");
    assert_eq!(
        analyses["data"][0]["scorecards"][0]["rubric_name"],
        "Greeting"
    );
    let raw = part("raw").await;
    assert_eq!(raw["data"][0]["operation"], "FK-04");
    assert_eq!(
        raw["data"][0]["record"],
        json!({"kind": "call", "remote_id": "a"})
    );
    assert_eq!(raw["data"][0]["json"], json!({"id": "a"}));
    assert_eq!(raw["data"][0]["size_bytes"], 10);
    let versions = part("versions").await;
    assert_eq!(versions["data"][0]["cause"], "created");
    let all = part("analyses?include=vendor_values").await;
    assert_eq!(
        all["data"][0]["sentiments"][0]["vendor_values"]["label"],
        "GOOD"
    );
}

#[tokio::test]
async fn a_reader_who_has_the_version_gets_304() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway
        .put(connection, vec![spoken("a", "2026-03-02T09:15:00Z")])
        .await[0];
    let path = format!("/v1/calls/{id}");
    let tag = gateway.get(&path).await.header("etag").to_owned();
    assert!(tag.starts_with("\"1-"), "{tag}");
    let again = gateway.get_with(&path, &[("if-none-match", &tag)]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), tag);
    let richer = gateway
        .get_with(
            &format!("{path}?include=transcript"),
            &[("if-none-match", &tag)],
        )
        .await;
    assert_eq!(richer.status, 200, "another form has another tag");
}

#[tokio::test]
async fn freshness_moves_without_the_tag_unless_it_is_shown() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway
        .put(connection, vec![spoken("a", "2026-03-02T09:15:00Z")])
        .await[0];
    let path = format!("/v1/calls/{id}");
    let with_freshness = format!("{path}?include=freshness");
    let before = gateway.get(&path).await;
    let shown_before = gateway.get(&with_freshness).await;
    assert_eq!(before.header("data-fresh-as-of"), "");
    gateway
        .complete_a_sync(connection, "2026-03-02T12:00:00Z")
        .await;
    let after = gateway.get(&path).await;
    assert_eq!(after.header("etag"), before.header("etag"));
    assert_eq!(after.body, before.body, "equal tags, equal bytes");
    assert_eq!(after.header("data-fresh-as-of"), "2026-03-02T12:00:00.000Z");
    let shown = gateway.get(&with_freshness).await;
    assert_ne!(shown.header("etag"), shown_before.header("etag"));
    assert_eq!(
        shown.json()["_meta"]["data_fresh_as_of"],
        "2026-03-02T12:00:00.000Z"
    );
    let list = gateway.get("/v1/calls").await.json();
    assert_eq!(
        list["data"][0]["_meta"]["data_fresh_as_of"],
        "2026-03-02T12:00:00.000Z"
    );
}

#[tokio::test]
async fn a_crm_annotates_and_a_sync_keeps_it() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway
        .put(connection, vec![sample("a", "2026-03-02T09:15:00Z")])
        .await[0];
    let path = format!("/v1/calls/{id}");
    let tag = gateway.get(&path).await.header("etag").to_owned();
    let body = json!({
        "client_metadata": {"deal": {"stage": 3}},
        "external_refs": [{"system": "crm", "type": "deal", "id": "4711"}],
        "direction": "outbound",
        "started_at": "2020-01-01T00:00:00Z",
        "parties": [{"role": "customer", "name": "Vera Example", "phone": "+7 999 000-11-33"}],
    });
    let changed = gateway
        .send(Method::PATCH, &path, Some(&body), &[("if-match", &tag)])
        .await;
    assert_eq!(changed.status, 200, "{:?}", changed.body);
    let call = changed.json();
    assert_eq!(call["client_metadata"]["deal"]["stage"], 3);
    assert_eq!(call["external_refs"][0]["id"], "4711");
    assert_eq!(call["direction"], "outbound");
    assert_eq!(
        call["started_at_source"], "vendor",
        "what the vendor told stays"
    );
    assert_eq!(call["started_at"], "2026-03-02T09:15:00.000Z");
    assert_eq!(call["parties"][0]["phone"], "+79990001133");
    assert_eq!(call["_meta"]["version"], 2);
    let stale = gateway
        .send(Method::PATCH, &path, Some(&body), &[("if-match", &tag)])
        .await;
    assert_eq!(
        (stale.status, stale.code().as_str()),
        (412, "gateway.stale")
    );
    gateway
        .put(connection, vec![spoken("a", "2026-03-02T09:15:00Z")])
        .await;
    let synced = gateway.get(&path).await.json();
    assert_eq!(synced["client_metadata"]["deal"]["stage"], 3);
    assert_eq!(synced["direction"], "inbound", "the vendor tells it now");
    let found = gateway.get("/v1/calls?phone=%2B79990001122").await.ids();
    assert_eq!(found, [id.to_string()]);
    let only_notes = gateway
        .patch(&path, &json!({"client_metadata": {}}))
        .await
        .json();
    assert_eq!(only_notes["client_metadata"], json!({}));
    assert_eq!(only_notes["external_refs"][0]["system"], "crm");
}

#[tokio::test]
async fn a_start_from_the_crm_moves_the_call_in_the_list() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let mut unknown = sample("u", "");
    unknown.started_at = None;
    unknown.started_at_source = callweave_model::enums::StartedAtSource::None;
    let id = gateway.put(connection, vec![unknown]).await[0];
    let path = format!("/v1/calls/{id}");
    let body = json!({"started_at": "2024-05-05T05:05:05+02:00"});
    let call = gateway.patch(&path, &body).await.json();
    assert_eq!(call["started_at"], "2024-05-05T03:05:05.000Z");
    assert_eq!(call["started_at_source"], "client");
    let found = gateway
        .get("/v1/calls?started_before=2024-06-01T00:00:00Z")
        .await
        .ids();
    assert_eq!(found, [id.to_string()]);
}

#[tokio::test]
async fn facts_are_replaced_and_taken_back_as_a_merge_patch_says() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let mut call = sample("a", "2026-03-02T09:15:00Z");
    call.started_at = "2026-03-02T09:15:00Z".parse().ok();
    call.started_at_source = callweave_model::enums::StartedAtSource::DerivedFromId;
    call.estimated_fields = vec!["/started_at".to_owned()];
    let id = gateway.put(connection, vec![call.clone()]).await[0];
    let path = format!("/v1/calls/{id}");
    let told = gateway.get(&path).await.json();
    let change = async |body: serde_json::Value| gateway.patch(&path, &body).await.json();

    let first = change(json!({
        "direction": "outbound", "started_at": "2026-03-01T08:00:00Z",
        "parties": [{"role": "customer", "name": "Vera Example"}],
    }))
    .await;
    assert_eq!(first["direction"], "outbound");
    assert_eq!(first["started_at_source"], "client");
    assert_eq!(first["_meta"]["estimated_fields"], json!([]));
    let second = change(json!({
        "direction": "inbound", "started_at": "2026-03-01T09:00:00Z",
        "parties": [{"role": "customer", "phone": "+7 999 000-11-33"}],
    }))
    .await;
    assert_eq!(second["direction"], "inbound", "a fact replaces a fact");
    assert_eq!(second["started_at"], "2026-03-01T09:00:00.000Z");
    assert_eq!(second["parties"][0]["phone"], "+79990001133");
    assert_eq!(second["parties"][0]["name"], json!(null));

    // A sync in between changes nothing about what is the CRM's.
    call.subject = Some("changed".to_owned());
    gateway.put(connection, vec![call]).await;
    let synced = gateway.get(&path).await.json();
    assert_eq!(
        (&synced["subject"], &synced["direction"]),
        (&json!("changed"), &json!("inbound"))
    );

    let third = change(json!({"direction": null})).await;
    assert_eq!(third["direction"], "unknown");
    assert_eq!(third["started_at_source"], "client", "the others stay");
    let last = change(json!({"started_at": null, "parties": null})).await;
    assert_eq!(last["started_at"], told["started_at"]);
    assert_eq!(last["started_at_source"], "derived_from_id");
    assert_eq!(last["parties"], told["parties"]);
    assert_eq!(
        last["_meta"]["estimated_fields"],
        told["_meta"]["estimated_fields"]
    );
    let versions = gateway.get(&format!("{path}/versions")).await.json();
    let changed = versions["data"][0]["changed"].as_array().unwrap();
    assert!(changed.contains(&json!("started_at")), "{changed:?}");

    change(json!({"client_metadata": {"a": 1}, "external_refs": [{"system": "s", "type": "t", "id": "i"}]}))
        .await;
    let cleared = change(json!({"client_metadata": null, "external_refs": null})).await;
    assert_eq!(cleared["client_metadata"], json!({}));
    assert_eq!(cleared["external_refs"], json!([]));
    let version = cleared["_meta"]["version"].clone();
    let again = change(json!({"direction": null})).await;
    assert_eq!(again["_meta"]["version"], version, "nothing to take back");
}

#[tokio::test]
async fn a_deleted_call_leaves_a_tombstone() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway
        .put(connection, vec![spoken("a", "2026-03-02T09:15:00Z")])
        .await[0];
    let path = format!("/v1/calls/{id}");
    let stale = gateway
        .send(Method::DELETE, &path, None, &[("if-match", "\"9-abc\"")])
        .await;
    assert_eq!(stale.status, 412);
    assert_eq!(gateway.delete(&path).await.status, 204);
    for gone in [
        path.clone(),
        format!("{path}/transcript"),
        format!("{path}/analyses"),
        format!("{path}/raw"),
        format!("{path}/media"),
    ] {
        let answer = gateway.get(&gone).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "gateway.not_found")
        );
    }
    assert_eq!(gateway.delete(&path).await.status, 404);
    let refused = gateway.patch(&path, &json!({"direction": "inbound"})).await;
    assert_eq!(refused.status, 404);
    assert_eq!(gateway.get("/v1/calls").await.ids(), Vec::<String>::new());
    let left = gateway.get("/v1/calls?include=deleted").await;
    assert_eq!(left.ids(), [id.to_string()]);
    assert!(!left.text().contains("umbrella"), "its words are gone");
    let tombstone = gateway.get(&format!("{path}?include=deleted")).await.json();
    assert!(tombstone["_meta"]["deleted_at"].is_string());
    assert_eq!(
        tombstone["_meta"]["deletion_evidence"],
        "deleted through the API"
    );
    let versions = gateway.get(&format!("{path}/versions")).await.json();
    assert_eq!(versions["data"][0]["cause"], "deleted");
}
