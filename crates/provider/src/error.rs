//! Errors of a vendor: what kind, and whether to try again.

use std::{fmt, time::Duration};

/// The result of an operation toward a vendor.
pub type Result<T, E = ProviderError> = std::result::Result<T, E>;

/// What kind of failure it is; the gateway acts on this and on nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The token is expired, unknown or revoked: renew it and try once more.
    Unauthorized,
    /// A login was refused for its credentials: only the owner can help.
    InvalidCredentials,
    /// The account may not do this.
    Forbidden,
    /// The vendor does not know the thing asked for.
    NotFound,
    /// The thing is known and not ready yet.
    NotReady,
    /// The request was refused as it is.
    InvalidRequest,
    /// The request does not fit what is there: a name that is taken, a thing that others hang on.
    /// Of a submission that was sent before: the vendor has it already.
    Conflict,
    /// Too many requests.
    RateLimited,
    /// The plan does not allow it, or its resources are used up.
    QuotaExceeded,
    /// The vendor does not offer this.
    Unsupported,
    /// This adapter has no such capability; [`ProviderError::operation`] names it. Nothing was sent.
    CapabilityNotSupported,
    /// The input does not fit this vendor; [`ProviderError::pointer`] says where. Nothing was sent.
    InvalidInput,
    /// The vendor failed on its side.
    VendorFailure,
    /// No complete answer came: refused, reset, timed out, too slow.
    Transport,
    /// An answer came and is not what the documents say: HTML, truncated JSON, a wrong shape.
    BadResponse,
    /// The vendor redirected, which is never followed.
    UnexpectedRedirect,
    /// The address may not be reached from here.
    EgressDenied,
}

impl ErrorKind {
    /// The stable code of the problem document: `vendor.*` or `connection.*`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unauthorized => "vendor.unauthorized",
            Self::InvalidCredentials => "connection.credentials_rejected",
            Self::Forbidden => "vendor.forbidden",
            Self::NotFound => "vendor.not_found",
            Self::NotReady => "vendor.not_ready",
            Self::InvalidRequest => "vendor.request_rejected",
            Self::Conflict => "vendor.conflict",
            Self::RateLimited => "vendor.rate_limited",
            Self::QuotaExceeded => "vendor.quota_exceeded",
            Self::Unsupported => "vendor.unsupported",
            Self::CapabilityNotSupported => "gateway.capability_not_supported",
            Self::InvalidInput => "gateway.invalid_body",
            Self::VendorFailure => "vendor.failure",
            Self::Transport => "vendor.unreachable",
            Self::BadResponse => "vendor.bad_response",
            Self::UnexpectedRedirect => "vendor.unexpected_redirect",
            Self::EgressDenied => "connection.address_not_allowed",
        }
    }
}

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It cannot.
    Never,
    /// It can, after a pause that grows.
    Backoff,
    /// It can, after this pause that the vendor asked for.
    After(Duration),
}

/// A failed operation toward a vendor. Prints neither bodies, tokens nor addresses.
#[derive(Debug)]
pub struct ProviderError {
    /// The vendor's key.
    pub vendor: &'static str,
    /// The operation id of the coverage table, e.g. `CG-16`.
    pub operation: &'static str,
    /// The kind.
    pub kind: ErrorKind,
    /// Whether trying again can help.
    pub retry: Retry,
    /// The HTTP status, where an answer came.
    pub status: Option<u16>,
    /// The vendor's own code.
    pub vendor_code: Option<String>,
    /// The vendor's message, cut to 300 characters. May hold the vendor's words, never ours of
    /// the request.
    pub message: Option<String>,
    /// The JSON pointer into the caller's input, for [`ErrorKind::InvalidInput`].
    pub pointer: Option<String>,
    /// What was to be changed at the vendor is certainly as it was: the request never left, or the
    /// operation failed on its way to it. A write that failed so may be sent again.
    pub unsent: bool,
    /// What lies below, for the log.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ProviderError {
    /// An error of a kind, with the retryability that is usual for it.
    pub fn new(vendor: &'static str, operation: &'static str, kind: ErrorKind) -> Self {
        let retry = match kind {
            ErrorKind::RateLimited
            | ErrorKind::VendorFailure
            | ErrorKind::Transport
            | ErrorKind::BadResponse
            | ErrorKind::NotReady => Retry::Backoff,
            _ => Retry::Never,
        };
        Self {
            vendor,
            operation,
            kind,
            retry,
            status: None,
            vendor_code: None,
            message: None,
            pointer: None,
            unsent: false,
            source: None,
        }
    }

    /// The adapter has no such capability, e.g. `rubrics.delete`. Nothing was sent.
    pub fn not_supported(vendor: &'static str, capability: &'static str) -> Self {
        Self::new(vendor, capability, ErrorKind::CapabilityNotSupported).before_sending()
    }

    /// The caller's input does not fit this vendor. Nothing was sent.
    ///
    /// `pointer` is a JSON pointer into the input, `detail` is written for the caller.
    pub fn invalid_input(
        vendor: &'static str,
        operation: &'static str,
        pointer: impl Into<String>,
        detail: impl AsRef<str>,
    ) -> Self {
        let mut error = Self::new(vendor, operation, ErrorKind::InvalidInput)
            .with_message(detail)
            .before_sending();
        error.pointer = Some(pointer.into());
        error
    }

    /// With the HTTP status of the answer.
    #[must_use]
    pub fn with_status(mut self, status: http::StatusCode) -> Self {
        self.status = Some(status.as_u16());
        self
    }

    /// With another retryability than the kind's usual one.
    #[must_use]
    pub const fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The failure came before the write of the operation was sent.
    #[must_use]
    pub const fn before_sending(mut self) -> Self {
        self.unsent = true;
        self
    }

    /// With the vendor's own code.
    #[must_use]
    pub fn with_vendor_code(mut self, code: impl Into<String>) -> Self {
        self.vendor_code = Some(code.into());
        self
    }

    /// With the vendor's message; control characters go, and it is cut to 300 characters.
    #[must_use]
    pub fn with_message(mut self, message: impl AsRef<str>) -> Self {
        let clean: String = message
            .as_ref()
            .chars()
            .filter(|character| !character.is_control())
            .take(300)
            .collect();
        self.message = (!clean.is_empty()).then_some(clean);
        self
    }

    /// With what lies below.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {} failed: {}",
            self.vendor,
            self.operation,
            self.kind.code()
        )?;
        if let Some(status) = self.status {
            write!(formatter, " (status {status})")?;
        }
        if let Some(code) = &self.vendor_code {
            write!(formatter, " (vendor code {code})")?;
        }
        Ok(())
    }
}

impl std::error::Error for ProviderError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
