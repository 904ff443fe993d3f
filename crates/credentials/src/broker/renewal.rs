//! One renewal: take the lease, look again, ask the vendor, save if still allowed to.

use std::{convert::Infallible, sync::Arc, time::Duration};

use callweave_provider::{Credentials, Provider};
use callweave_store::{StoreError, token_places::TokenPlace, tokens::TokenRow};
use rand::Rng as _;
use tracing::warn;

use super::{
    Account, Inner, Token,
    flight::Failure,
    life::{fallback_end, is_handed_in},
    token::Life,
};
use crate::{
    faults,
    sealed::TokenPair,
    vault::{Place, VaultError},
};

/// How long to wait for another replica's renewal, or for a place at the vendor.
const PATIENCE: Duration = Duration::from_secs(45);
/// How often the row is looked at meanwhile, at most; those who wait must not look in step.
const LOOK_AGAIN: Duration = Duration::from_millis(150);
/// A longer pause than this comes of a clock that was ahead when it was noted.
const LONGEST_PAUSE: Duration = Duration::from_mins(70);

/// Why a token is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Any token that has time left.
    Any,
    /// This generation will end soon.
    Ahead(i64),
    /// This generation was refused.
    Refused(i64),
}

impl Need {
    /// Whether a generation serves.
    const fn is_met_by(self, generation: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Ahead(beyond) | Self::Refused(beyond) => generation > beyond,
        }
    }
}

/// One renewal of one account's token.
pub(super) struct Renewal {
    pub(super) inner: Arc<Inner>,
    pub(super) account: Account,
    pub(super) provider: Arc<dyn Provider>,
    pub(super) credentials: Arc<Credentials>,
    pub(super) need: Need,
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
            "A token cannot be sealed"
        );
        Self::pause("a token cannot be sealed", Duration::from_secs(60))
    }
}

