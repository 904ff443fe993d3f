//! Tags of single resources that carry no version of their own: told by what is shown.

use axum::{
    body::{Body, to_bytes},
    extract::{MatchedPath, Request},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{Method, StatusCode, header};

use crate::{
    extract::{Conditions, ETag},
    middleware::{AsItCame, header_text},
    problem::{Problem, codes},
    respond,
};

/// The largest answer that is tagged.
const LARGEST: usize = 4 * 1024 * 1024;

/// Whether a route shows one thing: its last segment names it.
pub(crate) fn is_single(route: &str) -> bool {
    route.ends_with('}') && !route.contains("/passthrough/")
}

/// Tags the answer about a single resource, and answers 304 to a caller that has it.
pub(crate) async fn tag(mut request: Request, next: Next) -> Response {
    let single = request
        .extensions()
        .get::<MatchedPath>()
        .is_some_and(|route| is_single(route.as_str()));
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !single || !reads {
        return next.run(request).await;
    }
    let conditions = Conditions::from_headers(request.headers());
    // HEAD gets the tag of what GET shows; the body is left out further outside.
    *request.method_mut() = Method::GET;
    let response = next.run(request).await;
    if !is_untagged(&response) {
        return response;
    }
    match tagged(&conditions, response).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

fn is_untagged(response: &Response) -> bool {
    let headers = response.headers();
    response.status() == StatusCode::OK
        && !headers.contains_key(header::ETAG)
        && response.extensions().get::<AsItCame>().is_none()
        && header_text(headers, header::CONTENT_TYPE)
            .is_some_and(|kind| kind.starts_with("application/json"))
}

async fn tagged(conditions: &Conditions, response: Response) -> Result<Response, Problem> {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, LARGEST).await.map_err(|_error| {
        tracing::error!("An answer is too large to be tagged");
        Problem::new(codes::INTERNAL, "the request could not be carried out")
    })?;
    let tag = ETag::of_content(&body);
    let mut response = Response::from_parts(parts, Body::from(body));
    if conditions.already_has(&tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    respond::set_tag(&mut response, &tag);
    Ok(response)
}
