//! Connections, through their life.

use callweave_provider::ErrorKind;
use callweave_provider_testkit::fake::operation;
use http::Method;
use serde_json::{Value, json};

use crate::support::{Gateway, UNDATED, wait_for_waiting};

fn input(name: &str) -> Value {
    json!({
        "vendor": "fake", "name": name, "credentials": {"password": "correct"},
        "settings": {"account": name}, "tags": {"team": "sales"},
    })
}

fn undated(login: &str) -> Value {
    json!({
        "vendor": UNDATED, "name": "n",
        "credentials": {"login": login, "password": "correct"},
        "settings": {"base_url": "https://api.example", "api_token": "hush-hush"},
    })
}

#[tokio::test]
async fn an_account_is_connected_and_its_credentials_never_come_back() {
    let gateway = Gateway::start().await;
    let made = gateway.post("/v1/connections", &input("main")).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let connection = made.json();
    let id = connection["id"].as_str().unwrap();
    let path = format!("/v1/connections/{id}");
    assert_eq!(made.header("location"), path);
    assert_eq!(connection["state"], "active");
    assert_eq!(connection["auth_kind"], "password");
    assert_eq!(connection["credential_names"], json!(["password"]));
    assert_eq!(connection["settings"], json!({"account": "main"}));
    assert_eq!(connection["tags"], json!({"team": "sales"}));
    assert!(connection["health"]["last_ok_at"].is_string());
    let shown = gateway.get(&path).await;
    assert_eq!(shown.header("etag"), made.header("etag"));
    assert_eq!(shown.json(), connection);
    let known = gateway
        .get_with(&path, &[("if-none-match", made.header("etag"))])
        .await;
    assert_eq!(known.status, 304);
    for answer in [&made, &shown, &gateway.get("/v1/connections").await] {
        assert!(!answer.text().contains("correct"));
    }
    assert_eq!(
        gateway.vendor.main().count(operation::LOGIN),
        1,
        "the token of the check is kept"
    );
    gateway.post(&format!("{path}/check"), &json!({})).await;
    assert_eq!(gateway.vendor.main().count(operation::LOGIN), 1);
}

#[tokio::test]
async fn secret_settings_are_not_shown() {
    let gateway = Gateway::start().await;
    let made = gateway.post("/v1/connections", &undated("shop")).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    assert_eq!(made.json()["settings"]["api_token"], Value::Null);
    assert!(!made.text().contains("hush-hush"));
}

#[tokio::test]
async fn an_account_is_connected_once() {
    let gateway = Gateway::start().await;
    let first = gateway.connect("main").await;
    let second = gateway.post("/v1/connections", &input("main")).await;
    assert_eq!(
        (second.status, second.code().as_str()),
        (409, "gateway.connection_exists")
    );
    assert!(
        second.json()["detail"]
            .as_str()
            .unwrap()
            .contains(&first.to_string())
    );
    let raced = input("raced");
    let (one, two) = tokio::join!(
        gateway.post("/v1/connections", &raced),
        gateway.post("/v1/connections", &raced),
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    gateway.delete(&format!("/v1/connections/{first}")).await;
    assert_eq!(
        gateway.post("/v1/connections", &input("main")).await.status,
        201
    );
}

#[tokio::test]
async fn refused_credentials_store_nothing_and_may_be_corrected() {
    let gateway = Gateway::start().await;
    let mut wrong = input("main");
    wrong["credentials"]["password"] = json!("wrong-pass");
    let refused = gateway.post("/v1/connections", &wrong).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (422, "connection.credentials_rejected")
    );
    assert_eq!(refused.pointer(), "/credentials");
    assert!(!refused.text().contains("wrong-pass"));
    assert_eq!(
        gateway.get("/v1/connections").await.ids(),
        Vec::<String>::new()
    );
    assert_eq!(
        gateway.post("/v1/connections", &input("main")).await.status,
        201
    );
}

#[tokio::test]
async fn an_unreachable_vendor_does_not_block_the_set_up() {
    let gateway = Gateway::start().await;
    for (number, (kind, state, code)) in [
        (ErrorKind::Transport, "degraded", "vendor.unreachable"),
        (
            ErrorKind::RateLimited,
            "rate_limited",
            "vendor.rate_limited",
        ),
        (ErrorKind::VendorFailure, "degraded", "vendor.failure"),
    ]
    .into_iter()
    .enumerate()
    {
        let account = format!("account-{number}");
        gateway
            .vendor
            .account(&account)
            .fail_next(operation::LOGIN, kind);
        let made = gateway.post("/v1/connections", &input(&account)).await;
        assert_eq!(made.status, 201);
        assert_eq!(made.json()["state"], state);
        assert!(made.json()["state_reason"].is_string());
        assert_eq!(made.json()["health"]["last_error"]["code"], code);
    }
    let mut denied = undated("shop");
    denied["settings"]["base_url"] = json!("http://inner.example");
    let refused = gateway.post("/v1/connections", &denied).await;
    assert_eq!(
        (refused.status, refused.pointer().as_str()),
        (422, "/settings/base_url")
    );
}

