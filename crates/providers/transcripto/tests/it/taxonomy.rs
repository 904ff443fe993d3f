//! Categories, folders and saved searches, read and changed in the sandbox.

use callweave_model::{
    owned::{Term, TermChange, TermDraft},
    patch::Patch,
};
use callweave_provider::{
    ErrorKind, Provider,
    http_client::Safety,
    listing::ListQuery,
    taxonomy::{Taxonomy, TermFilter, TermKind},
};
use callweave_provider_testkit::{CannedClient, answers, live::Live};
use callweave_provider_transcripto::TranscriptoFactory;
use callweave_sandbox::Vendor;
use serde_json::{Value, json};

use crate::support::{caller, list, provider, refused};

const KINDS: [TermKind; 3] = [TermKind::Category, TermKind::Folder, TermKind::SavedSearch];

async fn opened() -> Live {
    Live::start(Vendor::Transcripto, &TranscriptoFactory, 5).await
}

fn taxonomy(provider: &dyn Provider) -> &dyn Taxonomy {
    provider.taxonomy().unwrap()
}

fn named(name: &str) -> TermDraft {
    TermDraft {
        name: name.to_owned(),
        ..TermDraft::default()
    }
}

async fn all(live: &Live, kind: TermKind, filter: &TermFilter, mut query: ListQuery) -> Vec<Term> {
    let mut met = Vec::new();
    for _ in 0..40 {
        let context = live.caller.context();
        let page = taxonomy(live.provider.as_ref())
            .terms(&context, kind, filter, &query)
            .await
            .unwrap();
        assert!(page.items.len() <= query.limit as usize);
        met.extend(page.items);
        match page.next {
            Some(next) => query.position = Some(next),
            None => return met,
        }
    }
    panic!("the list does not end");
}

#[tokio::test]
async fn trap_t36_every_list_is_whole_whatever_its_pages() {
    let live = opened().await;
    for (kind, expected) in KINDS.into_iter().zip([14, 6, 2]) {
        for limit in [1, 3, 7, 14, 200] {
            let met = all(&live, kind, &TermFilter::default(), list(limit)).await;
            let mut ids: Vec<&str> = met.iter().map(|term| term.remote_id.as_str()).collect();
            ids.dedup();
            assert_eq!(ids.len(), expected, "{kind:?} by {limit}");
            for term in &met {
                let context = live.caller.context();
                let one = taxonomy(live.provider.as_ref())
                    .term(&context, kind, &term.remote_id)
                    .await
                    .unwrap();
                assert_eq!(one, *term);
            }
        }
    }
    for (kind, search, expected) in [
        (TermKind::Category, "connect", 1),
        (TermKind::Folder, "sales", 1),
        (TermKind::SavedSearch, "CRITICAL", 1),
    ] {
        let query = ListQuery {
            search: Some(search.to_owned()),
            ..list(50)
        };
        let met = all(&live, kind, &TermFilter::default(), query).await;
        assert_eq!(met.len(), expected, "{kind:?}");
    }
}

