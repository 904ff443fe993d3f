//! From a token's text to what it is worth.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use callweave_model::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};

use crate::{
    claims::{Claims, Rejected},
    issuer::{Issuer, IssuerError, Keys, Trusted},
    jwks::{FetchError, JwksCache, KeyFetcher},
    own::OwnTokens,
    text::{Parts, is_token},
};

/// Checks tokens of all issuers, ours among them.
#[derive(Debug)]
pub struct Verifier {
    own: OwnTokens,
    trusted: HashMap<String, Trusted>,
    jwks: JwksCache,
}

impl Verifier {
    /// A verifier for our own tokens and those of issuers that the operator trusts.
    ///
    /// # Errors
    /// When an entry makes no sense, or two issuers have one name.
    pub fn new(
        own: OwnTokens,
        issuers: Vec<Issuer>,
        fetcher: Arc<dyn KeyFetcher>,
    ) -> Result<Self, IssuerError> {
        let mut trusted = HashMap::new();
        for entry in issuers {
            let name = entry.name.clone();
            let twice = || IssuerError {
                issuer: name.clone(),
                detail: "stands twice".to_owned(),
            };
            if name == own.issuer() {
                return Err(twice());
            }
            if trusted.insert(name.clone(), Trusted::new(entry)?).is_some() {
                return Err(twice());
            }
        }
        Ok(Self {
            own,
            trusted,
            jwks: JwksCache::new(fetcher),
        })
    }

    /// A verifier that believes our own tokens alone.
    pub fn trusting_nobody(own: OwnTokens) -> Self {
        Self {
            own,
            trusted: HashMap::new(),
            jwks: JwksCache::new(Arc::new(NoKeys)),
        }
    }

    /// Our own tokens.
    pub const fn own(&self) -> &OwnTokens {
        &self.own
    }

    /// Whether a text is shaped like a token at all, to be told from an API key.
    pub fn is_token(text: &str) -> bool {
        is_token(text)
    }

    /// What a token is worth.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, Rejected> {
        let parts = Parts::read(token)?;
        if parts.claims.iss == self.own.issuer() {
            let key = self.own.key(parts.key_id.as_deref());
            check(&parts, Algorithm::EdDSA, || key)?;
            return self.own.claims(&parts.claims, now);
        }
        let issuer = self
            .trusted
            .get(&parts.claims.iss)
            .ok_or(Rejected::Issuer)?;
        // Before any key is looked for: a token of another algorithm costs no fetch.
        if !is_named(issuer.algorithm, &parts.algorithm) {
            return Err(Rejected::Algorithm);
        }
        match &issuer.keys {
            Keys::Static(key) => check(&parts, issuer.algorithm, || Ok(key))?,
            Keys::Jwks(url) => {
                let id = parts.key_id.as_deref().ok_or(Rejected::Key)?;
                let key = self.jwks.key(url, issuer.algorithm, id).await?;
                check(&parts, issuer.algorithm, || Ok(&key))?;
            }
        }
        issuer.claims(&parts.claims, now)
    }
}

/// Fetches nothing: nobody publishes keys for us.
#[derive(Debug)]
struct NoKeys;

#[async_trait]
impl KeyFetcher for NoKeys {
    async fn fetch(&self, _url: &str) -> Result<Vec<u8>, FetchError> {
        Err(FetchError("no issuer is trusted".to_owned()))
    }
}

/// Whether a token's `alg` is this algorithm, letter by letter.
fn is_named(algorithm: Algorithm, told: &str) -> bool {
    told == match algorithm {
        Algorithm::HS256 => "HS256",
        Algorithm::RS256 => "RS256",
        Algorithm::ES256 => "ES256",
        Algorithm::EdDSA => "EdDSA",
        _ => return false,
    }
}

fn check<'k>(
    parts: &Parts<'_>,
    algorithm: Algorithm,
    key: impl FnOnce() -> Result<&'k DecodingKey, Rejected>,
) -> Result<(), Rejected> {
    if !is_named(algorithm, &parts.algorithm) {
        return Err(Rejected::Algorithm);
    }
    let fits =
        jsonwebtoken::crypto::verify(parts.signature, parts.message.as_bytes(), key()?, algorithm);
    match fits {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(Rejected::Signature),
    }
}
