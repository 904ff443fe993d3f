//! From an `Authorization` header to the caller behind it.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use callweave_identity::{Claims, Rejected, Tenant, Verifier};
use callweave_model::{ApiKeyId, Clock, TenantId, Timestamp};
use callweave_store::{Store, api_keys::ApiKey, tenants::tenant_id};
use http::{HeaderMap, HeaderValue, header};
use uuid::Uuid;

use crate::{
    keys,
    problem::{Problem, codes},
    scope,
};

/// Keys in memory at most; beyond it everything is forgotten, which costs one query a key.
const CACHE_SIZE: usize = 10_000;

/// Tenants of foreign tokens in memory at most.
const TENANTS_SIZE: usize = 10_000;

/// Who calls: the tenant comes from the key or the token and from nowhere else.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose data it is.
    pub tenant: TenantId,
    /// The key that was used, or that the token was made for. For a token of a foreign issuer: an
    /// id that follows from issuer and subject.
    pub key: ApiKeyId,
    scopes: Arc<[String]>,
    shown: Shown,
    /// When a token ends.
    until: Option<Timestamp>,
}

/// What the caller showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Key,
    OwnToken,
    ForeignToken,
}

impl Caller {
    /// What the key may do.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Whether the key itself was shown, not a token.
    pub fn shows_key(&self) -> bool {
        self.shown == Shown::Key
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
    verifier: Arc<Verifier>,
    lifetime: Duration,
    known: Mutex<HashMap<ApiKeyId, Known>>,
    /// Tenants that foreign tokens named and that are there.
    tenants: Mutex<HashSet<TenantId>>,
}

#[derive(Debug)]
struct Known {
    key: Arc<ApiKey>,
    scopes: Arc<[String]>,
    since: Instant,
}

impl Authenticator {
    pub(crate) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        verifier: Arc<Verifier>,
        lifetime: Duration,
    ) -> Self {
        Self {
            store,
            clock,
            verifier,
            lifetime,
            known: Mutex::default(),
            tenants: Mutex::default(),
        }
    }

    /// The caller behind the headers of a request.
    pub(crate) async fn authenticate(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let token = match (values.next(), values.next()) {
            (Some(value), None) => bearer(value),
            _ => None,
        };
        match token {
            Some(token) if Verifier::is_token(token) => self.believe(token).await,
            Some(token) => self.recognise(token).await,
            None => Err(unauthenticated(
                "a key is needed: `Authorization: Bearer cw_live_...`",
            )),
        }
    }

    /// The caller with this API key.
    async fn recognise(&self, text: &str) -> Result<Caller, Problem> {
        let presented = keys::parse(text).ok_or_else(|| {
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
            shown: Shown::Key,
            until: None,
        })
    }

    /// Whether what a caller showed is still in force and holds a scope. A database that cannot be
    /// asked counts as no.
    pub(crate) async fn still_holds(&self, caller: &Caller, word: &str) -> bool {
        if caller.until.is_some_and(|until| until <= self.clock.now()) || !caller.holds(word) {
            return false;
        }
        if caller.shown == Shown::ForeignToken {
            return true;
        }
        match self.find(caller.key).await {
            Ok(Some((key, scopes))) => self.in_force(&key) && scope::covers(&scopes, word),
            Ok(None) | Err(_) => false,
        }
    }

    /// The caller with this token.
    async fn believe(&self, token: &str) -> Result<Caller, Problem> {
        let refused = || unauthenticated("the token is not valid here");
        let claims = match self.verifier.verify(token, self.clock.now()).await {
            Ok(claims) => claims,
            Err(Rejected::KeysUnavailable) => {
                return Err(Problem::new(
                    codes::UNAVAILABLE,
                    "the keys of the token's issuer cannot be had",
                )
                .with_retry_after(Duration::from_secs(60)));
            }
            Err(rejected) => {
                tracing::debug!(token.rejected = %rejected, "A token was refused");
                return Err(refused());
            }
        };
        match claims.api_key {
            Some(id) => self.of_key(ApiKeyId(id), claims).await,
            None => self.of_stranger(claims).await,
        }
        .and_then(|caller| caller.ok_or_else(refused))
    }

    /// The caller with a token of ours: it may do what both the token and the key may do now.
    async fn of_key(&self, id: ApiKeyId, claims: Claims) -> Result<Option<Caller>, Problem> {
        let found = self.find(id).await?;
        let key = found
            .filter(|(key, _)| self.in_force(key) && claims.tenant == Tenant::Id(key.tenant_id.0));
        Ok(key.map(|(key, held)| Caller {
            tenant: key.tenant_id,
            key: key.id,
            scopes: claims
                .scopes
                .into_iter()
                .filter(|word| scope::covers(&held, word))
                .collect(),
            shown: Shown::OwnToken,
            until: Some(claims.expires_at),
        }))
    }

    /// The caller with a token of a foreign issuer, for a tenant that is there.
    async fn of_stranger(&self, claims: Claims) -> Result<Option<Caller>, Problem> {
        let tenant = match &claims.tenant {
            Tenant::Id(id) => TenantId(*id),
            Tenant::Name(name) => tenant_id(name),
        };
        if !self.is_known(tenant) {
            let mut tx = self.store.system().await?;
            let exists = tx.tenant_exists(tenant).await?;
            tx.commit().await?;
            if !exists {
                return Ok(None);
            }
            let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
            if tenants.len() >= TENANTS_SIZE {
                tenants.clear();
            }
            tenants.insert(tenant);
        }
        let name = format!("{}\u{1f}{}", claims.issuer, claims.subject);
        Ok(Some(Caller {
            tenant,
            key: ApiKeyId(Uuid::new_v5(&tenant.0, name.as_bytes())),
            scopes: claims.scopes.into(),
            shown: Shown::ForeignToken,
            until: Some(claims.expires_at),
        }))
    }

    fn is_known(&self, tenant: TenantId) -> bool {
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.contains(&tenant)
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
