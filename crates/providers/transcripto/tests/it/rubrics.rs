//! The checklist and the scripts, read and changed in the sandbox.

use callweave_model::{
    owned::{Rubric, RubricChange, RubricDraft, RubricItemDraft, RubricKind},
    patch::Patch,
};
use callweave_provider::{
    ErrorKind, Provider,
    listing::ListQuery,
    rubrics::{ItemForm, RubricFilter, Rubrics},
};
use callweave_provider_testkit::{CannedClient, answers, live::Live};
use callweave_provider_transcripto::TranscriptoFactory;
use callweave_sandbox::Vendor;
use serde_json::{Value, json};

use crate::support::{caller, list, provider, refused};

async fn opened() -> Live {
    Live::start(Vendor::Transcripto, &TranscriptoFactory, 5).await
}

fn rubrics(provider: &dyn Provider) -> &dyn Rubrics {
    provider.rubrics().unwrap()
}

fn only(kind: RubricKind) -> RubricFilter {
    RubricFilter {
        kind: Some(kind),
        active_only: false,
    }
}

async fn all(live: &Live, filter: &RubricFilter, mut query: ListQuery) -> Vec<Rubric> {
    let mut met = Vec::new();
    loop {
        let context = live.caller.context();
        let page = Rubrics::rubrics(rubrics(live.provider.as_ref()), &context, filter, &query)
            .await
            .unwrap();
        assert!(page.items.len() <= query.limit as usize);
        met.extend(page.items);
        assert!(met.len() < 100, "the list does not end");
        match page.next {
            Some(next) => query.position = Some(next),
            None => return met,
        }
    }
}

fn ids(met: &[Rubric]) -> Vec<&str> {
    met.iter().map(|rubric| rubric.remote_id.as_str()).collect()
}

const SCRIPTS: [&str; 5] = [
    "script-11",
    "script-12",
    "script-13",
    "script-14",
    "script-15",
];

#[tokio::test]
async fn trap_t32_t36_a_list_holds_the_checklist_and_all_scripts_once_whatever_the_pages() {
    let live = opened().await;
    let everything: Vec<&str> = ["checklist"].into_iter().chain(SCRIPTS).collect();
    for limit in [1, 2, 3, 5, 6, 200] {
        let met = all(&live, &RubricFilter::default(), list(limit)).await;
        assert_eq!(ids(&met), everything, "limit {limit}");
        let met = all(&live, &only(RubricKind::Script), list(limit)).await;
        assert_eq!(ids(&met), SCRIPTS, "limit {limit}");
    }
    let met = all(&live, &only(RubricKind::Checklist), list(1)).await;
    assert_eq!(ids(&met), ["checklist"]);
    let active = RubricFilter {
        kind: None,
        active_only: true,
    };
    let met = all(&live, &active, list(200)).await;
    assert_eq!(ids(&met), &everything[..5], "one script is not in use");
    let search = ListQuery {
        search: Some("welcome".to_owned()),
        ..list(200)
    };
    let met = all(&live, &RubricFilter::default(), search).await;
    assert_eq!(ids(&met), ["script-11", "script-12", "script-15"]);
    let error = Rubrics::rubrics(
        rubrics(live.provider.as_ref()),
        &live.caller.context(),
        &only(RubricKind::Scenario),
        &list(5),
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind, ErrorKind::CapabilityNotSupported);
}

