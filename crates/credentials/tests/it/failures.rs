use std::time::Duration;

use callweave_provider::{ErrorKind, Retry};
use callweave_provider_testkit::fake::operation;

use crate::support::{home, password};

#[tokio::test]
async fn case_054_a_renewal_that_panics_is_forgotten_and_tried_again_after_a_pause() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    home.replica().check(&connection).await.unwrap();
    home.clock.forward(Duration::from_hours(2));
    home.vendor.panic_next(operation::REFRESH);
    let replica = home.replica();
    let error = replica.check(&connection).await.unwrap_err();
    assert!(matches!(error.retry, Retry::After(_)), "{error:?}");
    let began = std::time::Instant::now();
    replica.check(&connection).await.unwrap_err();
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "the pause is told at once"
    );
    home.clock.forward(Duration::from_mins(2));
    replica.check(&connection).await.unwrap();
    assert_eq!(home.counted().2, 0);
}

#[tokio::test]
async fn a_vendor_that_cannot_be_reached_costs_no_refresh_token() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    home.replica().check(&connection).await.unwrap();
    home.clock.forward(Duration::from_hours(2));
    let told = Retry::After(Duration::from_secs(30));
    home.vendor
        .fail_next_with(operation::REFRESH, ErrorKind::RateLimited, told);
    home.replica().check(&connection).await.unwrap_err();
    home.clock.forward(Duration::from_mins(1));
    home.replica().check(&connection).await.unwrap();
    assert_eq!(
        home.counted(),
        (1, 2, 0),
        "refused before it was looked at, so it serves again"
    );
}

#[tokio::test]
async fn a_failed_renewal_ahead_of_time_leaves_the_token_in_use() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    home.replica().check(&connection).await.unwrap();
    home.clock.forward(Duration::from_secs(57 * 60));
    home.vendor
        .fail_next(operation::REFRESH, ErrorKind::VendorFailure);
    let replica = home.replica();
    for _ in 0..5 {
        replica.check(&connection).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(home.counted().0, 1);
    assert_eq!(home.counted().1, 1, "one attempt, then a pause");
}

#[tokio::test]
async fn a_stored_token_that_cannot_be_opened_is_replaced() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    home.replica().check(&connection).await.unwrap();
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let epoch = tx
        .lease_token(
            connection.namespace,
            uuid::Uuid::nil(),
            Duration::from_secs(1),
        )
        .await
        .unwrap()
        .unwrap();
    let row = tx.load_token(connection.namespace).await.unwrap();
    let bent = callweave_store::tokens::NewToken {
        by: callweave_store::tokens::Obtained::Refresh,
        ending: None,
        sealed_token: row
            .sealed_token
            .unwrap()
            .into_iter()
            .map(|byte| byte ^ 1)
            .collect(),
        access_expires_at: row.access_expires_at,
        refresh_expires_at: None,
        obtained_at: row.obtained_at.unwrap(),
        remote_id: None,
        cred_version: 1,
    };
    assert!(
        tx.save_token(connection.namespace, epoch, row.gen_number, &bent)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    home.clock.forward(Duration::from_mins(2));
    home.replica().check(&connection).await.unwrap();
    assert_eq!(home.counted(), (2, 0, 0));
}

#[tokio::test]
async fn case_051_a_pair_that_cannot_be_saved_is_used_and_saved_later() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    home.replica().check(&connection).await.unwrap();
    home.clock.forward(Duration::from_hours(2));
    home.vendor
        .delay(operation::REFRESH, Duration::from_millis(300));
    let replica = home.replica();
    let (outcome, ()) = tokio::join!(replica.check(&connection), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        home.set_tokens_away(true).await;
    });
    outcome.unwrap();
    replica.check(&connection).await.unwrap();
    home.set_tokens_away(false).await;
    tokio::time::sleep(Duration::from_millis(1_800)).await;
    home.replica().check(&connection).await.unwrap();
    assert_eq!(home.counted(), (1, 1, 0));
    assert_eq!(home.row(&connection).await.gen_number, 2);
}

#[tokio::test]
async fn a_broker_that_closes_saves_what_is_on_its_way_and_begins_nothing() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    home.vendor
        .delay(operation::LOGIN, Duration::from_millis(200));
    let replica = home.replica();
    let (outcome, ()) = tokio::join!(replica.check(&connection), async {
        while home.vendor.count(operation::LOGIN) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        replica.broker.close().await;
    });
    outcome.unwrap();
    assert!(home.row(&connection).await.sealed_token.is_some());
    home.clock.forward(Duration::from_hours(2));
    let fresh = home.replica();
    fresh.broker.close().await;
    fresh.check(&connection).await.unwrap_err();
    assert_eq!(home.counted(), (1, 0, 0));
}
