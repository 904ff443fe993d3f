//! Asking the vendor: with the refresh token, with an orphaned one, with the credentials.

use std::{panic::AssertUnwindSafe, time::Duration};

use callweave_model::Timestamp;
use callweave_provider::{CallContext, ErrorKind, Grant, ProviderError, Result as ProviderResult};
use callweave_store::{
    StoreError,
    tokens::{Obtained, TokenRow},
};
use futures::FutureExt as _;
use secrecy::SecretString;
use tracing::info;

use super::{
    flight::Failure,
    life::{is_handed_in, is_over},
    renewal::{Need, Renewal},
};
use crate::faults;

/// How long one vendor call may take.
const VENDOR_TIME: Duration = Duration::from_secs(25);
/// Logins of one account are at least so far apart.
const LOGIN_GAP: Duration = Duration::from_secs(60);
/// Logins of one account within an hour.
const LOGINS_AN_HOUR: usize = 5;
/// The pause after a renewal that panicked.
const PANIC_PAUSE: Duration = Duration::from_secs(30);

/// Why the vendor gave no token.
pub(super) struct Refusal {
    pub(super) failure: Failure,
    /// The refresh token was certainly not used: it serves again.
    pub(super) unspent: bool,
    /// The credentials were refused for good.
    pub(super) rejected: bool,
}

/// A token that the vendor gave, and how.
pub(super) struct Answer {
    pub(super) grant: Grant,
    pub(super) by: Obtained,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            unspent: true,
            rejected: false,
        }
    }
}

impl Refusal {
    fn definite(message: &str) -> Self {
        Self {
            failure: Failure::rejected(message),
            unspent: true,
            rejected: true,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Failure::from(error).into()
    }
}

impl Renewal {
    /// Asks the vendor for a token. A panic below is a failure like others.
    pub(super) async fn ask(&self, epoch: i64, row: &TokenRow) -> Result<Answer, Refusal> {
        AssertUnwindSafe(self.grant(epoch, row))
            .catch_unwind()
            .await
            .unwrap_or_else(|_panic| {
                Err(Refusal {
                    failure: Failure::pause("the renewal of a token panicked", PANIC_PAUSE),
                    unspent: false,
                    rejected: false,
                })
            })
    }

    /// With the refresh token, with an orphaned one, with the credentials.
    async fn grant(&self, epoch: i64, row: &TokenRow) -> Result<Answer, Refusal> {
        let now = self.inner.clock.now();
        let refresh = self
            .unspent(row, now)
            .and_then(|sealed| self.refresh_token(sealed));
        if let Some(refresh) = refresh
            && let Some(grant) = self.try_refresh(refresh).await?
        {
            return Ok(grant);
        }
        if let Some(grant) = self.try_orphan(epoch, row).await? {
            return Ok(grant);
        }
        let grant = self.login(row, now).await?;
        let by = Obtained::Login;
        Ok(Answer { grant, by })
    }

    /// The refresh token of a sealed pair, where it was got with the credentials in use.
    fn refresh_token(&self, sealed: &[u8]) -> Option<SecretString> {
        let pair = self.opened(sealed)?;
        if self.got_it(&pair) {
            pair.refresh
        } else {
            None
        }
    }

    /// `None`: this refresh token gets no token any more, or the vendor has no refresh.
    async fn try_refresh(&self, refresh: SecretString) -> Result<Option<Answer>, Refusal> {
        match self.refresh(&refresh).await {
            Ok(Some(mut grant)) => {
                grant.refresh_token.get_or_insert(refresh);
                let by = Obtained::Refresh;
                Ok(Some(Answer { grant, by }))
            }
            Ok(None) => Ok(None),
            Err(error) if refuses_for_good(error.kind) => {
                info!("A refresh token is spent or expired; going on without it");
                Ok(None)
            }
            Err(error) => Err(Refusal {
                failure: Failure::from(&error),
                unspent: surely_unsent(&error),
                rejected: false,
            }),
        }
    }

    /// The pair that an overtaken renewal left. Its refresh token serves once, so it is taken from
    /// the row first; what surely never reached the vendor is put back.
    async fn try_orphan(&self, epoch: i64, row: &TokenRow) -> Result<Option<Answer>, Refusal> {
        let Some(sealed) = row.sealed_orphan.as_deref() else {
            return Ok(None);
        };
        let mut tx = self.inner.store.tenant(self.account.tenant).await?;
        let taken = tx.take_orphan_token(self.account.namespace, epoch).await?;
        tx.commit().await?;
        let Some(refresh) = self.refresh_token(sealed).filter(|_| taken) else {
            return Ok(None);
        };
        let outcome = self.try_refresh(refresh).await;
        if let Err(refusal) = &outcome
            && refusal.unspent
        {
            let mut tx = self.inner.store.tenant(self.account.tenant).await?;
            let version = self.account.credentials_version;
            tx.keep_orphan_token(self.account.namespace, sealed, version)
                .await?;
            tx.commit().await?;
        }
        outcome
    }

