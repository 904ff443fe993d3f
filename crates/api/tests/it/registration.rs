//! Calls that the CRM brings.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Gateway, sample, wait_for_waiting};

#[tokio::test]
async fn a_call_is_registered_once_and_waits_for_its_vendor() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let body = json!({
        "connection_id": connection, "remote_id": "1760000000-101",
        "facts": {
            "started_at": "2026-03-02T09:15:00Z", "direction": "inbound",
            "parties": [{"role": "customer", "phone": "+99990001122"}],
        },
        "client_metadata": {"deal": 5},
        "external_refs": [{"system": "crm", "type": "lead", "id": "7"}],
    });
    let made = gateway.post("/v1/calls", &body).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let call = made.json();
    let id = call["id"].as_str().unwrap();
    assert_eq!(made.header("location"), format!("/v1/calls/{id}"));
    assert_eq!(call["remote_id"], "1760000000-101");
    assert_eq!(call["started_at"], "2026-03-02T09:15:00.000Z");
    assert_eq!(call["started_at_source"], "client");
    assert_eq!(call["direction"], "inbound");
    assert_eq!(call["parties"][0]["phone"], "+99990001122");
    assert_eq!(call["client_metadata"]["deal"], 5);
    assert_eq!(call["artifacts"]["transcript"]["state"], "pending");
    let shown = gateway.get(made.header("location")).await;
    assert_eq!(shown.header("etag"), made.header("etag"));
    let transcript = gateway.get(&format!("/v1/calls/{id}/transcript")).await;
    assert_eq!(transcript.json()["state"], "pending");
    let again = gateway
        .post(
            "/v1/calls",
            &json!({"connection_id": connection, "remote_id": "1760000000-101"}),
        )
        .await;
    assert_eq!(again.status, 200);
    assert_eq!(again.json(), shown.json(), "nothing is changed or lost");
    let status = gateway
        .get(&format!("/v1/connections/{connection}/status"))
        .await
        .json();
    assert_eq!(status["records"]["waiting"], 1);
}

/// Whoever registers many calls must not wait for the sync, nor for another one who does.
#[tokio::test]
async fn a_call_is_registered_beside_a_batch_of_the_sync() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let pool = gateway.pool().await;
    let mut batch = pool.begin().await.unwrap();
    sqlx::query("SELECT FROM sync_state WHERE connection_id = $1 FOR UPDATE")
        .bind(connection.0)
        .execute(&mut *batch)
        .await
        .unwrap();
    for number in 0..3 {
        let body = json!({"connection_id": connection, "remote_id": format!("r-{number}")});
        let made = gateway.post("/v1/calls", &body).await;
        assert_eq!(made.status, 201, "{:?}", made.body);
    }
    batch.rollback().await.unwrap();
}

/// A process may be given up that is only slow: both carry the request out, and one of them counts.
#[tokio::test]
async fn a_registration_that_was_taken_over_is_done_once() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let body = json!({"connection_id": connection, "remote_id": "r-1"});
    let headers = [("idempotency-key", "k")];
    let send = || gateway.send(Method::POST, "/v1/calls", Some(&body), &headers);
    let pool = gateway.pool().await;
    let mut obstacle = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE records IN SHARE MODE")
        .execute(&mut *obstacle)
        .await
        .unwrap();
    let steps = async {
        wait_for_waiting(&pool, 1).await;
        let given_up = "UPDATE idempotency_keys SET locked_until = now() - interval '1 s'";
        sqlx::query(given_up).execute(&pool).await.unwrap();
    };
    let second = async {
        steps.await;
        send().await
    };
    let free = async {
        wait_for_waiting(&pool, 2).await;
        obstacle.rollback().await.unwrap();
    };
    let (first, second, ()) = tokio::join!(send(), second, free);
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{:?} {:?}", first.body, second.body);
    let entries: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE action = 'call.registered'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(entries, 1);
    let again = send().await;
    assert_eq!(again.status, 201, "the answer that was given");
}

#[tokio::test]
async fn a_call_that_the_vendor_told_is_only_annotated() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let id = gateway
        .put(connection, vec![sample("known", "2026-03-02T09:15:00Z")])
        .await[0];
    let body = json!({
        "connection_id": connection, "remote_id": "known", "client_metadata": {"a": 1},
    });
    let answer = gateway.post("/v1/calls", &body).await;
    assert_eq!(answer.status, 200);
    let call = answer.json();
    assert_eq!(call["id"], id.to_string());
    assert_eq!(call["client_metadata"]["a"], 1);
    assert_eq!(call["started_at_source"], "vendor");
}

