//! Months are made before they are needed, and dropped when nothing lies in them any more.

use std::time::{Duration, Instant};

use callweave_model::{Clock as _, SystemClock, TenantId};
use callweave_store::calls::ConnectionScope;

use crate::support::{Home, at, call, connection, fetched, home, noon, tenant};

const PARTS: [&str; 3] = ["calls", "call_documents", "call_search"];

/// The parts of a month that are there.
async fn parts(home: &Home, month: &str) -> usize {
    let names: Vec<String> = PARTS.iter().map(|part| format!("{part}_{month}")).collect();
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_class WHERE relname = ANY($1)")
        .bind(names)
        .fetch_one(&home.pool().await)
        .await
        .unwrap();
    usize::try_from(found).unwrap()
}

/// Deletes what a tenant keeps no longer, as the worker does.
async fn expire(home: &Home, tenant: TenantId, before: &str) {
    loop {
        let mut tx = home.store.tenant(tenant).await.unwrap();
        let gone = tx.expire_calls(at(before), noon()).await.unwrap();
        tx.commit().await.unwrap();
        if gone == 0 {
            return;
        }
    }
}

/// The months that are dropped; what was made for the month that tests take for this one is not told.
async fn drop_empty_since(home: &Home, rest: Duration) -> Vec<String> {
    let mut dropped = home.store.drop_empty_months(rest).await.unwrap();
    dropped.retain(|month| month != "2026-03-01");
    dropped
}

async fn drop_empty(home: &Home) -> Vec<String> {
    drop_empty_since(home, Duration::ZERO).await
}

/// Two tenants with a call each in a month long past; the second one's connection.
async fn two_tenants(started: &str) -> (Home, TenantId, ConnectionScope) {
    let home = home().await;
    let other = tenant(&home.store, "other").await;
    let scope = connection(&home.store, other, 2).await;
    let batch = [fetched(call("1", started, "words"), noon())];
    home.apply(&batch).await;
    let mut tx = home.store.tenant(other).await.unwrap();
    tx.apply(&scope, &batch, noon()).await.unwrap();
    tx.commit().await.unwrap();
    (home, other, scope)
}

#[tokio::test]
async fn a_month_goes_when_the_last_tenant_keeps_nothing_of_it() {
    let (home, other, _) = two_tenants("2024-03-05T10:00:00Z").await;
    assert_eq!(parts(&home, "202403").await, 3);
    expire(&home, home.tenant, "2024-06-01T00:00:00Z").await;
    for _ in 0..3 {
        assert_eq!(drop_empty(&home).await, Vec::<String>::new());
    }
    assert_eq!(home.count("calls_202403").await, 1, "the other one's");
    assert_eq!(home.count("call_documents_202403").await, 1);

    expire(&home, other, "2024-06-01T00:00:00Z").await;
    // Marked first: somebody may be about to write there.
    assert_eq!(drop_empty(&home).await, Vec::<String>::new());
    let waits = drop_empty_since(&home, Duration::from_hours(1)).await;
    assert_eq!(waits, Vec::<String>::new());
    assert_eq!(parts(&home, "202403").await, 3);
    assert_eq!(drop_empty(&home).await, ["2024-03-01"]);
    assert_eq!(parts(&home, "202403").await, 0);
    // A second worker finds nothing to do.
    assert_eq!(drop_empty(&home).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_month_that_holds_the_rest_of_a_call_is_kept() {
    for part in PARTS {
        let (home, other, _) = two_tenants("2024-03-05T10:00:00Z").await;
        let pool = home.pool().await;
        for emptied in PARTS.iter().filter(|name| **name != part) {
            let statement = sqlx::AssertSqlSafe(format!("DELETE FROM {emptied}_202403"));
            sqlx::raw_sql(statement).execute(&pool).await.unwrap();
        }
        for _ in 0..3 {
            assert_eq!(drop_empty(&home).await, Vec::<String>::new(), "{part}");
        }
        expire(&home, other, "2024-06-01T00:00:00Z").await;
        assert_eq!(parts(&home, "202403").await, 3, "{part}");
    }
}

#[tokio::test]
async fn a_month_that_somebody_is_about_to_write_to_is_kept() {
    let (home, other, scope) = two_tenants("2024-03-05T10:00:00Z").await;
    for tenant in [home.tenant, other] {
        expire(&home, tenant, "2024-06-01T00:00:00Z").await;
    }
    assert_eq!(drop_empty(&home).await, Vec::<String>::new());
    // A while later: what was known of the month is not relied on any more.
    let late = noon().plus(Duration::from_hours(1));
    let batch = [fetched(call("2", "2024-03-09T10:00:00Z", "words"), late)];
    home.store.prepare_months(&batch, late).await.unwrap();
    assert_eq!(drop_empty(&home).await, Vec::<String>::new(), "marked anew");
    let mut tx = home.store.tenant(other).await.unwrap();
    tx.apply(&scope, &batch, late).await.unwrap();
    // It is not committed, and not waited for.
    let began = Instant::now();
    assert_eq!(drop_empty(&home).await, Vec::<String>::new(), "in use");
    assert!(began.elapsed() < Duration::from_secs(5));
    tx.commit().await.unwrap();
    assert_eq!(drop_empty(&home).await, Vec::<String>::new(), "filled");
    assert_eq!(home.count("calls_202403").await, 1);
}

#[tokio::test]
async fn a_month_that_was_dropped_is_made_again() {
    let (home, other, _) = two_tenants("2024-03-05T10:00:00Z").await;
    for tenant in [home.tenant, other] {
        expire(&home, tenant, "2024-06-01T00:00:00Z").await;
    }
    drop_empty(&home).await;
    assert_eq!(drop_empty(&home).await, ["2024-03-01"]);
    let late = noon().plus(Duration::from_hours(1));
    let batch = [fetched(call("2", "2024-03-09T10:00:00Z", "words"), late)];
    assert_eq!(home.apply_at(&batch, late).await.created, 1);
    assert_eq!(home.count("calls_202403").await, 1);
    assert_eq!(home.count("calls_rest").await, 0);
}

#[tokio::test]
async fn this_month_and_the_next_are_there_before_their_calls_and_stay() {
    let home = home().await;
    let today = SystemClock.now();
    home.store.open_months(today).await.unwrap();
    let months = [today, today.plus(Duration::from_hours(24 * 31))];
    for _ in 0..3 {
        assert_eq!(drop_empty(&home).await, Vec::<String>::new());
    }
    for month in months {
        let name = month.as_jiff().strftime("%Y%m").to_string();
        assert_eq!(parts(&home, &name).await, 3, "{name}");
    }
}

#[tokio::test]
async fn only_the_gateways_role_may_ask_for_it() {
    let home = home().await;
    let pool = home.pool().await;
    let may: Vec<(bool, bool)> = sqlx::query_as(
        "SELECT has_function_privilege('callweave_app', oid, 'EXECUTE'), \
             has_function_privilege('pg_monitor', oid, 'EXECUTE') \
         FROM pg_proc WHERE proname = 'retire_call_partition'",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(may, [(true, false)]);
}
