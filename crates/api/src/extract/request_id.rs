//! The id of a request.

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderValue, request::Parts};

use crate::{ApiState, problem::Problem};

/// The header that carries it in and out.
pub(crate) const HEADER: &str = "x-request-id";

/// The id of a request: the caller's own where it is sane, else a fresh one.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    /// The caller's own id: up to 128 letters, digits and `-_.:`, so that it cannot break a log
    /// line or a header.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(HEADER)?.to_str().ok()?;
        let sane = (1..=128).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
        sane.then(|| Self(text.to_owned()))
    }

    pub(crate) fn header_value(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

impl FromRequestParts<ApiState> for RequestId {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &ApiState,
    ) -> Result<Self, Self::Rejection> {
        // The outermost layer puts it there; a router without that layer still has an id.
        let id = parts.extensions.get::<Self>().cloned();
        Ok(id.unwrap_or_else(|| Self(state.ids().next().to_string())))
    }
}
