//! Logging in, and deleting the gateway's own token record.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use callweave_model::Timestamp;
use callweave_provider::{
    CallContext, ErrorKind, Grant, Result, TokenGrant, address, number,
    token::{Expiry, jwt_expiry},
    tolerant, when,
};
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::{
    CallGear,
    client::bad_response,
    error::{LOGIN, error},
    wire,
};

/// Numbers from here on are an instant, smaller ones a lifetime in seconds.
const FIRST_INSTANT: f64 = 946_684_800.0;

#[async_trait]
impl TokenGrant for CallGear {
    async fn login(&self, context: &CallContext<'_>) -> Result<Grant> {
        let member = |name: &str| {
            context.credentials.get(name).ok_or_else(|| {
                error(LOGIN, ErrorKind::InvalidCredentials)
                    .with_message("username and password are needed")
            })
        };
        let body = json!({
            "username": member("username")?.expose_secret(),
            "password": member("password")?.expose_secret(),
        });
        let body = Bytes::from(body.to_string());
        let answer = self.client.login(context, LOGIN, body).await?;
        let token = tolerant::read_object::<wire::Token>(&answer)
            .map_err(|error| bad_response(LOGIN, error.reason()))?
            .value;
        let access_token = token
            .access_token
            .filter(|text| !text.is_empty())
            .ok_or_else(|| bad_response(LOGIN, "the answer holds no token"))?;
        let told = expiry(
            token.expires_in.as_ref(),
            token.created_at.as_deref(),
            context.now,
        );
        Ok(Grant {
            expires: earlier(told, jwt_expiry(&access_token), context.now),
            access_token: SecretString::from(access_token),
            refresh_token: None,
            refresh_expires: Expiry::Unknown,
            remote_id: token.id,
        })
    }

    async fn refresh(
        &self,
        _context: &CallContext<'_>,
        _refresh_token: &SecretString,
    ) -> Result<Option<Grant>> {
        Ok(None)
    }

    async fn revoke(&self, context: &CallContext<'_>, token_remote_id: &str) -> Result<()> {
        let path = format!("/tokens/{}", address::encode(token_remote_id));
        match self.client.delete(context, "CG-36", &path).await {
            // It is gone already.
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            outcome => outcome,
        }
    }
}

/// Reads `expires_in`, which the document shows as an absolute time without zone (taken as UTC)
/// and whose name promises seconds.
pub(crate) fn expiry(
    expires_in: Option<&Value>,
    created_at: Option<&str>,
    now: Timestamp,
) -> Expiry {
    let Some(value) = expires_in else {
        return Expiry::Unknown;
    };
    if let Some(number) = number::as_f64(value) {
        return if number >= FIRST_INSTANT {
            when::read_unix(number).map_or(Expiry::Unknown, |read| Expiry::At(read.instant))
        } else if number > 0.0 {
            Expiry::After(Duration::from_secs_f64(number))
        } else {
            Expiry::Unknown
        };
    }
    let read = |text: &str| when::read(text, &TimeZone::UTC).map(|read| read.instant);
    let Some(end) = value.as_str().and_then(read) else {
        return Expiry::Unknown;
    };
    // A zone that is not UTC shifts both times alike, so their distance is the lifetime. It counts
    // where the absolute reading is of no use.
    match created_at.and_then(read) {
        Some(created) if end <= now && end > created => Expiry::After(end.since(created)),
        _ => Expiry::At(end),
    }
}

/// The earlier of what the answer says and what the token itself says.
fn earlier(told: Expiry, inside: Expiry, now: Timestamp) -> Expiry {
    let instant = |expiry: Expiry| match expiry {
        Expiry::At(instant) => Some(instant),
        Expiry::After(duration) => Some(now.plus(duration)),
        Expiry::Unknown => None,
    };
    match (instant(told), instant(inside)) {
        (Some(one), Some(other)) if other < one => inside,
        (None, Some(_)) => inside,
        _ => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trap_c04_every_form_of_expires_in_is_read() {
        let now: Timestamp = "2025-04-14T10:39:06Z".parse().unwrap();
        let read = |value: Value| expiry(Some(&value), Some("2025-04-14T10:39:06.568300"), now);
        let at = |text: &str| Expiry::At(text.parse().unwrap());
        let end = at("2025-05-14T10:46:55.182Z");
        assert_eq!(read(json!("2025-05-14T10:46:55.182817")), end);
        assert_eq!(read(json!("2025-05-14T10:46:55.182817Z")), end);
        assert_eq!(read(json!("2025-05-14T13:46:55.182817+03:00")), end);
        assert_eq!(
            read(json!("2025-05-14T10:46:55")),
            at("2025-05-14T10:46:55Z")
        );
        let hour = Expiry::After(Duration::from_hours(1));
        assert_eq!((read(json!(3600)), read(json!("3600"))), (hour, hour));
        assert_eq!(read(json!(1_747_219_615)), at("2025-05-14T10:46:55Z"));
        for nothing in [
            json!(null),
            json!(""),
            json!("soon"),
            json!(-5),
            json!({}),
            json!(0),
        ] {
            assert_eq!(read(nothing), Expiry::Unknown);
        }
        assert_eq!(
            read(json!("2025-04-14T10:39:05")),
            at("2025-04-14T10:39:05Z"),
            "an end before the beginning stays what it says"
        );
        let behind = expiry(
            Some(&json!("2025-04-14T08:00:00")),
            Some("2025-04-14T07:00:00"),
            now,
        );
        assert_eq!(behind, hour, "a zone behind UTC cancels out");
    }

    #[test]
    fn the_earlier_end_counts() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let soon = Expiry::At("2026-01-01T01:00:00Z".parse().unwrap());
        let late = Expiry::After(Duration::from_hours(48));
        assert_eq!(earlier(late, soon, now), soon);
        assert_eq!(earlier(soon, late, now), soon);
        assert_eq!(earlier(Expiry::Unknown, soon, now), soon);
        assert_eq!(earlier(late, Expiry::Unknown, now), late);
    }
}
