//! The account, live: tokens, conditions, procedures, search.

use callweave_model::owned::{VendorToken, VendorTokenDraft};
use callweave_provider::{ErrorKind, Retry, listing::ListQuery};
use callweave_provider_testkit::{CannedClient, answers};
use callweave_sandbox::FaultKind;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use crate::{
    scene::Scene,
    support::{caller, page_through, provider, provider_with, query},
};

const TOKENS: &str = "/api/v1.0/tokens";

fn draft(name: &str) -> VendorTokenDraft {
    VendorTokenDraft {
        name: name.to_owned(),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other}"),
    }
}

/// Everything of a token that a caller gets to see, and what its `Debug` tells.
fn shown(token: &VendorToken) -> String {
    format!("{} {token:?}", serde_json::to_string(token).unwrap())
}

#[tokio::test]
async fn trap_c45_tokens_are_shown_masked_and_whole_only_once() {
    let scene = Scene::new(2, json!({}), json!({})).await;
    let account = scene.provider.account().unwrap();
    let context = scene.caller.context();
    let ours = scene
        .caller
        .access_token
        .as_ref()
        .unwrap()
        .expose_secret()
        .to_owned();
    let made = account
        .create_vendor_token(&context, &draft("reporting"))
        .await
        .unwrap();
    let value = made.token.clone().unwrap();
    assert_eq!(made.name.as_deref(), Some("reporting"));
    assert!(!made.in_use && !format!("{made:?}").contains(&value));
    assert_eq!(
        made.token_hint,
        Some(format!("…{}", &value[value.len() - 4..]))
    );

    let tokens = account.vendor_tokens(&context).await.unwrap();
    assert_eq!(tokens.len(), 2);
    for token in &tokens {
        assert_eq!(token.token, None);
        assert!(!shown(token).contains(&value) && !shown(token).contains(&ours));
        assert_eq!(token.active, Some(true));
        assert_eq!(token.extra["token_type"], "Bearer");
        assert!(token.expires_at.unwrap() > token.created_at.unwrap());
    }
    let in_use: Vec<bool> = tokens.iter().map(|token| token.in_use).collect();
    assert_eq!(in_use, [true, false]);
    assert_eq!(tokens[0].name, None, "the name of a login is empty");
    assert_eq!(tokens[1].remote_id, made.remote_id);
    let blank = account
        .create_vendor_token(&context, &draft(" "))
        .await
        .unwrap_err();
    assert_eq!(blank.pointer.as_deref(), Some("/name"));
    assert_eq!(scene.asked("CG-35"), 1);
}

#[tokio::test]
async fn trap_c45_the_token_in_use_is_not_deleted() {
    let scene = Scene::new(2, json!({}), json!({})).await;
    let account = scene.provider.account().unwrap();
    let context = scene.caller.context();
    let spare = account
        .create_vendor_token(&context, &draft("spare"))
        .await
        .unwrap();
    let tokens = account.vendor_tokens(&context).await.unwrap();
    let in_use = tokens.iter().find(|token| token.in_use).unwrap();
    let refused = account
        .delete_vendor_token(&context, &in_use.remote_id)
        .await
        .unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    assert_eq!(scene.asked("CG-36"), 0);
    account
        .delete_vendor_token(&context, &spare.remote_id)
        .await
        .unwrap();
    assert_eq!(account.vendor_tokens(&context).await.unwrap().len(), 1);
    let again = account
        .delete_vendor_token(&context, &spare.remote_id)
        .await
        .unwrap_err();
    assert_eq!((again.kind, scene.asked("CG-36")), (ErrorKind::NotFound, 1));

    let lost = account
        .create_vendor_token(&context, &draft("lost"))
        .await
        .unwrap();
    scene.fault("CG-36", FaultKind::LostResponse);
    account
        .delete_vendor_token(&context, &lost.remote_id)
        .await
        .unwrap();
    assert_eq!(scene.asked("CG-36"), 2, "looked up and not repeated");
    scene.sandbox.world().clear_faults();
    let kept = account
        .create_vendor_token(&context, &draft("kept"))
        .await
        .unwrap();
    scene.fault("CG-36", FaultKind::Close { after_bytes: None });
    let error = account
        .delete_vendor_token(&context, &kept.remote_id)
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transport);
}

