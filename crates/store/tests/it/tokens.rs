//! Token rows: fenced, and bound to the credentials they were got with.

use std::time::Duration;

use callweave_store::tokens::{NewToken, Obtained};
use uuid::Uuid;

use crate::support::{at, home, noon};

fn token(cred_version: i32) -> NewToken {
    NewToken {
        by: Obtained::Login,
        ending: None,
        sealed_token: vec![9],
        access_expires_at: Some(at("2026-03-02T13:00:00Z")),
        refresh_expires_at: None,
        obtained_at: noon(),
        remote_id: Some("record".into()),
        cred_version,
    }
}

#[tokio::test]
async fn only_the_holder_of_the_lease_saves_and_only_once() {
    let home = home().await;
    let namespace = home.scope.namespace;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let row = tx.load_token(namespace).await.unwrap();
    let lease = Duration::from_secs(60);
    let epoch = tx
        .lease_token(namespace, Uuid::from_u128(1), lease)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        tx.lease_token(namespace, Uuid::from_u128(2), lease)
            .await
            .unwrap(),
        None
    );
    assert!(
        tx.note_token_intent(namespace, epoch, row.gen_number)
            .await
            .unwrap()
    );
    assert!(
        !tx.save_token(namespace, epoch + 1, row.gen_number, &token(1))
            .await
            .unwrap(),
        "fenced"
    );
    assert!(
        !tx.save_token(namespace, epoch, row.gen_number, &token(2))
            .await
            .unwrap(),
        "other credentials"
    );
    assert!(
        tx.save_token(namespace, epoch, row.gen_number, &token(1))
            .await
            .unwrap()
    );
    assert!(
        !tx.save_token(namespace, epoch, row.gen_number, &token(1))
            .await
            .unwrap(),
        "spent"
    );
    let row = tx.load_token(namespace).await.unwrap();
    assert_eq!(
        (row.gen_number, row.intent_gen, row.leased),
        (1, None, false)
    );
    assert_eq!(row.sealed_token, Some(vec![9]));
}

#[tokio::test]
async fn logins_are_counted_for_an_hour() {
    let home = home().await;
    let namespace = home.scope.namespace;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    tx.load_token(namespace).await.unwrap();
    for time in [
        "2026-03-02T09:00:00Z",
        "2026-03-02T09:30:00Z",
        "2026-03-02T10:10:00Z",
    ] {
        tx.note_login(namespace, at(time)).await.unwrap();
    }
    let row = tx.load_token(namespace).await.unwrap();
    assert_eq!(
        row.logins,
        [at("2026-03-02T09:30:00Z"), at("2026-03-02T10:10:00Z")]
    );
}

#[tokio::test]
async fn a_pair_of_replaced_credentials_is_not_set_aside() {
    let home = home().await;
    let namespace = home.scope.namespace;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    tx.load_token(namespace).await.unwrap();
    tx.keep_orphan_token(namespace, &[1], 7).await.unwrap();
    let row = tx.load_token(namespace).await.unwrap();
    assert_eq!(row.sealed_orphan, None);
    tx.keep_orphan_token(namespace, &[1], 1).await.unwrap();
    let row = tx.load_token(namespace).await.unwrap();
    assert_eq!(row.sealed_orphan, Some(vec![1]));
}