impl Renewal {
    /// Renews, or takes over what somebody else renewed meanwhile.
    pub(super) async fn run(self) -> Result<Token, Failure> {
        // What is stored may do, without a place at the vendor.
        if let Some(token) = self.usable(&self.load().await?) {
            return Ok(token);
        }
        let places = self.inner.places(self.provider.manifest().vendor);
        let _place = tokio::select! {
            // Nothing begins once the broker closes, even where a place is free.
            biased;
            () = self.inner.closing.cancelled() => return Err(closing()),
            place = tokio::time::timeout(PATIENCE, places.acquire_owned()) => match place {
                Ok(Ok(place)) => place,
                _ => return Err(Failure::pause("many tokens are renewed at once", LOOK_AGAIN)),
            },
        };
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let row = self.load().await?;
            if let Some(token) = self.usable(&row) {
                return Ok(token);
            }
            self.allowed(&row)?;
            if let Some(epoch) = self.lease().await? {
                // Somebody may have finished between the look and the lease.
                let row = self.load().await?;
                if let Some(token) = self.usable(&row) {
                    self.release(epoch).await?;
                    return Ok(token);
                }
                if self.take_place().await? {
                    let outcome = self.renew_alive(epoch, row).await;
                    self.leave_place().await;
                    return outcome;
                }
                self.release(epoch).await?;
            }
            if tokio::time::Instant::now() >= deadline {
                return Err(Failure::pause(
                    "other replicas renew tokens",
                    Duration::from_secs(2),
                ));
            }
            let pause = LOOK_AGAIN.mul_f64(rand::rng().random_range(0.3..=1.0));
            tokio::select! {
                () = self.inner.closing.cancelled() => return Err(closing()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    pub(super) async fn load(&self) -> Result<TokenRow, Failure> {
        let mut tx = self.inner.store.tenant(self.account.tenant).await?;
        let row = tx.load_token(self.account.namespace).await?;
        tx.commit().await?;
        Ok(row)
    }

    async fn lease(&self) -> Result<Option<i64>, Failure> {
        let mut tx = self.inner.store.tenant(self.account.tenant).await?;
        let length = self.inner.options.lease;
        let epoch = tx
            .lease_token(self.account.namespace, self.inner.owner, length)
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

    fn place(&self) -> TokenPlace<'static> {
        TokenPlace {
            tenant: self.account.tenant,
            namespace: self.account.namespace,
            vendor: self.provider.manifest().vendor,
            holder: self.inner.owner,
        }
    }

    /// Takes one of the places that all replicas share, or keeps it.
    async fn take_place(&self) -> Result<bool, StoreError> {
        let most = i64::from(self.inner.options.at_once.max(1));
        let mut tx = self.inner.store.system().await?;
        let taken = tx
            .take_token_place(self.place(), most, self.inner.options.lease)
            .await?;
        tx.commit().await?;
        Ok(taken)
    }

    /// Gives the place back. Where that fails it comes free by itself.
    async fn leave_place(&self) {
        let left = async {
            let mut tx = self.inner.store.system().await?;
            tx.leave_token_place(self.place()).await?;
            tx.commit().await
        };
        let left: Result<(), StoreError> = left.await;
        if let Err(error) = left {
            warn!(
                error = &error as &dyn std::error::Error,
                "The place of a token renewal could not be given back"
            );
        }
    }

    /// Renews, and shows meanwhile that this process lives.
    async fn renew_alive(&self, epoch: i64, row: TokenRow) -> Result<Token, Failure> {
        tokio::select! {
            outcome = self.renew(epoch, row) => outcome,
            never = self.heartbeat(epoch) => match never {},
        }
    }

    /// Moves the ends of lease and place. One that was lost stays lost: saving finds that out.
    async fn heartbeat(&self, epoch: i64) -> Infallible {
        loop {
            tokio::time::sleep(self.inner.options.lease / 3).await;
            match self.extend(epoch).await {
                Ok(true) => {}
                Ok(false) => std::future::pending().await,
                Err(error) => warn!(
                    error = &error as &dyn std::error::Error,
                    "The heartbeat of a token renewal could not be written"
                ),
            }
        }
    }

    async fn extend(&self, epoch: i64) -> Result<bool, StoreError> {
        let length = self.inner.options.lease;
        let mut tx = self.inner.store.tenant(self.account.tenant).await?;
        let held = tx
            .extend_token_lease(self.account.namespace, epoch, length)
            .await?;
        tx.commit().await?;
        if held {
            self.take_place().await?;
        }
        Ok(held)
    }

    /// The stored token, when it is of these credentials, new enough and not over.
    pub(super) fn usable(&self, row: &TokenRow) -> Option<Token> {
        if !self.need.is_met_by(row.gen_number) || !self.is_ours(row) {
            return None;
        }
        let pair = self.opened(row.sealed_token.as_deref()?)?;
        if !self.got_it(&pair) {
            return None;
        }
        let now = self.inner.clock.now();
        let obtained_at = row.obtained_at.unwrap_or(now).min(now);
        let life = Life {
            obtained_at,
            expires_at: row
                .access_expires_at
                .unwrap_or_else(|| fallback_end(obtained_at)),
            handed_in: is_handed_in(&self.credentials, &pair.access),
        };
        let token = Token::new(pair.access, row.gen_number, life, now);
        if token.is_over() {
            return None;
        }
        self.inner.remember(&self.account, &token);
        Some(token)
    }

    /// The stored token was got with the credentials in use.
    pub(super) const fn is_ours(&self, row: &TokenRow) -> bool {
        row.cred_version == self.account.credentials_version
    }

    /// The pair itself says that it was got with the credentials in use, or says nothing.
    pub(super) fn got_it(&self, pair: &TokenPair) -> bool {
        pair.credentials_version
            .is_none_or(|version| version == self.account.credentials_version)
    }

    /// A stored pair. One that cannot be opened is as good as none: it is never used, and the
    /// credentials get another.
    pub(super) fn opened(&self, sealed: &[u8]) -> Option<TokenPair> {
        match TokenPair::open(&self.inner.vault, &token_place(&self.account), sealed) {
            Ok(pair) => Some(pair),
            Err(error) => {
                metrics::counter!("callweave_secrets_unreadable_total", "kind" => "token")
                    .increment(1);
                warn!(
                    error = &error as &dyn std::error::Error,
                    "A stored token cannot be opened; it is left alone"
                );
                None
            }
        }
    }

    /// Refuses while the credentials stand rejected, or a pause lasts.
    fn allowed(&self, row: &TokenRow) -> Result<(), Failure> {
        if let (Some(reason), true) = (&row.rejected_reason, self.is_ours(row)) {
            return Err(Failure::rejected(reason));
        }
        let now = self.inner.clock.now();
        let left = row.not_before.map(|until| until.since(now));
        match left.filter(|left| !left.is_zero() && *left <= LONGEST_PAUSE) {
            Some(left) => Err(Failure::pause("a pause after a failed renewal lasts", left)),
            None => Ok(()),
        }
    }

    /// Asks the vendor and saves what it gives.
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
        faults::point(faults::BEFORE_SEND);
        let outcome = self.ask(epoch, &row).await;
        let vendor = self.provider.manifest().vendor;
        let label = if outcome.is_ok() { "ok" } else { "failed" };
        metrics::counter!("callweave_token_renewals_total", "vendor" => vendor, "outcome" => label)
            .increment(1);
        match outcome {
            Ok(answer) => {
                faults::point(faults::AFTER_RESPONSE);
                self.save(epoch, &row, answer).await
            }
            Err(refusal) => {
                self.note_failure(epoch, &row, &refusal).await;
                Err(refusal.failure)
            }
        }
    }
}

fn closing() -> Failure {
    Failure::pause("the gateway is shutting down", Duration::from_secs(5))
}

pub(super) const fn token_place(account: &Account) -> Place {
    Place {
        table: "tokens",
        column: "sealed_token",
        tenant: account.tenant,
        row: account.namespace,
    }
}
