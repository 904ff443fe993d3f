//! One renewal: take the lease, look again, ask the vendor, save if still allowed to.

use std::{sync::Arc, time::Duration};

use callweave_model::Timestamp;
use callweave_provider::{
    CallContext, Credentials, ErrorKind, Grant, Provider, ProviderError, Retry,
    token::{Expiry, jwt_expiry},
};
use callweave_store::{
    StoreError,
    tokens::{NewToken, TokenRow},
};
use secrecy::ExposeSecret as _;
use tracing::{info, warn};

use super::{Account, Inner, Token, flight::Failure};
use crate::{
    sealed::TokenPair,
    vault::{Place, VaultError},
};

/// How long a renewal may hold the lease.
const LEASE: Duration = Duration::from_secs(60);
/// How long to wait for another replica's renewal.
const PATIENCE: Duration = Duration::from_secs(45);
/// Logins of one account are at least so far apart.
const LOGIN_GAP: Duration = Duration::from_secs(60);
/// Logins of one account within an hour.
const LOGINS_AN_HOUR: usize = 5;
/// The life of a token that does not say when it ends.
const FALLBACK_LIFE: Duration = Duration::from_hours(1);

/// One renewal of one account's token.
pub(super) struct Renewal {
    pub(super) inner: Arc<Inner>,
    pub(super) account: Account,
    pub(super) provider: Arc<dyn Provider>,
    pub(super) credentials: Arc<Credentials>,
    pub(super) beyond: Option<i64>,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        warn!(
            error = &error as &dyn std::error::Error,
            "A token row could not be used"
        );
        Self::pause("the database could not be used", Duration::from_secs(1))
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        warn!(
            error = &error as &dyn std::error::Error,
            "A stored token cannot be opened"
        );
        Self::pause("a stored token cannot be opened", Duration::from_secs(60))
    }
}

/// Keeps a grant from outside of a renewal, if the account has no token of these credentials yet.
pub(super) async fn keep(inner: &Inner, account: &Account, grant: Grant) -> Result<(), StoreError> {
    let now = inner.clock.now();
    let mut tx = inner.store.tenant(account.tenant).await?;
    let row = tx.load_token(account.namespace).await?;
    let missing = row.sealed_token.is_none() || row.cred_version != account.credentials_version;
    if missing
        && let Some(epoch) = tx
            .lease_token(account.namespace, inner.owner, LEASE)
            .await?
        && let Ok(token) = new_token(inner, account, &grant, None, now)
    {
        tx.note_login(account.namespace, now).await?;
        tx.save_token(account.namespace, epoch, row.gen_number, &token)
            .await?;
    }
    tx.commit().await
}

impl Renewal {
    /// Renews, or takes over what somebody else renewed meanwhile.
    pub(super) async fn run(self) -> Result<Token, Failure> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let row = self.load().await?;
            if let Some(token) = self.usable(&row)? {
                return Ok(token);
            }
            self.allowed(&row)?;
            if let Some(epoch) = self.lease().await? {
                // Somebody may have finished between the look and the lease.
                let row = self.load().await?;
                if let Some(token) = self.usable(&row)? {
                    self.release(epoch).await?;
                    return Ok(token);
                }
                return self.renew(epoch, row).await;
            }
            if tokio::time::Instant::now() >= deadline {
                return Err(Failure::pause(
                    "another replica renews the token",
                    Duration::from_secs(2),
                ));
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }

    async fn load(&self) -> Result<TokenRow, Failure> {
        let mut tx = self.inner.store.tenant(self.account.tenant).await?;
        let row = tx.load_token(self.account.namespace).await?;
        tx.commit().await?;
        Ok(row)
    }

    async fn lease(&self) -> Result<Option<i64>, Failure> {
        let mut tx = self.inner.store.tenant(self.account.tenant).await?;
        let epoch = tx
            .lease_token(self.account.namespace, self.inner.owner, LEASE)
            .await?;
        tx.commit().await?;
        Ok(epoch)
    }