#[tokio::test]
async fn a_call_is_imported_whole() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let import = |extra: Value| {
        let mut call = json!({
            "remote_id": "elsewhere-1", "started_at": "2025-01-02T03:04:05Z",
            "direction": "outbound",
            "transcript": {
                "language": "en", "source": "client", "format": "utterances", "derived": false,
                "utterances": [{"seq": 0, "start_ms": 0, "end_ms": 900, "text": "Hello there"}],
            },
        });
        for (name, value) in extra.as_object().unwrap() {
            call[name] = value.clone();
        }
        json!({"connection_id": connection, "call": call})
    };
    let made = gateway.post("/v1/calls", &import(json!({}))).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        gateway.get("/v1/calls?q=hello").await.ids(),
        std::slice::from_ref(&id)
    );
    let again = gateway
        .post("/v1/calls", &import(json!({"subject": "Second thoughts"})))
        .await;
    assert_eq!(
        (again.status, &again.json()["subject"]),
        (200, &json!("Second thoughts"))
    );
    let refused = [
        (json!({"tenant_id": "x"}), "/call/tenant_id"),
        (json!({"parties": [{"index": 0}]}), "/call/parties/0/role"),
        (json!({"media": [{}]}), "/call/media"),
        (json!({"remote_id": ""}), "/call/remote_id"),
        (json!({"started_at": "yesterday"}), "/call/started_at"),
        (
            json!({"started_at": "-008000-01-01T00:00:00Z"}),
            "/call/started_at",
        ),
    ];
    for (extra, pointer) in refused {
        let answer = gateway.post("/v1/calls", &import(extra.clone())).await;
        assert_eq!(
            (answer.status, answer.pointer().as_str()),
            (422, pointer),
            "{extra}"
        );
    }
    gateway
        .put(
            connection,
            vec![sample("vendors-own", "2026-03-02T09:15:00Z")],
        )
        .await;
    let foreign = gateway
        .post("/v1/calls", &import(json!({"remote_id": "vendors-own"})))
        .await;
    assert_eq!(
        (foreign.status, foreign.code().as_str()),
        (409, "gateway.conflict")
    );
}

#[tokio::test]
async fn case_088_a_registration_and_a_sync_of_the_same_record_do_not_lock_each_other_out() {
    let gateway = Gateway::start().await;
    let connection = gateway.connect("main").await;
    let pool = gateway.pool().await;
    // A page of a sync holds the state, then the record.
    let mut page = pool.begin().await.unwrap();
    sqlx::query("UPDATE sync_state SET lease_until = now() WHERE connection_id = $1")
        .bind(connection.0)
        .execute(&mut *page)
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO records (tenant_id, connection_id, kind, remote_id, state, first_seen_at, \
             observed_at) VALUES ($1, $2, 'call', 'r-1', 'seen', now(), now())",
    )
    .bind(gateway.tenant.0)
    .bind(connection.0)
    .execute(&mut *page)
    .await
    .unwrap();
    let body = json!({"connection_id": connection, "remote_id": "r-1"});
    let syncing = async {
        wait_for_waiting(&pool, 1).await;
        sqlx::query("UPDATE sync_state SET pages = pages + 1 WHERE connection_id = $1")
            .bind(connection.0)
            .execute(&mut *page)
            .await
            .unwrap();
        page.commit().await.unwrap();
    };
    let (registered, ()) = tokio::join!(gateway.post("/v1/calls", &body), syncing);
    assert_eq!(registered.status, 201, "{:?}", registered.body);
}

/// The next so many statements that look at connections are the victims of a deadlock.
async fn deadlocks(gateway: &Gateway, code: &str, times: u32) {
    gateway
        .meddle(&format!(
            "CREATE SEQUENCE deadlocks; GRANT USAGE ON SEQUENCE deadlocks TO callweave_app; \
             CREATE FUNCTION deadlock() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN \
                 IF nextval('deadlocks') <= {times} THEN \
                     RAISE EXCEPTION 'in the way' USING ERRCODE = '{code}'; \
                 END IF; RETURN true; END $$; \
             CREATE POLICY deadlock ON connections AS RESTRICTIVE USING (deadlock())"
        ))
        .await;
}

async fn victims(gateway: &Gateway) -> i64 {
    let pool = gateway.pool().await;
    let statement = "SELECT last_value FROM deadlocks";
    sqlx::query_scalar(statement)
        .fetch_one(&pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn case_088_a_request_that_lost_a_deadlock_is_carried_out_again() {
    for code in ["40P01", "40001"] {
        let gateway = Gateway::start().await;
        let id = gateway.connect("main").await;
        deadlocks(&gateway, code, 3).await;
        let path = format!("/v1/connections/{}", id.0);
        let changed = gateway.patch(&path, &json!({"name": "renamed"})).await;
        assert_eq!(changed.status, 200, "{code}: {:?}", changed.body);
        assert_eq!(changed.json()["name"], "renamed");
        let page = gateway.get("/v1/audit-log?action=connection.updated").await;
        let entries = page.json()["data"].as_array().unwrap().len();
        assert_eq!(entries, 1, "{code}: written down once");
    }
}

#[tokio::test]
async fn case_088_deadlocks_without_end_are_no_fault_of_the_request() {
    let gateway = Gateway::start().await;
    gateway.connect("main").await;
    deadlocks(&gateway, "40P01", 1_000).await;
    let refused = gateway.get("/v1/connections").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "gateway.unavailable")
    );
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(victims(&gateway).await, 4, "once, and three times again");
}
