use std::time::Duration;

use callweave_provider::{ErrorKind, Retry};
use callweave_provider_testkit::fake::{RefreshRule, Tokens, operation};

use crate::support::{home, password};

#[tokio::test]
async fn case_046_a_refused_login_is_the_last_one_until_the_credentials_change() {
    let home = home().await;
    let connection = home.connection(&password("wrong")).await;
    for _ in 0..10 {
        let error = home.replica().check(&connection).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidCredentials);
        assert_eq!(error.retry, Retry::Never);
        home.clock.forward(Duration::from_hours(3));
    }
    assert_eq!(home.counted(), (1, 0, 0));
    let replaced = home.replace(&connection, &password("correct")).await;
    home.replica().check(&replaced).await.unwrap();
    assert_eq!(home.counted(), (2, 0, 0));
}

#[tokio::test]
async fn case_048_a_login_that_is_rate_limited_waits_as_long_as_it_is_told() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    let told = Retry::After(Duration::from_mins(3));
    home.vendor
        .fail_next_with(operation::LOGIN, ErrorKind::RateLimited, told);
    let error = home.replica().check(&connection).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (ErrorKind::RateLimited, told));
    home.clock.forward(Duration::from_secs(170));
    let error = home.replica().check(&connection).await.unwrap_err();
    assert_eq!(error.retry, Retry::After(Duration::from_secs(10)));
    home.clock.forward(Duration::from_secs(11));
    home.replica().check(&connection).await.unwrap();
    assert_eq!(home.counted(), (2, 0, 0));
}

#[tokio::test]
async fn case_048_logins_are_a_minute_apart_and_five_an_hour_over_all_replicas() {
    let home = home().await;
    home.vendor
        .tokens(|tokens| tokens.refresh = RefreshRule::None);
    let connection = home.connection(&password("correct")).await;
    for _ in 0..40 {
        home.vendor
            .fail_next(operation::LOGIN, ErrorKind::VendorFailure);
    }
    for _ in 0..120 {
        home.replica().check(&connection).await.unwrap_err();
        home.clock.forward(Duration::from_secs(20));
    }
    assert_eq!(home.counted().0, 5, "in forty minutes");
    home.clock.forward(Duration::from_mins(30));
    home.replica().check(&connection).await.unwrap_err();
    assert_eq!(home.counted().0, 6);
}

#[tokio::test]
async fn a_clock_that_was_ahead_for_a_while_does_not_lock_the_account() {
    let home = home().await;
    home.vendor
        .tokens(|tokens| tokens.refresh = RefreshRule::None);
    let connection = home.connection(&password("correct")).await;
    home.clock.forward(Duration::from_hours(2));
    home.replica().check(&connection).await.unwrap();
    home.clock.back(Duration::from_hours(2));
    home.vendor.tokens(Tokens::revoke_access);
    home.replica().check(&connection).await.unwrap();
    assert_eq!(home.counted().0, 2);
}
