//! Tags, live.

use callweave_model::{
    enums::{Condition, Performer},
    owned::{Term, TermChange, TermDraft},
};
use callweave_provider::{
    ErrorKind,
    listing::ListQuery,
    taxonomy::{TermFilter, TermKind},
};
use callweave_provider_testkit::{CannedClient, Recorded, answers};
use serde_json::{Value, json};

use crate::{
    rubrics::paging_styles,
    scene::Scene,
    support::{caller, page_through, provider},
};

const TAG: &str = "/api/v1.0/tags/181";

async fn list(scene: &Scene, search: Option<&str>, limit: u32) -> Vec<Term> {
    let taxonomy = scene.provider.taxonomy().unwrap();
    page_through(async |position| {
        let query = ListQuery {
            limit,
            position,
            search: search.map(str::to_owned),
        };
        taxonomy
            .terms(
                &scene.caller.context(),
                TermKind::Tag,
                &TermFilter::default(),
                &query,
            )
            .await
            .unwrap()
    })
    .await
}

fn change(members: Value) -> TermChange {
    serde_json::from_value(members).unwrap()
}

fn draft(members: Value) -> TermDraft {
    serde_json::from_value(members).unwrap()
}

#[tokio::test]
async fn trap_c16_tags_are_listed_whole_however_the_vendor_pages() {
    for (options, settings) in paging_styles() {
        let scene = Scene::new(2, options.clone(), settings).await;
        let known = scene.at_vendor("/tags?_start=0&_end=100").await;
        for limit in [1, 4, 50] {
            let tags = list(&scene, None, limit).await;
            let mut ids: Vec<i64> = tags
                .iter()
                .map(|tag| tag.remote_id.parse().unwrap())
                .collect();
            assert!(ids.is_sorted(), "{options} {limit}");
            ids.dedup();
            assert_eq!(ids.len(), tags.len(), "{options} {limit}: no tag twice");
            for row in known.as_array().unwrap() {
                assert!(
                    ids.contains(&row["id"].as_i64().unwrap()),
                    "{options} {limit}: {row}"
                );
            }
        }
    }
    let scene = Scene::new(2, json!({}), json!({})).await;
    let first = &list(&scene, None, 50).await[0];
    let known = scene.at_vendor(&format!("/tags/{}", first.remote_id)).await;
    assert_eq!(json!(first.name), known["name"]);
    assert_eq!(json!(first.description), known["description"]);
    assert_eq!(json!(first.color), known["color"]);
    assert_eq!(first.vendor_values["performer"], known["performer"]);
    assert_eq!(first.extra["comagic_tag_id"], known["comagic_tag_id"]);
    let taxonomy = scene.provider.taxonomy().unwrap();
    let read = taxonomy
        .term(&scene.caller.context(), TermKind::Tag, &first.remote_id)
        .await
        .unwrap();
    assert_eq!(read, *first);
    let word: String = first.name.chars().take(4).collect();
    let found = list(&scene, Some(&word.to_uppercase()), 50).await;
    assert!(found.contains(first) && found.len() < 10);
    let below = TermFilter {
        parent: Some(Some("181".to_owned())),
    };
    let none = taxonomy
        .terms(
            &scene.caller.context(),
            TermKind::Tag,
            &below,
            &ListQuery::default(),
        )
        .await
        .unwrap();
    assert_eq!(
        (none.items, none.next),
        (Vec::new(), None),
        "tags are no tree"
    );
}

#[tokio::test]
async fn trap_c40_a_tag_takes_an_id_only_where_the_caller_chose_one() {
    let scene = Scene::new(2, json!({}), json!({})).await;
    let taxonomy = scene.provider.taxonomy().unwrap();
    let context = scene.caller.context();
    let free = draft(json!({
        "name": "Отложил решение", "performer": "client", "condition": "not discuss",
        "description": "Сказал, что подумает", "color": "special-5", "active": true,
    }));
    let made = taxonomy
        .create_term(&context, TermKind::Tag, &free)
        .await
        .unwrap();
    assert_eq!(made.name, "Отложил решение");
    assert_eq!(made.performer, Some(Performer::Customer));
    assert_eq!(made.condition, Some(Condition::NotDiscussed));
    let chosen = draft(json!({"name": "mine", "remote_id": "901", "linked_remote_id": "3746"}));
    let made = taxonomy
        .create_term(&context, TermKind::Tag, &chosen)
        .await
        .unwrap();
    assert_eq!(made.remote_id, "901");
    assert_eq!(made.extra["comagic_tag_id"], 3746);
    assert_eq!(scene.written("tag").len(), 2);

    let client = CannedClient::new().always("POST", "/api/v1.0/tags", answers::empty(201));
    let canned = provider(&client);
    let taxonomy = canned.taxonomy().unwrap();
    let caller = caller();
    let silent = taxonomy
        .create_term(&caller.context(), TermKind::Tag, &chosen)
        .await
        .unwrap();
    assert_eq!(
        silent.remote_id, "901",
        "what was sent says what a silent answer leaves out"
    );
    let unknown = taxonomy
        .create_term(&caller.context(), TermKind::Tag, &free)
        .await
        .unwrap_err();
    assert_eq!(unknown.kind, ErrorKind::BadResponse);
    let bodies: Vec<Value> = client.requests().iter().map(Recorded::json).collect();
    let first = json!({"name": "mine", "id": 901, "comagic_tag_id": 3746});
    let second = json!({
        "name": "Отложил решение", "performer": "client", "condition": "not discuss",
        "description": "Сказал, что подумает", "color": "special-5", "is_active": true,
    });
    assert_eq!(bodies, [first, second]);
    for (members, pointer) in [
        (json!({"name": ""}), "/name"),
        (json!({"name": "a", "performer": " "}), "/performer"),
        (json!({"name": "a", "condition": ""}), "/condition"),
        (json!({"name": "a", "remote_id": "points"}), "/remote_id"),
        (
            json!({"name": "a", "linked_remote_id": "0"}),
            "/linked_remote_id",
        ),
        (
            json!({"name": "a", "parent_remote_id": "1"}),
            "/parent_remote_id",
        ),
        (json!({"name": "a", "criteria": {}}), "/criteria"),
    ] {
        let error = taxonomy
            .create_term(&caller.context(), TermKind::Tag, &draft(members))
            .await
            .unwrap_err();
        assert_eq!(error.pointer.as_deref(), Some(pointer));
    }
    assert_eq!(client.requests().len(), 2);
}