#[tokio::test]
async fn categories_are_a_tree() {
    let live = opened().await;
    let below = |parent: Option<&str>| TermFilter {
        parent: Some(parent.map(str::to_owned)),
    };
    let children = all(&live, TermKind::Category, &below(Some("101")), list(1)).await;
    let names: Vec<&str> = children.iter().map(|term| term.name.as_str()).collect();
    assert_eq!(names, ["New connection", "Upsell"]);
    assert_eq!(children[0].parent_remote_id.as_deref(), Some("101"));
    let top = all(&live, TermKind::Category, &below(None), list(4)).await;
    assert_eq!(top.len(), 6);
    assert_eq!(
        (top[0].name.as_str(), top[0].children_count),
        ("Sales", Some(2))
    );
    assert!(top[0].created_at.is_some() && top[0].extra.is_empty());

    let context = live.caller.context();
    let taxonomy = taxonomy(live.provider.as_ref());
    let parent = taxonomy
        .create_term(&context, TermKind::Category, &named("Parent"))
        .await
        .unwrap();
    let draft = TermDraft {
        description: Some("Below".to_owned()),
        parent_remote_id: Some(parent.remote_id.clone()),
        ..named("Child")
    };
    let child = taxonomy
        .create_term(&context, TermKind::Category, &draft)
        .await
        .unwrap();
    let facts = &live.ledger(Vendor::Transcripto, "category")[&child.remote_id];
    assert_eq!(facts["parent_id"].to_string(), parent.remote_id);
    assert_eq!(
        (&facts["name"], &facts["description"]),
        (&json!("Child"), &json!("Below"))
    );

    let refused = taxonomy
        .delete_term(&context, TermKind::Category, &parent.remote_id)
        .await
        .unwrap_err();
    assert_eq!(
        (refused.kind, refused.vendor_code.as_deref()),
        (ErrorKind::Conflict, Some("4045"))
    );
    let change = TermChange {
        parent_remote_id: Patch::Clear,
        description: Patch::Clear,
        ..TermChange::default()
    };
    let moved = taxonomy
        .update_term(&context, TermKind::Category, &child.remote_id, &change)
        .await
        .unwrap();
    assert_eq!(
        (moved.parent_remote_id, moved.description),
        (None, None),
        "trap T-35"
    );
    assert_eq!(moved.name, "Child");
    let nowhere = TermChange {
        parent_remote_id: Patch::Set("999".to_owned()),
        ..TermChange::default()
    };
    let refused = taxonomy
        .update_term(&context, TermKind::Category, &child.remote_id, &nowhere)
        .await
        .unwrap_err();
    assert_eq!(
        (refused.kind, refused.vendor_code.as_deref()),
        (ErrorKind::NotFound, Some("4059"))
    );
    for id in [&parent.remote_id, &child.remote_id] {
        taxonomy
            .delete_term(&context, TermKind::Category, id)
            .await
            .unwrap();
        let gone = taxonomy
            .term(&context, TermKind::Category, id)
            .await
            .unwrap_err();
        assert_eq!(gone.kind, ErrorKind::NotFound);
    }
    assert!(live.ledger(Vendor::Transcripto, "category").is_empty());
}

#[tokio::test]
async fn trap_t53_folders_are_made_and_deleted_and_cannot_be_changed() {
    let live = opened().await;
    let context = live.caller.context();
    let taxonomy = taxonomy(live.provider.as_ref());
    let made = taxonomy
        .create_term(&context, TermKind::Folder, &named("Новая папка"))
        .await
        .unwrap();
    assert_eq!(made.name, "Новая папка");
    assert!(
        live.ledger(Vendor::Transcripto, "directory")
            .contains_key(&made.remote_id)
    );
    let error = taxonomy
        .update_term(
            &context,
            TermKind::Folder,
            &made.remote_id,
            &TermChange::default(),
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::CapabilityNotSupported);
    taxonomy
        .delete_term(&context, TermKind::Folder, &made.remote_id)
        .await
        .unwrap();
    assert!(live.ledger(Vendor::Transcripto, "directory").is_empty());
    let gone = taxonomy
        .delete_term(&context, TermKind::Folder, &made.remote_id)
        .await;
    assert_eq!(gone.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn trap_t40_t41_a_saved_search_is_never_written_over_by_a_new_one() {
    let live = opened().await;
    let context = live.caller.context();
    let taxonomy = taxonomy(live.provider.as_ref());
    let criteria =
        json!({"task_type": "chat", "length_min": 1, "tone_id": null, "page": 1, "mine": [1]});
    let draft = TermDraft {
        criteria: Some(criteria.clone()),
        ..named("Mine")
    };
    let kind = TermKind::SavedSearch;
    let made = taxonomy.create_term(&context, kind, &draft).await.unwrap();
    assert_eq!(
        (made.name.as_str(), made.criteria.as_ref()),
        ("Mine", Some(&criteria))
    );
    assert!(
        made.created_at.is_some(),
        "a time without a zone is read in the connection's"
    );
    for name in ["Mine", " mine "] {
        let again = TermDraft {
            criteria: Some(json!({})),
            ..named(name)
        };
        let error = taxonomy
            .create_term(&context, kind, &again)
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.vendor_code), (ErrorKind::Conflict, None));
    }
    assert_eq!(
        taxonomy
            .term(&context, kind, &made.remote_id)
            .await
            .unwrap(),
        made
    );

    let change = TermChange {
        criteria: Patch::Set(json!({"task_type": "call"})),
        name: Patch::Set("Mine".to_owned()),
        ..TermChange::default()
    };
    let changed = taxonomy
        .update_term(&context, kind, &made.remote_id, &change)
        .await
        .unwrap();
    assert_eq!(changed.remote_id, made.remote_id);
    assert_eq!(changed.criteria, Some(json!({"task_type": "call"})));
    let saved = live.ledger(Vendor::Transcripto, "filter");
    assert_eq!(saved.len(), 1);
    assert_eq!(
        saved[&made.remote_id]["criteria"],
        json!({"task_type": "call"})
    );
    let renamed = TermChange {
        name: Patch::Set("Other".to_owned()),
        ..change
    };
    let error = taxonomy
        .update_term(&context, kind, &made.remote_id, &renamed)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.pointer.as_deref()),
        (ErrorKind::InvalidInput, Some("/name"))
    );

    taxonomy
        .delete_term(&context, kind, &made.remote_id)
        .await
        .unwrap();
    let gone = taxonomy
        .delete_term(&context, kind, &made.remote_id)
        .await
        .unwrap_err();
    assert_eq!(
        (gone.kind, gone.vendor_code.as_deref()),
        (ErrorKind::NotFound, Some("4066"))
    );
}

