//! What callers do, for the audit log.
//!
//! A handler whose effect is ours writes its entry in the transaction of the effect ([`Effect`]);
//! one that hands work in has that done where the work is recorded ([`Witness`]).
//! Every other request that acts (vendors' things, work for vendors, passthrough) leaves one when
//! it is over, also when its caller has left or it panicked: then the outcome is unknown. A new
//! route that acts is written down without being told to.

mod book;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use callweave_jobs::Doer;
use callweave_model::TenantId;
use callweave_store::{
    TenantTx,
    audit::{Actor, NewEntry, Outcome},
};
use http::{Method, StatusCode, header, request::Parts};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{
    ApiState, admission,
    extract::RequestId,
    idempotency::{self, Named},
    middleware::{AsItCame, header_text},
    problem::{Problem, codes},
};

pub(crate) use book::Book;

/// Who acts in a request, and whether that is written down.
#[derive(Clone, Debug)]
pub(crate) struct Trail(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    tenant: TenantId,
    actor: Actor,
    request_id: String,
    written: AtomicBool,
    /// The handler changes our own data.
    ours: AtomicBool,
    /// It asks a vendor on the way.
    vendors: AtomicBool,
}

impl Trail {
    fn entry(
        &self,
        action: &'static str,
        resource: Option<String>,
        outcome: Outcome,
        detail: Value,
    ) -> NewEntry {
        NewEntry {
            actor: self.0.actor.clone(),
            action,
            resource,
            request_id: Some(self.0.request_id.clone()),
            outcome,
            count: 1,
            detail,
        }
    }

    fn is_written(&self) -> bool {
        self.0.written.load(Ordering::Acquire)
    }

    /// Whether the handler touched nothing but our own data, in one transaction.
    pub(crate) fn is_ours_alone(&self) -> bool {
        self.0.ours.load(Ordering::Acquire) && !self.0.vendors.load(Ordering::Acquire)
    }
}

/// What a handler does to our own data: written to the audit log, and answered to the same request
/// if it comes again, in one transaction with the effect itself.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    state: ApiState,
    trail: Trail,
    named: Option<Named>,
}

impl Effect {
    /// Writes down what was done to a thing: its address, and what it was, without secrets and
    /// without content.
    pub(crate) async fn note(
        &self,
        tx: &mut TenantTx,
        action: &'static str,
        resource: impl Into<String>,
        detail: Value,
    ) -> Result<(), Problem> {
        let resource = Some(resource.into());
        let entry = self
            .trail
            .entry(action, resource, Outcome::Succeeded, detail);
        tx.audit(&entry).await?;
        Ok(())
    }

    /// Says that a vendor is asked from here on: what was asked is not asked again for the sake of
    /// a transaction of ours.
    pub(crate) fn asks_vendor(&self) {
        self.trail.0.vendors.store(true, Ordering::Release);
    }

    /// Writes down how something ended that went on after its answer had begun.
    pub(crate) async fn afterwards(
        &self,
        action: &'static str,
        resource: &str,
        complete: bool,
        detail: Value,
    ) {
        let outcome = if complete {
            Outcome::Succeeded
        } else {
            Outcome::Unknown
        };
        let entry = self
            .trail
            .entry(action, Some(resource.to_owned()), outcome, detail);
        // What could not be written is in the log.
        let _over = book::add(&self.state, self.trail.0.tenant, entry).await;
    }

    /// Makes the effect last, together with its entry and its answer.
    pub(crate) async fn commit(
        self,
        mut tx: TenantTx,
        response: Response,
    ) -> Result<Response, Problem> {
        let response = match &self.named {
            Some(named) => idempotency::keep_with(&self.state, &mut tx, named, response).await?,
            None => response,
        };
        tx.commit().await?;
        self.trail.0.written.store(true, Ordering::Release);
        Ok(response)
    }
}

/// Who acts, for those that record work and write the entry in the same transaction.
#[derive(Clone, Debug)]
pub(crate) struct Witness(Trail);

