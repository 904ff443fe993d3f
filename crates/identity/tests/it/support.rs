//! Keys made for the moment, and tokens signed with them, well and badly.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use callweave_identity::{
    FetchError, Issuer, KeyFetcher, KeySource, OwnTokens, Tenant, TenantRule, Verifier,
};
use callweave_model::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData as _};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const NOW: i64 = 1_780_000_000;
pub(crate) const SHARED: &str = "a shared secret of more than 32 bytes, for tests";
pub(crate) const TENANT: Uuid = Uuid::from_u128(7);

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(NOW * 1_000).unwrap()
}

/// The keys of one issuer of each kind.
pub(crate) struct Keys {
    pub(crate) rsa: KeyPair,
    pub(crate) ec: KeyPair,
    pub(crate) ed: KeyPair,
}

impl Keys {
    pub(crate) fn make() -> Self {
        Self {
            rsa: KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap(),
            ec: KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap(),
            ed: KeyPair::generate_for(&PKCS_ED25519).unwrap(),
        }
    }

    pub(crate) fn signing(&self, algorithm: Algorithm) -> EncodingKey {
        match algorithm {
            Algorithm::RS256 => {
                EncodingKey::from_rsa_pem(self.rsa.serialize_pem().as_bytes()).unwrap()
            }
            Algorithm::ES256 => EncodingKey::from_ec_der(&self.ec.serialize_der()),
            Algorithm::EdDSA => EncodingKey::from_ed_der(&self.ed.serialize_der()),
            _ => EncodingKey::from_secret(SHARED.as_bytes()),
        }
    }

    /// The public Ed25519 key as a member of a set.
    pub(crate) fn ed_jwk(&self, id: &str) -> Value {
        let key = self.ed.der_bytes();
        json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(key), "kid": id, "alg": "EdDSA", "use": "sig"})
    }
}

pub(crate) fn issuer(name: &str, algorithm: &str, keys: KeySource) -> Issuer {
    Issuer {
        name: name.to_owned(),
        audience: "callweave".to_owned(),
        algorithm: algorithm.to_owned(),
        keys,
        tenant: TenantRule::Fixed(Tenant::Name("acme".to_owned())),
        scope_claim: "scope".to_owned(),
        scopes: vec!["calls:read".to_owned(), "events:read".to_owned()],
        longest_life: Duration::from_secs(3_600),
    }
}

/// Serves what it is told to, and counts.
#[derive(Debug, Default)]
pub(crate) struct Published {
    pub(crate) body: Mutex<Option<Vec<u8>>>,
    pub(crate) fetches: AtomicUsize,
}

impl Published {
    pub(crate) fn publish(&self, set: &Value) {
        *self.body.lock().unwrap() = Some(set.to_string().into_bytes());
    }
}

#[async_trait]
impl KeyFetcher for Published {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        assert_eq!(
            url, "https://issuer.example/keys",
            "only what is configured is fetched"
        );
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let body = self.body.lock().unwrap().clone();
        body.ok_or_else(|| FetchError("down".to_owned()))
    }
}

pub(crate) fn own() -> OwnTokens {
    OwnTokens::new(
        "callweave",
        "callweave",
        &[b"the first secret".to_vec().into()],
    )
    .unwrap()
}

/// One verifier that trusts an issuer of each kind.
pub(crate) fn verifier(keys: &Keys, published: &Arc<Published>) -> Verifier {
    let issuers = vec![
        issuer("hs", "HS256", KeySource::Secret(SHARED.into())),
        issuer(
            "rs",
            "RS256",
            KeySource::PublicKey(keys.rsa.public_key_pem()),
        ),
        issuer(
            "es",
            "ES256",
            KeySource::PublicKey(keys.ec.public_key_pem()),
        ),
        issuer(
            "ed",
            "EdDSA",
            KeySource::PublicKey(keys.ed.public_key_pem()),
        ),
        issuer(
            "set",
            "EdDSA",
            KeySource::Jwks("https://issuer.example/keys".to_owned()),
        ),
    ];
    Verifier::new(own(), issuers, published.clone()).unwrap()
}

pub(crate) fn claims(issuer: &str) -> Value {
    json!({"iss": issuer, "sub": "crm", "aud": "callweave", "iat": NOW, "nbf": NOW, "exp": NOW + 600, "scope": "calls:read keys:manage"})
}

pub(crate) fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token with this header and these claims, signed as `algorithm` would.
pub(crate) fn sign(
    header: &Value,
    claims: &Value,
    key: &EncodingKey,
    algorithm: Algorithm,
) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}