#[tokio::test]
async fn trap_t34_an_edit_names_nothing_but_what_changes() {
    let data = json!({"success": true, "error_code": 0, "data": {"id": 12, "name": "a"}});
    let client = CannedClient::new()
        .always("POST", "/user/call_categories/edit/12", answers::ok(&data))
        .always(
            "POST",
            "/user/call_categories/delete/12",
            answers::ok(&json!({"success": true})),
        );
    let provider = provider(&client);
    let (taxonomy, caller) = (taxonomy(provider.as_ref()), caller());
    let context = caller.context();
    let change = TermChange {
        name: Patch::Set("b".to_owned()),
        parent_remote_id: Patch::Set("2".to_owned()),
        ..TermChange::default()
    };
    let kind = TermKind::Category;
    taxonomy
        .update_term(&context, kind, "12", &change)
        .await
        .unwrap();
    taxonomy.delete_term(&context, kind, "12").await.unwrap();
    let requests = client.requests();
    assert_eq!(requests[0].json(), json!({"name": "b", "parent_id": 2}));
    assert!(requests[1].body.is_empty());
    assert!(
        requests
            .iter()
            .all(|request| request.safety == Safety::Write)
    );
}

#[tokio::test]
async fn what_does_not_fit_is_refused_where_it_stands() {
    let client = CannedClient::new();
    let provider = provider(&client);
    let (taxonomy, caller) = (taxonomy(provider.as_ref()), caller());
    let context = caller.context();
    let drafted = |change: fn(&mut TermDraft)| {
        let mut draft = named("A");
        change(&mut draft);
        draft
    };
    let (category, folder, search) = (KINDS[0], KINDS[1], KINDS[2]);
    for (kind, draft, pointer) in [
        (category, drafted(|draft| draft.name = " ".into()), "/name"),
        (
            category,
            drafted(|draft| draft.parent_remote_id = Some("x".into())),
            "/parent_remote_id",
        ),
        (
            category,
            drafted(|draft| draft.criteria = Some(json!({}))),
            "/criteria",
        ),
        (
            category,
            drafted(|draft| draft.performer = Some("x".into())),
            "/performer",
        ),
        (
            category,
            drafted(|draft| draft.remote_id = Some("1".into())),
            "/remote_id",
        ),
        (
            folder,
            drafted(|draft| draft.description = Some("x".into())),
            "/description",
        ),
        (
            folder,
            drafted(|draft| draft.parent_remote_id = Some("1".into())),
            "/parent_remote_id",
        ),
        (
            folder,
            drafted(|draft| draft.color = Some("red".into())),
            "/color",
        ),
        (search, drafted(|_draft| {}), "/criteria"),
        (
            search,
            drafted(|draft| draft.criteria = Some(json!([]))),
            "/criteria",
        ),
        (
            search,
            drafted(|draft| draft.active = Some(true)),
            "/active",
        ),
    ] {
        let error = taxonomy
            .create_term(&context, kind, &draft)
            .await
            .unwrap_err();
        assert_eq!(error.pointer.as_deref(), Some(pointer), "{kind:?}");
        assert_eq!(error.kind, ErrorKind::InvalidInput);
    }
    let cleared = TermChange {
        name: Patch::Clear,
        ..TermChange::default()
    };
    let error = taxonomy
        .update_term(&context, category, "1", &cleared)
        .await
        .unwrap_err();
    assert_eq!(error.pointer.as_deref(), Some("/name"));
    for kind in KINDS {
        for odd in ["", "x", "01", "-1", "1/2", ".."] {
            let error = taxonomy.term(&context, kind, odd).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::NotFound, "{kind:?} {odd:?}");
            let error = taxonomy.delete_term(&context, kind, odd).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::NotFound, "{kind:?} {odd:?}");
        }
    }
    let error = taxonomy
        .term(&context, TermKind::Tag, "1")
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.operation),
        (ErrorKind::CapabilityNotSupported, "taxonomy.tags")
    );
    assert!(client.requests().is_empty());
}

