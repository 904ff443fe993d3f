//! The tokens the vendors give out.

use std::{collections::HashMap, sync::Mutex};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::lock;
use crate::{random::Random, vendor::Vendor};

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenKind {
    /// Opens the vendor's operations.
    Access,
    /// Buys a new pair, once.
    Refresh,
}

/// A token as it was given out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) value: String,
    pub(crate) kind: TokenKind,
    /// Tokens that were given out together share this number.
    pub(crate) pair: u64,
    /// The name its owner gave it, where the vendor has such a thing.
    pub(crate) name: String,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) state: TokenState,
}

/// Whether a token still opens anything, its expiry aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenState {
    Active,
    Revoked,
    Spent,
}

/// Why a token does not open anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenProblem {
    Unknown,
    Expired,
    Revoked,
    Spent,
}

impl TokenProblem {
    /// The word that stands in the ledger.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Spent => "spent_reuse",
        }
    }
}

/// How long tokens live, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenLifetimes {
    /// Of an access token.
    pub lifetime_s: i64,
    /// Of a refresh token.
    pub refresh_lifetime_s: i64,
}

impl TokenLifetimes {
    /// What the vendor's document says or shows.
    const fn documented(vendor: Vendor) -> Self {
        match vendor {
            Vendor::CallGear => Self {
                lifetime_s: 30 * 86_400,
                refresh_lifetime_s: 0,
            },
            Vendor::AloVoice => Self {
                lifetime_s: 3_650 * 86_400,
                refresh_lifetime_s: 0,
            },
            Vendor::Neuro => Self {
                lifetime_s: 3_600,
                refresh_lifetime_s: 86_400,
            },
            Vendor::Transcripto => Self {
                lifetime_s: 86_400,
                refresh_lifetime_s: 0,
            },
        }
    }
}

/// All tokens of all vendors.
#[derive(Debug)]
pub(crate) struct Tokens {
    seed: u64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    issued: u64,
    lifetimes: HashMap<Vendor, TokenLifetimes>,
    by_value: HashMap<(Vendor, String), Token>,
}

impl Tokens {
    /// No tokens yet. The seed makes the values reproducible; they protect nothing.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            inner: Mutex::new(Inner::default()),
        }
    }

    /// How long the vendor's tokens live.
    pub(crate) fn lifetimes(&self, vendor: Vendor) -> TokenLifetimes {
        lock(&self.inner).lifetimes(vendor)
    }

    /// Sets how long tokens live that are given out from now on.
    pub(crate) fn set_lifetimes(&self, vendor: Vendor, lifetimes: TokenLifetimes) {
        lock(&self.inner).lifetimes.insert(vendor, lifetimes);
    }

    /// Gives out one token.
    pub(crate) fn issue(
        &self,
        vendor: Vendor,
        kind: TokenKind,
        name: &str,
        now: Timestamp,
    ) -> Token {
        let mut inner = lock(&self.inner);
        inner.issued += 1;
        let pair = inner.issued;
        inner.issue(self.seed, vendor, kind, name, pair, now)
    }

    /// Gives out an access token and the refresh token that goes with it.
    pub(crate) fn issue_pair(&self, vendor: Vendor, now: Timestamp) -> (Token, Token) {
        let mut inner = lock(&self.inner);
        inner.issue_pair(self.seed, vendor, now)
    }

    /// The token behind this value, if it opens something now.
    pub(crate) fn check(
        &self,
        vendor: Vendor,
        kind: TokenKind,
        value: &str,
        now: Timestamp,
    ) -> Result<Token, TokenProblem> {
        let inner = lock(&self.inner);
        let token = inner
            .by_value
            .get(&(vendor, value.to_owned()))
            .filter(|token| token.kind == kind)
            .ok_or(TokenProblem::Unknown)?;
        token.usable(now).map(|()| token.clone())
    }

    /// Uses a refresh token up and gives out a new pair. Gives the old token back too, also where
    /// it was refused, so that the ledger can tell what was tried.
    pub(crate) fn spend_refresh(
        &self,
        vendor: Vendor,
        value: &str,
        now: Timestamp,
    ) -> (Option<Token>, Result<(Token, Token), TokenProblem>) {
        let mut inner = lock(&self.inner);
        let Some(old) = inner.by_value.get_mut(&(vendor, value.to_owned())) else {
            return (None, Err(TokenProblem::Unknown));
        };
        if old.kind != TokenKind::Refresh {
            return (Some(old.clone()), Err(TokenProblem::Unknown));
        }
        if let Err(problem) = old.usable(now) {
            return (Some(old.clone()), Err(problem));
        }
        old.state = TokenState::Spent;
        let old = old.clone();
        let pair = inner.issue_pair(self.seed, vendor, now);
        (Some(old), Ok(pair))
    }

    /// Takes a token back and gives it as it is then; `None` when there is none with this id or it
    /// was taken back before.
    pub(crate) fn revoke(&self, vendor: Vendor, id: &str) -> Option<Token> {
        let mut inner = lock(&self.inner);
        let found = inner.by_value.iter_mut().find(|((owner, _), token)| {
            *owner == vendor && token.id == id && token.state == TokenState::Active
        });
        found.map(|(_, token)| {
            token.state = TokenState::Revoked;
            token.clone()
        })
    }

    /// Puts back a token of an earlier run, as it was then.
    pub(crate) fn restore(&self, vendor: Vendor, token: Token) {
        let mut inner = lock(&self.inner);
        inner.issued = inner.issued.max(token.pair);
        inner.by_value.insert((vendor, token.value.clone()), token);
    }

    /// Lets the vendor's tokens run out at once and gives them; of one kind where given.
    pub(crate) fn expire(
        &self,
        vendor: Vendor,
        kind: Option<TokenKind>,
        now: Timestamp,
    ) -> Vec<Token> {
        let mut inner = lock(&self.inner);
        let mut expired = Vec::new();
        for ((owner, _), token) in &mut inner.by_value {
            let asked = *owner == vendor && kind.is_none_or(|wanted| wanted == token.kind);
            if asked && token.usable(now).is_ok() {
                token.expires_at = now;
                expired.push(token.clone());
            }
        }
        expired
    }

    /// The vendor's tokens that were not taken back, oldest first.
    pub(crate) fn list(&self, vendor: Vendor) -> Vec<Token> {
        let inner = lock(&self.inner);
        let mut tokens: Vec<Token> = inner
            .by_value
            .iter()
            .filter(|((owner, _), token)| *owner == vendor && token.state == TokenState::Active)
            .map(|(_, token)| token.clone())
            .collect();
        tokens.sort_by_key(|token| token.pair);
        tokens
    }
}

