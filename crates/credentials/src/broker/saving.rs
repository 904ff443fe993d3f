//! Saving what the vendor gave, and noting what it did not.

use std::{sync::Arc, time::Duration};

use callweave_model::Timestamp;
use callweave_provider::{Credentials, Grant, Retry};
use callweave_store::{
    StoreError, TenantTx,
    tokens::{NewToken, Obtained, TokenFailure, TokenRow},
};
use tracing::{error, info, warn};

use super::{
    Account, Inner, Token,
    flight::Failure,
    granting::{Answer, Refusal},
    life::{access_end, ending, is_handed_in, refresh_end},
    renewal::{Renewal, token_place},
    token::Life,
};
use crate::{faults, sealed::TokenPair, vault::VaultError};

/// How often a pair is tried to be saved behind the callers' backs, the pause doubled up to the
/// longest each time: some ten minutes in all.
const SAVE_TRIES: u32 = 25;
const LONGEST_SAVE_PAUSE: Duration = Duration::from_secs(30);
/// How long the deletion of a token that was replaced may take.
const REVOKE_TIME: Duration = Duration::from_secs(30);
/// Marks that no renewal's outcome is open.
const NO_INTENT: i64 = -1;
/// The longest pause after failures, as a power of two of seconds.
const LONGEST_PAUSE_POWER: i32 = 9;

/// Keeps a grant from outside of a renewal, if the account has none of these credentials yet.
pub(super) async fn keep(
    inner: &Inner,
    tx: &mut TenantTx,
    account: &Account,
    credentials: &Credentials,
    grant: Grant,
) -> Result<(), StoreError> {
    let now = inner.clock.now();
    let answer = Answer {
        grant,
        by: Obtained::Login,
    };
    let row = tx.load_token(account.namespace).await?;
    if row.sealed_token.is_some() && row.cred_version == account.credentials_version {
        return Ok(());
    }
    // What cannot be sealed is got again.
    let Ok(token) = new_token(inner, account, credentials, &answer, now) else {
        return Ok(());
    };
    let lease = inner.options.lease;
    let Some(epoch) = tx
        .lease_token(account.namespace, inner.owner, lease)
        .await?
    else {
        return Ok(());
    };
    tx.note_login(account.namespace, now).await?;
    let saved = tx
        .save_token(account.namespace, epoch, row.gen_number, &token)
        .await?;
    if !saved {
        tx.release_token(account.namespace, epoch).await?;
    }
    Ok(())
}

impl Renewal {
    /// Saves the pair while the lease holds. One whose renewal was overtaken is set aside, and
    /// what overtook it is used.
    pub(super) async fn save(
        &self,
        epoch: i64,
        row: &TokenRow,
        answer: Answer,
    ) -> Result<Token, Failure> {
        let now = self.inner.clock.now();
        let new = new_token(&self.inner, &self.account, &self.credentials, &answer, now)?;
        let grant = answer.grant;
        let life = Life {
            obtained_at: now,
            expires_at: access_end(&grant, &self.credentials, now),
            handed_in: is_handed_in(&self.credentials, &grant.access_token),
        };
        let token = Token::new(grant.access_token.clone(), row.gen_number + 1, life, now);
        match write(&self.inner, &self.account, epoch, row.gen_number, &new).await {
            Ok(true) => {
                self.inner.remember(&self.account, &token);
                self.revoke_old(row, grant);
                Ok(token)
            }
            Ok(false) => {
                warn!("A token renewal was overtaken; its result is set aside");
                let current = self.load().await?;
                self.usable(&current).ok_or_else(|| {
                    let pause = Duration::from_millis(100);
                    Failure::pause("the renewal was overtaken", pause)
                })
            }
            Err(error) => {
                // The database is away, and the old refresh token is spent: the pair lives in
                // memory until it can be saved.
                warn!(
                    error = &error as &dyn std::error::Error,
                    "A fresh token could not be saved yet"
                );
                self.inner.remember(&self.account, &token);
                self.save_later(epoch, row.gen_number, new);
                Ok(token)
            }
        }
    }

    /// Tries to save a pair until it works, or until it is worth nothing.
    fn save_later(&self, epoch: i64, seen: i64, new: NewToken) {
        let (inner, account) = (Arc::clone(&self.inner), self.account);
        self.inner.tasks.spawn(async move {
            let mut pause = Duration::from_millis(500);
            for _ in 0..SAVE_TRIES {
                tokio::select! {
                    // One last try on the way out.
                    () = inner.closing.cancelled() => pause = Duration::ZERO,
                    () = tokio::time::sleep(pause) => {}
                }
                if let Ok(saved) = write(&inner, &account, epoch, seen, &new).await {
                    info!(token.saved = saved, "A fresh token reached the database");
                    return;
                }
                if inner.closing.is_cancelled() {
                    break;
                }
                pause = (pause * 2).min(LONGEST_SAVE_PAUSE);
            }
            error!("A fresh token could not be saved; the account will log in again");
        });
    }

