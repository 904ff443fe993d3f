//! A token that was handed in, and its end.

use std::time::Duration;

use callweave_credentials::broker::{Standing, TokenState};
use callweave_model::connection::ConnectionState;
use callweave_provider::{Credentials, ErrorKind};
use callweave_sandbox::{TokenLifetimes, Vendor};
use tokio_util::sync::CancellationToken;

use super::{Inside, Replica};

async fn announce(inside: &Inside, replica: &Replica) -> usize {
    callweave_credentials::ending::announce(&replica.store, inside.clock.as_ref())
        .await
        .unwrap()
}

fn live_days(inside: &Inside, days: i64) {
    let lifetimes = TokenLifetimes {
        lifetime_s: days * 86_400,
        refresh_lifetime_s: 0,
    };
    inside
        .sandbox
        .world()
        .set_token_lifetimes(Vendor::Transcripto, lifetimes);
}

#[tokio::test]
async fn case_057_the_owner_is_asked_for_another_token_a_day_before_its_end() {
    let inside = Inside::new(3).await;
    live_days(&inside, 10);
    let replica = inside.replica();
    let (settings, credentials) = inside.account(Vendor::Transcripto);
    let connection = inside
        .connect(&replica, Vendor::Transcripto, settings, &credentials)
        .await;
    let engine = replica.engine();
    let sync = async || {
        let mut tx = replica.store.tenant(inside.tenant).await.unwrap();
        tx.request_sync(connection.id, false).await.unwrap();
        tx.forgive(connection.id).await.unwrap();
        tx.commit().await.unwrap();
        assert!(engine.turn(&CancellationToken::new()).await.unwrap());
        inside.stored(&replica, connection.id).await
    };
    let stands = sync().await;
    assert_eq!(stands.state, ConnectionState::Active);
    assert_eq!(announce(&inside, &replica).await, 0, "nine days to go");
    let standing = Standing::of(&stands, inside.now());
    assert_eq!(standing.state, TokenState::Valid);
    assert!(standing.handed_in && standing.refreshes_at.is_none());

    // A day before the end, also where nothing is synced.
    inside.forward(Duration::from_hours(9 * 24 + 1));
    assert_eq!(announce(&inside, &replica).await, 1);
    assert_eq!(announce(&inside, &replica).await, 0, "once");
    let stands = inside.stored(&replica, connection.id).await;
    assert_eq!(stands.state, ConnectionState::ReauthRequired);
    let reason = stands.state_reason.clone().unwrap();
    assert!(reason.contains("ends at"), "{reason}");
    let what_to_do = format!("PUT /v1/connections/{}/credentials", connection.id);
    assert!(reason.contains(&what_to_do), "{reason}");

    // It works to its end, and asks all the while.
    let restarted = inside.replica();
    restarted.check(&connection).await.unwrap();
    let stands = sync().await;
    assert_eq!(stands.state, ConnectionState::ReauthRequired);
    assert!(
        stands
            .last_ok_at
            .is_some_and(|at| inside.now().since(at) < Duration::from_mins(5))
    );
    let told = [
        "connection.credentials_expiring",
        "connection.state_changed",
        "connection.reauth_required",
    ];
    let types = inside.event_types(connection.id).await;
    for event_type in told {
        let times = types.iter().filter(|one| *one == event_type).count();
        let moves = usize::from(event_type == "connection.state_changed") + 1;
        assert_eq!(times, moves, "{event_type} in {types:?}");
    }

    // After its end nothing is tried but the one thing: the owner.
    inside.forward(Duration::from_hours(24));
    for _ in 0..3 {
        let error = inside.replica().check(&connection).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidCredentials);
        inside.forward(Duration::from_hours(1));
    }
    let stands = inside.stored(&replica, connection.id).await;
    assert_eq!(stands.state, ConnectionState::ReauthRequired);
    let reason = stands.state_reason.clone().unwrap();
    assert!(
        reason.contains("expired") && reason.contains(&what_to_do),
        "{reason}"
    );
    assert_eq!(
        inside.tally(Vendor::Transcripto).rejected_logins,
        0,
        "no login is forced"
    );
    let standing = Standing::of(&stands, inside.now());
    assert_eq!(standing.state, TokenState::ReauthRequired);

    replace(&inside, &replica, &stands).await;
    let stands = sync().await;
    assert_eq!(stands.state, ConnectionState::Active);
    assert_eq!(stands.state_reason, None);
}

/// The owner hands in another token.
async fn replace(
    inside: &Inside,
    replica: &Replica,
    connection: &callweave_store::connections::Connection,
) {
    let (_, credentials) = inside.account(Vendor::Transcripto);
    let sealed = replica
        .connector
        .seal(inside.tenant, connection.id, &credentials)
        .unwrap();
    let names: Vec<String> = credentials.names().map(str::to_owned).collect();
    let mut tx = replica.store.tenant(inside.tenant).await.unwrap();
    tx.replace_credentials(connection.id, &sealed, &names, inside.now())
        .await
        .unwrap();
    tx.set_connection_state(connection.id, ConnectionState::Active, None, inside.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn case_057_a_token_that_lives_a_day_does_not_ask_from_the_beginning() {
    let inside = Inside::new(1).await;
    live_days(&inside, 1);
    let replica = inside.replica();
    let (settings, credentials) = inside.account(Vendor::Transcripto);
    let connection = inside
        .connect(&replica, Vendor::Transcripto, settings, &credentials)
        .await;
    replica.check(&connection).await.unwrap();
    assert_eq!(announce(&inside, &replica).await, 0);
    inside.forward(Duration::from_hours(17));
    assert_eq!(announce(&inside, &replica).await, 0);
    inside.forward(Duration::from_mins(90));
    assert_eq!(
        announce(&inside, &replica).await,
        1,
        "a quarter of its life is left"
    );
}

#[tokio::test]
async fn case_057_a_login_that_wants_a_captcha_is_tried_once_and_given_up() {
    let inside = Inside::new(1).await;
    let replica = inside.replica();
    let (settings, credentials) = inside.account(Vendor::Transcripto);
    let email = credentials.get("email").unwrap().clone();
    let with_password = Credentials::new([
        ("email".to_owned(), email),
        (
            "password_hash".to_owned(),
            "5f4dcc3b5aa765d6".to_owned().into(),
        ),
    ]);
    let connection = inside
        .connect(&replica, Vendor::Transcripto, settings, &with_password)
        .await;
    for _ in 0..5 {
        let error = inside.replica().check(&connection).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidCredentials, "{error}");
        inside.forward(Duration::from_hours(2));
    }
    let tally = inside.tally(Vendor::Transcripto);
    assert_eq!((tally.rejected_logins, tally.logins), (1, 0));
}
