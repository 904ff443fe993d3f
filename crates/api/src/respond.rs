//! Answers.

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{
    extract::{Conditions, ETag},
    problem::{Problem, codes},
};

/// A JSON answer.
pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(error = %error, "An answer could not be written");
        Problem::new(codes::INTERNAL, "the answer could not be written")
    })?;
    Ok((
        status,
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )],
        body,
    )
        .into_response())
}

/// A JSON answer with status 200.
pub(crate) fn ok<T: Serialize>(value: &T) -> Result<Response, Problem> {
    json(StatusCode::OK, value)
}

/// A single resource with its tag; 304 without a body when the caller has it already.
pub(crate) fn resource<T: Serialize>(
    conditions: &Conditions,
    tag: &ETag,
    value: &T,
) -> Result<Response, Problem> {
    let mut response = if conditions.already_has(tag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        ok(value)?
    };
    set_tag(&mut response, tag);
    Ok(response)
}

/// A resource that was just made, with its tag and address.
pub(crate) fn created<T: Serialize>(
    location: &str,
    tag: Option<&ETag>,
    value: &T,
) -> Result<Response, Problem> {
    let mut response = json(StatusCode::CREATED, value)?;
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if let Some(tag) = tag {
        set_tag(&mut response, tag);
    }
    Ok(response)
}

/// Work that was taken on, with the address at which it can be followed.
pub(crate) fn accepted<T: Serialize>(location: &str, value: &T) -> Result<Response, Problem> {
    let mut response = json(StatusCode::ACCEPTED, value)?;
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The tag of an answer; it may be kept by its reader, who must ask each time whether it holds.
pub(crate) fn set_tag(response: &mut Response, tag: &ETag) {
    let headers = response.headers_mut();
    if let Some(value) = tag.header_value() {
        headers.insert(header::ETAG, value);
    }
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
}

/// Nothing to say.
pub(crate) fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}
