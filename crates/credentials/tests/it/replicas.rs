use std::time::Duration;

use callweave_provider::ErrorKind;
use callweave_provider_testkit::fake::operation;

use crate::support::{check, home, password};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_042_a_thousand_callers_on_one_expired_token_cost_one_renewal() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    home.replica().check(&connection).await.unwrap();
    home.clock.forward(Duration::from_hours(2));
    home.vendor
        .delay(operation::REFRESH, Duration::from_millis(100));
    let open = home.replica().open(&connection);
    let callers = (0..1_000).map(|_| check(&open));
    let outcomes = futures::future::join_all(callers).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(home.counted(), (1, 1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_043_three_replicas_with_one_expired_token_cost_one_renewal() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    home.replica().check(&connection).await.unwrap();
    home.vendor
        .delay(operation::REFRESH, Duration::from_millis(200));
    for round in 1..=3 {
        home.clock.forward(Duration::from_hours(2));
        let replicas: Vec<_> = (0..3).map(|_| home.replica()).collect();
        let opened: Vec<_> = replicas
            .iter()
            .map(|replica| replica.open(&connection))
            .collect();
        let callers = (0..30).map(|number| check(&opened[number % 3]));
        let outcomes = futures::future::join_all(callers).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(home.counted(), (1, round, 0));
    }
}

#[tokio::test]
async fn case_049_a_caller_that_leaves_does_not_stop_the_renewal() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    home.vendor.delay(operation::LOGIN, Duration::from_secs(4));
    let replica = home.replica();
    // Long enough for the login to have begun on a busy machine.
    let left = tokio::time::timeout(Duration::from_secs(2), replica.check(&connection)).await;
    assert!(left.is_err());
    replica.broker.close().await;
    assert!(home.row(&connection).await.sealed_token.is_some());
    home.replica().check(&connection).await.unwrap();
    assert_eq!(home.counted(), (1, 0, 0));
}

#[tokio::test]
async fn case_050_a_renewal_whose_answer_is_lost_heals_by_login_and_spends_nothing_twice() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    home.replica().check(&connection).await.unwrap();
    home.clock.forward(Duration::from_hours(2));
    home.vendor.lose_next(operation::REFRESH);
    let error = home.replica().check(&connection).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transport);
    home.clock.forward(Duration::from_mins(5));
    home.replica().check(&connection).await.unwrap();
    assert_eq!(home.counted(), (2, 1, 0));
}

#[tokio::test]
async fn case_050_a_replica_that_dies_in_mid_renewal_is_followed_by_another() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    home.replica().check(&connection).await.unwrap();
    home.clock.forward(Duration::from_hours(2));
    // What a replica leaves behind that was killed after the vendor answered: lease and intent.
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let owner = uuid::Uuid::from_u128(99);
    let lease = Duration::from_millis(300);
    let epoch = tx
        .lease_token(connection.namespace, owner, lease)
        .await
        .unwrap()
        .unwrap();
    let seen = tx
        .load_token(connection.namespace)
        .await
        .unwrap()
        .gen_number;
    assert!(
        tx.note_token_intent(connection.namespace, epoch, seen)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    home.replica().check(&connection).await.unwrap();
    assert_eq!(
        home.counted(),
        (2, 0, 0),
        "the refresh token may be spent: a login"
    );
}

#[tokio::test]
async fn case_052_a_replica_that_was_overtaken_changes_nothing() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    home.replica().check(&connection).await.unwrap();
    home.clock.forward(Duration::from_hours(2));
    home.vendor
        .delay(operation::REFRESH, Duration::from_millis(400));
    let slow = home.replica();
    let late = {
        let connection = connection.clone();
        tokio::spawn(async move { slow.check(&connection).await })
    };
    tokio::time::sleep(Duration::from_millis(150)).await;
    // The lease runs out while its owner stands still; another one takes it and finishes.
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let before = tx.load_token(connection.namespace).await.unwrap();
    tx.release_token(connection.namespace, before.lease_epoch)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    home.vendor.delay(operation::REFRESH, Duration::ZERO);
    let quick = home.replica();
    quick.check(&connection).await.unwrap();
    let after = home.row(&connection).await;
    late.await.unwrap().unwrap();
    let last = home.row(&connection).await;
    assert_eq!(
        last.gen_number, after.gen_number,
        "the late result is not the current one"
    );
    assert_eq!(last.sealed_token, after.sealed_token);
    assert!(last.sealed_orphan.is_some(), "it is set aside");
    quick.check(&connection).await.unwrap();
    assert_eq!(home.counted().2, 0);
}

#[tokio::test]
async fn case_058_a_result_got_with_replaced_credentials_is_thrown_away() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    home.vendor
        .delay(operation::LOGIN, Duration::from_millis(300));
    let slow = home.replica();
    let late = {
        let (slow, connection) = (slow.clone(), connection.clone());
        tokio::spawn(async move { slow.check(&connection).await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    home.vendor
        .tokens(|tokens| tokens.password = "changed".to_owned());
    let replaced = home.replace(&connection, &password("changed")).await;
    home.vendor.delay(operation::LOGIN, Duration::ZERO);
    let _outcome = late.await.unwrap();
    home.clock.forward(Duration::from_mins(2));
    slow.check(&replaced).await.unwrap();
    let row = home.row(&replaced).await;
    assert_eq!(row.cred_version, 2);
    assert_eq!(
        home.counted(),
        (2, 0, 0),
        "nothing of the old login is used"
    );
    let issued = home.vendor.tokens(|tokens| tokens.issued());
    assert!(issued <= 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_044_two_hundred_accounts_that_expire_together_cost_one_renewal_each() {
    let home = home().await;
    let names: Vec<String> = (0..200).map(|number| format!("account-{number}")).collect();
    let mut connections = Vec::new();
    for name in &names {
        let vendor = home.factory.account(name);
        vendor.set_clock(std::sync::Arc::<crate::support::HandClock>::clone(
            &home.clock,
        ));
        let connection = home.connection_to(name, &password("correct")).await;
        home.replica().check(&connection).await.unwrap();
        vendor.delay(operation::REFRESH, Duration::from_millis(20));
        connections.push(connection);
    }
    home.clock.forward(Duration::from_hours(2));
    let replicas = [home.replica(), home.replica()];
    let opened: Vec<_> = connections
        .iter()
        .flat_map(|connection| replicas.each_ref().map(|replica| replica.open(connection)))
        .collect();
    let began = std::time::Instant::now();
    let callers = opened
        .iter()
        .flat_map(|open| (0..5).map(move |_| check(open)));
    let outcomes = futures::future::join_all(callers).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    for name in &names {
        let vendor = home.factory.account(name);
        let counted = (
            vendor.count(operation::LOGIN),
            vendor.count(operation::REFRESH),
        );
        assert_eq!(counted, (1, 1), "{name}");
        assert_eq!(vendor.tokens(|tokens| tokens.spent_reuses), 0);
    }
}
