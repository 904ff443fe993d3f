//! Sessions of the database that wait for each other.

use std::time::Duration;

/// Waits until so many sessions of this database wait for others.
pub(crate) async fn wait_for_waiting(pool: &sqlx::PgPool, sessions: i64) {
    let query = "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock'";
    loop {
        let waiting: i64 = sqlx::query_scalar(query).fetch_one(pool).await.unwrap();
        if waiting >= sessions {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