#[tokio::test]
async fn trap_c39_a_change_of_a_tag_keeps_what_it_does_not_name() {
    for replaces in [false, true] {
        let options = json!({"callgear_put_replaces": replaces});
        let scene = Scene::new(2, options, json!({})).await;
        let taxonomy = scene.provider.taxonomy().unwrap();
        let context = scene.caller.context();
        let before = scene.at_vendor("/tags/181").await;
        let renamed = change(json!({"name": "другое имя", "description": null}));
        let answer = taxonomy
            .update_term(&context, TermKind::Tag, "181", &renamed)
            .await
            .unwrap();
        let mut expected = before;
        expected["name"] = json!("другое имя");
        expected["description"] = json!("");
        assert_eq!(scene.at_vendor("/tags/181").await, expected, "{replaces}");
        assert_eq!(
            (answer.remote_id.as_str(), answer.name.as_str()),
            ("181", "другое имя")
        );
        scene.forget_requests();
        let same = change(json!({"name": "другое имя"}));
        taxonomy
            .update_term(&context, TermKind::Tag, "181", &same)
            .await
            .unwrap();
        assert_eq!((scene.asked("CG-14"), scene.asked("CG-15")), (1, 0));
    }
}

#[tokio::test]
async fn trap_c38_the_id_of_the_address_is_the_one_that_is_sent() {
    let known = json!({"id": "181", "name": "a", "comagic_tag_id": "3745", "new": [1]});
    let client = CannedClient::new()
        .always("GET", TAG, answers::ok(&known))
        .on("PUT", TAG, answers::empty(200));
    let provider = provider(&client);
    let taxonomy = provider.taxonomy().unwrap();
    let off = change(json!({"active": false, "color": "special-1"}));
    taxonomy
        .update_term(&caller().context(), TermKind::Tag, "181", &off)
        .await
        .unwrap();
    let sent = json!({
        "id": 181, "name": "a", "comagic_tag_id": "3745", "new": [1], "is_active": false,
        "color": "special-1",
    });
    assert_eq!(client.requests()[1].json(), sent);
    for (members, pointer) in [
        (json!({"name": null}), "/name"),
        (json!({"performer": null}), "/performer"),
        (json!({"color": " "}), "/color"),
        (json!({"active": null}), "/active"),
        (json!({"linked_remote_id": "x"}), "/linked_remote_id"),
        (json!({"parent_remote_id": null}), "/parent_remote_id"),
        (json!({"criteria": {}}), "/criteria"),
    ] {
        let error = taxonomy
            .update_term(&caller().context(), TermKind::Tag, "181", &change(members))
            .await
            .unwrap_err();
        assert_eq!(error.pointer.as_deref(), Some(pointer));
    }
}

#[tokio::test]
async fn trap_c41_the_vendor_deletes_no_tag_and_has_no_other_terms() {
    let client = CannedClient::new();
    let provider = provider(&client);
    let taxonomy = provider.taxonomy().unwrap();
    let caller = caller();
    let context = caller.context();
    assert_eq!(taxonomy.kinds(), [TermKind::Tag]);
    let deleted = taxonomy
        .delete_term(&context, TermKind::Tag, "181")
        .await
        .unwrap_err();
    assert_eq!(deleted.kind, ErrorKind::CapabilityNotSupported);
    for kind in [TermKind::Category, TermKind::Folder, TermKind::SavedSearch] {
        let outcomes = [
            taxonomy
                .terms(
                    &context,
                    kind,
                    &TermFilter::default(),
                    &ListQuery::default(),
                )
                .await
                .map(drop),
            taxonomy.term(&context, kind, "1").await.map(drop),
            taxonomy
                .create_term(&context, kind, &draft(json!({"name": "a"})))
                .await
                .map(drop),
            taxonomy
                .update_term(&context, kind, "1", &TermChange::default())
                .await
                .map(drop),
        ];
        for outcome in outcomes {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind, ErrorKind::CapabilityNotSupported);
            assert_eq!(error.operation, kind.capability());
        }
    }
    for odd in ["", "0", "abc", "../scenarios/1"] {
        let error = taxonomy
            .term(&context, TermKind::Tag, odd)
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound);
    }
    assert!(client.requests().is_empty());
}
