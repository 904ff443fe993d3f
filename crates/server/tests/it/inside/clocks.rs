//! Replicas whose machines do not agree about the time.

use std::time::Duration;

use callweave_sandbox::{CallPatch, FaultKind, FaultSpec, LinePatch, Vendor};
use callweave_store::connections::Connection;
use tokio_util::sync::CancellationToken;

use super::{Inside, Replica};
use crate::support::eventually;

/// Ten minutes.
const OFF: i64 = 10 * 60 * 1_000;

/// A turn that is due at once; whether there was one.
async fn turn(inside: &Inside, replica: &Replica, connection: &Connection) -> bool {
    let mut tx = replica.store.tenant(inside.tenant).await.unwrap();
    tx.request_sync(connection.id, false).await.unwrap();
    tx.commit().await.unwrap();
    replica
        .engine()
        .turn(&CancellationToken::new())
        .await
        .unwrap()
}

async fn versions(inside: &Inside) -> Vec<(String, i32)> {
    let pool = inside.database.pool().await;
    sqlx::query_as("SELECT remote_id, version FROM calls ORDER BY remote_id")
        .fetch_all(&pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn case_078_a_replica_whose_clock_is_ten_minutes_off_takes_no_lease_and_outdates_nobody() {
    for off in [OFF, -OFF] {
        let vendor = Vendor::Transcripto;
        let inside = Inside::new(12).await;
        let (right, wrong) = (inside.replica(), inside.replica_off_by(off).await);
        let apart = (wrong.clock.now().as_millis() - right.clock.now().as_millis()).abs();
        assert!(apart < 2_000, "it follows the database's: {apart} ms");
        let (settings, credentials) = inside.account(vendor);
        let connection = inside.connect(&right, vendor, settings, &credentials).await;

        // While one holds the lease, the other has no turn, however late it thinks it is.
        let slow = FaultKind::Slow { ms: 100 };
        inside.fault(FaultSpec::always(vendor, "*", slow));
        let (engine, stop) = (right.engine(), CancellationToken::new());
        let held = tokio::spawn(async move { engine.turn(&stop).await.unwrap() });
        while inside.sandbox.world().requests(Some(vendor), None).total < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut refused = 0;
        while !held.is_finished() {
            let under_way = !held.is_finished();
            let had_a_turn = wrong
                .engine()
                .turn(&CancellationToken::new())
                .await
                .unwrap();
            if under_way && !held.is_finished() {
                assert!(!had_a_turn, "{off} ms: a lease was taken from its owner");
                refused += 1;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(held.await.unwrap());
        assert!(refused > 0);
        inside.sandbox.world().clear_faults();

        // By turns they store what is new, each after the other.
        for round in 0..4 {
            let before = versions(&inside).await;
            assert_eq!(before.len(), 12, "{off} ms");
            let (id, _) = &before[0];
            let line = LinePatch {
                speaker: "operator".to_owned(),
                text: format!("Said in round {round}."),
            };
            let patch = CallPatch {
                lines: Some(vec![line]),
                ..CallPatch::default()
            };
            assert!(inside.sandbox.world().change_record(vendor, id, patch));
            let by = if round % 2 == 0 { &wrong } else { &right };
            let what = format!("{off} ms, round {round}");
            eventually(&what, Duration::from_secs(60), async || {
                turn(&inside, by, &connection).await;
                let after = versions(&inside).await;
                if after[0].1 > before[0].1 {
                    Ok(())
                } else {
                    Err(format!("{before:?}, {after:?}"))
                }
            })
            .await;
        }
        assert!(!fresh_in_the_future(&inside).await, "{off} ms");
    }
}

/// Whether a walk is said to have proved what has not happened yet.
async fn fresh_in_the_future(inside: &Inside) -> bool {
    let pool = inside.database.pool().await;
    sqlx::query_scalar("SELECT fresh_as_of > now() + interval '2 s' FROM sync_state")
        .fetch_one(&pool)
        .await
        .unwrap()
}
