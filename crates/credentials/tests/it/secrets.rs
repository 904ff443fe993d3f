use callweave_credentials::connector::ConnectorError;
use callweave_model::{ConnectionId, TenantId};
use uuid::Uuid;

use crate::support::{home, password};

#[tokio::test]
async fn case_115_credentials_open_in_their_own_row_only() {
    let home = home().await;
    let connection = home.connection(&password("correct")).await;
    let replica = home.replica();
    replica.open(&connection);
    let mut elsewhere = connection.clone();
    elsewhere.id = ConnectionId(Uuid::from_u128(4_711));
    let mut another_tenant = connection.clone();
    another_tenant.tenant_id = TenantId(Uuid::from_u128(4_711));
    let mut cut = connection.clone();
    cut.sealed_credentials.truncate(20);
    let mut bent = connection.clone();
    *bent.sealed_credentials.last_mut().unwrap() ^= 1;
    for broken in [elsewhere, another_tenant, cut, bent] {
        let error = replica.connector.open(&broken).unwrap_err();
        assert!(matches!(error, ConnectorError::Sealed(_)), "{error:?}");
        assert!(!format!("{error:?} {error}").contains("correct"));
    }
}

#[tokio::test]
async fn nothing_stored_holds_a_secret_in_clear() {
    let home = home().await;
    home.vendor
        .tokens(|tokens| tokens.password = "canary-password".to_owned());
    let connection = home.connection(&password("canary-password")).await;
    let replica = home.replica();
    replica.check(&connection).await.unwrap();
    let row = home.row(&connection).await;
    let stored = [
        connection.sealed_credentials.clone(),
        row.sealed_token.unwrap(),
    ]
    .concat();
    let text = String::from_utf8_lossy(&stored).into_owned();
    for secret in ["canary-password", "fake-access", "fake-refresh"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let printed = format!("{:?} {:?}", replica.open(&connection), replica.broker);
    for secret in [
        "canary-password",
        "fake-access",
        "fake-refresh",
        &home.key[3..],
    ] {
        assert!(!printed.contains(secret), "{secret}");
    }
}