impl Witness {
    pub(crate) fn doer(&self) -> Doer {
        Doer {
            actor: self.0.0.actor.clone(),
            request_id: self.0.0.request_id.clone(),
        }
    }

    /// The entry is written.
    pub(crate) fn written(&self) {
        self.0.0.written.store(true, Ordering::Release);
    }
}

impl FromRequestParts<ApiState> for Witness {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        _state: &ApiState,
    ) -> Result<Self, Self::Rejection> {
        trail_of(parts).map(Self)
    }
}

fn trail_of(parts: &Parts) -> Result<Trail, Problem> {
    parts.extensions.get::<Trail>().cloned().ok_or_else(|| {
        tracing::error!("A handler that acts stands outside of the layer that writes it down");
        Problem::new(codes::INTERNAL, "the request could not be carried out")
    })
}

impl FromRequestParts<ApiState> for Effect {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &ApiState,
    ) -> Result<Self, Self::Rejection> {
        let trail = trail_of(parts)?;
        trail.0.ours.store(true, Ordering::Release);
        Ok(Self {
            state: state.clone(),
            trail,
            named: parts.extensions.get::<Named>().cloned(),
        })
    }
}

/// Follows a request that acts until it is written down.
pub(crate) async fn follow(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Response {
    let extensions = request.extensions();
    let (Some(caller), Some(id)) = (admission::caller(extensions), extensions.get::<RequestId>())
    else {
        return next.run(request).await;
    };
    let trail = Trail(Arc::new(Inner {
        tenant: caller.tenant,
        actor: caller.actor(),
        request_id: id.0.clone(),
        written: AtomicBool::new(false),
        ours: AtomicBool::new(false),
        vendors: AtomicBool::new(false),
    }));
    let act = extensions
        .get::<MatchedPath>()
        .and_then(|route| Act::of(request.method(), route.as_str(), request.uri().path()));
    request.extensions_mut().insert(trail.clone());
    let Some(act) = act else {
        return next.run(request).await;
    };
    let _forgetting = (act.action == CONNECTION_WRITE).then(|| Forgetting {
        state: state.clone(),
        tenant: trail.0.tenant,
    });
    let mut watch = Watch {
        state,
        trail,
        act: Some(act),
    };
    let response = next.run(request).await;
    if let Some(written) = watch.end(&response) {
        // What could not be written is in the log.
        let _over = written.await;
    }
    response
}

/// What is done to connections themselves.
const CONNECTION_WRITE: &str = "connection.write";

/// Forgets the connections of a tenant when a request that may have changed one is over.
struct Forgetting {
    state: ApiState,
    tenant: TenantId,
}

impl Drop for Forgetting {
    fn drop(&mut self) {
        self.state.opened().forget(self.tenant);
    }
}

/// Something that a request does.
#[derive(Debug, PartialEq, Eq)]
struct Act {
    action: &'static str,
    /// The address of the thing, where the path names one.
    resource: Option<String>,
    operation: String,
}

impl Act {
    /// What a request does; `None` where it only reads.
    fn of(method: &Method, route: &str, path: &str) -> Option<Self> {
        let passed = route.contains("/passthrough/");
        if !passed && (method.is_safe() || *method == Method::OPTIONS) {
            return None;
        }
        let mut segments = route.split('/').skip(2);
        let (family, part) = (segments.next().unwrap_or_default(), segments.nth(1));
        let action = match (family, part) {
            _ if passed => "passthrough",
            (
                "connections",
                None
                | Some(
                    "backfills" | "check" | "credentials" | "deletions" | "pause" | "quarantine"
                    | "resume" | "sync",
                ),
            ) => CONNECTION_WRITE,
            ("connections", Some(_)) => "vendor.write",
            ("analyses" | "dialogs" | "dialog-batches" | "jobs", _) => "job.write",
            ("calls", _) => "call.write",
            ("erasures", _) => "erasure.write",
            ("retention", _) => "retention.write",
            ("api-keys", _) => "key.write",
            ("auth", _) => "token.created",
            _ => "write",
        };
        let named = route.contains("{id}");
        Some(Self {
            action,
            resource: named.then(|| path.split('/').take(4).collect::<Vec<_>>().join("/")),
            operation: format!("{method} {}", route.replace("{*", "{")),
        })
    }
}

/// Sees to it that an act is written down.
struct Watch {
    state: ApiState,
    trail: Trail,
    act: Option<Act>,
}

impl Watch {
    /// Writes down what came of it, unless the handler did.
    fn end(&mut self, response: &Response) -> Option<oneshot::Receiver<()>> {
        let act = self.act.take().filter(|_| !self.trail.is_written())?;
        let outcome = outcome_of(response)?;
        let made = header_text(response.headers(), header::LOCATION)
            .or_else(|| header_text(response.headers(), header::CONTENT_LOCATION))
            .map(str::to_owned);
        Some(self.write(act, made, outcome, Some(response.status())))
    }

    /// It is written although nobody waits for it.
    fn write(
        &self,
        act: Act,
        made: Option<String>,
        outcome: Outcome,
        status: Option<StatusCode>,
    ) -> oneshot::Receiver<()> {
        let status = status.map(|status| status.as_u16());
        let detail = json!({"operation": act.operation, "status": status});
        let entry = self
            .trail
            .entry(act.action, act.resource.or(made), outcome, detail);
        book::add(&self.state, self.trail.0.tenant, entry)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The caller has left, or the handler panicked: what became of it is not known here.
        if let Some(act) = self.act.take()
            && !self.trail.is_written()
        {
            drop(self.write(act, None, Outcome::Unknown, None));
        }
    }
}

/// What an answer says became of it; `None` where nothing was tried.
fn outcome_of(response: &Response) -> Option<Outcome> {
    let status = response.status();
    if status.is_success() {
        return Some(Outcome::Succeeded);
    }
    if response.extensions().get::<AsItCame>().is_some() {
        return Some(Outcome::Failed);
    }
    let problem = response.extensions().get::<Problem>();
    if problem.is_some_and(|problem| problem.code().code == codes::OUTCOME_UNKNOWN.code) {
        return Some(Outcome::Unknown);
    }
    if status == StatusCode::FORBIDDEN {
        return Some(Outcome::Refused);
    }
    let tried = status.is_server_error() || problem.is_some_and(Problem::is_of_vendor);
    tried.then_some(Outcome::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_told_from_what_reads() {
        let of = |method: Method, route: &str| {
            Act::of(&method, route, &route.replace("{id}", "7")).map(|act| act.action)
        };
        assert_eq!(of(Method::GET, "/v1/calls"), None);
        assert_eq!(of(Method::HEAD, "/v1/connections/{id}/rubrics"), None);
        for (method, route, action) in [
            (Method::POST, "/v1/connections", "connection.write"),
            (Method::PATCH, "/v1/connections/{id}", "connection.write"),
            (
                Method::POST,
                "/v1/connections/{id}/sync",
                "connection.write",
            ),
            (
                Method::PUT,
                "/v1/connections/{id}/rubrics/{rid}",
                "vendor.write",
            ),
            (
                Method::DELETE,
                "/v1/connections/{id}/tags/{tid}",
                "vendor.write",
            ),
            (
                Method::GET,
                "/v1/connections/{id}/passthrough/{*path}",
                "passthrough",
            ),
            (Method::POST, "/v1/analyses", "job.write"),
            (Method::POST, "/v1/jobs/{id}/cancel", "job.write"),
            (Method::DELETE, "/v1/calls/{id}", "call.write"),
            (Method::POST, "/v1/auth/token", "token.created"),
            (Method::POST, "/v1/something-new", "write"),
        ] {
            assert_eq!(of(method, route), Some(action), "{route}");
        }
        let act = Act::of(
            &Method::POST,
            "/v1/connections/{id}/voice-agents/{aid}/queue/stop",
            "/v1/connections/7/voice-agents/x/queue/stop",
        )
        .unwrap();
        assert_eq!(act.resource.as_deref(), Some("/v1/connections/7"));
        assert_eq!(
            act.operation,
            "POST /v1/connections/{id}/voice-agents/{aid}/queue/stop"
        );
    }
}
