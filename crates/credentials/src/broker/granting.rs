//! Asking the vendor: with the refresh token, with an orphaned one, with the credentials.

use std::{panic::AssertUnwindSafe, time::Duration};

use callweave_model::Timestamp;
use callweave_provider::{
    CallContext, ErrorKind, Grant, ProviderError, Result as ProviderResult,
    http_client::TransportError,
};
use callweave_store::tokens::TokenRow;
use futures::FutureExt as _;
use secrecy::SecretString;
use tracing::info;

use super::{
    flight::Failure,
    life::{is_handed_in, is_over},
    renewal::{Need, Renewal},
};

/// How long one vendor call may take; two of them fit into the lease.
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

impl Renewal {
    /// Asks the vendor for a token. A panic below is a failure like others.
    pub(super) async fn ask(&self, row: &TokenRow) -> Result<Grant, Refusal> {
        AssertUnwindSafe(self.grant(row))
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

    async fn grant(&self, row: &TokenRow) -> Result<Grant, Refusal> {
        let now = self.inner.clock.now();
        let stored = self.unspent(row, now);
        let orphan = row.sealed_orphan.as_deref();
        for sealed in [stored, orphan].into_iter().flatten() {
            let Some(pair) = self.opened(sealed) else {
                continue;
            };
            let version = self.account.credentials_version;
            let of_others = pair
                .credentials_version
                .is_some_and(|other| other != version);
            let Some(refresh) = pair.refresh.filter(|_| !of_others) else {
                continue;
            };
            match self.refresh(&refresh).await {
                Ok(Some(mut grant)) => {
                    grant.refresh_token.get_or_insert(refresh);
                    return Ok(grant);
                }
                Ok(None) => {}
                Err(error) if refuses_for_good(error.kind) => {
                    info!("A refresh token is spent or expired; going on without it");
                }
                Err(error) => {
                    return Err(Refusal {
                        failure: Failure::from(&error),
                        unspent: surely_unsent(&error),
                        rejected: false,
                    });
                }
            }
        }
        self.login(row, now).await
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
                "the token that was handed in is not valid any more",
            ));
        }
        Ok(grant)
    }

    /// A vendor call within its time. What takes longer may still have taken effect.
    async fn timed<T>(&self, call: impl Future<Output = ProviderResult<T>>) -> ProviderResult<T> {
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
fn surely_unsent(error: &ProviderError) -> bool {
    let transport = error
        .source
        .as_ref()
        .and_then(|source| source.downcast_ref::<TransportError>());
    matches!(error.kind, ErrorKind::RateLimited | ErrorKind::EgressDenied)
        || matches!(transport, Some(TransportError::Connect(_)))
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
