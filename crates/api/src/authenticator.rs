//! From an `Authorization` header to the caller behind it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use callweave_model::{ApiKeyId, Clock, TenantId};
use callweave_store::{Store, api_keys::ApiKey};
use http::{HeaderMap, HeaderValue, header};

use crate::{
    keys,
    problem::{Problem, codes},
    scope,
};

/// Keys in memory at most; beyond it everything is forgotten, which costs one query a key.
const CACHE_SIZE: usize = 10_000;

/// Who calls: the tenant comes from the key and from nowhere else.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose data it is.
    pub tenant: TenantId,
    /// The key that was used.
    pub key: ApiKeyId,
    scopes: Arc<[String]>,
}

impl Caller {
    /// What the key may do.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Whether the key holds a scope.
    pub fn holds(&self, word: &str) -> bool {
        scope::covers(&self.scopes, word)
    }

    /// Refuses a caller without these scopes.
    pub fn require(&self, words: &[&str]) -> Result<(), Problem> {
        let missing: Vec<&str> = words
            .iter()
            .copied()
            .filter(|word| !self.holds(word))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing = missing.join(" ");
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{missing}\"");
        let mut problem = Problem::new(
            codes::INSUFFICIENT_SCOPE,
            format!("the key lacks the scope {missing}"),
        );
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            problem = problem.with_header(header::WWW_AUTHENTICATE, challenge);
        }
        Err(problem)
    }
}

#[derive(Debug)]
pub(crate) struct Authenticator {
    store: Store,
    clock: Arc<dyn Clock>,
    lifetime: Duration,
    known: Mutex<HashMap<ApiKeyId, Known>>,
}

#[derive(Debug)]
struct Known {
    key: Arc<ApiKey>,
    scopes: Arc<[String]>,
    since: Instant,
}

impl Authenticator {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, lifetime: Duration) -> Self {
        Self {
            store,
            clock,
            lifetime,
            known: Mutex::default(),
        }
    }

    /// The caller behind the headers of a request.
    pub(crate) async fn authenticate(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let token = match (values.next(), values.next()) {
            (Some(value), None) => bearer(value),
            _ => None,
        };
        let presented = token.and_then(keys::parse).ok_or_else(|| {
            unauthenticated("a key is needed: `Authorization: Bearer cw_live_...`")
        })?;
        let found = self.find(presented.id).await?;
        let stored = found.as_ref().map(|(key, _)| key.secret_hash.as_slice());
        let matches = presented.matches(stored);
        let (key, scopes) = found
            .filter(|(key, _)| matches && self.in_force(key))
            .ok_or_else(|| unauthenticated("the key is unknown, expired or revoked"))?;
        Ok(Caller {
            tenant: key.tenant_id,
            key: key.id,
            scopes,
        })
    }

    /// Whether the key of a caller is still in force and holds a scope. A database that cannot be
    /// asked counts as no.
    pub(crate) async fn still_holds(&self, caller: &Caller, word: &str) -> bool {
        match self.find(caller.key).await {
            Ok(Some((key, scopes))) => self.in_force(&key) && scope::covers(&scopes, word),
            Ok(None) | Err(_) => false,
        }
    }

    /// Forgets a key that was revoked here.
    pub(crate) fn forget(&self, id: ApiKeyId) {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id);
    }

    fn in_force(&self, key: &ApiKey) -> bool {
        let now = self.clock.now();
        key.revoked_at.is_none() && key.expires_at.is_none_or(|end| now < end)
    }

    async fn find(&self, id: ApiKeyId) -> Result<Option<(Arc<ApiKey>, Arc<[String]>)>, Problem> {
        if let Some(known) = self.cached(id) {
            return Ok(Some(known));
        }
        let mut tx = self.store.system().await?;
        let found = tx.find_api_key(id).await?;
        tx.commit().await?;
        Ok(found.map(|key| self.remember(key)))
    }

    fn cached(&self, id: ApiKeyId) -> Option<(Arc<ApiKey>, Arc<[String]>)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(&id)
            .filter(|known| known.since.elapsed() < self.lifetime)
            .map(|known| (known.key.clone(), known.scopes.clone()))
    }

    fn remember(&self, key: ApiKey) -> (Arc<ApiKey>, Arc<[String]>) {
        let scopes: Arc<[String]> = key.scopes.clone().into();
        let key = Arc::new(key);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CACHE_SIZE {
            known.clear();
        }
        known.insert(
            key.id,
            Known {
                key: key.clone(),
                scopes: scopes.clone(),
                since: Instant::now(),
            },
        );
        (key, scopes)
    }
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_matches(' '))
}

fn unauthenticated(detail: &str) -> Problem {
    Problem::new(codes::UNAUTHENTICATED, detail).with_header(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer realm=\"callweave\""),
    )
}
