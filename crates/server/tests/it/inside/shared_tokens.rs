//! What replicas know together about tokens.

use std::time::Duration;

use callweave_provider::ErrorKind;
use callweave_sandbox::{FaultKind, FaultSpec, TokenLifetimes, Vendor};
use serde_json::json;

use super::Inside;
use crate::support::eventually;

#[tokio::test]
async fn two_connections_to_one_account_share_its_token() {
    let inside = Inside::new(1).await;
    let replicas = [inside.replica(), inside.replica()];
    let (settings, credentials) = inside.account(Vendor::Neuro);
    let mut connections = Vec::new();
    for replica in &replicas {
        let connection = inside
            .connect(replica, Vendor::Neuro, settings.clone(), &credentials)
            .await;
        connections.push(connection);
    }
    assert_eq!(connections[0].namespace, connections[1].namespace);
    let check_all = async || {
        for replica in &replicas {
            for connection in &connections {
                replica.check(connection).await.unwrap();
            }
        }
    };
    check_all().await;
    let tally = inside.tally(Vendor::Neuro);
    assert_eq!((tally.logins, tally.refreshes), (1, 0));
    inside.forward(Duration::from_mins(59));
    let fresh = inside.replica();
    eventually("the renewal ahead", Duration::from_secs(60), async || {
        fresh.check(&connections[1]).await.unwrap();
        match inside.tally(Vendor::Neuro).refreshes {
            1 => Ok(()),
            other => Err(other.to_string()),
        }
    })
    .await;
    fresh.broker.close().await;
    check_all().await;
    let tally = inside.tally(Vendor::Neuro);
    assert_eq!((tally.logins, tally.refreshes, tally.reused), (1, 1, 0));
    // Both owners are told, and see the same standing.
    for connection in &connections {
        let types = inside.event_types(connection.id).await;
        assert_eq!(types.last().unwrap(), "connection.token_renewed");
        let stands = inside.stored(&replicas[0], connection.id).await;
        let token = stands.token.unwrap();
        assert_eq!(token.gen_number, 2);
        assert!(token.is_there && token.expires_at.unwrap() > inside.now());
    }
}

#[tokio::test]
async fn case_045_an_expired_refresh_token_costs_one_login_and_is_told() {
    let inside = Inside::new(1).await;
    let replica = inside.replica();
    let (settings, credentials) = inside.account(Vendor::Neuro);
    let connection = inside
        .connect(&replica, Vendor::Neuro, settings, &credentials)
        .await;
    replica.check(&connection).await.unwrap();
    // Revoked at the vendor before its time; a day later it would not even be tried.
    inside.sandbox.world().expire_tokens(Vendor::Neuro, true);
    inside.forward(Duration::from_hours(2));
    let callers = (0..20).map(|_| replica.check(&connection));
    let outcomes = futures::future::join_all(callers).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let tally = inside.tally(Vendor::Neuro);
    assert_eq!((tally.logins, tally.refreshes, tally.reused), (2, 0, 0));
    inside.forward(Duration::from_hours(30));
    let restarted = inside.replica();
    restarted.check(&connection).await.unwrap();
    assert_eq!(inside.tally(Vendor::Neuro).logins, 3);
    let events = inside.events().await;
    let renewed: Vec<_> = events
        .iter()
        .filter(|(event_type, ..)| event_type == "connection.token_renewed")
        .collect();
    assert_eq!(renewed.len(), 2, "{events:?}");
    assert_eq!(renewed[0].2["by"], "login");
    assert!(renewed[0].2["expires_at"].is_string(), "{:?}", renewed[0]);
}