#[tokio::test]
async fn a_token_is_only_deleted_where_it_is_known_not_to_be_ours() {
    for (row, kind) in [
        (json!({"id": "a", "name": "hidden"}), ErrorKind::Conflict),
        (
            json!({"id": "a", "access_token": "token-1"}),
            ErrorKind::Conflict,
        ),
        (
            json!({"id": "b", "access_token": "another-token"}),
            ErrorKind::NotFound,
        ),
    ] {
        let client = CannedClient::new().always("GET", TOKENS, answers::ok(&json!([row])));
        let provider = provider(&client);
        let account = provider.account().unwrap();
        let error = account
            .delete_vendor_token(&caller().context(), "a")
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind, "{row}");
    }
    for broken in [
        answers::json(500, &json!({})),
        answers::html(200),
        answers::json(404, &json!({})),
    ] {
        let client = CannedClient::new().always("GET", TOKENS, broken);
        let provider = provider(&client);
        let account = provider.account().unwrap();
        assert!(
            account
                .delete_vendor_token(&caller().context(), "a")
                .await
                .is_err()
        );
        assert!(
            account.vendor_tokens(&caller().context()).await.is_err(),
            "the account has a token"
        );
        assert!(client.lines().iter().all(|line| line.starts_with("GET")));
    }
    let listed = json!([{"id": "a/../b?x", "access_token": "another-token"}]);
    let client = CannedClient::new()
        .always("GET", TOKENS, answers::ok(&listed))
        .on(
            "DELETE",
            "/api/v1.0/tokens/a%2F..%2Fb%3Fx",
            answers::empty(204),
        );
    let provider = provider(&client);
    let account = provider.account().unwrap();
    account
        .delete_vendor_token(&caller().context(), "a/../b?x")
        .await
        .unwrap();
    for odd in ["", "a\nb", &"9".repeat(300)] {
        let error = account
            .delete_vendor_token(&caller().context(), odd)
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn case_034_the_times_of_tokens_are_read_in_every_form() {
    for (created, expires, created_at, expires_at) in [
        (
            json!("2026-02-01T10:39:06.568300"),
            json!("2026-03-03T10:46:55.182817"),
            Some("2026-02-01T10:39:06.568Z"),
            Some("2026-03-03T10:46:55.182Z"),
        ),
        (
            json!("2026-02-01T13:39:06+03:00"),
            json!(3_600),
            Some("2026-02-01T10:39:06.000Z"),
            Some("2026-02-01T11:39:06.000Z"),
        ),
        (
            json!(null),
            json!("1772442930"),
            None,
            Some("2026-03-02T09:15:30.000Z"),
        ),
        (
            json!("1969-01-01T00:00:00"),
            json!("9999-12-31T00:00:00"),
            None,
            None,
        ),
        (json!("soon"), json!({"days": 30}), None, None),
    ] {
        let row = json!({
            "id": 5, "access_token": "an-invented-token", "created_at": created, "expires_in": expires,
            "is_active": "yes", "refresh_token": "another-invented-one", "scopes": ["read"],
        });
        let client = CannedClient::new().always("GET", TOKENS, answers::ok(&json!([row])));
        let provider = provider(&client);
        let tokens = provider
            .account()
            .unwrap()
            .vendor_tokens(&caller().context())
            .await;
        let token = &tokens.unwrap()[0];
        let told = |instant: Option<callweave_model::Timestamp>| {
            instant.map(|instant| instant.to_string())
        };
        assert_eq!(told(token.created_at).as_deref(), created_at, "{created}");
        assert_eq!(told(token.expires_at).as_deref(), expires_at, "{expires}");
        assert_eq!(token.extra["expires_in"], expires, "as it came");
        assert_eq!(
            token.extra["refresh_token"], "…-one",
            "a secret by its name"
        );
        assert_eq!(
            (&token.extra["is_active"], token.active),
            (&json!("yes"), None)
        );
        assert_eq!(token.extra["scopes"], json!(["read"]));
        assert!(!shown(token).contains("an-invented-token"));
    }
}

#[tokio::test]
async fn a_token_that_is_made_and_not_told_is_not_made_again() {
    for answer in [
        answers::empty(201),
        answers::ok(&json!({"id": "a"})),
        answers::html(200),
    ] {
        let client = CannedClient::new().on("POST", TOKENS, answer);
        let provider = provider(&client);
        let account = provider.account().unwrap();
        let error = account
            .create_vendor_token(&caller().context(), &draft("crm"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind, error.retry),
            (ErrorKind::BadResponse, Retry::Never)
        );
        assert_eq!(client.requests()[0].json(), json!({"name": "crm"}));
    }
}

#[tokio::test]
async fn trap_c09_the_catalogue_of_conditions_is_told_as_it_is() {
    let scene = Scene::new(2, json!({}), json!({})).await;
    let account = scene.provider.account().unwrap();
    let conditions = account
        .notification_conditions(&scene.caller.context())
        .await
        .unwrap();
    let known = scene.at_vendor("/notification_conditions").await;
    assert_eq!(conditions.len(), 3);
    for (condition, row) in conditions.iter().zip(known.as_array().unwrap()) {
        assert_eq!(
            json!(condition.remote_id.parse::<i64>().unwrap()),
            row["id"]
        );
        assert_eq!(json!(condition.name), row["name"]);
        assert_eq!(json!(condition.data_type), row["data_type"]);
        assert_eq!(json!(condition.operators), row["operators"]);
        assert_eq!(json!(condition.values), row["values"]);
    }
    let usage = account.usage(&scene.caller.context()).await.unwrap_err();
    assert_eq!(usage.kind, ErrorKind::CapabilityNotSupported);
}

#[tokio::test]
async fn trap_c43_an_error_with_status_200_is_an_error() {
    let scene = Scene::new(2, json!({}), json!({"rpc_methods": "get.*, drop.all"})).await;
    let account = scene.provider.account().unwrap();
    let context = scene.caller.context();
    let answer = account
        .rpc(&context, "get.calls", &object(json!({"limit": 5})))
        .await
        .unwrap();
    assert_eq!(
        answer,
        json!({"id": "test-request", "result": {"data": [], "metadata": {}}})
    );
    let refused = account
        .rpc(&context, "drop.all", &Map::new())
        .await
        .unwrap_err();
    assert_eq!(
        (refused.kind, refused.status),
        (ErrorKind::InvalidRequest, Some(200))
    );
    assert_eq!(refused.vendor_code.as_deref(), Some("method_not_found"));
    assert_eq!(refused.message.as_deref(), Some("Method not found"));
    scene.forget_requests();
    for not_allowed in ["delete.calls", "", "get"] {
        let error = account
            .rpc(&context, not_allowed, &Map::new())
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput);
        assert_eq!(error.pointer.as_deref(), Some("/method"));
    }
    assert_eq!(scene.asked("CG-31"), 0);
    let silent = scene.with(json!({}));
    let off = silent
        .account()
        .unwrap()
        .rpc(&context, "get.calls", &Map::new())
        .await;
    assert_eq!(off.unwrap_err().kind, ErrorKind::InvalidInput);

    for (answer, kind, code) in [
        (
            json!({"error": {"code": -32_003, "message": "no"}}),
            ErrorKind::Forbidden,
            Some("-32003"),
        ),
        (
            json!({"error": {"code": -32_029, "data": {"mnemonic": "limit_exceeded"}}}),
            ErrorKind::RateLimited,
            Some("limit_exceeded"),
        ),
        (
            json!({"error": {"code": -32_603}}),
            ErrorKind::VendorFailure,
            Some("-32603"),
        ),
        (
            json!({"error": "broken", "result": 1}),
            ErrorKind::InvalidRequest,
            None,
        ),
        (json!({"error": {}}), ErrorKind::InvalidRequest, None),
        (json!({"error": false}), ErrorKind::InvalidRequest, None),
    ] {
        let client = CannedClient::new().on("POST", "/api/v1.0/rpc", answers::ok(&answer));
        let provider = provider_with(client.shared(), &json!({"rpc_methods": "get.x"}));
        let account = provider.account().unwrap();
        let error = account
            .rpc(&caller().context(), "get.x", &Map::new())
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind, error.vendor_code.as_deref()),
            (kind, code),
            "{answer}"
        );
        assert!(kind == ErrorKind::RateLimited || error.retry == Retry::Never);
    }
    for answer in [
        json!({"error": null, "result": 7}),
        json!([1]),
        json!("done"),
    ] {
        let client = CannedClient::new().on("POST", "/api/v1.0/rpc", answers::ok(&answer));
        let provider = provider_with(client.shared(), &json!({"rpc_methods": "get.x"}));
        let told = provider
            .account()
            .unwrap()
            .rpc(&caller().context(), "get.x", &object(json!({"a": 1})))
            .await;
        assert_eq!(told.unwrap(), answer);
        let sent = json!({"id": "test-request", "method": "get.x", "params": {"a": 1}});
        assert_eq!(client.requests()[0].json(), sent);
    }
}

