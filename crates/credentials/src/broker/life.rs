//! How long a token lives: what vendors say about it, and what is believed.

use std::time::Duration;

use callweave_model::Timestamp;
use callweave_provider::{
    Credentials, Grant,
    token::{Expiry, jwt_expiry, jwt_life},
};
use callweave_store::connection_state::Ending;
use secrecy::{ExposeSecret as _, SecretString};

/// The life of a token that does not say when it ends.
const FALLBACK_LIFE: Duration = Duration::from_hours(1);

/// How long before the end of a token that was handed in its owner is asked for another one. Of a
/// token that lives shorter than four days it is a quarter of its life: one that is renewed each
/// morning must not ask all day.
const NOTICE: Duration = Duration::from_hours(24);

/// The token is one of the credentials: its owner handed it in, and no login gets another.
pub(super) fn is_handed_in(credentials: &Credentials, access: &SecretString) -> bool {
    let access = access.expose_secret();
    credentials
        .names()
        .filter_map(|name| credentials.get(name))
        // People paste it with `Bearer ` before it, too.
        .any(|secret| !access.is_empty() && secret.expose_secret().trim().ends_with(access))
}

/// A token that was handed in and ended already. Of a token that was got a moment ago an end in
/// the past says only that a clock is wrong.
pub(super) fn is_over(grant: &Grant, credentials: &Credentials, now: Timestamp) -> bool {
    is_handed_in(credentials, &grant.access_token)
        && end_of(grant.expires, now).is_some_and(|end| end <= now)
}

/// When a token that was handed in ends for good, where it says so.
pub(super) fn ending(grant: &Grant, credentials: &Credentials, now: Timestamp) -> Option<Ending> {
    if !is_handed_in(credentials, &grant.access_token) {
        return None;
    }
    let end_at = end_of(grant.expires, now)?;
    let whole = jwt_life(grant.access_token.expose_secret());
    let notice = NOTICE.min(whole.unwrap_or_else(|| end_at.since(now)) / 4);
    let warn_at = end_at.minus(notice);
    Some(Ending { end_at, warn_at })
}

/// When the access token ends: what the vendor says, bounded by the token's own claims; an end in
/// the past or none at all gives the fallback life.
pub(super) fn access_end(grant: &Grant, credentials: &Credentials, now: Timestamp) -> Timestamp {
    let text = grant.access_token.expose_secret();
    let said = end_of(grant.expires, now);
    let own_end = end_of(jwt_expiry(text), now);
    // The life of a fresh token does not depend on whose clock is right.
    let own = if is_handed_in(credentials, &grant.access_token) {
        own_end
    } else {
        jwt_life(text).map(|life| now.plus(life)).or(own_end)
    };
    [said, own]
        .into_iter()
        .flatten()
        .filter(|end| *end > now)
        .min()
        .unwrap_or_else(|| now.plus(FALLBACK_LIFE))
}

/// When the refresh token ends, where the vendor says it in a way that can be.
pub(super) fn refresh_end(grant: &Grant, now: Timestamp) -> Option<Timestamp> {
    end_of(grant.refresh_expires, now).filter(|end| *end > now)
}

/// The end of a stored token whose row does not say it.
pub(super) fn fallback_end(obtained_at: Timestamp) -> Timestamp {
    obtained_at.plus(FALLBACK_LIFE)
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

    fn grant(expires: Expiry) -> Grant {
        Grant {
            access_token: "opaque".to_owned().into(),
            expires,
            refresh_token: None,
            refresh_expires: Expiry::Unknown,
            remote_id: None,
        }
    }

    #[test]
    fn case_056_a_past_or_missing_end_gives_the_fallback_life() {
        let now = at("2026-03-02T09:00:00Z");
        let nothing = Credentials::default();
        let end = |expires| access_end(&grant(expires), &nothing, now);
        let fallback = now.plus(FALLBACK_LIFE);
        assert_eq!(end(Expiry::Unknown), fallback);
        assert_eq!(end(Expiry::At(at("2020-01-01T00:00:00Z"))), fallback);
        assert_eq!(end(Expiry::After(Duration::MAX)), fallback);
        let five = Duration::from_mins(5);
        assert_eq!(end(Expiry::After(five)), now.plus(five));
    }

    #[test]
    fn case_057_a_token_that_was_handed_in_is_over_when_it_says_so() {
        let now = at("2026-03-02T09:00:00Z");
        let past = grant(Expiry::At(at("2026-03-02T08:59:00Z")));
        let own = Credentials::new([("jwt".to_owned(), "opaque".to_owned().into())]);
        let password = Credentials::new([("password".to_owned(), "other".to_owned().into())]);
        assert!(is_over(&past, &own, now));
        assert!(!is_over(&past, &password, now), "a clock is wrong, no more");
        assert!(!is_over(&grant(Expiry::Unknown), &own, now));
        let pasted = Credentials::new([("jwt".to_owned(), "Bearer opaque\n".to_owned().into())]);
        assert!(is_over(&past, &pasted, now));
    }
}