    /// Deletes the token that was replaced, where the vendor keeps a list of them. Nobody waits
    /// for that.
    fn revoke_old(&self, row: &TokenRow, grant: Grant) {
        let Some(old) = row.remote_id.clone().filter(|_| self.is_ours(row)) else {
            return;
        };
        if grant.remote_id.as_deref() == Some(old.as_str()) {
            return;
        }
        let renewal = Self {
            inner: Arc::clone(&self.inner),
            account: self.account,
            provider: Arc::clone(&self.provider),
            credentials: Arc::clone(&self.credentials),
            need: self.need,
        };
        self.inner.tasks.spawn(async move {
            let Some(token_grant) = renewal.provider.token_grant() else {
                return;
            };
            let context = renewal.context(Some(&grant.access_token));
            let revoked = token_grant.revoke(&context, &old);
            match tokio::time::timeout(REVOKE_TIME, revoked).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    info!(error = %error, "The token before could not be deleted at the vendor");
                }
                Err(_elapsed) => info!("The token before could not be deleted in time"),
            }
        });
    }

    /// Notes a renewal that failed and gives the lease back. Where even that fails the lease ends
    /// by itself.
    pub(super) async fn note_failure(&self, epoch: i64, row: &TokenRow, refusal: &Refusal) {
        let now = self.inner.clock.now();
        let failure = &refusal.failure;
        let reason = said(refusal);
        let pause = match failure.retry {
            Retry::After(pause) => pause,
            _ => Duration::from_secs(1 << row.failures.clamp(0, LONGEST_PAUSE_POWER)),
        };
        let noted = async {
            let mut tx = self.inner.store.tenant(self.account.tenant).await?;
            if refusal.unspent && row.intent_gen != Some(row.gen_number) {
                tx.note_token_intent(self.account.namespace, epoch, NO_INTENT)
                    .await?;
            }
            let version = self.account.credentials_version;
            let failure = TokenFailure {
                reason: &reason,
                not_before: (!refusal.rejected).then(|| now.plus(pause)),
                rejected: refusal.rejected.then_some(version),
            };
            tx.note_token_failure(self.account.namespace, epoch, failure, now)
                .await?;
            tx.commit().await
        };
        if let Err(error) = noted.await {
            warn!(
                error = &error as &dyn std::error::Error,
                "A failed token renewal could not be noted"
            );
        }
    }
}

/// Writes the row; `false` when the renewal was overtaken, and its pair was set aside.
async fn write(
    inner: &Inner,
    account: &Account,
    epoch: i64,
    seen: i64,
    new: &NewToken,
) -> Result<bool, StoreError> {
    let mut tx = inner.store.tenant(account.tenant).await?;
    let saved = tx.save_token(account.namespace, epoch, seen, new).await?;
    if !saved {
        tx.keep_orphan_token(account.namespace, &new.sealed_token, new.cred_version)
            .await?;
    }
    faults::point(faults::BEFORE_COMMIT);
    tx.commit().await?;
    faults::point(faults::AFTER_COMMIT);
    Ok(saved)
}

/// What the owner reads about a renewal that failed.
fn said(refusal: &Refusal) -> String {
    let failure = &refusal.failure;
    let what = if refusal.rejected {
        "the vendor refused the login"
    } else {
        "no token could be had"
    };
    match (&failure.message, failure.status) {
        (Some(message), _) => format!("{what}: {message}"),
        (None, Some(status)) => format!("{what}: {} answered {status}", failure.operation),
        (None, None) => what.to_owned(),
    }
}

fn new_token(
    inner: &Inner,
    account: &Account,
    credentials: &Credentials,
    answer: &Answer,
    now: Timestamp,
) -> Result<NewToken, VaultError> {
    let grant = &answer.grant;
    let pair = TokenPair {
        access: grant.access_token.clone(),
        refresh: grant.refresh_token.clone(),
        credentials_version: Some(account.credentials_version),
    };
    Ok(NewToken {
        by: answer.by,
        ending: ending(grant, credentials, now),
        sealed_token: pair.seal(&inner.vault, &token_place(account))?,
        access_expires_at: Some(access_end(grant, credentials, now)),
        refresh_expires_at: refresh_end(grant, now),
        obtained_at: now,
        remote_id: grant.remote_id.clone(),
        cred_version: account.credentials_version,
    })
}
