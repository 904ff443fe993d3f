//! Who comes in, and how much at a time: before anything else of a request is looked at.

mod bucket;
mod failures;
mod limiter;
mod source;
mod throttle;

use std::time::Duration;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{Extensions, HeaderName, HeaderValue};

pub(crate) use bucket::Standing;
pub(crate) use failures::{Failure, Failures, Reason};
pub use limiter::TenantLimits;
pub(crate) use limiter::{Account, Excess, Limiter, Permit};
pub use throttle::GuessLimits;
pub(crate) use throttle::Throttle;

use crate::{
    ApiState, Caller,
    problem::{Problem, codes},
};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What is known of the caller before the handler runs.
#[derive(Clone, Debug)]
struct Admission(Result<Caller, Problem>);

/// Finds out who calls, and takes the request in if the tenant has room for it. Whoever shows no
/// key in force is told so by the handler: what needs no key needs none.
pub(crate) async fn admit(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Response {
    let trusted = &state.options().trusted_proxies;
    let source = source::of(request.extensions(), request.headers(), trusted);
    let known = state
        .authenticator()
        .authenticate(request.headers(), source)
        .await;
    request.extensions_mut().insert(Admission(known.clone()));
    let Ok(caller) = known else {
        return next.run(request).await;
    };
    let account = state.limiter().account(state.store(), caller.tenant).await;
    let (mut response, standing) = match account.admit() {
        Ok((_permit, standing)) => (next.run(request).await, standing),
        Err(excess) => {
            let empty = match excess {
                Excess::Requests(wait) => Some(Standing {
                    left: 0,
                    full_in: seconds(wait),
                }),
                Excess::Concurrency => None,
            };
            (refusal(excess).into_response(), empty)
        }
    };
    tell(&mut response, &account, standing);
    response
}

/// The caller of a request, where it showed a key in force.
pub(crate) fn caller(extensions: &Extensions) -> Option<&Caller> {
    extensions
        .get::<Admission>()
        .and_then(|Admission(known)| known.as_ref().ok())
}

/// What was found out of the caller; `None` where nobody looked.
pub(crate) fn known(extensions: &Extensions) -> Option<Result<Caller, Problem>> {
    extensions
        .get::<Admission>()
        .map(|Admission(known)| known.clone())
}

/// Too many exports of the tenant are under way.
pub(crate) fn too_many_exports() -> Problem {
    limited("exports");
    Problem::new(
        codes::RATE_LIMITED,
        "as many exports of the tenant are under way as it may have at a time",
    )
    .with_retry_after(Duration::from_secs(10))
}

/// A source has failed too often.
pub(crate) fn too_many_failures(pause: Duration) -> Problem {
    limited("authentication");
    Problem::new(
        codes::RATE_LIMITED,
        "too many tries with wrong keys came from this address",
    )
    .with_retry_after(pause)
}

fn refusal(excess: Excess) -> Problem {
    match excess {
        Excess::Requests(wait) => {
            limited("requests");
            Problem::new(
                codes::RATE_LIMITED,
                "the tenant has made as many requests as it may in this time",
            )
            .with_retry_after(Duration::from_secs(seconds(wait)))
        }
        Excess::Concurrency => {
            limited("concurrency");
            Problem::new(
                codes::RATE_LIMITED,
                "as many requests of the tenant are under way as it may have at a time",
            )
            .with_retry_after(Duration::from_secs(1))
        }
    }
}

fn limited(what: &'static str) {
    metrics::counter!("callweave_rate_limited_total", "limit" => what).increment(1);
}

/// Whole seconds, and no fewer than it takes.
fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// Says what the tenant may do, and what is left of it.
fn tell(response: &mut Response, account: &Account, standing: Option<Standing>) {
    let headers = response.headers_mut();
    if let Some(policy) = account.policy() {
        headers.insert(RATE_LIMIT_POLICY, policy);
    }
    let left = standing.and_then(|Standing { left, full_in }| {
        HeaderValue::from_str(&format!("\"requests\";r={left};t={full_in}")).ok()
    });
    if let Some(left) = left {
        headers.insert(RATE_LIMIT, left);
    }
}