    async fn release(&self, epoch: i64) -> Result<(), Failure> {
        let mut tx = self.inner.store.tenant(self.account.tenant).await?;
        tx.release_token(self.account.namespace, epoch).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The stored token, when it is of these credentials, new enough and not over.
    fn usable(&self, row: &TokenRow) -> Result<Option<Token>, Failure> {
        let new_enough = self.beyond.is_none_or(|beyond| row.gen_number > beyond);
        let same_credentials = row.cred_version == self.account.credentials_version;
        let (Some(sealed), true, true) = (&row.sealed_token, new_enough, same_credentials) else {
            return Ok(None);
        };
        let now = self.inner.clock.now();
        let obtained = row.obtained_at.unwrap_or(now).min(now);
        let expires = row
            .access_expires_at
            .unwrap_or_else(|| obtained.plus(FALLBACK_LIFE));
        let pair = TokenPair::open(&self.inner.vault, &token_place(&self.account), sealed)?;
        let token = Token::new(pair.access, row.gen_number, obtained, expires, now);
        if token.is_over() {
            return Ok(None);
        }
        self.inner.remember(&self.account, &token);
        Ok(Some(token))
    }

    /// Refuses while the credentials stand rejected, or a pause lasts.
    fn allowed(&self, row: &TokenRow) -> Result<(), Failure> {
        let same_credentials = row.cred_version == self.account.credentials_version;
        if let (Some(reason), true) = (&row.rejected_reason, same_credentials) {
            return Err(Failure::rejected(reason));
        }
        let now = self.inner.clock.now();
        match row.not_before {
            Some(until) if until > now => Err(Failure::pause(
                "a pause after a failed renewal lasts",
                until.since(now),
            )),
            _ => Ok(()),
        }
    }

    /// Asks the vendor: with the refresh token, with an orphaned one, with the credentials.
    async fn renew(&self, epoch: i64, row: TokenRow) -> Result<Token, Failure> {
        let mut tx = self.inner.store.tenant(self.account.tenant).await?;
        let noted = tx
            .note_token_intent(self.account.namespace, epoch, row.gen_number)
            .await?;
        tx.commit().await?;
        if !noted {
            return Err(Failure::pause(
                "the lease of the token was lost",
                Duration::from_secs(1),
            ));
        }
        let outcome = self.grant(&row).await;
        let vendor = self.provider.manifest().vendor;
        let label = if outcome.is_ok() { "ok" } else { "failed" };
        metrics::counter!("callweave_token_renewals_total", "vendor" => vendor, "outcome" => label)
            .increment(1);
        match outcome {
            Ok(grant) => self.save(epoch, &row, grant).await,
            Err(failure) => {
                self.note_failure(epoch, &row, &failure).await?;
                Err(failure)
            }
        }
    }

    async fn grant(&self, row: &TokenRow) -> Result<Grant, Failure> {
        let now = self.inner.clock.now();
        for sealed in [self.unspent(row, now), row.sealed_orphan.as_ref()]
            .into_iter()
            .flatten()
        {
            let pair = TokenPair::open(&self.inner.vault, &token_place(&self.account), sealed)?;
            let Some(refresh) = pair.refresh else {
                continue;
            };
            match self.refresh(&refresh).await {
                Ok(Some(mut grant)) => {
                    grant.refresh_token.get_or_insert(refresh);
                    return Ok(grant);
                }
                Ok(None) => {}
                Err(error) if error.kind == ErrorKind::Unauthorized => {
                    info!("A refresh token is spent or expired; logging in");
                }
                Err(error) => return Err(Failure::from(&error)),
            }
        }
        self.login(row, now).await
    }

    /// The stored pair, unless its refresh token is over or a crashed renewal may have spent it.
    fn unspent<'r>(&self, row: &'r TokenRow, now: Timestamp) -> Option<&'r Vec<u8>> {
        let same_credentials = row.cred_version == self.account.credentials_version;
        let may_be_spent = row.intent_gen == Some(row.gen_number);
        let over = row.refresh_expires_at.is_some_and(|end| end <= now);
        row.sealed_token
            .as_ref()
            .filter(|_| same_credentials && !may_be_spent && !over)
    }

    async fn refresh(
        &self,
        refresh: &secrecy::SecretString,
    ) -> Result<Option<Grant>, ProviderError> {
        match self.provider.token_grant() {
            Some(grant) => grant.refresh(&self.context(None), refresh).await,
            None => Ok(None),
        }
    }

    async fn login(&self, row: &TokenRow, now: Timestamp) -> Result<Grant, Failure> {
        if let Some(pause) = login_pause(&row.logins, now) {
            return Err(Failure::pause(
                "logins of this account are spaced out",
                pause,
            ));
        }
        let mut tx = self.inner.store.tenant(self.account.tenant).await?;
        tx.note_login(self.account.namespace, now).await?;
        tx.commit().await?;
        let Some(token_grant) = self.provider.token_grant() else {
            return Err(Failure::rejected("this vendor has no login"));
        };
        let grant = token_grant
            .login(&self.context(None))
            .await
            .map_err(|error| Failure::from(&error))?;
        let refused = match (&row.sealed_token, self.beyond) {
            (Some(sealed), Some(_)) => {
                let place = token_place(&self.account);
                TokenPair::open(&self.inner.vault, &place, sealed)
                    .ok()
                    .map(|pair| pair.access)
            }
            _ => None,
        };
        let same =
            refused.is_some_and(|old| old.expose_secret() == grant.access_token.expose_secret());
        let over = matches!(grant.expires, Expiry::At(end) if end <= now);
        if same || over {
            return Err(Failure::rejected(
                "the token that was handed in is not valid any more",
            ));
        }
        Ok(grant)
    }

    fn context<'a>(&'a self, access_token: Option<&'a secrecy::SecretString>) -> CallContext<'a> {
        CallContext {
            access_token,
            credentials: &self.credentials,
            now: self.inner.clock.now(),
            request_id: "token",
        }
    }

    /// Saves the pair while the lease holds; a fenced one is kept as an orphan.
    async fn save(&self, epoch: i64, row: &TokenRow, grant: Grant) -> Result<Token, Failure> {
        let now = self.inner.clock.now();
        let new = new_token(
            &self.inner,
            &self.account,
            &grant,
            row.sealed_token.as_deref(),
            now,
        )?;
        let saved = self.save_row(epoch, row.gen_number, &new).await?;
        if !saved {
            warn!("A token renewal was overtaken; its result is set aside");
            return Err(Failure::pause(
                "the renewal was overtaken",
                Duration::from_millis(100),
            ));
        }
        let expires = new
            .access_expires_at
            .unwrap_or_else(|| now.plus(FALLBACK_LIFE));
        let token = Token::new(
            grant.access_token.clone(),
            row.gen_number + 1,
            now,
            expires,
            now,
        );
        self.inner.remember(&self.account, &token);
        self.revoke_old(row, &grant).await;
        Ok(token)
    }

    /// Writes the row; a database that is away for a moment does not cost the pair.
    async fn save_row(&self, epoch: i64, seen: i64, new: &NewToken) -> Result<bool, Failure> {
        let mut tries = 0;
        loop {
            let written = async {
                let mut tx = self.inner.store.tenant(self.account.tenant).await?;
                let saved = tx
                    .save_token(self.account.namespace, epoch, seen, new)
                    .await?;
                if !saved && new.cred_version == self.account.credentials_version {
                    tx.keep_orphan_token(self.account.namespace, &new.sealed_token)
                        .await?;
                }
                tx.commit().await?;
                Ok::<bool, StoreError>(saved)
            };
            match written.await {
                Err(StoreError::Unavailable(_)) if tries < 30 => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                other => return other.map_err(Failure::from),
            }
        }
    }

    /// Deletes the token that was replaced, where the vendor keeps a list of them.
    async fn revoke_old(&self, row: &TokenRow, grant: &Grant) {
        let (Some(old), Some(token_grant)) = (&row.remote_id, self.provider.token_grant()) else {
            return;
        };
        if grant.remote_id.as_deref() == Some(old) {
            return;
        }
        let context = self.context(Some(&grant.access_token));
        if let Err(error) = token_grant.revoke(&context, old).await {
            info!(error = %error, "The token before could not be deleted at the vendor");
        }
    }

    async fn note_failure(
        &self,
        epoch: i64,
        row: &TokenRow,
        failure: &Failure,
    ) -> Result<(), Failure> {
        let now = self.inner.clock.now();
        let rejected = failure.kind == ErrorKind::InvalidCredentials;
        let reason = failure
            .message
            .clone()
            .unwrap_or_else(|| "the vendor refused the login".to_owned());
        let pause = match failure.retry {
            Retry::After(pause) => pause,
            _ => {
                Duration::from_secs(2_u64.pow(u32::try_from(row.failures.clamp(0, 8)).unwrap_or(0)))
            }
        };
        let mut tx = self.inner.store.tenant(self.account.tenant).await?;
        tx.note_token_failure(
            self.account.namespace,
            epoch,
            (!rejected).then(|| now.plus(pause)),
            rejected.then_some((reason.as_str(), self.account.credentials_version)),
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

const fn token_place(account: &Account) -> Place {
    Place {
        table: "tokens",
        column: "sealed_token",
        tenant: account.tenant,
        row: account.namespace,
    }
}

/// How long to wait before another login is within the budget.
fn login_pause(logins: &[Timestamp], now: Timestamp) -> Option<Duration> {
    let recent: Vec<&Timestamp> = logins
        .iter()
        .filter(|at| now.since(**at) < Duration::from_hours(1))
        .collect();
    let last = recent.iter().max()?;
    let gap = LOGIN_GAP
        .checked_sub(now.since(**last))
        .filter(|pause| !pause.is_zero());
    let first = recent
        .iter()
        .min()
        .filter(|_| recent.len() >= LOGINS_AN_HOUR);
    let hour = first.and_then(|at| Duration::from_hours(1).checked_sub(now.since(**at)));
    gap.max(hour)
}

fn new_token(
    inner: &Inner,
    account: &Account,
    grant: &Grant,
    old: Option<&[u8]>,
    now: Timestamp,
) -> Result<NewToken, VaultError> {
    let place = token_place(account);
    let refresh = match (&grant.refresh_token, old) {
        (Some(refresh), _) => Some(refresh.clone()),
        (None, Some(sealed)) => TokenPair::open(&inner.vault, &place, sealed)
            .ok()
            .and_then(|pair| pair.refresh),
        (None, None) => None,
    };
    let pair = TokenPair {
        access: grant.access_token.clone(),
        refresh,
    };
    Ok(NewToken {
        sealed_token: pair.seal(&inner.vault, &place)?,
        access_expires_at: Some(access_end(grant, now)),
        refresh_expires_at: end_of(grant.refresh_expires, now),
        obtained_at: now,
        remote_id: grant.remote_id.clone(),
        cred_version: account.credentials_version,
    })
}

/// When the access token ends: what the vendor says, bounded by the token's own `exp`; an end in
/// the past or none at all gives the fallback life.
fn access_end(grant: &Grant, now: Timestamp) -> Timestamp {
    let said = end_of(grant.expires, now).filter(|end| *end > now);
    let own = end_of(jwt_expiry(grant.access_token.expose_secret()), now).filter(|end| *end > now);
    match (said, own) {
        (Some(said), Some(own)) => said.min(own),
        (Some(end), None) | (None, Some(end)) => end,
        (None, None) => now.plus(FALLBACK_LIFE),
    }
}

fn end_of(expiry: Expiry, now: Timestamp) -> Option<Timestamp> {
    match expiry {
        Expiry::At(end) => Some(end),
        Expiry::After(life) => Some(now.plus(life)),
        Expiry::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn case_048_logins_are_a_minute_apart_and_five_an_hour() {
        let now = at("2026-03-02T09:00:00Z");
        assert_eq!(login_pause(&[], now), None);
        assert_eq!(
            login_pause(&[at("2026-03-02T08:59:30Z")], now),
            Some(Duration::from_secs(30))
        );
        assert_eq!(login_pause(&[at("2026-03-02T08:58:00Z")], now), None);
        let five: Vec<Timestamp> = (10..15)
            .map(|m| at(&format!("2026-03-02T08:{m}:00Z")))
            .collect();
        assert_eq!(login_pause(&five, now), Some(Duration::from_mins(10)));
    }

    #[test]
    fn case_056_a_past_or_missing_end_gives_the_fallback_life() {
        let now = at("2026-03-02T09:00:00Z");
        let grant = |expires| Grant {
            access_token: "opaque".to_owned().into(),
            expires,
            refresh_token: None,
            refresh_expires: Expiry::Unknown,
            remote_id: None,
        };
        let fallback = now.plus(FALLBACK_LIFE);
        assert_eq!(access_end(&grant(Expiry::Unknown), now), fallback);
        assert_eq!(
            access_end(&grant(Expiry::At(at("2020-01-01T00:00:00Z"))), now),
            fallback
        );
        assert_eq!(
            access_end(&grant(Expiry::After(Duration::from_mins(5))), now),
            now.plus(Duration::from_mins(5))
        );
    }
}
