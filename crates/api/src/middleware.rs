//! What surrounds every request: its id, its log line, its problems, its headers.

use std::time::Instant;

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tracing::{Instrument as _, info_span};

use crate::{
    ApiState,
    extract::RequestId,
    problem::{CONTENT_TYPE, Problem, codes},
    trace::{self, TraceParent},
};

/// A mark on answers that are the vendor's own: no problem document takes their place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsItCame;

/// The header that tells a vendor's answer from the gateway's own.
pub(crate) const VENDOR_STATUS: HeaderName = HeaderName::from_static("x-vendor-status");

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request its id, and turns whatever fails into a problem document that names it.
pub(crate) async fn identify(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::from_headers(request.headers())
        .unwrap_or_else(|| RequestId(state.ids().next().to_string()));
    request.extensions_mut().insert(id.clone());
    let span = info_span!(
        "http.request",
        request.id = %id.0,
        http.method = %request.method(),
        http.route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str),
        trace.id = tracing::field::Empty,
    );
    let place = place_of(&state, request.headers(), &span);
    let begun = Instant::now();
    let answering = trace::at(place, next.run(request));
    let mut response = answering.instrument(span.clone()).await;
    tracing::debug!(
        parent: &span,
        http.status = response.status().as_u16(),
        http.millis = begun.elapsed().as_millis(),
        "Answered"
    );
    let failed = response.status().is_client_error() || response.status().is_server_error();
    if failed && response.extensions().get::<AsItCame>().is_none() {
        response = document(response, &id, &state.options().problem_pages);
    }
    if let Some(value) = id.header_value() {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if let Some(value) = place.header_value() {
        response.headers_mut().insert(trace::HEADER, value);
    }
    response
}

/// Where the request stands in its caller's trace, or in a new one.
fn place_of(state: &ApiState, headers: &HeaderMap, span: &tracing::Span) -> TraceParent {
    let caller = TraceParent::from_headers(headers);
    let linked = state
        .options()
        .span_link
        .as_ref()
        .and_then(|link| link(span, caller));
    let place = linked.unwrap_or_else(|| TraceParent::continued(caller, state.ids()));
    span.record("trace.id", format!("{:032x}", place.trace));
    place
}

/// The problem document of a failed response, with the headers it had.
fn document(response: Response, id: &RequestId, pages: &str) -> Response {
    let problem = response
        .extensions()
        .get::<Problem>()
        .cloned()
        .unwrap_or_else(|| of_status(response.status()));
    let (parts, _body) = response.into_parts();
    let text = serde_json::to_vec(&problem.document(&id.0, pages)).unwrap_or_default();
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = parts.status;
    *response.headers_mut() = parts.headers;
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::CONTENT_ENCODING);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What the framework answers by itself: no such path, no such method.
fn of_status(status: StatusCode) -> Problem {
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::new(codes::NOT_FOUND, "there is nothing at this path"),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(codes::METHOD_NOT_ALLOWED, "see the Allow header")
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(codes::BODY_TOO_LARGE, "the body is too large")
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::new(codes::UNSUPPORTED_MEDIA_TYPE, "this type is not read here")
        }
        status if status.is_client_error() => {
            Problem::new(codes::BAD_REQUEST, "the request could not be understood")
        }
        _ => Problem::new(codes::INTERNAL, "the request could not be carried out"),
    };
    problem.with_status(status)
}

/// Headers that every answer carries. What a handler set stays.
pub(crate) async fn protect(request: Request, next: Next) -> Response {
    let documentation = !request.uri().path().starts_with("/v1");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut add = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    add(header::REFERRER_POLICY, "no-referrer");
    add(header::X_FRAME_OPTIONS, "DENY");
    if documentation {
        // Swagger UI styles its elements in place and shows images as data.
        add(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
        );
    } else {
        add(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        );
        add(header::CACHE_CONTROL, "no-store");
        // Beside what compression and CORS say there.
        headers.append(header::VARY, HeaderValue::from_static("authorization"));
    }
    response
}

/// Turns requests away before they pile up in front of the database.
pub(crate) async fn shed(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    // Who would wait behind so many others for the database is told so at once.
    if state.store().is_crowded() {
        return overloaded("more requests wait for the database than it gets done in time");
    }
    let Ok(_permit) = state.permits().clone().try_acquire_owned() else {
        return overloaded("more requests are under way than the gateway takes on at a time");
    };
    next.run(request).await
}

fn overloaded(detail: &str) -> Response {
    metrics::counter!("callweave_http_shed_total").increment(1);
    Problem::new(codes::OVERLOADED, detail)
        .with_retry_after(std::time::Duration::from_secs(1))
        .into_response()
}

/// Counts and times requests by route, never by path: paths hold ids.
pub(crate) async fn measure(request: Request, next: Next) -> Response {
    let method = request.method().as_str().to_owned();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let begun = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!("callweave_http_requests_total", "method" => method.clone(), "route" => route.clone(), "status" => status)
        .increment(1);
    metrics::histogram!("callweave_http_request_seconds", "method" => method, "route" => route)
        .record(begun.elapsed().as_secs_f64());
    response
}

/// What a panic in a handler becomes: the panic hook has logged it already.
pub(crate) fn panicked(_panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    Problem::new(codes::INTERNAL, "the request could not be carried out").into_response()
}

/// Text of a header, where it is text.
pub(crate) fn header_text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
