//! From an `Authorization` header to the caller behind it.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use callweave_identity::{Claims, Rejected, Tenant, Verifier};
use callweave_model::{ApiKeyId, Clock, TenantId, Timestamp};
use callweave_store::{
    Store,
    api_keys::ApiKey,
    audit::{Actor, ActorKind},
    tenants::tenant_id,
};
use http::{HeaderMap, HeaderValue, header};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::{
    admission::{self, Failure, Failures, Reason, Throttle},
    keys,
    problem::{Problem, codes},
    scope,
};

/// Keys in memory at most; beyond it everything is forgotten, which costs one query a key.
const CACHE_SIZE: usize = 10_000;

/// Tenants of foreign tokens in memory at most.
const TENANTS_SIZE: usize = 10_000;

/// How exactly the last use of a key is kept.
const USE: Duration = Duration::from_secs(60);

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
    /// What a foreign issuer calls the caller.
    subject: Option<Arc<str>>,
    /// Where the request came from.
    source: Option<IpAddr>,
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

    /// The caller, as the audit log names it.
    pub(crate) fn actor(&self) -> Actor {
        Actor {
            kind: match self.shown {
                Shown::Key => ActorKind::ApiKey,
                Shown::OwnToken => ActorKind::Token,
                Shown::ForeignToken => ActorKind::ForeignToken,
            },
            id: Some(self.key.0),
            subject: self.subject.as_deref().map(str::to_owned),
            source: self.source.map(|source| source.to_string()),
        }
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
    throttle: Throttle,
    failures: Failures,
    /// When the use of a key was noted.
    used: Mutex<HashMap<ApiKeyId, Instant>>,
    tasks: TaskTracker,
}

/// What the authenticator works with besides the database.
#[derive(Debug)]
pub(crate) struct Guards {
    pub(crate) throttle: Throttle,
    pub(crate) failures: Failures,
    pub(crate) tasks: TaskTracker,
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
        guards: Guards,
    ) -> Self {
        Self {
            store,
            clock,
            verifier,
            lifetime,
            known: Mutex::default(),
            tenants: Mutex::default(),
            throttle: guards.throttle,
            failures: guards.failures,
            used: Mutex::default(),
            tasks: guards.tasks,
        }
    }

    /// The caller behind the headers of a request.
    pub(crate) async fn authenticate(
        &self,
        headers: &HeaderMap,
        source: Option<IpAddr>,
    ) -> Result<Caller, Problem> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let token = match (values.next(), values.next()) {
            (Some(value), None) => bearer(value),
            _ => None,
        };
        match token {
            Some(token) if Verifier::is_token(token) => self.believe(token, source).await,
            Some(token) => self.recognise(token, source).await,
            None => Err(unauthenticated(
                "a key is needed: `Authorization: Bearer cw_live_...`",
            )),
        }
    }

    /// The caller with this API key.
    async fn recognise(&self, text: &str, source: Option<IpAddr>) -> Result<Caller, Problem> {
        let presented = keys::parse(text).ok_or_else(|| {
            unauthenticated("a key is needed: `Authorization: Bearer cw_live_...`")
        })?;
        if self.throttle.is_exhausted(source) && !self.throttle.is_proven(source, presented.id) {
            // Nobody looks whether it would be right.
            return Err(admission::too_many_failures(self.throttle.pause()));
        }
        let found = self.find(presented.id).await?;
        let stored = found.as_ref().map(|(key, _)| key.secret_hash.as_slice());
        let matches = presented.matches(stored);
        let refused = match &found {
            None => None,
            Some(_) if !matches => Some(Reason::WrongSecret),
            Some((key, _)) => self.ended(key),
        };
        let Some((key, scopes)) = found.filter(|_| refused.is_none()) else {
            self.note_failure(presented.id, source, refused).await;
            return Err(unauthenticated("the key is unknown, expired or revoked"));
        };
        self.throttle.prove(source, key.id);
        self.note_use(&key);
        Ok(Caller {
            tenant: key.tenant_id,
            key: key.id,
            scopes,
            shown: Shown::Key,
            until: None,
            subject: None,
            source,
        })
    }

    /// Counts a failure against its source, and tells the key's owner of it.
    async fn note_failure(&self, id: ApiKeyId, source: Option<IpAddr>, reason: Option<Reason>) {
        // Who has the secret of a key that has ended does not guess.
        if matches!(reason, None | Some(Reason::WrongSecret)) {
            self.throttle.fail(source);
        }
        let word = reason.map_or("unknown_key", Reason::as_str);
        metrics::counter!("callweave_authentication_failures_total", "reason" => word).increment(1);
        tracing::debug!(api_key.id = %id, authentication.reason = word, "A key was refused");
        let Some(reason) = reason else { return };
        if let Ok(Some((key, _))) = self.find(id).await {
            self.failures.note(Failure {
                tenant: key.tenant_id,
                key: id,
                source,
                reason,
            });
        }
    }

    /// Notes that a key was used, once a minute and without letting anybody wait for it.
    fn note_use(&self, key: &ApiKey) {
        let (id, tenant) = (key.id, key.tenant_id);
        {
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            if used.get(&id).is_some_and(|at| at.elapsed() < USE) {
                return;
            }
            if used.len() >= CACHE_SIZE {
                used.clear();
            }
            used.insert(id, Instant::now());
        }
        let store = self.store.clone();
        self.tasks.spawn(async move {
            let noted = async {
                let mut tx = store.tenant(tenant).await?;
                tx.note_key_use(id).await?;
                tx.commit().await
            };
            if let Err(error) = noted.await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    api_key.id = %id,
                    "The use of a key could not be noted"
                );
            }
        });
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
    async fn believe(&self, token: &str, source: Option<IpAddr>) -> Result<Caller, Problem> {
        let refused = || {
            metrics::counter!("callweave_authentication_failures_total", "reason" => "token")
                .increment(1);
            unauthenticated("the token is not valid here")
        };
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
        .map(|caller| Caller { source, ..caller })
    }

    /// The caller with a token of ours: it may do what both the token and the key may do now.
    async fn of_key(&self, id: ApiKeyId, claims: Claims) -> Result<Option<Caller>, Problem> {
        let found = self.find(id).await?;
        let key = found
            .filter(|(key, _)| self.in_force(key) && claims.tenant == Tenant::Id(key.tenant_id.0));
        if let Some((key, _)) = &key {
            self.note_use(key);
        }
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
            subject: None,
            source: None,
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
            subject: Some(claims.subject.into()),
            source: None,
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
        self.ended(key).is_none()
    }

    /// Why a key is not in force any more.
    fn ended(&self, key: &ApiKey) -> Option<Reason> {
        if key.revoked_at.is_some() {
            return Some(Reason::Revoked);
        }
        let now = self.clock.now();
        key.expires_at
            .is_some_and(|end| end <= now)
            .then_some(Reason::Expired)
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
