//! What a failed submission means: whether the vendor has it.

use callweave_model::job::JobError;
use callweave_provider::{ErrorKind, ProviderError};

/// Whether the vendor has what a failed request carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It does not: the request did not reach it, or it was turned away for now. It may be sent
    /// later.
    NotSent,
    /// It does not: it was refused.
    Refused,
    /// It may.
    Unknown,
}

/// Judges a failed submission. What is not certain is unknown.
pub(crate) fn judge(error: &ProviderError) -> Verdict {
    match error.kind {
        ErrorKind::RateLimited => Verdict::NotSent,
        ErrorKind::Unauthorized
        | ErrorKind::InvalidCredentials
        | ErrorKind::Forbidden
        | ErrorKind::NotFound
        | ErrorKind::NotReady
        | ErrorKind::InvalidRequest
        | ErrorKind::Conflict
        | ErrorKind::QuotaExceeded
        | ErrorKind::Unsupported
        | ErrorKind::CapabilityNotSupported
        | ErrorKind::InvalidInput
        | ErrorKind::EgressDenied => Verdict::Refused,
        ErrorKind::Transport
        | ErrorKind::VendorFailure
        | ErrorKind::BadResponse
        | ErrorKind::UnexpectedRedirect => {
            if error.unsent {
                Verdict::NotSent
            } else {
                Verdict::Unknown
            }
        }
    }
}

/// Judges a failure to get a token: nothing was sent in any case.
pub(crate) const fn judge_admission(error: &ProviderError) -> Verdict {
    match error.kind {
        ErrorKind::Unauthorized
        | ErrorKind::InvalidCredentials
        | ErrorKind::Forbidden
        | ErrorKind::EgressDenied => Verdict::Refused,
        _ => Verdict::NotSent,
    }
}

/// The error as a job keeps it.
pub(crate) fn job_error(error: &ProviderError) -> JobError {
    let status = error
        .status
        .map(|status| format!(" with status {status}"))
        .unwrap_or_default();
    JobError {
        code: error.kind.code().to_owned(),
        detail: format!("{} failed{status}", error.operation),
        operation: Some(error.operation.to_owned()),
        vendor_status: error.status,
        vendor_code: error.vendor_code.clone(),
        vendor_message: error.message.clone(),
    }
}

/// An error of our own making.
pub(crate) fn own_error(code: &str, detail: impl Into<String>) -> JobError {
    JobError {
        code: code.to_owned(),
        detail: detail.into(),
        operation: None,
        vendor_status: None,
        vendor_code: None,
        vendor_message: None,
    }
}

#[cfg(test)]
mod tests {
    use callweave_provider::http_client::TransportError;

    use super::*;

    fn error(kind: ErrorKind) -> ProviderError {
        ProviderError::new("acme", "X-01", kind)
    }

    fn transport(below: TransportError) -> ProviderError {
        below.into_provider_error("acme", "X-01")
    }

    #[test]
    fn what_is_not_certain_is_unknown() {
        let cases = [
            (transport(TransportError::Connect(None)), Verdict::NotSent),
            (
                transport(TransportError::RateLimited { after: None }),
                Verdict::NotSent,
            ),
            (transport(TransportError::Timeout), Verdict::Unknown),
            (transport(TransportError::Broken(None)), Verdict::Unknown),
            (
                transport(TransportError::TooLarge { limit: 1 }),
                Verdict::Unknown,
            ),
            (error(ErrorKind::Transport), Verdict::Unknown),
            (
                error(ErrorKind::Transport).before_sending(),
                Verdict::NotSent,
            ),
            (error(ErrorKind::VendorFailure), Verdict::Unknown),
            (error(ErrorKind::BadResponse), Verdict::Unknown),
            (error(ErrorKind::UnexpectedRedirect), Verdict::Unknown),
            (error(ErrorKind::InvalidRequest), Verdict::Refused),
            (error(ErrorKind::QuotaExceeded), Verdict::Refused),
            (error(ErrorKind::NotFound), Verdict::Refused),
            (error(ErrorKind::Unauthorized), Verdict::Refused),
        ];
        for (error, verdict) in cases {
            assert_eq!(judge(&error), verdict, "{error:?}");
        }
    }
}
