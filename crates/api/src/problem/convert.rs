//! From the errors of the layers below to problems.

use std::time::Duration;

use callweave_jobs::{Refusal, Shortfall};
use callweave_provider::{ErrorKind, ProviderError, Retry};
use callweave_store::StoreError;
use http::StatusCode;

use super::{FieldError, Problem, QuotaProblem, VendorProblem, codes};

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let chain = chain(&error);
        let of_server = error.is_of_server();
        match error {
            StoreError::Unavailable(_) => {
                tracing::warn!(error = %chain, "The database cannot be reached");
                Self::new(
                    codes::UNAVAILABLE,
                    "the database cannot be reached, took too long, or takes no changes at the moment",
                )
                .with_retry_after(Duration::from_secs(2))
                .of_server(of_server)
            }
            StoreError::Contended(_) => {
                tracing::debug!(error = %chain, "Another transaction was in the way");
                Self::new(
                    codes::UNAVAILABLE,
                    "other requests change the same at the moment",
                )
                .with_retry_after(Duration::from_secs(1))
                .contended()
                .of_server(of_server)
            }
            StoreError::Erased => erased(),
            _ => {
                tracing::error!(error = %chain, "A store operation failed");
                Self::new(codes::INTERNAL, "the request could not be carried out")
            }
        }
    }
}

/// The call, or somebody in it, was erased.
pub(crate) fn erased() -> Problem {
    Problem::new(
        codes::ERASED,
        "the call, or somebody in it, was erased; nothing of it is taken in again",
    )
}

impl From<ProviderError> for Problem {
    fn from(error: ProviderError) -> Self {
        Self::from(&error)
    }
}

impl From<&ProviderError> for Problem {
    fn from(error: &ProviderError) -> Self {
        match error.kind {
            ErrorKind::CapabilityNotSupported => {
                return Self::new(
                    codes::CAPABILITY_NOT_SUPPORTED,
                    format!("{} has no capability `{}`", error.vendor, error.operation),
                );
            }
            ErrorKind::InvalidInput => return invalid_input(error),
            _ => {}
        }
        let code = codes::find(error.kind.code()).unwrap_or(codes::VENDOR_FAILURE);
        let mut problem = Self::new(code, detail(error)).with_vendor(VendorProblem {
            key: error.vendor.to_owned(),
            operation: error.operation.to_owned(),
            status: error.status,
            code: error.vendor_code.clone(),
            message: error.message.clone(),
        });
        match error.kind {
            ErrorKind::Transport if error.status.is_some() => {
                problem = problem.with_status(StatusCode::BAD_GATEWAY);
            }
            // Nothing is wrong with the request: it is the connection that does not fit.
            ErrorKind::InvalidCredentials | ErrorKind::EgressDenied => {
                problem = problem.with_status(StatusCode::CONFLICT);
            }
            _ => {}
        }
        match error.retry {
            Retry::After(pause) => problem.with_retry_after(pause),
            Retry::Backoff if error.kind == ErrorKind::RateLimited => {
                problem.with_retry_after(Duration::from_secs(30))
            }
            Retry::Backoff | Retry::Never => problem,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::not_found("job"),
            Refusal::Unsupported { vendor, capability } => Self::new(
                codes::CAPABILITY_NOT_SUPPORTED,
                format!("{vendor} has no capability `{capability}`"),
            ),
            Refusal::Vendor(error) => Self::from(&error),
            Refusal::Unfit(errors) => unfit(&errors),
            Refusal::Connector(error) => error.into(),
            Refusal::Quota(shortfall) => over_quota(shortfall),
            Refusal::State(detail) => Self::new(codes::CONFLICT, detail),
            Refusal::Unconfirmed => Self::new(
                codes::CONFIRMATION_REQUIRED,
                "the vendor may have it already, or has taken it once: sent once more, it may be \
                 carried out and charged for twice; `confirm=may_duplicate` says that this is meant",
            ),
            Refusal::Store(error) => error.into(),
            Refusal::Internal(what) => {
                tracing::error!("{what}");
                Self::new(codes::INTERNAL, "the request could not be carried out")
            }
        }
    }
}

fn over_quota(shortfall: Shortfall) -> Problem {
    let Shortfall {
        resource,
        needed,
        remaining,
        limit,
    } = shortfall;
    let wanted = needed.map_or_else(String::new, |needed| format!(", and {needed} are needed"));
    Problem::new(
        codes::VENDOR_QUOTA_EXCEEDED,
        format!("the plan has {remaining} of `{resource}` left{wanted}; nothing was sent"),
    )
    .with_status(StatusCode::PAYMENT_REQUIRED)
    .with_quota(QuotaProblem {
        resource,
        needed,
        remaining,
        limit,
    })
}

/// Several members do not fit.
fn unfit(errors: &[ProviderError]) -> Problem {
    let errors: Vec<FieldError> = errors
        .iter()
        .map(|error| {
            let pointer = error.pointer.as_deref().unwrap_or_default();
            let detail = error
                .message
                .as_deref()
                .unwrap_or("does not fit this vendor");
            FieldError::body(pointer, FieldError::VENDOR_RULE, detail)
        })
        .collect();
    let detail = errors.first().map_or_else(String::new, |first| {
        format!("{}: {}", first.pointer, first.detail)
    });
    Problem::new(codes::INVALID_BODY, detail).with_errors(errors)
}

/// The adapter found the fault before anything was sent.
fn invalid_input(error: &ProviderError) -> Problem {
    let pointer = error.pointer.as_deref().unwrap_or_default();
    let detail = error
        .message
        .as_deref()
        .unwrap_or("does not fit this vendor");
    Problem::new(codes::INVALID_BODY, format!("{pointer}: {detail}")).with_error(FieldError::body(
        pointer,
        FieldError::VENDOR_RULE,
        detail,
    ))
}

fn detail(error: &ProviderError) -> String {
    let status = error
        .status
        .map(|status| format!(" with status {status}"))
        .unwrap_or_default();
    match &error.message {
        Some(message) => format!("{} failed{status}: {message}", error.operation),
        None => format!("{} failed{status}", error.operation),
    }
}

/// An error with all that lies below it, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(source) = below {
        text.push_str(": ");
        text.push_str(&source.to_string());
        below = source.source();
    }
    text
}