#[tokio::test]
async fn a_connection_is_changed_upon_the_version_it_has() {
    let gateway = Gateway::start().await;
    let id = gateway.connect("main").await;
    let path = format!("/v1/connections/{id}");
    let tag = gateway.get(&path).await.header("etag").to_owned();
    let body = json!({"name": "Renamed", "tags": {"a": "b"}});
    let change = async |tag: &str| {
        gateway
            .send(Method::PATCH, &path, Some(&body), &[("if-match", tag)])
            .await
    };
    let changed = change(&tag).await;
    assert_eq!(
        (changed.status, &changed.json()["name"]),
        (200, &json!("Renamed"))
    );
    let stale = change(&tag).await;
    assert_eq!(
        (stale.status, stale.code().as_str()),
        (412, "gateway.stale")
    );
    assert_eq!(change(changed.header("etag")).await.status, 200);
    let other = gateway
        .patch(&path, &json!({"settings": {"account": "other"}}))
        .await;
    assert_eq!(
        (other.status, other.code().as_str()),
        (409, "gateway.account_differs")
    );
    let unknown = gateway.patch(&path, &json!({"settings": {"odd": 1}})).await;
    assert_eq!(
        (unknown.status, unknown.pointer().as_str()),
        (422, "/settings/odd")
    );
    let same = gateway
        .patch(&path, &json!({"settings": {"account": "main"}}))
        .await;
    assert_eq!(same.status, 200);
    for member in ["id", "tenant_id", "state", "version", "credentials"] {
        let forged = gateway.patch(&path, &json!({member: "x"})).await;
        assert_eq!(
            (forged.status, forged.pointer()),
            (422, format!("/{member}")),
            "case 108"
        );
    }
}

#[tokio::test]
async fn credentials_are_replaced_after_the_vendor_agreed() {
    let gateway = Gateway::start().await;
    let id = gateway.connect("main").await;
    let path = format!("/v1/connections/{id}/credentials");
    let put = async |body: Value| gateway.send(Method::PUT, &path, Some(&body), &[]).await;
    let refused = put(json!({"password": "wrong-pass"})).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (422, "connection.credentials_rejected")
    );
    gateway
        .vendor
        .main()
        .tokens(|tokens| tokens.password = "rotated".to_owned());
    let replaced = put(json!({"password": "rotated"})).await;
    assert_eq!(replaced.status, 200, "{:?}", replaced.body);
    assert_eq!(replaced.json()["state"], "active");
    assert!(!replaced.text().contains("rotated"));
    let wrapped = put(json!({"credentials": {"password": "rotated"}})).await;
    assert_eq!(wrapped.status, 200);
    let unknown = put(json!({"password": "rotated", "pin": "1"})).await;
    assert_eq!(
        (unknown.status, unknown.pointer().as_str()),
        (422, "/credentials/pin")
    );
    let number = put(json!({"password": 123_456})).await;
    assert!(number.status == 422 && !number.text().contains("123456"));
    let checked = gateway
        .post(&format!("/v1/connections/{id}/check"), &json!({}))
        .await;
    assert_eq!(checked.json()["ok"], true);
}

#[tokio::test]
async fn credentials_of_another_account_are_refused() {
    let gateway = Gateway::start().await;
    let made = gateway
        .post("/v1/connections", &undated("shop"))
        .await
        .json();
    let path = format!(
        "/v1/connections/{}/credentials",
        made["id"].as_str().unwrap()
    );
    let put = async |login: &str| {
        let body = json!({"login": login, "password": "correct"});
        gateway.send(Method::PUT, &path, Some(&body), &[]).await
    };
    let other = put("competitor").await;
    assert_eq!(
        (other.status, other.code().as_str()),
        (409, "gateway.account_differs")
    );
    assert_eq!(put("shop").await.status, 200);
}

#[tokio::test]
async fn a_check_says_what_is_wrong() {
    let gateway = Gateway::start().await;
    let id = gateway.connect("main").await;
    let path = format!("/v1/connections/{id}/check");
    let good = gateway.post(&path, &json!({})).await.json();
    assert_eq!(
        (&good["ok"], &good["state"]),
        (&json!(true), &json!("active"))
    );
    gateway
        .vendor
        .main()
        .fail_next(operation::CHECK, ErrorKind::Transport);
    let bad = gateway.post(&path, &json!({})).await;
    assert_eq!(bad.status, 200);
    let bad = bad.json();
    assert_eq!(
        (&bad["ok"], &bad["state"]),
        (&json!(false), &json!("degraded"))
    );
    assert_eq!(bad["error"]["code"], "vendor.unreachable");
    assert_eq!(bad["error"]["retryable"], true);
    assert_eq!(bad["error"]["vendor"]["operation"], "FK-01");
    let status = gateway
        .get(&format!("/v1/connections/{id}/status"))
        .await
        .json();
    assert_eq!(status["last_error"]["code"], "vendor.unreachable");
    let again = gateway.post(&path, &json!({})).await.json();
    assert_eq!(again["state"], "active");
}

