//! The accounts of the vendors: credentials, log-ins, tokens.

use serde_json::{Value, json};

use super::{
    World,
    ledger::{Action, LedgerEvent},
    tokens::{Token, TokenKind, TokenLifetimes, TokenProblem},
};
use crate::{callgear, random::Random, vendor::Vendor, vendors};

impl World {
    /// The password of the vendor's account. Invented from the seed; it protects nothing.
    pub(crate) fn password(&self, vendor: Vendor) -> String {
        format!(
            "play-{}",
            Random::new(&[self.config.seed, vendor.number(), 0x9a55]).hex(16)
        )
    }

    /// The accounts of the four vendors, with base URLs that start with `base_url`; under
    /// `connection` the same sorted into what a client of the vendor is told and what it must keep
    /// secret.
    pub fn credentials(&self, base_url: &str) -> Value {
        let accounts = Vendor::ALL.map(|vendor| {
            let address = format!("{base_url}/{vendor}");
            let mut account = vendors::credentials(self, vendor);
            let connection = connection(vendor, &address, &account);
            if let Some(members) = account.as_object_mut() {
                members.insert("base_url".into(), json!(address));
                members.insert("connection".into(), connection);
            }
            (vendor.key().to_owned(), account)
        });
        Value::Object(accounts.into_iter().collect())
    }

    /// AloVoice has no login: its one token is there from the start.
    pub(super) fn issue_account_token(&self) {
        if self.tokens.list(Vendor::AloVoice).is_empty() {
            self.issue_token(Vendor::AloVoice, TokenKind::Access, "account");
        }
    }

    /// Gives out a token and writes it down.
    pub(crate) fn issue_token(&self, vendor: Vendor, kind: TokenKind, name: &str) -> Token {
        let token = self.tokens.issue(vendor, kind, name, self.now());
        self.note_token(vendor, &token, Action::Issued, None);
        token
    }

    /// Gives out an access token with its refresh token and writes both down.
    pub(crate) fn issue_pair(&self, vendor: Vendor) -> (Token, Token) {
        let (access, refresh) = self.tokens.issue_pair(vendor, self.now());
        self.note_token(vendor, &access, Action::Issued, None);
        self.note_token(vendor, &refresh, Action::Issued, None);
        (access, refresh)
    }

    /// The token behind this value, if it opens something now.
    pub(crate) fn check_token(
        &self,
        vendor: Vendor,
        kind: TokenKind,
        value: &str,
    ) -> Result<Token, TokenProblem> {
        self.tokens.check(vendor, kind, value, self.now())
    }

    /// Exchanges a refresh token for a new pair. A second use of the same one is written down too.
    pub(crate) fn spend_refresh(
        &self,
        vendor: Vendor,
        value: &str,
    ) -> Result<(Token, Token), TokenProblem> {
        let (old, outcome) = self.tokens.spend_refresh(vendor, value, self.now());
        if let Some(old) = old {
            let problem = outcome.as_ref().err();
            let action = if problem.is_some() {
                Action::Rejected
            } else {
                Action::Spent
            };
            self.note_token(vendor, &old, action, problem.copied());
        }
        if let Ok((access, refresh)) = &outcome {
            self.note_token(vendor, access, Action::Refreshed, None);
            self.note_token(vendor, refresh, Action::Refreshed, None);
        }
        outcome
    }

    /// Takes a token back; false when there is none with this id.
    pub(crate) fn revoke_token(&self, vendor: Vendor, id: &str) -> bool {
        let revoked = self.tokens.revoke(vendor, id);
        if let Some(token) = &revoked {
            self.keep_token(vendor, token);
            let event = LedgerEvent {
                vendor,
                kind: "token",
                id: id.to_owned(),
                call_id: None,
                version: 1,
                action: Action::Revoked,
                facts: Value::Null,
            };
            self.ledger.append(self.now(), event);
        }
        revoked.is_some()
    }

    /// Writes a login down. The user name is left out: it may hold a password typed there.
    pub(crate) fn note_login(&self, vendor: Vendor, accepted: bool) {
        let action = if accepted {
            Action::Login
        } else {
            Action::LoginRejected
        };
        let event = LedgerEvent {
            vendor,
            kind: "login",
            id: String::new(),
            call_id: None,
            version: 1,
            action,
            facts: Value::Null,
        };
        self.ledger.append(self.now(), event);
    }

    /// Sets how long the vendor's tokens live that are given out from now on.
    pub fn set_token_lifetimes(&self, vendor: Vendor, lifetimes: TokenLifetimes) {
        self.tokens.set_lifetimes(vendor, lifetimes);
    }

    /// Lets the vendor's access tokens run out at once, and with `refresh` its refresh tokens too.
    /// Gives how many. AloVoice's account then has a new token, which only the credentials tell.
    pub fn expire_tokens(&self, vendor: Vendor, refresh: bool) -> usize {
        let kind = (!refresh).then_some(TokenKind::Access);
        let expired = self.tokens.expire(vendor, kind, self.now());
        for token in &expired {
            self.keep_token(vendor, token);
        }
        if vendor == Vendor::AloVoice {
            self.issue_token(vendor, TokenKind::Access, "account");
        }
        expired.len()
    }

    fn note_token(
        &self,
        vendor: Vendor,
        token: &Token,
        action: Action,
        problem: Option<TokenProblem>,
    ) {
        self.keep_token(vendor, token);
        let facts = json!({
            "token_kind": token.kind,
            "pair": token.pair,
            "expires_at": token.expires_at,
            "problem": problem.map(TokenProblem::key),
        });
        let event = LedgerEvent {
            vendor,
            kind: "token",
            id: token.id.clone(),
            call_id: None,
            version: 1,
            action,
            facts,
        };
        self.ledger.append(self.now(), event);
    }
}

/// What a client of the vendor needs, ready to be handed in.
fn connection(vendor: Vendor, address: &str, account: &Value) -> Value {
    let (credentials, settings) = match vendor {
        Vendor::CallGear => (
            json!({"username": account["username"], "password": account["password"]}),
            json!({
                "base_url": format!("{address}{}", callgear::PREFIX),
                "rpc_methods": "get.*",
            }),
        ),
        Vendor::AloVoice => (
            json!({"token": account["token"]}),
            json!({"base_url": address}),
        ),
        Vendor::Neuro => (
            json!({"login": account["login"], "password": account["password"]}),
            json!({"base_url": address, "company_uuid": account["company_uuid"]}),
        ),
        Vendor::Transcripto => (
            json!({"access_token": account["token"], "email": account["email"]}),
            json!({"base_url": address}),
        ),
    };
    json!({"vendor": vendor, "credentials": credentials, "settings": settings})
}
