//! What a database can do, and databases for tests.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use callweave_postgres::testing::TestDatabase;
use sqlx::{Connection, Executor, PgConnection};

use crate::helpers::{connect, scratch, start};

#[tokio::test]
async fn cluster_is_durable_and_knows_letters() {
    let directory = scratch();
    let postgres = start(directory.path()).unwrap();
    let mut connection = connect(postgres.url()).await;
    for (setting, expected) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
    ] {
        let value: String = sqlx::query_scalar("SELECT current_setting($1)")
            .bind(setting)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(value, expected, "{setting}");
    }
    let (order, lower): (bool, String) = sqlx::query_as("SELECT 'Z' < 'a', lower('Щука')")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(order, "sorting is by bytes");
    assert_eq!(lower, "щука");
}

#[tokio::test]
async fn tests_do_not_see_each_other() {
    let first = TestDatabase::create().await;
    let second = TestDatabase::create().await;
    assert_ne!(first.name(), second.name());
    let pool = first.pool().await;
    pool.execute("CREATE TABLE only_here (id integer)")
        .await
        .unwrap();
    let seen: Option<String> = sqlx::query_scalar("SELECT to_regclass('only_here')::text")
        .fetch_one(&second.pool().await)
        .await
        .unwrap();
    assert_eq!(seen, None);
}

#[tokio::test]
async fn template_is_set_up_once_for_many_tests_at_once() {
    static SET_UPS: AtomicU32 = AtomicU32::new(0);
    let copies = (0..8).map(|_| {
        tokio::spawn(async {
            let database = TestDatabase::from_template("counted", |url| async move {
                SET_UPS.fetch_add(1, Ordering::Relaxed);
                let mut connection = PgConnection::connect(&url).await.unwrap();
                connection
                    .execute("CREATE TABLE ready (id integer)")
                    .await
                    .unwrap();
                // Dropped, not closed: its session ends a little later.
            })
            .await;
            let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM ready")
                .fetch_one(&database.pool().await)
                .await
                .unwrap();
            assert_eq!(rows, 0);
        })
    });
    for copy in copies.collect::<Vec<_>>() {
        copy.await.unwrap();
    }
    assert_eq!(SET_UPS.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn database_goes_with_its_value() {
    let watcher = TestDatabase::create().await;
    let gone = TestDatabase::create().await;
    let name = gone.name().to_owned();
    // Open sessions do not keep it.
    let _pool = gone.pool().await;
    drop(gone);
    let pool = watcher.pool().await;
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let exists: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
                .bind(&name)
                .fetch_one(&pool)
                .await
                .unwrap();
        if !exists {
            break;
        }
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
