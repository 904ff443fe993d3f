//! Tokens that are made here: short-lived, for the holder of an API key, signed with Ed25519.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use callweave_model::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, jwk::Jwk};
use secrecy::{ExposeSecret as _, SecretSlice};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    IssuerError,
    claims::{Claims, Raw, Rejected, Tenant},
};

/// PKCS #8 of an Ed25519 key (RFC 8410), up to the key itself.
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// For whom a token is made.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Whose data it opens.
    pub tenant: Uuid,
    /// The API key it is made for; when that is revoked, the token is worth nothing.
    pub api_key: Uuid,
    /// What it may do; never more than the key may.
    pub scopes: &'a [String],
    /// Its own id.
    pub id: Uuid,
    /// How long it lives.
    pub life: Duration,
}

/// Makes and checks our own tokens. Replicas with the same keys make and know the same ones.
pub struct OwnTokens {
    issuer: String,
    audience: String,
    /// The first one signs; all of them check.
    keys: Vec<Key>,
}

struct Key {
    id: String,
    signing: EncodingKey,
    checking: DecodingKey,
    published: Value,
}

impl std::fmt::Debug for OwnTokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("OwnTokens")
            .field("issuer", &self.issuer)
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Written<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: String,
    jti: String,
    iat: u64,
    nbf: u64,
    exp: u64,
    tenant: String,
    scope: String,
}

impl OwnTokens {
    /// Tokens signed with keys that are derived from these secrets, the first one active. While an
    /// old secret is among them, the tokens it made are still known.
    pub fn new(
        issuer: &str,
        audience: &str,
        secrets: &[SecretSlice<u8>],
    ) -> Result<Self, IssuerError> {
        let wrong = |detail: &str| IssuerError {
            issuer: issuer.to_owned(),
            detail: detail.to_owned(),
        };
        let keys: Vec<Key> = secrets
            .iter()
            .map(Key::derive)
            .collect::<Result<_, _>>()
            .map_err(|_error| wrong("the signing key cannot be made"))?;
        if keys.is_empty() {
            return Err(wrong("needs a secret to sign with"));
        }
        Ok(Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            keys,
        })
    }

    /// What our tokens say in `iss`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Makes a token; `None` when the system's cryptography fails.
    pub fn make(&self, request: &Request<'_>, now: Timestamp) -> Option<String> {
        let key = self.keys.first()?;
        let now = u64::try_from(now.as_millis() / 1_000).ok()?;
        let claims = Written {
            iss: &self.issuer,
            aud: &self.audience,
            sub: request.api_key.to_string(),
            jti: request.id.to_string(),
            iat: now,
            nbf: now,
            exp: now + request.life.as_secs(),
            tenant: request.tenant.to_string(),
            scope: request.scopes.join(" "),
        };
        let header = Header {
            kid: Some(key.id.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, &claims, &key.signing).ok()
    }

    /// The public halves, as `/.well-known/jwks.json` shows them.
    pub fn published(&self) -> Value {
        let keys: Vec<&Value> = self.keys.iter().map(|key| &key.published).collect();
        json!({ "keys": keys })
    }

    pub(crate) fn key(&self, id: Option<&str>) -> Result<&DecodingKey, Rejected> {
        let known = self.keys.iter().find(|key| Some(key.id.as_str()) == id);
        known.map(|key| &key.checking).ok_or(Rejected::Key)
    }

    /// What a token of ours, its signature checked, is worth.
    pub(crate) fn claims(&self, raw: &Raw, now: Timestamp) -> Result<Claims, Rejected> {
        raw.check_audience(&self.audience)?;
        let expires_at = raw.check_times(now, 24 * 60 * 60)?;
        let id = |text: Option<&str>| {
            text.and_then(|text| text.parse::<Uuid>().ok())
                .ok_or(Rejected::Claim)
        };
        Ok(Claims {
            issuer: raw.iss.clone(),
            subject: raw.sub.clone(),
            tenant: Tenant::Id(id(raw.text("tenant"))?),
            scopes: raw.scopes("scope")?,
            api_key: Some(id(Some(&raw.sub))?),
            expires_at,
        })
    }
}

impl Key {
    fn derive(secret: &SecretSlice<u8>) -> jsonwebtoken::errors::Result<Self> {
        let seed = Sha256::new()
            .chain_update("callweave/1|token signing|")
            .chain_update(secret.expose_secret())
            .finalize();
        let mut pkcs8 = PKCS8.to_vec();
        pkcs8.extend_from_slice(&seed);
        let signing = EncodingKey::from_ed_der(&pkcs8);
        let jwk = Jwk::from_encoding_key(&signing, Algorithm::EdDSA)?;
        let checking = DecodingKey::from_jwk(&jwk)?;
        let mut published = serde_json::to_value(&jwk)?;
        // The id follows from the key, so that every replica gives it the same one.
        let digest = Sha256::digest(published.to_string());
        let id = URL_SAFE_NO_PAD.encode(digest.get(..12).unwrap_or_default());
        if let Some(members) = published.as_object_mut() {
            members.insert("kid".to_owned(), json!(id));
            members.insert("use".to_owned(), json!("sig"));
        }
        Ok(Self {
            id,
            signing,
            checking,
            published,
        })
    }
}
