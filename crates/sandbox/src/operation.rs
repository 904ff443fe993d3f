//! The guard in front of every vendor route: it knows the operation's id, counts, and plays faults.

use std::time::Instant;

use axum::{
    body::{Body, to_bytes},
    extract::{MatchedPath, Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::MethodRouter,
};
use bytes::Bytes;
use http::request::Parts;

use crate::{
    faults::play::{CloseConnection, play},
    vendor::Vendor,
    world::{Shared, requests::Observed},
};

/// An upload of audio is the largest thing a vendor takes.
const LARGEST_BODY: usize = 256 * 1024 * 1024;

/// An operation of a vendor's document. Handlers find it among the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) vendor: Vendor,
    /// The id in the checklist of the documents, such as `CG-16`.
    pub(crate) id: &'static str,
}

/// Tells which operation a request means, where one method and path serve several.
pub(crate) type Resolver = fn(&Parts, &Bytes) -> &'static str;

#[derive(Clone)]
struct Fixed {
    world: Shared,
    operation: Operation,
}

#[derive(Clone)]
struct Resolved {
    world: Shared,
    vendor: Vendor,
    resolver: Resolver,
}

/// Registers the methods of `route` as one operation.
pub(crate) fn op(
    world: &Shared,
    vendor: Vendor,
    id: &'static str,
    route: MethodRouter<Shared>,
) -> MethodRouter<Shared> {
    let state = Fixed {
        world: world.clone(),
        operation: Operation { vendor, id },
    };
    route.route_layer(from_fn_with_state(state, guard_fixed))
}

/// Registers the methods of `route` as operations that differ in the query or the body.
pub(crate) fn op_by(
    world: &Shared,
    vendor: Vendor,
    resolver: Resolver,
    route: MethodRouter<Shared>,
) -> MethodRouter<Shared> {
    let state = Resolved {
        world: world.clone(),
        vendor,
        resolver,
    };
    route.route_layer(from_fn_with_state(state, guard_resolved))
}

async fn guard_fixed(State(guard): State<Fixed>, request: Request, next: Next) -> Response {
    observe(&guard.world, guard.operation, request, next).await
}

async fn guard_resolved(State(guard): State<Resolved>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let operation = Operation {
        vendor: guard.vendor,
        id: (guard.resolver)(&parts, &bytes),
    };
    let request = Request::from_parts(parts, Body::from(bytes));
    observe(&guard.world, operation, request, next).await
}

async fn observe(
    world: &Shared,
    operation: Operation,
    mut request: Request,
    next: Next,
) -> Response {
    let at = world.now();
    let begun = Instant::now();
    let method = request.method().to_string();
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned())
        .unwrap_or_default();
    request.extensions_mut().insert(operation);
    let fault = world.faults.draw(operation);
    let name = fault.as_ref().map(|fault| fault.name().to_owned());
    let response = match fault {
        Some(fault) => play(fault, operation, request, next).await,
        None => next.run(request).await,
    };
    let closed = response.extensions().get::<CloseConnection>().is_some();
    world.requests.record(Observed {
        at,
        vendor: operation.vendor,
        operation: operation.id,
        method,
        path,
        status: if closed {
            0
        } else {
            response.status().as_u16()
        },
        fault: name,
        duration_ms: i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX),
    });
    response
}
