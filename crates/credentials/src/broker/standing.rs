//! How it stands with a token, in words for its owner.

use callweave_model::Timestamp;
use callweave_store::{connections::Connection, token_standing::TokenStanding};

use super::token::renewal_begins;

/// The state of an account's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// None was got yet, or none with these credentials; the next request gets one.
    Missing,
    /// It is in use.
    Valid,
    /// A renewal is under way.
    Renewing,
    /// It is over; the next request renews it.
    Expired,
    /// The last renewal failed; the next one is made after a pause.
    Cooling,
    /// The credentials were refused, or a token that was handed in is over: only the owner can help.
    ReauthRequired,
}

impl TokenState {
    /// Every state.
    pub const ALL: &'static [Self] = &[
        Self::Missing,
        Self::Valid,
        Self::Renewing,
        Self::Expired,
        Self::Cooling,
        Self::ReauthRequired,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Valid => "valid",
            Self::Renewing => "renewing",
            Self::Expired => "expired",
            Self::Cooling => "cooling",
            Self::ReauthRequired => "reauth_required",
        }
    }
}

/// How it stands with a connection's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: TokenState,
    /// Why it is in that state, where that is no good one.
    pub reason: Option<String>,
    /// It is one of the credentials: the gateway cannot get another one.
    pub handed_in: bool,
    /// When it was got.
    pub obtained_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it is renewed if it is in use then; `None` where the gateway cannot.
    pub refreshes_at: Option<Timestamp>,
    /// No renewal before that.
    pub not_before: Option<Timestamp>,
}

impl Standing {
    /// How it stands with the token of a stored connection at `now`.
    pub fn of(connection: &Connection, now: Timestamp) -> Self {
        let known = connection.token.clone().unwrap_or_default();
        let ours = known.cred_version == connection.credentials_version;
        let refused = known.rejected_reason.clone().filter(|_| ours);
        let there = ours && known.is_there && refused.is_none();
        let not_before = known.not_before.filter(|until| *until > now);
        let state = state(&known, there, refused.is_some(), now);
        let reason = match state {
            TokenState::ReauthRequired => refused,
            TokenState::Cooling => known.failure_reason,
            _ => None,
        };
        let expires_at = known.expires_at.filter(|_| there);
        let obtained_at = known.obtained_at.filter(|_| there);
        let refreshes_at = match (obtained_at, expires_at) {
            (Some(obtained), Some(end)) if !known.handed_in => {
                let begins = renewal_begins(obtained, end);
                Some(not_before.map_or(begins, |until| begins.max(until)))
            }
            _ => None,
        };
        Self {
            state,
            reason,
            handed_in: known.handed_in,
            obtained_at,
            expires_at,
            refreshes_at,
            not_before,
        }
    }
}

fn state(known: &TokenStanding, there: bool, refused: bool, now: Timestamp) -> TokenState {
    if refused {
        TokenState::ReauthRequired
    } else if known.leased {
        TokenState::Renewing
    } else if known.not_before.is_some_and(|until| until > now) {
        TokenState::Cooling
    } else if !there {
        TokenState::Missing
    } else if known.expires_at.is_some_and(|end| end <= now) {
        TokenState::Expired
    } else {
        TokenState::Valid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_worst_thing_is_said_first() {
        let now = at("2026-03-02T09:00:00Z");
        let good = TokenStanding {
            gen_number: 1,
            is_there: true,
            expires_at: Some(at("2026-03-02T10:00:00Z")),
            ..TokenStanding::default()
        };
        let pausing = TokenStanding {
            not_before: Some(at("2026-03-02T09:01:00Z")),
            ..good.clone()
        };
        let leased = TokenStanding {
            leased: true,
            ..pausing.clone()
        };
        assert_eq!(state(&good, true, false, now), TokenState::Valid);
        assert_eq!(state(&good, false, false, now), TokenState::Missing);
        assert_eq!(state(&pausing, true, false, now), TokenState::Cooling);
        assert_eq!(state(&leased, true, false, now), TokenState::Renewing);
        assert_eq!(state(&leased, true, true, now), TokenState::ReauthRequired);
        let later = at("2026-03-02T10:00:00Z");
        assert_eq!(state(&good, true, false, later), TokenState::Expired);
    }
}