#[tokio::test]
async fn case_029_answers_without_success_or_without_a_code_are_answers() {
    for (body, taken) in [
        (
            json!({"error_code": 0, "message": "Directory deleted successfully"}),
            true,
        ),
        (json!({"errorcode": 0}), true),
        (json!({"success": true, "message": "Filter deleted"}), true),
        (json!({"error_code": "0"}), true),
        (json!({}), false),
        (json!({"message": "deleted"}), false),
        (json!({"success": false}), false),
        (refused(4041), false),
        (json!({"success": true, "errorcode": 4066}), false),
    ] {
        let client = CannedClient::new()
            .always("DELETE", "/user/directories/delete/1", answers::ok(&body))
            .always("POST", "/tasks/filters/delete/1", answers::ok(&body))
            .always("POST", "/user/call_categories/delete/1", answers::ok(&body));
        let provider = provider(&client);
        let caller = caller();
        for kind in KINDS {
            let outcome = taxonomy(provider.as_ref())
                .delete_term(&caller.context(), kind, "1")
                .await;
            assert_eq!(outcome.is_ok(), taken, "{kind:?} {body}");
        }
    }
}

#[tokio::test]
async fn what_the_vendor_says_besides_is_kept() {
    let page = json!({"success": true, "items": [{"id": 1, "name": "A", "children_count": "3", "colour": "red"}], "total": 1});
    let folders = json!({"directories": [{"id": 1, "name": "A", "shared": true}]});
    let saved =
        json!({"success": true, "filters": [{"id": 1, "name": "A", "criteria": null, "owner": 3}]});
    let client = CannedClient::new()
        .always("POST", "/user/call_categories/list", answers::ok(&page))
        .always("GET", "/user/directories", answers::ok(&folders))
        .always("GET", "/tasks/filters/list", answers::ok(&saved));
    let provider = provider(&client);
    let caller = caller();
    for (kind, extra) in KINDS.into_iter().zip([
        json!({"colour": "red"}),
        json!({"shared": true}),
        json!({"owner": 3}),
    ]) {
        let term = taxonomy(provider.as_ref())
            .term(&caller.context(), kind, "1")
            .await
            .unwrap();
        assert_eq!(Value::Object(term.extra), extra);
    }
}
