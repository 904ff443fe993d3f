//! One tenant never sees another's rows, whatever the statement says.

use callweave_store::calls::{CallFilter, Order};

use crate::support::{call, connection, fetched, home, noon, tenant};

#[tokio::test]
async fn case_106_a_tenant_sees_nothing_foreign() {
    let home = home().await;
    home.apply(&[fetched(call("1", "2026-02-01T10:00:00Z", "hello"), noon())])
        .await;
    let other = tenant(&home.store, "other").await;
    connection(&home.store, other, 2).await;
    let id = callweave_model::CallId::derive(home.scope.namespace, "1");
    let mut tx = home.store.tenant(other).await.unwrap();
    assert!(tx.find_call(id).await.unwrap().is_none());
    assert!(
        tx.list_calls(&CallFilter::default(), Order::Desc, None, 5)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(tx.find_connection(home.scope.id).await.unwrap().is_none());
    assert!(tx.list_streams(home.scope.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_foreign_connection_takes_no_calls() {
    let home = home().await;
    let other = tenant(&home.store, "other").await;
    let batch = [fetched(call("1", "2026-02-01T10:00:00Z", "hello"), noon())];
    home.store.prepare_months(&batch, noon()).await.unwrap();
    let mut tx = home.store.tenant(other).await.unwrap();
    assert!(tx.apply(&home.scope, &batch, noon()).await.is_err());
}

#[tokio::test]
async fn every_table_keeps_tenants_apart() {
    let home = home().await;
    home.store.verify_isolation().await.unwrap();
    assert!(!home.store.needs_migration().await.unwrap());
    home.store.migrate().await.unwrap();
}
