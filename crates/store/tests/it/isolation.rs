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

/// Tables of tenants, partitions aside.
const TENANT_TABLES: &str = "SELECT class.relname::text FROM pg_class AS class \
     JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid \
         AND attribute.attname = 'tenant_id' AND NOT attribute.attisdropped \
     WHERE class.relnamespace = 'public'::regnamespace AND class.relkind IN ('r', 'p') \
         AND NOT class.relispartition ORDER BY class.relname";

/// A transaction of the gateway's role for a tenant, in which a test writes its own statements.
async fn as_tenant(
    pool: &sqlx::PgPool,
    tenant: callweave_model::TenantId,
) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let mut tx = pool.begin().await.unwrap();
    sqlx::query(
        "SELECT set_config('role', 'callweave_app', true), set_config('app.tenant', $1, true)",
    )
    .bind(tenant.to_string())
    .execute(&mut *tx)
    .await
    .unwrap();
    tx
}

#[tokio::test]
async fn case_106_statements_without_a_filter_touch_nothing_foreign() {
    let home = home().await;
    home.apply(&[fetched(call("1", "2026-02-01T10:00:00Z", "hello"), noon())])
        .await;
    let other = tenant(&home.store, "other").await;
    connection(&home.store, other, 2).await;
    let pool = home.pool().await;
    let tables: Vec<String> = sqlx::query_scalar(TENANT_TABLES)
        .fetch_all(&pool)
        .await
        .unwrap();
    let mut filled = 0;
    for table in &tables {
        let count = |condition: &str| {
            sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE {condition}"))
        };
        let own = format!("tenant_id = '{other}'");
        let everything: i64 = sqlx::query_scalar(count("true"))
            .fetch_one(&pool)
            .await
            .unwrap();
        let expected: i64 = sqlx::query_scalar(count(&own))
            .fetch_one(&pool)
            .await
            .unwrap();
        filled += i32::from(everything > expected);
        let mut tx = as_tenant(&pool, other).await;
        let seen: i64 = sqlx::query_scalar(count("true"))
            .fetch_one(&mut *tx)
            .await
            .unwrap_or_else(|error| panic!("{table}: {error}"));
        assert_eq!(seen, expected, "{table} shows foreign rows");
        if table == "audit_log" || table == "tenant_limits" {
            continue;
        }
        let statement = format!("UPDATE {table} SET tenant_id = tenant_id");
        let changed = sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&mut *tx)
            .await
            .unwrap_or_else(|error| panic!("{table}: {error}"))
            .rows_affected();
        assert_eq!(i64::try_from(changed).unwrap(), expected, "{table} changed");
        let statement = format!("DELETE FROM {table} WHERE tenant_id <> '{other}'");
        let deleted = sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&mut *tx)
            .await
            .unwrap_or_else(|error| panic!("{table}: {error}"))
            .rows_affected();
        assert_eq!(deleted, 0, "{table} lost foreign rows");
        tx.rollback().await.unwrap();
        // Nor can a row be handed over to somebody else.
        if expected > 0 {
            let mut tx = as_tenant(&pool, other).await;
            let statement = format!("UPDATE {table} SET tenant_id = '{}'", home.tenant);
            let refused = sqlx::query(sqlx::AssertSqlSafe(statement))
                .execute(&mut *tx)
                .await;
            assert!(refused.is_err(), "{table} hands rows over");
        }
    }
    assert!(filled >= 8, "foreign rows stood in {filled} tables only");
}

#[tokio::test]
async fn a_transaction_of_nobody_sees_no_tenants_data() {
    let home = home().await;
    home.apply(&[fetched(call("1", "2026-02-01T10:00:00Z", "hello"), noon())])
        .await;
    let pool = home.pool().await;
    let tables: Vec<String> = sqlx::query_scalar(TENANT_TABLES)
        .fetch_all(&pool)
        .await
        .unwrap();
    for table in tables {
        let mut tx = pool.begin().await.unwrap();
        sqlx::query("SELECT set_config('role', 'callweave_app', true)")
            .execute(&mut *tx)
            .await
            .unwrap();
        let seen: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
                .fetch_one(&mut *tx)
                .await
                .unwrap();
        assert_eq!(seen, 0, "{table}");
    }
}

/// What could not be spread over several servers by tenant.
async fn bound_to_one_server(pool: &sqlx::PgPool) -> Vec<String> {
    let query = "WITH own AS ( \
             SELECT class.oid, class.relname, \
                 (SELECT attnum FROM pg_attribute WHERE attrelid = class.oid \
                     AND attname = 'tenant_id' AND NOT attisdropped) AS tenant \
             FROM pg_class AS class \
             WHERE class.relnamespace = 'public'::regnamespace AND class.relkind IN ('r', 'p') \
                 AND NOT class.relispartition AND class.relname <> '_sqlx_migrations') \
         SELECT relname || ' does not begin with tenant_id' FROM own \
             WHERE tenant IS DISTINCT FROM 1 \
         UNION ALL SELECT own.relname || ' is unique without it: ' || name.relname \
             FROM own JOIN pg_index AS key ON key.indrelid = own.oid \
             JOIN pg_class AS name ON name.oid = key.indexrelid \
             WHERE key.indisunique AND own.tenant IS NOT NULL \
                 AND NOT own.tenant = ANY (key.indkey::int2[]) \
         UNION ALL SELECT own.relname || ' refers without it: ' || reference.conname \
             FROM own JOIN pg_constraint AS reference ON reference.conrelid = own.oid \
             WHERE reference.contype = 'f' AND own.tenant IS NOT NULL \
                 AND NOT own.tenant = ANY (reference.conkey)";
    sqlx::query_scalar(query).fetch_all(pool).await.unwrap()
}

#[tokio::test]
async fn every_key_holds_the_tenant_so_that_the_schema_can_be_spread_over_servers() {
    let home = home().await;
    let pool = home.pool().await;
    assert_eq!(bound_to_one_server(&pool).await, Vec::<String>::new());
    sqlx::raw_sql(
        "CREATE TABLE late (id uuid, tenant_id uuid, PRIMARY KEY (tenant_id, id)); \
         CREATE TABLE lone (tenant_id uuid, id uuid PRIMARY KEY); \
         CREATE TABLE leaning (tenant_id uuid, id uuid REFERENCES lone (id))",
    )
    .execute(&pool)
    .await
    .unwrap();
    let mut found = bound_to_one_server(&pool).await;
    found.sort();
    assert_eq!(
        found,
        [
            "late does not begin with tenant_id",
            "leaning refers without it: leaning_id_fkey",
            "lone is unique without it: lone_pkey",
        ]
    );
}
