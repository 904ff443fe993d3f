//! Analyses that are handed in as JSON.

use http::Method;
use serde_json::json;

use crate::support::{Gateway, spoken};

#[tokio::test]
async fn an_analysis_ends_with_a_stored_call_that_carries_what_the_crm_said() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let vendor = gateway.vendor.main();
    let body = json!({
        "connection_id": connection,
        "source": {"type": "vendor_call", "call_remote_id": "c-1"},
        "call": {
            "started_at": "2026-03-02T09:15:00Z", "direction": "inbound",
            "agent_name": "Nadia Example", "customer_id": "C-42",
        },
        "external_refs": [{"system": "crm", "type": "deal", "id": "4711"}],
        "client_metadata": {"deal": 4711},
    });
    let taken = gateway.hand_in("/v1/analyses", &body).await;
    assert_eq!(taken.status, 202, "{:?}", taken.body);
    let job = taken.json();
    let id = job["id"].as_str().unwrap();
    assert_eq!(taken.header("location"), format!("/v1/jobs/{id}"));
    assert_eq!(job["type"], "analyze_call");
    assert_eq!(
        (&job["state"], &job["delivery"]),
        (&json!("accepted"), &json!("none"))
    );
    let call = job["call_ids"][0].as_str().unwrap().to_owned();
    assert_eq!(
        vendor.owned(|owned| owned.work.len()),
        0,
        "a worker sends it"
    );

    assert_eq!(gateway.work().await, 1);
    let job = gateway.job(id).await;
    assert_eq!(
        (&job["state"], &job["delivery"]),
        (&json!("submitted"), &json!("taken"))
    );
    assert_eq!(job["remote_ref"]["id"], "c-1");
    assert_eq!(job["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(job["attempts"][0]["outcome"], "taken");
    let work = vendor.owned(|owned| owned.work.clone());
    assert_eq!(work.len(), 1);
    assert_eq!(
        work[0].submission.agent_name.as_deref(),
        Some("Nadia Example")
    );
    // The call is there from now on, under the id that was told first.
    let stored = gateway.get(&format!("/v1/calls/{call}")).await.json();
    assert_eq!(stored["artifacts"]["analysis"]["state"], "pending");
    assert_eq!(stored["external_refs"][0]["id"], "4711");
    assert_eq!(stored["client_metadata"]["deal"], 4711);
    assert_eq!(stored["direction"], "inbound");
    assert_eq!(stored["started_at_source"], "client");

    gateway.round().await;
    assert_eq!(gateway.job_state(id).await, "processing");
    vendor.put(spoken("c-1", "2026-03-02T09:15:00Z"));
    gateway.round().await;
    let job = gateway.job(id).await;
    assert_eq!(job["state"], "completed", "{job}");
    assert_eq!(job["call_ids"], json!([call]));
    assert_eq!(job["can_resubmit"], false);
    let stored = gateway.get(&format!("/v1/calls/{call}")).await.json();
    assert_eq!(stored["artifacts"]["analysis"]["state"], "ready");
    assert_eq!(stored["client_metadata"]["deal"], 4711);
    assert_eq!(vendor.owned(|owned| owned.work.len()), 1, "sent once");
    assert_eq!(
        gateway.job_events().await,
        ["job.accepted", "job.submitted", "job.completed"]
    );
    let states: Vec<_> = job["timeline"].as_array().unwrap().iter().collect();
    assert_eq!(states.len(), 5, "{states:?}");
}

#[tokio::test]
async fn the_same_request_makes_one_job() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let body = |call: &str| json!({"connection_id": connection, "source": {"type": "vendor_call", "call_remote_id": call}});
    let send = async |key: &str, call: &str| {
        let headers = [("idempotency-key", key)];
        gateway
            .send(Method::POST, "/v1/analyses", Some(&body(call)), &headers)
            .await
    };
    let nameless = send("", "c-1").await;
    assert_eq!(
        (nameless.status, nameless.code().as_str()),
        (400, "gateway.idempotency_key_required")
    );
    let first = send("k", "c-1").await;
    assert_eq!(first.status, 202);
    let again = send("k", "c-1").await;
    assert_eq!((again.status, &again.body), (202, &first.body));
    let other = send("k", "c-2").await;
    assert_eq!(
        (other.status, other.code().as_str()),
        (422, "gateway.idempotency_key_reused")
    );
    // Even where the answer was lost with its process, the job is the same one.
    gateway
        .execute("UPDATE idempotency_keys SET sealed_answer = NULL, locked_until = now() - interval '1 s'")
        .await;
    let after = send("k", "c-1").await;
    assert_eq!(
        (after.status, &after.json()["id"]),
        (202, &first.json()["id"])
    );
    assert_eq!(gateway.get("/v1/jobs").await.ids().len(), 1);
}