#[tokio::test]
async fn case_047_an_endpoint_that_refuses_fresh_tokens_is_left_alone_by_all_replicas() {
    let inside = Inside::new(1).await;
    let (settings, credentials) = inside.account(Vendor::CallGear);
    let replica = inside.replica();
    let connection = inside
        .connect(&replica, Vendor::CallGear, settings, &credentials)
        .await;
    replica.check(&connection).await.unwrap();
    // From now on the vendor's cheapest operation answers 401, whatever the token.
    let operation = {
        let report = inside
            .sandbox
            .world()
            .requests(Some(Vendor::CallGear), None);
        report.latest.last().unwrap().operation.clone()
    };
    inside.fault(FaultSpec::always(
        Vendor::CallGear,
        &operation,
        FaultKind::Status { status: 401 },
    ));
    inside.forward(Duration::from_mins(2));
    let ask = async |replica: &super::Replica| {
        let error = replica.check(&connection).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Forbidden, "the rights: {error}");
    };
    ask(&replica).await;
    assert_eq!(inside.tally(Vendor::CallGear).logins, 2, "one to be sure");
    // Neither a restart nor another replica forgets it; a day of asking costs one login more.
    for quarter in 0..4 * 24 {
        if quarter % 8 == 0 {
            let restarted = inside.replica();
            ask(&restarted).await;
            restarted.store.close().await;
        }
        ask(&replica).await;
        inside.forward(Duration::from_mins(15));
    }
    let logins = inside.tally(Vendor::CallGear).logins;
    assert!(logins <= 3, "the first, and two in a day: {logins}");
    let mut tx = replica.store.tenant(inside.tenant).await.unwrap();
    let resting = tx
        .list_endpoint_rests(connection.namespace, inside.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(resting.len(), 1, "{resting:?}");
    assert_eq!(resting[0].0, operation);
}

#[tokio::test]
async fn case_053_a_renewal_without_a_new_refresh_token_keeps_the_old_one() {
    let inside = Inside::new(1).await;
    let (settings, credentials) = inside.account(Vendor::Neuro);
    let replica = inside.replica();
    let connection = inside
        .connect(&replica, Vendor::Neuro, settings, &credentials)
        .await;
    replica.check(&connection).await.unwrap();
    let fault = FaultKind::Edit {
        set: serde_json::Map::new(),
        remove: vec!["/refresh_token".to_owned()],
    };
    inside.fault(FaultSpec::always(Vendor::Neuro, "NN-02", fault).times(1));
    inside.forward(Duration::from_mins(61));
    inside.replica().check(&connection).await.unwrap();
    let row = async || {
        let mut tx = replica.store.tenant(inside.tenant).await.unwrap();
        let row = tx.load_token(connection.namespace).await.unwrap();
        tx.commit().await.unwrap();
        row
    };
    assert_eq!(row().await.gen_number, 2);
    // This vendor's old refresh token is spent; what was kept is tried once, then the login helps.
    inside.forward(Duration::from_mins(61));
    inside.replica().check(&connection).await.unwrap();
    let tally = inside.tally(Vendor::Neuro);
    assert_eq!((tally.logins, tally.refreshes, tally.reused), (2, 1, 1));
    assert_eq!(row().await.gen_number, 3);
}

#[tokio::test]
async fn case_056_a_life_that_is_nonsense_causes_no_hot_loop() {
    for told in [
        json!("1999-01-01T00:00:00"),
        json!("soon"),
        json!(-5),
        json!(3),
        json!(null),
    ] {
        let inside = Inside::new(1).await;
        let lifetimes = TokenLifetimes {
            lifetime_s: 3_600,
            refresh_lifetime_s: 0,
        };
        inside
            .sandbox
            .world()
            .set_token_lifetimes(Vendor::CallGear, lifetimes);
        let set = [("/expires_in".to_owned(), told.clone())]
            .into_iter()
            .collect();
        let fault = FaultKind::Edit {
            set,
            remove: Vec::new(),
        };
        inside.fault(FaultSpec::always(Vendor::CallGear, "CG-33", fault));
        let (settings, credentials) = inside.account(Vendor::CallGear);
        let replica = inside.replica();
        let connection = inside
            .connect(&replica, Vendor::CallGear, settings, &credentials)
            .await;
        for _ in 0..10 {
            replica.check(&connection).await.unwrap();
            inside.forward(Duration::from_secs(5));
        }
        let logins = inside.tally(Vendor::CallGear).logins;
        assert_eq!(logins, 1, "{told}: in less than a minute");
    }
}
