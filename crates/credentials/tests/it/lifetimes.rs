use std::{sync::Arc, time::Duration};

use callweave_model::Clock as _;
use callweave_provider::{ErrorKind, token::Expiry};
use callweave_provider_testkit::fake::operation;

use crate::support::{HandClock, home, password};

#[tokio::test]
async fn case_055_a_vendor_clock_that_is_off_causes_no_loop_of_renewals() {
    for (ahead, minutes) in [(true, 10), (false, 10), (true, 70), (false, 70)] {
        let home = home().await;
        let vendor_clock = HandClock::new();
        let skew = Duration::from_mins(minutes);
        if ahead {
            vendor_clock.forward(skew);
        } else {
            vendor_clock.back(skew);
        }
        home.vendor
            .set_clock(Arc::<HandClock>::clone(&vendor_clock));
        let end = vendor_clock.now().plus(Duration::from_hours(1));
        home.vendor.tokens(|tokens| {
            tokens.jwt = true;
            tokens.told = Some(Expiry::At(end));
        });
        let connection = home.connection(&password("correct")).await;
        let replica = home.replica();
        for _ in 0..20 {
            replica.check(&connection).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (logins, renewals, _) = home.counted();
        assert!(
            logins + renewals <= 2,
            "{minutes} min, ahead {ahead}: {logins} + {renewals}"
        );
    }
}

#[tokio::test]
async fn case_055_our_own_clock_may_jump() {
    let home = home().await;
    home.vendor.set_clock(HandClock::new());
    let connection = home.connection(&password("correct")).await;
    let replica = home.replica();
    for round in 0..10 {
        replica.check(&connection).await.unwrap();
        if round % 2 == 0 {
            home.clock.forward(Duration::from_hours(1));
        } else {
            home.clock.back(Duration::from_hours(1));
        }
    }
    assert_eq!(
        home.counted(),
        (1, 0, 0),
        "a token's life runs on a monotonic clock"
    );
    home.replica().check(&connection).await.unwrap();
    let (logins, renewals, spent) = home.counted();
    assert!(logins + renewals <= 3 && spent == 0);
}

#[tokio::test]
async fn case_055_a_pause_of_a_clock_that_was_ahead_does_not_lock_the_account() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    home.clock.forward(Duration::from_hours(3));
    home.vendor.set_clock(HandClock::new());
    home.vendor
        .fail_next(operation::LOGIN, ErrorKind::VendorFailure);
    home.replica().check(&connection).await.unwrap_err();
    home.clock.back(Duration::from_hours(3));
    home.replica().check(&connection).await.unwrap();
    assert_eq!(home.counted(), (2, 0, 0));
}

#[tokio::test]
async fn case_056_garbage_about_the_end_causes_no_hot_loop() {
    let long_ago = "1970-01-01T00:00:00Z".parse().unwrap();
    for told in [
        Expiry::Unknown,
        Expiry::At(long_ago),
        Expiry::After(Duration::ZERO),
        Expiry::After(Duration::from_secs(1)),
        Expiry::After(Duration::MAX),
    ] {
        let home = home().await;
        home.vendor.tokens(|tokens| tokens.told = Some(told));
        let connection = home.connection(&password("correct")).await;
        let replica = home.replica();
        for _ in 0..20 {
            replica.check(&connection).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        home.replica().check(&connection).await.unwrap();
        assert_eq!(home.counted(), (1, 0, 0), "{told:?}");
        assert_eq!(home.vendor.count(operation::CHECK), 21);
    }
}

#[tokio::test]
async fn in_the_last_tenth_of_its_life_a_token_is_renewed_behind_the_callers_back() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    home.replica().check(&connection).await.unwrap();
    home.clock.forward(Duration::from_mins(57));
    home.vendor
        .delay(operation::REFRESH, Duration::from_millis(300));
    let replica = home.replica();
    let began = std::time::Instant::now();
    replica.check(&connection).await.unwrap();
    replica.check(&connection).await.unwrap();
    assert!(
        began.elapsed() < Duration::from_millis(250),
        "nobody waited"
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    replica.check(&connection).await.unwrap();
    replica.broker.close().await;
    assert_eq!(home.counted(), (1, 1, 0));
    assert_eq!(home.row(&connection).await.gen_number, 2);
}
