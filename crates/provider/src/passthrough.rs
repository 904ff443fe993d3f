//! Operations of a vendor that the contract has no words for.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method};

use crate::{CallContext, Provider, Result, http_client::Answer};

/// A request in the vendor's own words. Path and query are checked by the gateway: relative, no
/// `..`, no host, no credential of the caller.
#[derive(Clone)]
pub struct PassRequest {
    /// The method.
    pub method: Method,
    /// The path below the connection's base address, without a leading `/`, percent-encoded.
    pub path: String,
    /// The query, percent-encoded.
    pub query: Option<String>,
    /// The type of the body.
    pub content_type: Option<HeaderValue>,
    /// The languages the caller accepts.
    pub accept_language: Option<HeaderValue>,
    /// The body.
    pub body: Bytes,
}

impl std::fmt::Debug for PassRequest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PassRequest")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Forwards requests: adds the connection's authentication, keeps the host.
#[async_trait]
pub trait Passthrough: Provider {
    /// Sends the request and returns the vendor's answer as it came, whatever its status. Only a
    /// refused token ([`crate::ErrorKind::Unauthorized`]) and a transport failure are errors. The
    /// operation of its requests is `passthrough`; `GET` and `HEAD` are
    /// [`crate::http_client::Safety::Read`], where the vendor's `GET` changes nothing.
    async fn forward(&self, context: &CallContext<'_>, request: PassRequest) -> Result<Answer>;
}
