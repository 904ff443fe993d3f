//! How to get a token. When to do it is the broker's business.

use std::time::Duration;

use async_trait::async_trait;
use callweave_model::Timestamp;
use secrecy::SecretString;

use crate::{CallContext, Result};

/// When a token ends, as the vendor says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// At this instant.
    At(Timestamp),
    /// This long after the answer.
    After(Duration),
    /// It does not say, or not in a way that can be read.
    Unknown,
}

/// A fresh token.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The access token.
    pub access_token: SecretString,
    /// When it ends.
    pub expires: Expiry,
    /// The refresh token; `None` keeps the old one.
    pub refresh_token: Option<SecretString>,
    /// When the refresh token ends.
    pub refresh_expires: Expiry,
    /// The vendor's id of the token record, where it can be revoked by it.
    pub remote_id: Option<String>,
}

/// How a vendor hands out tokens.
#[async_trait]
pub trait TokenGrant: Send + Sync {
    /// Gets a token with the credentials. Fails with [`crate::ErrorKind::InvalidCredentials`] for
    /// a definite rejection, and only for that.
    async fn login(&self, context: &CallContext<'_>) -> Result<Grant>;

    /// Gets a token with a refresh token. `None`: the vendor has no refresh.
    /// [`crate::ErrorKind::Unauthorized`]: the refresh token is spent or expired.
    async fn refresh(
        &self,
        context: &CallContext<'_>,
        refresh_token: &SecretString,
    ) -> Result<Option<Grant>>;

    /// Deletes a token that the gateway itself got earlier. Does nothing where the vendor has no
    /// such operation.
    async fn revoke(&self, _context: &CallContext<'_>, _token_remote_id: &str) -> Result<()> {
        Ok(())
    }
}

/// The `exp` of a JWT, read without trust and without checking the signature; a hint, no proof.
pub fn jwt_expiry(token: &str) -> Expiry {
    match jwt_instant(token, "exp") {
        Some(instant) => Expiry::At(instant),
        None => Expiry::Unknown,
    }
}

/// How long a JWT lives from `iat` to `exp`, whatever anybody's clock says; a hint like
/// [`jwt_expiry`].
pub fn jwt_life(token: &str) -> Option<Duration> {
    let life = jwt_instant(token, "exp")?.since(jwt_instant(token, "iat")?);
    (!life.is_zero()).then_some(life)
}

fn jwt_instant(token: &str, claim: &str) -> Option<Timestamp> {
    let bytes = token.split('.').nth(1).and_then(decode_base64url)?;
    let claims: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let seconds = claims.get(claim).and_then(crate::number::as_i64)?;
    Timestamp::from_millis(seconds.checked_mul(1_000)?)
}

fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::{Expiry, jwt_expiry, jwt_life};

    #[test]
    fn the_end_of_a_jwt_is_read_and_garbage_is_unknown() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"exp": 1800000000}"#);
        let Expiry::At(end) = jwt_expiry(&format!("h.{claims}.s")) else {
            panic!("no end")
        };
        assert_eq!(end.to_string(), "2027-01-15T08:00:00.000Z");
        let huge = URL_SAFE_NO_PAD.encode(r#"{"exp": 9223372036854775807}"#);
        for garbage in [String::new(), "a.b.c".into(), format!("h.{huge}.s")] {
            assert_eq!(jwt_expiry(&garbage), Expiry::Unknown, "{garbage}");
            assert_eq!(jwt_life(&garbage), None, "{garbage}");
        }
        let lives = |claims: &str| jwt_life(&format!("h.{}.s", URL_SAFE_NO_PAD.encode(claims)));
        assert_eq!(
            lives(r#"{"iat": 1800000000, "exp": 1800000060}"#),
            Some(Duration::from_mins(1))
        );
        assert_eq!(lives(r#"{"iat": 1800000000, "exp": 1800000000}"#), None);
    }
}
