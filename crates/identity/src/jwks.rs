//! The keys of issuers that publish them: fetched seldom, kept long, never from where a token says.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{Jwk, JwkSet, PublicKeyUse},
};
use tokio::{sync::Mutex, time::Instant};
use tracing::warn;

use crate::claims::Rejected;

/// At most one fetch an issuer in this time, whatever tokens ask for.
const BETWEEN_FETCHES: Duration = Duration::from_secs(60);
/// After this, a set is looked at again although it knows the key: a key may have been withdrawn.
const FRESH: Duration = Duration::from_mins(10);
/// How long the last good set is used when no other can be had.
const LAST_RESORT: Duration = Duration::from_hours(24);
/// Keys of one set at most.
const MOST_KEYS: usize = 100;

/// A set of keys could not be fetched.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the keys could not be fetched: {0}")]
pub struct FetchError(pub String);

/// Fetches sets of keys: through the egress guard, with time and size limits, without redirects.
#[async_trait]
pub trait KeyFetcher: std::fmt::Debug + Send + Sync {
    /// The body at an address of the operator's configuration; at most some 100 KiB of it.
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchError>;
}

/// The keys of one issuer.
#[derive(Debug, Default)]
struct Held {
    keys: HashMap<String, DecodingKey>,
    good_at: Option<Instant>,
    tried_at: Option<Instant>,
}

/// The keys of all issuers that publish them.
#[derive(Debug)]
pub(crate) struct JwksCache {
    fetcher: Arc<dyn KeyFetcher>,
    /// One lock an issuer: tokens that need the same fetch wait for one.
    held: std::sync::Mutex<HashMap<String, Arc<Mutex<Held>>>>,
}

impl JwksCache {
    pub(crate) fn new(fetcher: Arc<dyn KeyFetcher>) -> Self {
        Self {
            fetcher,
            held: std::sync::Mutex::default(),
        }
    }

    /// The key with this id. A set without it is fetched again, but not more than once a minute.
    pub(crate) async fn key(
        &self,
        url: &str,
        algorithm: Algorithm,
        id: &str,
    ) -> Result<DecodingKey, Rejected> {
        let held = {
            let mut all = self
                .held
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            all.entry(url.to_owned()).or_default().clone()
        };
        let mut held = held.lock().await;
        let now = Instant::now();
        let fresh = held.good_at.is_some_and(|at| now - at < FRESH);
        if !(fresh && held.keys.contains_key(id)) && held.may_try(now) {
            held.tried_at = Some(now);
            match self.fetch(url, algorithm).await {
                Ok(keys) => {
                    held.keys = keys;
                    held.good_at = Some(Instant::now());
                }
                Err(error) => warn!(error = %error, "The keys of an issuer could not be renewed"),
            }
        }
        let usable = held
            .good_at
            .is_some_and(|at| Instant::now() - at < LAST_RESORT);
        if !usable {
            return Err(Rejected::KeysUnavailable);
        }
        held.keys.get(id).cloned().ok_or(Rejected::Key)
    }

    async fn fetch(
        &self,
        url: &str,
        algorithm: Algorithm,
    ) -> Result<HashMap<String, DecodingKey>, FetchError> {
        let body = self.fetcher.fetch(url).await?;
        read(&body, algorithm).map_err(|detail| FetchError(detail.to_owned()))
    }
}

impl Held {
    fn may_try(&self, now: Instant) -> bool {
        self.tried_at.is_none_or(|at| now - at >= BETWEEN_FETCHES)
    }
}

/// The keys of a set that fit the issuer's algorithm. A set with two keys of one id, or without
/// any fitting key, is refused whole: the last good one stays.
fn read(body: &[u8], algorithm: Algorithm) -> Result<HashMap<String, DecodingKey>, &'static str> {
    let set: JwkSet =
        serde_json::from_slice(body).map_err(|_error| "the answer is no set of keys")?;
    if set.keys.len() > MOST_KEYS {
        return Err("the set has too many keys");
    }
    let mut keys = HashMap::new();
    for jwk in set.keys.iter().filter(|jwk| fits(jwk, algorithm)) {
        let Some(id) = jwk.common.key_id.clone() else {
            continue;
        };
        let key = DecodingKey::from_jwk(jwk).map_err(|_error| "a key of the set cannot be read")?;
        if keys.insert(id, key).is_some() {
            return Err("two keys of the set have one id");
        }
    }
    if keys.is_empty() {
        return Err("the set has no key for the issuer's algorithm");
    }
    Ok(keys)
}

fn fits(jwk: &Jwk, algorithm: Algorithm) -> bool {
    use jsonwebtoken::jwk::{AlgorithmParameters as P, EllipticCurve};
    let family = match &jwk.algorithm {
        P::RSA(_) => algorithm == Algorithm::RS256,
        P::EllipticCurve(key) => algorithm == Algorithm::ES256 && key.curve == EllipticCurve::P256,
        P::OctetKeyPair(key) => {
            algorithm == Algorithm::EdDSA && key.curve == EllipticCurve::Ed25519
        }
        // A secret has no place in a published set.
        _ => false,
    };
    let signing = !matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption));
    let named = jwk
        .common
        .key_algorithm
        .is_none_or(|named| named.to_string() == format!("{algorithm:?}"));
    family && signing && named
}