#[tokio::test]
async fn a_pause_lasts_until_it_is_ended() {
    let gateway = Gateway::start().await;
    let id = gateway.connect("main").await;
    let path = format!("/v1/connections/{id}");
    let act = async |name: &str| gateway.post(&format!("{path}/{name}"), &json!({})).await;
    assert_eq!(act("pause").await.json()["state"], "paused");
    let status = gateway.get(&format!("{path}/status")).await.json();
    assert_eq!(status["sync"]["enabled"], false);
    assert_eq!(status["next_run_at"], Value::Null);
    assert_eq!(act("sync").await.status, 409);
    assert_eq!(act("check").await.json()["state"], "paused");
    assert_eq!(act("resume").await.json()["state"], "connecting");
    let status = gateway.get(&format!("{path}/status")).await.json();
    assert_eq!(status["sync"]["enabled"], true);
    assert!(status["next_run_at"].is_string());
    assert_eq!(act("sync").await.status, 202);
    assert_eq!(act("sync?full=true").await.status, 202);
    assert_eq!(act("sync?full=maybe").await.pointer(), "/full");
}

#[tokio::test]
async fn a_backfill_is_asked_for_paused_and_canceled() {
    let gateway = Gateway::start().await;
    let id = gateway.connect("main").await;
    let path = format!("/v1/connections/{id}/backfills");
    let body = json!({"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"});
    let made = gateway.post(&path, &body).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["state"], "accepted");
    let own = made.header("location").to_owned();
    assert_eq!(gateway.get(&own).await.json(), made.json());
    assert_eq!(gateway.get(&path).await.ids().len(), 1);
    let act = async |verb: &str| gateway.post(&format!("{own}/{verb}"), &json!({})).await;
    for (verb, state) in [
        ("pause", "paused"),
        ("pause", "paused"),
        ("resume", "accepted"),
        ("resume", "accepted"),
        ("pause", "paused"),
    ] {
        assert_eq!(act(verb).await.json()["state"], state, "{verb}");
    }
    let cancel = format!("{own}/cancel");
    assert_eq!(
        gateway.post(&cancel, &json!({})).await.json()["state"],
        "canceled"
    );
    assert_eq!(
        gateway.post(&cancel, &json!({})).await.status,
        200,
        "twice is once"
    );
    for verb in ["pause", "resume"] {
        assert_eq!(act(verb).await.status, 409, "{verb}");
    }
    let backwards = json!({"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"});
    assert_eq!(gateway.post(&path, &backwards).await.pointer(), "/from");
    assert_eq!(gateway.post(&path, &json!({})).await.pointer(), "/from");
    let quarantine = gateway
        .get(&format!("/v1/connections/{id}/quarantine"))
        .await
        .json();
    assert_eq!(
        quarantine,
        json!({"data": [], "total": 0, "next_cursor": null})
    );
    let replayed = gateway
        .post(
            &format!("/v1/connections/{id}/quarantine/replay"),
            &json!({}),
        )
        .await;
    assert_eq!(
        (replayed.status, replayed.json()),
        (202, json!({"replayed": 0}))
    );
}

#[tokio::test]
async fn a_backfill_says_what_it_will_cost() {
    let gateway = Gateway::start().await;
    let id = gateway.connect("main").await;
    let path = format!("/v1/connections/{id}/backfills");
    let vendor = gateway.vendor.main();
    for day in 1..=9 {
        let mut call = callweave_model::AnalyzedCall::new(format!("c{day}"));
        call.started_at = format!("2026-01-{day:02}T10:00:00Z").parse().ok();
        vendor.put(call);
    }
    let mut body = json!({
        "from": "2026-01-03T00:00:00Z", "to": "2026-01-08T00:00:00Z", "dry_run": true,
    });
    let plan = gateway.post(&path, &body).await;
    assert_eq!(plan.status, 200);
    let estimate = plan.json()["estimate"].clone();
    assert_eq!(
        (&estimate["records"], &estimate["records_source"]),
        (&json!(5), &json!("vendor"))
    );
    assert_eq!(estimate["charged"], false);
    assert!(estimate["vendor_requests_max"].as_i64().unwrap() >= 5);
    assert_eq!(
        gateway.get(&path).await.ids(),
        Vec::<String>::new(),
        "nothing was begun"
    );

    // A vendor that cannot be asked is no reason not to begin.
    vendor.fail_next(operation::PAGE, ErrorKind::Transport);
    body["dry_run"] = json!(false);
    let made = gateway.post(&path, &body).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["estimate"]["records_source"], "nobody");
    assert_eq!(made.json()["progress_pct"], Value::Null);
}

