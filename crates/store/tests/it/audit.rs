//! The audit log only grows.

use callweave_store::{
    audit::{Actor, ActorKind, AuditFilter, NewEntry, Outcome},
    calls::Order,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{home, tenant};

fn entry(action: &'static str, key: u128) -> NewEntry {
    NewEntry {
        actor: Actor {
            id: Some(Uuid::from_u128(key)),
            ..Actor::of(ActorKind::ApiKey)
        },
        action,
        resource: Some(format!("/v1/things/{key}")),
        request_id: Some("r".to_owned()),
        outcome: Outcome::Succeeded,
        count: 1,
        detail: json!({"name": "a"}),
    }
}

#[tokio::test]
async fn entries_are_found_by_who_what_where_and_page_by_page() {
    let home = home().await;
    for (action, key) in [("a.made", 1), ("a.changed", 1), ("a.made", 2)] {
        let mut tx = home.store.tenant(home.tenant).await.unwrap();
        tx.audit(&entry(action, key)).await.unwrap();
        tx.commit().await.unwrap();
    }
    let list = async |filter: AuditFilter, order, after, limit| {
        let mut tx = home.store.tenant(home.tenant).await.unwrap();
        tx.list_audit(&filter, order, after, limit).await.unwrap()
    };
    let all = list(AuditFilter::default(), Order::Asc, None, 10).await;
    assert_eq!(all.len(), 3);
    let first = &all[0];
    assert_eq!(
        (first.action.as_str(), first.outcome.as_str(), first.count),
        ("a.made", "succeeded", 1)
    );
    let rest = list(
        AuditFilter::default(),
        Order::Asc,
        Some((first.at(), first.id)),
        10,
    )
    .await;
    let ids = |entries: &[callweave_store::audit::Entry]| -> Vec<Uuid> {
        entries.iter().map(|entry| entry.id).collect()
    };
    assert_eq!(ids(&rest), ids(&all[1..]));
    let newest = list(AuditFilter::default(), Order::Desc, None, 1).await;
    assert_eq!(ids(&newest), ids(&all[2..]));
    for (filter, count) in [
        (
            AuditFilter {
                actors: vec![Uuid::from_u128(2)],
                ..AuditFilter::default()
            },
            1,
        ),
        (
            AuditFilter {
                actions: vec!["a.made".to_owned()],
                ..AuditFilter::default()
            },
            2,
        ),
        (
            AuditFilter {
                resource: Some("/v1/things/1".to_owned()),
                ..AuditFilter::default()
            },
            2,
        ),
        (
            AuditFilter {
                before: Some(first.at()),
                ..AuditFilter::default()
            },
            0,
        ),
        (
            AuditFilter {
                after: Some(first.at()),
                ..AuditFilter::default()
            },
            3,
        ),
    ] {
        let found = list(filter.clone(), Order::Asc, None, 10).await;
        assert_eq!(found.len(), count, "{filter:?}");
    }
    let stranger = tenant(&home.store, "other").await;
    let mut tx = home.store.tenant(stranger).await.unwrap();
    let foreign = tx
        .list_audit(&AuditFilter::default(), Order::Asc, None, 10)
        .await
        .unwrap();
    assert!(foreign.is_empty());
}

#[tokio::test]
async fn what_is_written_cannot_be_changed_or_removed() {
    let home = home().await;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    tx.audit(&entry("a.made", 1)).await.unwrap();
    tx.commit().await.unwrap();
    let pool = home.pool().await;
    for statement in [
        "UPDATE audit_log SET action = 'nothing'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
    ] {
        let mut tx = pool.begin().await.unwrap();
        sqlx::query(
            "SELECT set_config('role', 'callweave_app', true), set_config('app.tenant', $1, true)",
        )
        .bind(home.tenant.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
        let refused = sqlx::query(statement).execute(&mut *tx).await.unwrap_err();
        let code = refused
            .as_database_error()
            .and_then(|error| error.code().map(std::borrow::Cow::into_owned));
        assert_eq!(code.as_deref(), Some("42501"), "{statement}");
    }
    assert_eq!(home.count("audit_log").await, 1);
}