#[tokio::test]
async fn calls_are_found_by_the_newer_editions_own_criteria() {
    let scene = Scene::new(
        30,
        json!({"callgear_edition": 2026, "callgear_page_cap": 7}),
        json!({}),
    )
    .await;
    let account = scene.provider.account().unwrap();
    let context = scene.caller.context();
    let all = page_through(async |position| {
        account
            .search_calls(&context, &Map::new(), &query(10, position))
            .await
            .unwrap()
    })
    .await;
    assert_eq!(all.len(), 30);
    let phrase = all[3].listed["result"]["phrase_list"][0]["phrase"]
        .as_str()
        .unwrap();
    let found = account
        .search_calls(&context, &object(json!({"_q": phrase})), &query(50, None))
        .await
        .unwrap();
    assert!(
        found
            .items
            .iter()
            .any(|call| call.remote_id == all[3].remote_id)
    );
    let by_q = ListQuery {
        search: Some(phrase.to_owned()),
        ..ListQuery::default()
    };
    let same = account
        .search_calls(&context, &Map::new(), &by_q)
        .await
        .unwrap();
    assert_eq!(same.items, found.items);
    let one = object(json!({"call_session_id__eq": all[3].remote_id}));
    let one = account
        .search_calls(&context, &one, &query(50, None))
        .await
        .unwrap();
    assert_eq!((one.items.len(), &one.items[0]), (1, &all[3]));
    let none = object(json!({"_q": "нет таких слов нигде"}));
    let none = account
        .search_calls(&context, &none, &query(50, None))
        .await
        .unwrap();
    assert_eq!((none.items, none.next), (Vec::new(), None));
    let wrong = object(json!({"date_from": "yesterday"}));
    let wrong = account
        .search_calls(&context, &wrong, &query(50, None))
        .await
        .unwrap_err();
    assert_eq!(wrong.kind, ErrorKind::InvalidRequest);

    let older = Scene::new(2, json!({}), json!({})).await;
    let unknown = older
        .provider
        .account()
        .unwrap()
        .search_calls(&older.caller.context(), &Map::new(), &query(50, None))
        .await
        .unwrap_err();
    assert_eq!(unknown.kind, ErrorKind::Unsupported);
    let rows = json!([{"call_session_id": 7, "app_id": 1}, {"call_session_id": 8, "app_id": 2}]);
    let client = CannedClient::new().always("GET", "/api/v1.0/transcription", answers::ok(&rows));
    let ours = provider_with(client.shared(), &json!({"app_id": 2}));
    let found = ours
        .account()
        .unwrap()
        .search_calls(&caller().context(), &Map::new(), &query(2, None))
        .await
        .unwrap();
    assert_eq!(
        found.items.len(),
        1,
        "another application's call is left out"
    );
}