#[tokio::test]
async fn only_withheld_deletions_can_be_approved() {
    let gateway = Gateway::start().await;
    let id = gateway.connect("main").await;
    let path = format!("/v1/connections/{id}/deletions/approve");
    let refused = gateway.post(&path, &json!({"ceiling": 0})).await;
    assert_eq!(
        (refused.status, refused.pointer().as_str()),
        (422, "/ceiling")
    );
    assert_eq!(gateway.post(&path, &json!({})).await.pointer(), "/ceiling");
    let none = gateway.post(&path, &json!({"ceiling": 5})).await;
    assert_eq!(
        (none.status, none.code().as_str()),
        (409, "gateway.conflict")
    );
}

#[tokio::test]
async fn connections_are_paged() {
    let gateway = Gateway::start().await;
    for account in ["a", "b", "c"] {
        gateway.connect(account).await;
    }
    let whole = gateway.get("/v1/connections").await.ids();
    assert_eq!(whole.len(), 3);
    let first = gateway.get("/v1/connections?limit=2&vendor=fake").await;
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let rest = gateway
        .get(&format!("/v1/connections?vendor=fake&cursor={cursor}"))
        .await;
    assert_eq!([first.ids(), rest.ids()].concat(), whole);
    assert_eq!(rest.json()["next_cursor"], Value::Null);
}

#[tokio::test]
async fn vendors_tell_what_they_need() {
    let gateway = Gateway::start().await;
    let vendors = gateway.get("/v1/vendors").await.json();
    let keys: Vec<&str> = vendors["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|vendor| vendor["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["fake", "fake_static", "undated"]);
    let vendor = gateway.get("/v1/vendors/fake").await.json();
    assert_eq!(vendor["auth_kind"], "password");
    assert_eq!(vendor["credential_fields"][0]["name"], "password");
    assert_eq!(vendor["credential_fields"][0]["secret"], true);
    assert_eq!(vendor["coverage"][0]["operation"], "FK-01");
    assert_eq!(
        gateway.get("/v1/vendors/none").await.code(),
        "gateway.not_found"
    );
}

/// A run holds the schedule and then moves its connection, a renewal the token; whoever came the
/// other way round would wait for it as it waits for him, until the database undoes one of them.
#[tokio::test]
async fn who_changes_a_connection_waits_for_a_run_and_a_renewal_with_nothing_in_hand() {
    let gateway = Gateway::start().await;
    let id = gateway.connect("main").await;
    let path = format!("/v1/connections/{id}");
    let pool = gateway.pool().await;
    let credentials = json!({"password": "correct"});
    let settings = json!({"settings": {"account": "main"}});
    let run = "UPDATE sync_state SET lease_until = now()";
    let renewal = "UPDATE tokens SET lease_until = now()";
    for (method, path, body, holds) in [
        (Method::POST, format!("{path}/check"), None, run),
        (
            Method::PUT,
            format!("{path}/credentials"),
            Some(&credentials),
            run,
        ),
        (
            Method::PUT,
            format!("{path}/credentials"),
            Some(&credentials),
            renewal,
        ),
        (Method::PATCH, path.clone(), Some(&settings), run),
        (Method::POST, format!("{path}/pause"), None, run),
        (Method::POST, format!("{path}/resume"), None, run),
        (Method::DELETE, path.clone(), None, run),
    ] {
        gateway
            .meddle("UPDATE connections SET state = 'degraded' WHERE state <> 'paused'")
            .await;
        let mut other = pool.begin().await.unwrap();
        let held = sqlx::query(holds).execute(&mut *other).await.unwrap();
        assert_eq!(held.rows_affected(), 1, "{holds}");
        let end = async {
            wait_for_waiting(&pool, 1).await;
            let moves = "SET LOCAL lock_timeout = '1s'; UPDATE connections SET last_ok_at = now()";
            sqlx::raw_sql(moves)
                .execute(&mut *other)
                .await
                .unwrap_or_else(|error| panic!("{method} {path} beside {holds}: {error}"));
            other.commit().await.unwrap();
        };
        let (answer, ()) = tokio::join!(gateway.send(method.clone(), &path, body, &[]), end);
        let good = (200..300).contains(&answer.status);
        assert!(good, "{method} {path}: {} {:?}", answer.status, answer.body);
    }
}