    /// The stored pair, unless its refresh token is over or a crashed renewal may have spent it.
    fn unspent<'r>(&self, row: &'r TokenRow, now: Timestamp) -> Option<&'r [u8]> {
        let may_be_spent = row.intent_gen == Some(row.gen_number);
        let over = row.refresh_expires_at.is_some_and(|end| end <= now);
        row.sealed_token
            .as_deref()
            .filter(|_| self.is_ours(row) && !may_be_spent && !over)
    }

    async fn refresh(&self, refresh: &SecretString) -> ProviderResult<Option<Grant>> {
        match self.provider.token_grant() {
            Some(grant) => {
                self.timed(grant.refresh(&self.context(None), refresh))
                    .await
            }
            None => Ok(None),
        }
    }

    async fn login(&self, row: &TokenRow, now: Timestamp) -> Result<Grant, Refusal> {
        let Some(token_grant) = self.provider.token_grant() else {
            return Err(Refusal::definite("this vendor has no login"));
        };
        if let Some(pause) = login_pause(&row.logins, now) {
            return Err(Failure::pause("logins of this account are spaced out", pause).into());
        }
        let noted = async {
            let mut tx = self.inner.store.tenant(self.account.tenant).await?;
            tx.note_login(self.account.namespace, now).await?;
            tx.commit().await
        };
        noted.await.map_err(Failure::from)?;
        let context = self.context(None);
        let grant = self.timed(token_grant.login(&context)).await;
        let grant = grant.map_err(|error| Refusal {
            failure: Failure::from(&error),
            unspent: false,
            rejected: matches!(
                error.kind,
                ErrorKind::InvalidCredentials | ErrorKind::Unsupported
            ),
        })?;
        let refused = matches!(self.need, Need::Refused(_))
            && is_handed_in(&self.credentials, &grant.access_token);
        if refused || is_over(&grant, &self.credentials, now) {
            return Err(Refusal::definite(
                "the token that was handed in is not valid any more; get a new one from the vendor",
            ));
        }
        Ok(grant)
    }

    /// A vendor call within its time. What takes longer may still have taken effect.
    async fn timed<T>(&self, call: impl Future<Output = ProviderResult<T>>) -> ProviderResult<T> {
        let call = faults::under_way(faults::AFTER_SEND, call);
        tokio::time::timeout(VENDOR_TIME, call)
            .await
            .unwrap_or_else(|_elapsed| {
                let vendor = self.provider.manifest().vendor;
                Err(ProviderError::new(vendor, "token", ErrorKind::Transport))
            })
    }

    pub(super) fn context<'a>(&'a self, access_token: Option<&'a SecretString>) -> CallContext<'a> {
        CallContext {
            access_token,
            credentials: &self.credentials,
            now: self.inner.clock.now(),
            request_id: "token",
        }
    }
}

/// The vendor looked at the refresh token and will not take it.
const fn refuses_for_good(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unauthorized
            | ErrorKind::InvalidCredentials
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::InvalidRequest
            | ErrorKind::Unsupported
    )
}

/// The vendor did not look at the refresh token: no request reached it, or it was turned away.
const fn surely_unsent(error: &ProviderError) -> bool {
    error.unsent || matches!(error.kind, ErrorKind::RateLimited)
}

/// How long to wait before another login is within the budget.
///
/// Logins noted by a clock that was ahead count for the hour and not for the gap: else they would
/// lock the account until that time comes.
fn login_pause(logins: &[Timestamp], now: Timestamp) -> Option<Duration> {
    let recent: Vec<&Timestamp> = logins
        .iter()
        .filter(|at| now.since(**at) < Duration::from_hours(1))
        .collect();
    let gap = recent
        .iter()
        .filter(|at| at.since(now) < LOGIN_GAP)
        .max()
        .and_then(|last| LOGIN_GAP.checked_sub(now.since(**last)))
        .filter(|pause| !pause.is_zero());
    let first = recent
        .iter()
        .min()
        .filter(|_| recent.len() >= LOGINS_AN_HOUR);
    let hour = first.and_then(|at| Duration::from_hours(1).checked_sub(now.since(**at)));
    gap.max(hour)
}

#[cfg(test)]
mod tests {
    use callweave_provider::http_client::TransportError;

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
        assert_eq!(login_pause(&[at("2026-03-02T11:00:00Z")], now), None);
        let five: Vec<Timestamp> = (10..15)
            .map(|m| at(&format!("2026-03-02T08:{m}:00Z")))
            .collect();
        assert_eq!(login_pause(&five, now), Some(Duration::from_mins(10)));
    }

    #[test]
    fn only_what_never_reached_the_vendor_leaves_the_refresh_token_unspent() {
        let error = |source: TransportError| source.into_provider_error("acme", "X-01");
        assert!(surely_unsent(&error(TransportError::Connect(None))));
        assert!(surely_unsent(&error(TransportError::EgressDenied)));
        assert!(surely_unsent(&error(TransportError::RateLimited {
            after: None
        })));
        assert!(!surely_unsent(&error(TransportError::Timeout)));
        assert!(!surely_unsent(&error(TransportError::Broken(None))));
    }
}