impl Token {
    fn usable(&self, now: Timestamp) -> Result<(), TokenProblem> {
        match self.state {
            TokenState::Revoked => Err(TokenProblem::Revoked),
            TokenState::Spent => Err(TokenProblem::Spent),
            TokenState::Active if self.expires_at <= now => Err(TokenProblem::Expired),
            TokenState::Active => Ok(()),
        }
    }
}

impl Inner {
    fn lifetimes(&self, vendor: Vendor) -> TokenLifetimes {
        self.lifetimes
            .get(&vendor)
            .copied()
            .unwrap_or_else(|| TokenLifetimes::documented(vendor))
    }

    fn issue_pair(&mut self, seed: u64, vendor: Vendor, now: Timestamp) -> (Token, Token) {
        self.issued += 1;
        let pair = self.issued;
        let access = self.issue(seed, vendor, TokenKind::Access, "", pair, now);
        let refresh = self.issue(seed, vendor, TokenKind::Refresh, "", pair, now);
        (access, refresh)
    }

    fn issue(
        &mut self,
        seed: u64,
        vendor: Vendor,
        kind: TokenKind,
        name: &str,
        pair: u64,
        now: Timestamp,
    ) -> Token {
        let lifetimes = self.lifetimes(vendor);
        let seconds = match kind {
            TokenKind::Access => lifetimes.lifetime_s,
            TokenKind::Refresh => lifetimes.refresh_lifetime_s,
        };
        let expires_at = now
            .checked_add(SignedDuration::from_secs(seconds))
            .unwrap_or(now);
        let id = Random::new(&[seed, vendor.number(), pair, kind as u64])
            .uuid()
            .to_string();
        let value = value_of(seed, &id, kind, now, expires_at);
        let token = Token {
            id,
            value: value.clone(),
            kind,
            pair,
            name: name.to_owned(),
            issued_at: now,
            expires_at,
            state: TokenState::Active,
        };
        self.by_value.insert((vendor, value), token.clone());
        token
    }
}

/// A token of the shape the vendors use: three base64 parts with dots between. It is built here and
/// now, so that nothing that looks like a credential stands in the source.
fn value_of(seed: u64, id: &str, kind: TokenKind, from: Timestamp, until: Timestamp) -> String {
    let header = json!({"alg": "HS256", "typ": "JWT"}).to_string();
    let payload = json!({
        "iat": from.as_second(), "exp": until.as_second(), "jti": id, "type": kind,
    })
    .to_string();
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature = Sha256::new()
        .chain_update(seed.to_be_bytes())
        .chain_update(&signed)
        .finalize();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_buys_one_pair_only() {
        let tokens = Tokens::new(1);
        let now = Timestamp::UNIX_EPOCH;
        let (access, refresh) = tokens.issue_pair(Vendor::Neuro, now);
        assert!(
            tokens
                .check(Vendor::Neuro, TokenKind::Access, &access.value, now)
                .is_ok()
        );
        assert!(
            tokens
                .check(Vendor::CallGear, TokenKind::Access, &access.value, now)
                .is_err()
        );
        let (_, first) = tokens.spend_refresh(Vendor::Neuro, &refresh.value, now);
        assert!(first.is_ok());
        let (_, second) = tokens.spend_refresh(Vendor::Neuro, &refresh.value, now);
        assert_eq!(second.unwrap_err(), TokenProblem::Spent);
    }

    #[test]
    fn a_token_runs_out() {
        let tokens = Tokens::new(1);
        let now = Timestamp::UNIX_EPOCH;
        let (access, _) = tokens.issue_pair(Vendor::Neuro, now);
        let later = now + SignedDuration::from_secs(3_600);
        let check = tokens.check(Vendor::Neuro, TokenKind::Access, &access.value, later);
        assert_eq!(check.unwrap_err(), TokenProblem::Expired);
        assert_eq!(tokens.expire(Vendor::Neuro, None, now).len(), 2);
    }
}