#[tokio::test]
async fn the_checklist_is_one_rubric_of_questions() {
    let live = opened().await;
    let context = live.caller.context();
    let rubrics = rubrics(live.provider.as_ref());
    let own = rubrics.rubric(&context, "checklist").await.unwrap();
    assert_eq!((own.kind, own.active), (RubricKind::Checklist, Some(true)));
    let items = own.items.unwrap();
    assert_eq!(items.len(), 8, "the hidden one is not told");
    let same = rubrics
        .rubric_items(&context, "checklist-83", ItemForm::Structured)
        .await
        .unwrap();
    assert_eq!(same.len(), 8);
    assert_eq!(same[0].rubric_remote_id.as_deref(), Some("checklist-83"));
    let nobody = rubrics.rubric(&context, "checklist-84").await.unwrap();
    assert_eq!(
        (nobody.active, nobody.items.unwrap().len()),
        (Some(false), 0)
    );

    let draft = |text: &str| RubricItemDraft {
        text: text.to_owned(),
    };
    let made = rubrics
        .create_rubric_item(&context, "checklist", &draft("Was it clear?"))
        .await
        .unwrap();
    let id = made.remote_id.clone().unwrap();
    assert_eq!(
        (made.text.as_str(), made.active),
        ("Was it clear?", Some(true))
    );
    let twice = rubrics
        .create_rubric_item(&context, "checklist", &draft("Was it clear?"))
        .await
        .unwrap_err();
    assert_eq!(
        (twice.kind, twice.vendor_code.as_deref()),
        (ErrorKind::Conflict, Some("4054"))
    );
    let changed = rubrics
        .update_rubric_item(&context, "checklist", &id, &draft("Was it really clear?"))
        .await
        .unwrap();
    assert_eq!(changed.text, "Was it really clear?");
    assert_eq!(
        rubrics
            .rubric_item(&context, "checklist", &id)
            .await
            .unwrap(),
        changed
    );
    let query = ListQuery {
        search: Some("REALLY".to_owned()),
        ..list(1)
    };
    let found = rubrics.all_rubric_items(&context, &query).await.unwrap();
    assert_eq!(found.items, std::slice::from_ref(&changed));
    let answered = rubrics
        .update_rubric_item(&context, "checklist", "1", &draft("x"))
        .await
        .unwrap_err();
    assert_eq!(
        (answered.kind, answered.vendor_code.as_deref()),
        (ErrorKind::Conflict, Some("4055"))
    );

    rubrics
        .delete_rubric_item(&context, "checklist", &id)
        .await
        .unwrap();
    let gone = rubrics
        .rubric_item(&context, "checklist", &id)
        .await
        .unwrap_err();
    assert_eq!(gone.kind, ErrorKind::NotFound);
    let again = rubrics
        .delete_rubric_item(&context, "checklist", &id)
        .await
        .unwrap_err();
    assert_eq!(
        (again.kind, again.vendor_code.as_deref()),
        (ErrorKind::NotFound, Some("4053"))
    );
    assert!(
        live.ledger(Vendor::Transcripto, "question").is_empty(),
        "hidden at the vendor"
    );
}

fn script() -> RubricDraft {
    RubricDraft {
        kind: RubricKind::Script,
        name: "Greeting".to_owned(),
        identifier: Some("greeting_v1".to_owned()),
        text: Some("  Hello!\n".to_owned()),
        description: Some("How to begin".to_owned()),
        version: Some("3".to_owned()),
        active: Some(false),
        pass_threshold_pct: None,
        tags: None,
        filters: None,
    }
}

