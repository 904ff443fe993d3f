//! The tokens of the fake vendor.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use callweave_model::Timestamp;
use callweave_provider::{
    CallContext, Credentials, ErrorKind, Grant, Result, TokenGrant, token::Expiry,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{operation, provider::FakeProvider, vendor::Fate};

/// What a renewal does with the refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshRule {
    /// Each serves once; the answer holds a new one.
    Rotates,
    /// It stays, and the answer repeats it.
    Repeats,
    /// It stays, and the answer does not mention it.
    Stays,
    /// There is none: tokens come from logins only.
    None,
}

/// The rules of tokens, and what was counted. The access tokens end by the vendor's own clock.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The password; `correct` by default.
    pub password: String,
    /// What a renewal does with the refresh token.
    pub refresh: RefreshRule,
    /// How long an access token truly lives; an hour by default.
    pub life: Duration,
    /// What the vendor says about that; by default the truth.
    pub told: Option<Expiry>,
    /// Tokens are JWTs that tell their true end.
    pub jwt: bool,
    /// How often a refresh token was used that was spent already.
    pub spent_reuses: u64,
    /// The remote ids of tokens that were revoked.
    pub revoked: Vec<String>,
    issued: u64,
    access: BTreeMap<String, Timestamp>,
    refreshable: BTreeSet<String>,
    spent: BTreeSet<String>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            password: "correct".to_owned(),
            refresh: RefreshRule::Rotates,
            life: Duration::from_hours(1),
            told: None,
            jwt: false,
            spent_reuses: 0,
            revoked: Vec::new(),
            issued: 0,
            access: BTreeMap::new(),
            refreshable: BTreeSet::new(),
            spent: BTreeSet::new(),
        }
    }
}

impl Tokens {
    /// Every access token handed out so far is refused from now on.
    pub fn revoke_access(&mut self) {
        self.access.clear();
    }

    /// Every refresh token handed out so far is refused from now on.
    pub fn revoke_refresh(&mut self) {
        self.refreshable.clear();
    }

    /// An access token and a refresh token that serve now.
    pub fn in_use(&self) -> Option<(&str, &str)> {
        let access = self.access.keys().next_back()?;
        let refresh = self.refreshable.iter().next_back()?;
        Some((access, refresh))
    }

    /// How many access tokens were handed out.
    pub const fn issued(&self) -> u64 {
        self.issued
    }

    pub(super) fn knows_password(&self, credentials: &Credentials) -> bool {
        credentials
            .get("password")
            .is_some_and(|password| password.expose_secret() == self.password)
    }

    pub(super) fn admits(&self, token: Option<&SecretString>, now: Timestamp) -> bool {
        token
            .and_then(|token| self.access.get(token.expose_secret()))
            .is_some_and(|end| now < *end)
    }

    fn grant(&mut self, now: Timestamp, kept: Option<&str>) -> Grant {
        self.issued += 1;
        let end = now.plus(self.life);
        let access = self.access_text(now, end);
        self.access.insert(access.clone(), end);
        let fresh = format!("fake-refresh-{}", self.issued);
        let refresh = match (self.refresh, kept) {
            (RefreshRule::None, _) | (RefreshRule::Stays, Some(_)) => None,
            (RefreshRule::Repeats, Some(kept)) => Some(kept.to_owned()),
            (RefreshRule::Rotates, _) | (RefreshRule::Repeats | RefreshRule::Stays, None) => {
                Some(fresh)
            }
        };
        self.refreshable.extend(refresh.clone());
        Grant {
            access_token: access.into(),
            expires: self.told.unwrap_or(Expiry::After(self.life)),
            refresh_token: refresh.map(SecretString::from),
            refresh_expires: Expiry::Unknown,
            remote_id: Some(format!("token-{}", self.issued)),
        }
    }

    fn access_text(&self, now: Timestamp, end: Timestamp) -> String {
        let plain = format!("fake-access-{}", self.issued);
        if !self.jwt {
            return plain;
        }
        let seconds = |instant: Timestamp| instant.as_millis().div_euclid(1_000);
        let claims = json!({"iat": seconds(now), "exp": seconds(end), "jti": plain});
        let head = URL_SAFE_NO_PAD.encode(json!({"alg": "HS256"}).to_string());
        format!(
            "{head}.{}.{}",
            URL_SAFE_NO_PAD.encode(claims.to_string()),
            "unsigned"
        )
    }

    /// Uses a refresh token; `false` when it does not serve any more.
    fn spend(&mut self, token: &str) -> bool {
        if self.spent.contains(token) {
            self.spent_reuses += 1;
            return false;
        }
        if !self.refreshable.contains(token) {
            return false;
        }
        if self.refresh == RefreshRule::Rotates {
            self.refreshable.remove(token);
            self.spent.insert(token.to_owned());
        }
        true
    }
}

impl FakeProvider {
    fn delivered(&self, operation: &'static str, fate: Fate, grant: Grant) -> Result<Grant> {
        match fate {
            Fate::Answers => Ok(grant),
            Fate::Lost => Err(self.vendor.error(operation, ErrorKind::Transport)),
        }
    }
}

#[async_trait]
impl TokenGrant for FakeProvider {
    async fn login(&self, context: &CallContext<'_>) -> Result<Grant> {
        let fate = self.vendor.begin(operation::LOGIN).await?;
        let mut world = self.vendor.lock();
        let now = world.now(context);
        if world.tokens.knows_password(context.credentials) {
            let grant = world.tokens.grant(now, None);
            drop(world);
            return self.delivered(operation::LOGIN, fate, grant);
        }
        drop(world);
        Err(self
            .vendor
            .error(operation::LOGIN, ErrorKind::InvalidCredentials))
    }

    async fn refresh(
        &self,
        context: &CallContext<'_>,
        refresh_token: &SecretString,
    ) -> Result<Option<Grant>> {
        let fate = self.vendor.begin(operation::REFRESH).await?;
        let mut world = self.vendor.lock();
        if world.tokens.refresh == RefreshRule::None {
            return Ok(None);
        }
        let now = world.now(context);
        if world.tokens.spend(refresh_token.expose_secret()) {
            let grant = world.tokens.grant(now, Some(refresh_token.expose_secret()));
            drop(world);
            return self.delivered(operation::REFRESH, fate, grant).map(Some);
        }
        drop(world);
        Err(self
            .vendor
            .error(operation::REFRESH, ErrorKind::Unauthorized))
    }

    async fn revoke(&self, _context: &CallContext<'_>, token_remote_id: &str) -> Result<()> {
        self.vendor.begin(operation::REVOKE).await?;
        self.vendor
            .tokens(|tokens| tokens.revoked.push(token_remote_id.to_owned()));
        Ok(())
    }
}
