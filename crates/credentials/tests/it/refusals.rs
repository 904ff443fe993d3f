use std::time::Duration;

use callweave_provider::ErrorKind;
use callweave_provider_testkit::fake::{RefreshRule, Tokens, operation};

use crate::support::{check, home, password};

#[tokio::test]
async fn case_041_a_token_that_ends_between_check_and_use_is_renewed_once() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    let replica = home.replica();
    replica.check(&connection).await.unwrap();
    home.vendor.tokens(Tokens::revoke_access);
    replica.check(&connection).await.unwrap();
    assert_eq!(
        home.counted(),
        (1, 1, 0),
        "one login at first, then one renewal"
    );
    assert_eq!(home.vendor.count(operation::CHECK), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_041_many_callers_with_one_revoked_token_cost_one_renewal() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    let replica = home.replica();
    let open = replica.open(&connection);
    check(&open).await.unwrap();
    for round in 1..=5 {
        home.vendor.tokens(Tokens::revoke_access);
        // The rule for young tokens lets one renewal a minute through: each round is a new replica.
        home.clock.forward(Duration::from_mins(2));
        let open = home.replica().open(&connection);
        let callers = (0..60).map(|_| check(&open));
        let outcomes = futures::future::join_all(callers).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(home.counted(), (1, round, 0));
    }
}

#[tokio::test]
async fn case_045_a_refused_refresh_token_leads_to_one_login() {
    for revoked in [true, false] {
        let home = home().await;
        let connection = home.connection(&password("correct")).await;
        home.replica().check(&connection).await.unwrap();
        if revoked {
            home.vendor.tokens(Tokens::revoke_refresh);
        } else {
            home.vendor
                .fail_next(operation::REFRESH, ErrorKind::InvalidRequest);
        }
        home.clock.forward(Duration::from_hours(2));
        let replica = home.replica();
        replica.check(&connection).await.unwrap();
        assert_eq!(home.counted(), (2, 1, 0));
        replica.check(&connection).await.unwrap();
        assert_eq!(home.counted(), (2, 1, 0));
    }
}

#[tokio::test]
async fn case_047_an_endpoint_that_refuses_every_token_costs_two_logins_a_day() {
    let home = home().await;
    home.vendor
        .tokens(|tokens| tokens.refresh = RefreshRule::None);
    home.vendor
        .tokens(|tokens| tokens.life = Duration::from_hours(100));
    let connection = home.connection(&password("correct")).await;
    let replica = home.replica();
    let open = replica.open(&connection);
    check(&open).await.unwrap();
    home.vendor.refuse(operation::STREAMS, true);
    home.clock.forward(Duration::from_mins(2));
    for _ in 0..20 {
        home.clock.forward(Duration::from_mins(2));
        let error = open
            .run("test", |access| {
                let open = &open;
                Box::pin(async move {
                    open.provider()
                        .pull()
                        .unwrap()
                        .streams(&access.context())
                        .await
                })
            })
            .await
            .unwrap_err();
        assert_eq!(
            error.kind,
            ErrorKind::Forbidden,
            "the rights, not the credentials"
        );
        check(&open).await.unwrap();
    }
    assert_eq!(home.counted().0, 2, "the first one, and one to be sure");
}

#[tokio::test]
async fn case_053_a_vendor_that_repeats_or_omits_the_refresh_token_is_renewed_all_the_same() {
    for rule in [RefreshRule::Repeats, RefreshRule::Stays] {
        let home = home().await;
        home.vendor.tokens(|tokens| tokens.refresh = rule);
        let connection = home.connection(&password("correct")).await;
        for renewals in 0..3 {
            home.replica().check(&connection).await.unwrap();
            assert_eq!(home.counted(), (1, renewals, 0), "{rule:?}");
            home.clock.forward(Duration::from_hours(2));
        }
    }
}

#[tokio::test]
async fn a_vendor_without_refresh_logs_in_and_deletes_the_token_before() {
    let home = home().await;
    home.vendor
        .tokens(|tokens| tokens.refresh = RefreshRule::None);
    let connection = home.connection(&password("correct")).await;
    home.replica().check(&connection).await.unwrap();
    home.clock.forward(Duration::from_hours(2));
    let replica = home.replica();
    replica.check(&connection).await.unwrap();
    replica.broker.close().await;
    assert_eq!(home.counted().0, 2);
    assert_eq!(
        home.vendor.tokens(|tokens| tokens.revoked.clone()),
        ["token-1"]
    );
}