#[tokio::test]
async fn a_call_is_not_analysed_twice_unless_forced() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    gateway
        .vendor
        .main()
        .put(spoken("c-1", "2026-03-02T09:15:00Z"));
    gateway.sync().await;
    let body = |force: bool| {
        json!({
            "connection_id": connection, "force": force,
            "source": {"type": "vendor_call", "call_remote_id": "c-1"},
        })
    };
    let refused = gateway.hand_in("/v1/analyses", &body(false)).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (409, "gateway.conflict")
    );
    let forced = gateway.hand_in("/v1/analyses", &body(true)).await;
    assert_eq!(forced.status, 202);
    let id = forced.json()["id"].as_str().unwrap().to_owned();
    let second = gateway.hand_in("/v1/analyses", &body(false)).await;
    assert!(
        second.json()["detail"].as_str().unwrap().contains(&id),
        "the open job is named"
    );
    gateway.work().await;
    // What the call had before does not complete the job.
    gateway.round().await;
    assert_eq!(gateway.job_state(&id).await, "processing");
    gateway
        .vendor
        .main()
        .put(spoken("c-1", "2026-03-02T09:15:00Z"));
    gateway.round().await;
    assert_eq!(gateway.job_state(&id).await, "completed");
}

#[tokio::test]
async fn what_a_vendor_cannot_do_is_named() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let plain = json!({
        "vendor": "fake_static", "name": "plain", "credentials": {"password": "correct"},
    });
    let plain = gateway.post("/v1/connections", &plain).await.json()["id"].clone();
    let video = json!({
        "connection_id": connection,
        "source": {"type": "video_url", "url": "https://video.example/1"},
    });
    let call = json!({
        "connection_id": plain, "source": {"type": "vendor_call", "call_remote_id": "1"},
    });
    let dialog = json!({"connection_id": plain, "agent": "1", "phone": "+99990001122"});
    let batch = json!({
        "connection_id": plain, "agent": "1", "dialogs": [{"phone": "+99990001122"}],
    });
    let report = json!({"from": "2026-01-01", "to": "2026-01-31"});
    let plain = plain.as_str().unwrap();
    for (path, body, capability) in [
        ("/v1/analyses".to_owned(), video, "submit.video_url"),
        ("/v1/analyses".to_owned(), call, "submit"),
        ("/v1/dialogs".to_owned(), dialog, "dialogs"),
        ("/v1/dialog-batches".to_owned(), batch, "dialogs"),
        (
            format!("/v1/connections/{plain}/reports"),
            report,
            "reports",
        ),
    ] {
        let refused = gateway.hand_in(&path, &body).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (501, "gateway.capability_not_supported"),
            "{path}"
        );
        let named = format!("`{capability}`");
        assert!(
            refused.json()["detail"].as_str().unwrap().contains(&named),
            "{path}"
        );
    }
}

#[tokio::test]
async fn wrong_analyses_point_at_the_member() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let call = json!({"type": "vendor_call", "call_remote_id": "1"});
    let cases = [
        (
            json!({"source": {"type": "carrier pigeon"}}),
            "/source/type",
        ),
        (json!({"source": {"type": "recording"}}), "/source/type"),
        (
            json!({"source": {"type": "vendor_call"}}),
            "/source/call_remote_id",
        ),
        (json!({"source": {"type": "recording_url"}}), "/source/url"),
        (
            json!({"source": {"type": "recording_url", "url": "ftp://x"}}),
            "/source/url",
        ),
        (
            json!({"source": {"type": "vendor_call", "call_remote_id": "1", "url": "u"}}),
            "/source/url",
        ),
        (json!({"source": {"type": "chat"}}), "/source"),
        (
            json!({"source": {"type": "chat", "text": ""}}),
            "/source/text",
        ),
        (
            json!({"source": {"type": "chat", "messages": []}}),
            "/source/messages",
        ),
        (
            json!({"source": {"type": "chat", "text": "a", "messages": [1]}}),
            "/source",
        ),
        (json!({"source": {"odd": 1, "type": "chat"}}), "/source/odd"),
        (
            json!({"source": call, "call": {"direction": "up"}}),
            "/call/direction",
        ),
        (
            json!({"source": call, "call": {"duration_ms": 0}}),
            "/call/duration_ms",
        ),
        (
            json!({"source": call, "call": {"language": ""}}),
            "/call/language",
        ),
        (json!({"source": call, "call": {"odd": 1}}), "/call/odd"),
        (
            json!({"source": call, "processing_mode": "a\nb"}),
            "/processing_mode",
        ),
        (
            json!({"source": call, "external_refs": [{}]}),
            "/external_refs/0/system",
        ),
        (
            json!({"source": call, "client_metadata": []}),
            "/client_metadata",
        ),
        (json!({"source": call, "state": "completed"}), "/state"),
    ];
    for (change, pointer) in cases {
        let mut body = change.clone();
        body["connection_id"] = json!(connection);
        let refused = gateway.hand_in("/v1/analyses", &body).await;
        assert_eq!(
            (refused.status, refused.pointer().as_str()),
            (422, pointer),
            "{change}"
        );
    }
    let nobody = json!({"connection_id": uuid::Uuid::nil(), "source": call});
    let refused = gateway.hand_in("/v1/analyses", &nobody).await;
    assert_eq!(
        (refused.status, refused.pointer().as_str()),
        (404, "/connection_id")
    );
    gateway
        .post(&format!("/v1/connections/{connection}/pause"), &json!({}))
        .await;
    let paused = gateway
        .hand_in(
            "/v1/analyses",
            &json!({"connection_id": connection, "source": call}),
        )
        .await;
    assert_eq!(
        (paused.status, paused.code().as_str()),
        (409, "gateway.conflict")
    );
    assert!(
        gateway.get("/v1/jobs").await.ids().is_empty(),
        "nothing was recorded"
    );
}
