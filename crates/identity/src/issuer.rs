//! An issuer that the operator trusts.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey};
use secrecy::{ExposeSecret as _, SecretString};

use crate::claims::{Claims, Raw, Rejected, Tenant};

/// The shortest shared secret: HS256 with less can be guessed.
const SHORTEST_SECRET: usize = 32;

/// Where the keys of an issuer come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A secret that the issuer shares with us (HS256).
    Secret(SecretString),
    /// A public key (RS256, ES256, EdDSA), PEM.
    PublicKey(String),
    /// A set of keys at this address, fetched now and then.
    Jwks(String),
}

/// How the tenant of a token is found. It comes from the operator or from the signed token, and
/// from nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantRule {
    /// Every token of the issuer is for this tenant.
    Fixed(Tenant),
    /// This claim holds the tenant's id.
    Claim(String),
}

/// An issuer that the operator trusts: one algorithm, its keys, and what its tokens may do.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// What its tokens say in `iss`.
    pub name: String,
    /// What its tokens say in `aud`.
    pub audience: String,
    /// `HS256`, `RS256`, `ES256` or `EdDSA`.
    pub algorithm: String,
    /// Its keys.
    pub keys: KeySource,
    /// Whose data its tokens open.
    pub tenant: TenantRule,
    /// The claim with the scopes, usually `scope`.
    pub scope_claim: String,
    /// What its tokens may do at most; a token's own scopes beyond these are left out.
    pub scopes: Vec<String>,
    /// How long its tokens may live.
    pub longest_life: Duration,
}

/// An issuer cannot be trusted as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("issuer {issuer:?}: {detail}")]
pub struct IssuerError {
    /// Which issuer.
    pub issuer: String,
    /// What is wrong.
    pub detail: String,
}

/// A key and the algorithm it is used with.
#[derive(Clone, Debug)]
pub(crate) enum Keys {
    Static(Box<DecodingKey>),
    Jwks(String),
}

/// An issuer whose entry makes sense.
#[derive(Clone, Debug)]
pub(crate) struct Trusted {
    pub(crate) entry: Issuer,
    pub(crate) algorithm: Algorithm,
    pub(crate) keys: Keys,
}

impl Trusted {
    pub(crate) fn new(entry: Issuer) -> Result<Self, IssuerError> {
        let wrong = |detail: &str| IssuerError {
            issuer: entry.name.clone(),
            detail: detail.to_owned(),
        };
        if entry.name.is_empty() || entry.audience.is_empty() {
            return Err(wrong("needs a name and an audience"));
        }
        let algorithm = match entry.algorithm.as_str() {
            "HS256" => Algorithm::HS256,
            "RS256" => Algorithm::RS256,
            "ES256" => Algorithm::ES256,
            "EdDSA" => Algorithm::EdDSA,
            _ => return Err(wrong("the algorithm must be HS256, RS256, ES256 or EdDSA")),
        };
        let keys = match (&entry.keys, algorithm) {
            (KeySource::Secret(secret), Algorithm::HS256) => {
                let secret = secret.expose_secret().as_bytes();
                if secret.len() < SHORTEST_SECRET {
                    return Err(wrong("the shared secret must have 32 bytes or more"));
                }
                Keys::Static(Box::new(DecodingKey::from_secret(secret)))
            }
            (KeySource::Secret(_), _) => return Err(wrong("a shared secret is for HS256 only")),
            (_, Algorithm::HS256) => return Err(wrong("HS256 needs a shared secret")),
            (KeySource::Jwks(url), _) => Keys::Jwks(url.clone()),
            (KeySource::PublicKey(pem), algorithm) => {
                let pem = pem.as_bytes();
                let key = match algorithm {
                    Algorithm::RS256 => DecodingKey::from_rsa_pem(pem),
                    Algorithm::ES256 => DecodingKey::from_ec_pem(pem),
                    _ => DecodingKey::from_ed_pem(pem),
                };
                let key =
                    key.map_err(|_error| wrong("the public key is not a PEM of the algorithm"))?;
                Keys::Static(Box::new(key))
            }
        };
        Ok(Self {
            entry,
            algorithm,
            keys,
        })
    }

    /// What a token of this issuer, its signature checked, is worth.
    pub(crate) fn claims(
        &self,
        raw: &Raw,
        now: callweave_model::Timestamp,
    ) -> Result<Claims, Rejected> {
        raw.check_audience(&self.entry.audience)?;
        let expires_at = raw.check_times(now, self.entry.longest_life.as_secs())?;
        if raw.sub.is_empty() || raw.sub.len() > 255 {
            return Err(Rejected::Claim);
        }
        let tenant = match &self.entry.tenant {
            TenantRule::Fixed(tenant) => tenant.clone(),
            TenantRule::Claim(name) => {
                let id = raw.text(name).ok_or(Rejected::Claim)?;
                Tenant::Id(id.parse().map_err(|_error| Rejected::Claim)?)
            }
        };
        let told = raw.scopes(&self.entry.scope_claim)?;
        let scopes = told
            .into_iter()
            .filter(|scope| {
                let allowed = &self.entry.scopes;
                allowed.iter().any(|word| word == "*" || word == scope)
            })
            .collect();
        Ok(Claims {
            issuer: raw.iss.clone(),
            subject: raw.sub.clone(),
            tenant,
            scopes,
            api_key: None,
            expires_at,
        })
    }
}
