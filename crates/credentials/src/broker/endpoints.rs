//! Endpoints that refuse even a fresh token: it is their rights, not the token. No token is renewed
//! for them for a while, by no replica, so that one of them does not cost a renewal each time it is
//! asked.

use std::time::Duration;

use callweave_store::{StoreError, pauses::RestLengths};

use super::{Account, Inner};

/// How long no token is renewed for an endpoint.
const LENGTHS: RestLengths = RestLengths {
    first: Duration::from_mins(15),
    further: Duration::from_hours(24),
    forgotten: Duration::from_hours(48),
};

/// No token is renewed for this operation at the moment.
pub(super) async fn rests(
    inner: &Inner,
    account: &Account,
    operation: &str,
) -> Result<bool, StoreError> {
    let mut tx = inner.store.tenant(account.tenant).await?;
    let rests = tx
        .endpoint_rests(account.namespace, operation, inner.clock.now())
        .await?;
    tx.commit().await?;
    Ok(rests)
}

/// The operation refused a token that was renewed for it.
pub(super) async fn refused(
    inner: &Inner,
    account: &Account,
    operation: &str,
) -> Result<(), StoreError> {
    let mut tx = inner.store.tenant(account.tenant).await?;
    tx.rest_endpoint(account.namespace, operation, inner.clock.now(), LENGTHS)
        .await?;
    tx.commit().await
}