#[tokio::test]
async fn a_script_is_made_read_changed_and_deleted() {
    let live = opened().await;
    let context = live.caller.context();
    let rubrics = rubrics(live.provider.as_ref());
    let made = rubrics.create_rubric(&context, &script()).await.unwrap();
    let facts =
        &live.ledger(Vendor::Transcripto, "script")[made.remote_id.trim_start_matches("script-")];
    assert_eq!(
        (
            &facts["identifier"],
            &facts["title"],
            &facts["script_body"],
            &facts["version"],
            &facts["is_active"]
        ),
        (
            &json!("greeting_v1"),
            &json!("Greeting"),
            &json!("  Hello!\n"),
            &json!(3),
            &json!(false)
        )
    );
    assert_eq!(
        made.text.as_deref(),
        Some("  Hello!\n"),
        "a text is kept as it is written"
    );
    assert_eq!(
        (made.version.as_deref(), made.active),
        (Some("3"), Some(false))
    );
    assert!(made.created_at.is_some() && made.extra.is_empty());
    assert_eq!(
        rubrics.rubric(&context, &made.remote_id).await.unwrap(),
        made
    );

    let taken = rubrics
        .create_rubric(&context, &script())
        .await
        .unwrap_err();
    assert_eq!(taken.kind, ErrorKind::InvalidRequest);
    let change = RubricChange {
        description: Patch::Clear,
        active: Patch::Set(true),
        version: Patch::Set("4".to_owned()),
        ..RubricChange::default()
    };
    let changed = rubrics
        .update_rubric(&context, &made.remote_id, &change)
        .await
        .unwrap();
    assert_eq!(changed.description, None, "trap T-35: null clears");
    assert_eq!(
        (changed.name.as_str(), changed.active),
        ("Greeting", Some(true)),
        "the rest stays"
    );
    let nothing = RubricChange::default();
    let same = rubrics
        .update_rubric(&context, &made.remote_id, &nothing)
        .await
        .unwrap();
    assert_eq!(same, changed);

    rubrics
        .delete_rubric(&context, &made.remote_id)
        .await
        .unwrap();
    assert!(live.ledger(Vendor::Transcripto, "script").is_empty());
    for error in [
        rubrics.rubric(&context, &made.remote_id).await.unwrap_err(),
        rubrics
            .delete_rubric(&context, &made.remote_id)
            .await
            .unwrap_err(),
        rubrics
            .update_rubric(&context, &made.remote_id, &change)
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn trap_t34_no_body_names_a_thing_that_the_address_names() {
    let data = json!({"success": true, "error_code": 0, "data": {"id": 7, "title": "a", "question": "a", "name": "a"}});
    let client = CannedClient::new()
        .always(
            "POST",
            "/user/call_check_scripts/edit/7",
            answers::ok(&data),
        )
        .always(
            "POST",
            "/user/call_check_scripts/delete/7",
            answers::ok(&json!({"success": true})),
        )
        .always("POST", "/checklist/7", answers::ok(&data))
        .always(
            "POST",
            "/checklist/delete/7",
            answers::ok(&json!({"error_code": 0})),
        );
    let provider = provider(&client);
    let (rubrics, caller) = (rubrics(provider.as_ref()), caller());
    let context = caller.context();
    let change = RubricChange {
        name: Patch::Set("b".to_owned()),
        ..RubricChange::default()
    };
    let draft = RubricItemDraft {
        text: "b".to_owned(),
    };
    rubrics
        .update_rubric(&context, "script-7", &change)
        .await
        .unwrap();
    rubrics.delete_rubric(&context, "script-7").await.unwrap();
    rubrics
        .update_rubric_item(&context, "checklist", "7", &draft)
        .await
        .unwrap();
    rubrics
        .delete_rubric_item(&context, "checklist", "7")
        .await
        .unwrap();
    let bodies: Vec<Value> = client
        .requests()
        .iter()
        .map(|request| {
            if request.body.is_empty() {
                Value::Null
            } else {
                request.json()
            }
        })
        .collect();
    let expected = [
        json!({"title": "b"}),
        Value::Null,
        json!({"question": "b"}),
        Value::Null,
    ];
    assert_eq!(bodies, expected);
}

#[tokio::test]
async fn what_this_vendor_cannot_is_told_before_anything_is_sent() {
    let client = CannedClient::new();
    let provider = provider(&client);
    let (rubrics, caller) = (rubrics(provider.as_ref()), caller());
    let context = caller.context();
    let item = RubricItemDraft {
        text: "a".to_owned(),
    };
    let change = RubricChange::default();
    for (error, capability) in [
        (
            rubrics
                .delete_rubric(&context, "checklist")
                .await
                .unwrap_err(),
            "rubrics.delete",
        ),
        (
            rubrics
                .update_rubric(&context, "checklist-3", &change)
                .await
                .unwrap_err(),
            "rubrics.update",
        ),
        (
            rubrics
                .rubric_items(&context, "script-1", ItemForm::Structured)
                .await
                .unwrap_err(),
            "rubrics.items",
        ),
        (
            rubrics
                .rubric_items(&context, "checklist", ItemForm::Text)
                .await
                .unwrap_err(),
            "rubrics.items.text",
        ),
        (
            rubrics
                .create_rubric_item(&context, "checklist-3", &item)
                .await
                .unwrap_err(),
            "rubrics.items.create",
        ),
        (
            rubrics
                .rubric_score(&context, "script-1")
                .await
                .unwrap_err(),
            "rubrics.score",
        ),
    ] {
        assert_eq!(error.kind, ErrorKind::CapabilityNotSupported);
        assert_eq!(error.operation, capability);
    }
    for odd in [
        "",
        "7",
        "script-",
        "script--1",
        "script-01",
        "script-1/2",
        "checklist-x",
        "scenario-1",
        "../1",
    ] {
        let error = rubrics.rubric(&context, odd).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{odd:?}");
    }
    assert!(client.requests().is_empty());
}

#[tokio::test]
async fn a_script_that_does_not_fit_is_refused_where_it_does_not() {
    let client = CannedClient::new();
    let provider = provider(&client);
    let (rubrics, caller) = (rubrics(provider.as_ref()), caller());
    let context = caller.context();
    let change = RubricChange::default();
    let drafted = |change: fn(&mut RubricDraft)| {
        let mut draft = script();
        change(&mut draft);
        draft
    };
    for (draft, pointer) in [
        (drafted(|draft| draft.kind = RubricKind::Checklist), "/kind"),
        (drafted(|draft| draft.identifier = None), "/identifier"),
        (drafted(|draft| draft.text = Some(" ".into())), "/text"),
        (drafted(|draft| draft.name = String::new()), "/name"),
        (
            drafted(|draft| draft.version = Some("1.2".into())),
            "/version",
        ),
        (
            drafted(|draft| draft.pass_threshold_pct = Some(1.0)),
            "/pass_threshold_pct",
        ),
        (drafted(|draft| draft.tags = Some(Vec::new())), "/tags"),
        (drafted(|draft| draft.filters = Some(json!({}))), "/filters"),
    ] {
        let error = rubrics.create_rubric(&context, &draft).await.unwrap_err();
        assert_eq!(error.pointer.as_deref(), Some(pointer));
    }
    for (change, pointer) in [
        (
            RubricChange {
                name: Patch::Clear,
                ..change.clone()
            },
            "/name",
        ),
        (
            RubricChange {
                text: Patch::Set(String::new()),
                ..change.clone()
            },
            "/text",
        ),
        (
            RubricChange {
                active: Patch::Clear,
                ..change.clone()
            },
            "/active",
        ),
        (
            RubricChange {
                version: Patch::Set("v1".into()),
                ..change.clone()
            },
            "/version",
        ),
        (
            RubricChange {
                tags: Patch::Clear,
                ..change.clone()
            },
            "/tags",
        ),
    ] {
        let error = rubrics
            .update_rubric(&context, "script-1", &change)
            .await
            .unwrap_err();
        assert_eq!(error.pointer.as_deref(), Some(pointer));
    }
    assert!(client.requests().is_empty());
}

#[tokio::test]
async fn what_the_vendor_says_besides_is_kept_and_odd_members_cost_themselves_only() {
    let page = json!({
        "success": true, "error_code": 0, "total": 1, "page": 1, "per_page": 50,
        "items": [{"id": "9", "identifier": "a", "title": "A", "is_active": "yes", "version": 2, "created_at": "soon", "owner": {"id": 3}}],
    });
    let questions =
        json!({"success": true, "data": [{"id": 1, "question": "Q", "weight": 2}], "hint": "x"});
    let client = CannedClient::new()
        .always("POST", "/user/call_check_scripts/list", answers::ok(&page))
        .always("GET", "/checklist", answers::ok(&questions));
    let provider = provider(&client);
    let (rubrics, caller) = (rubrics(provider.as_ref()), caller());
    let context = caller.context();
    let script = rubrics.rubric(&context, "script-9").await.unwrap();
    assert_eq!((script.active, script.created_at), (None, None));
    assert_eq!(
        Value::Object(script.extra),
        json!({"is_active": "yes", "created_at": "soon", "owner": {"id": 3}})
    );
    let checklist = rubrics.rubric(&context, "checklist").await.unwrap();
    assert_eq!(checklist.extra["hint"], "x");
    assert_eq!(checklist.items.unwrap()[0].extra["weight"], 2);
}

#[tokio::test]
async fn case_030_a_failure_is_no_empty_list() {
    for (body, kind) in [
        (refused(5000), ErrorKind::VendorFailure),
        (refused(4012), ErrorKind::Unauthorized),
        (json!({"success": true}), ErrorKind::BadResponse),
        (json!({"items": {}, "data": {}}), ErrorKind::BadResponse),
        (json!({"items": [5], "data": [5]}), ErrorKind::BadResponse),
        (
            json!({"items": [{"title": "a"}], "data": [{"question": "a"}]}),
            ErrorKind::BadResponse,
        ),
    ] {
        let client = CannedClient::new()
            .always("POST", "/user/call_check_scripts/list", answers::ok(&body))
            .always("GET", "/checklist", answers::ok(&body));
        let provider = provider(&client);
        let caller = caller();
        for filter in [only(RubricKind::Script), only(RubricKind::Checklist)] {
            let context = caller.context();
            let listed =
                Rubrics::rubrics(rubrics(provider.as_ref()), &context, &filter, &list(5)).await;
            assert_eq!(listed.unwrap_err().kind, kind, "{body}");
        }
    }
}
