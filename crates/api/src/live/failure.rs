//! What a vendor's failure means for the request that asked it, and for its connection.

use callweave_provider::{ErrorKind, ProviderError, Retry};
use http::StatusCode;

use super::line::{Line, Manner};
use crate::{
    problem::{Code, FieldError, Problem, codes},
    routes::note_failure,
};

/// The problem of an operation that failed.
pub(super) fn problem(manner: Manner, error: &ProviderError) -> Problem {
    let problem = Problem::from(error);
    match (manner, error.kind) {
        (_, ErrorKind::InvalidInput) if error.pointer.as_deref() == Some("/confirm") => {
            in_the_query(codes::CONFIRMATION_REQUIRED, error)
        }
        // There was no body: what does not fit stood in the query.
        (Manner::Reads, ErrorKind::InvalidInput) => in_the_query(codes::INVALID_QUERY, error),
        (Manner::Acts, _) if may_be_done(error) => unknown(error),
        (Manner::Acts | Manner::Changes | Manner::Searches, ErrorKind::InvalidRequest) => {
            problem.with_status(StatusCode::UNPROCESSABLE_ENTITY)
        }
        _ => problem,
    }
}

/// The vendor did not answer while the caller waited.
pub(super) fn too_late(manner: Manner) -> Problem {
    match manner {
        Manner::Acts => Problem::new(
            codes::OUTCOME_UNKNOWN,
            "the vendor did not answer in time; it may have done what was asked",
        )
        .with_status(StatusCode::GATEWAY_TIMEOUT),
        Manner::Reads | Manner::Searches | Manner::Changes => Problem::new(
            codes::VENDOR_UNREACHABLE,
            "the vendor did not answer in time",
        ),
    }
}

/// Whether the vendor may have done it all the same.
fn may_be_done(error: &ProviderError) -> bool {
    if error.unsent {
        return false;
    }
    match error.kind {
        ErrorKind::Transport | ErrorKind::BadResponse | ErrorKind::UnexpectedRedirect => true,
        // A vendor that is busy says so before it begins.
        ErrorKind::VendorFailure => {
            error.status != Some(503) && !matches!(error.retry, Retry::After(_))
        }
        _ => false,
    }
}

fn unknown(error: &ProviderError) -> Problem {
    let detail = format!(
        "{}; the vendor may have done what was asked",
        Problem::from(error).detail()
    );
    let problem = Problem::new(codes::OUTCOME_UNKNOWN, detail);
    match Problem::from(error).into_vendor() {
        Some(vendor) => problem.with_vendor(vendor),
        None => problem,
    }
}

fn in_the_query(code: &'static Code, error: &ProviderError) -> Problem {
    let name = error.pointer.as_deref().unwrap_or_default();
    let name = name.trim_start_matches('/');
    let detail = error
        .message
        .as_deref()
        .unwrap_or("does not fit this vendor");
    Problem::new(code, format!("{name}: {detail}")).with_error(FieldError::query(
        name,
        FieldError::VENDOR_RULE,
        detail,
    ))
}

/// Notes what a failure says about the connection, as a check does. What went wrong with one thing
/// says nothing about the others.
pub(super) async fn note(line: &Line, error: &ProviderError) {
    let about_the_connection = matches!(
        error.kind,
        ErrorKind::Unauthorized
            | ErrorKind::InvalidCredentials
            | ErrorKind::RateLimited
            | ErrorKind::VendorFailure
            | ErrorKind::Transport
    );
    if !about_the_connection {
        return;
    }
    let definite = matches!(
        error.kind,
        ErrorKind::Unauthorized | ErrorKind::InvalidCredentials
    );
    if let Err(problem) = note_failure(line.state(), line.connection(), error, definite).await {
        tracing::warn!(
            connection.id = %line.connection().id,
            problem.code = problem.code().code,
            "What went wrong with a vendor could not be noted"
        );
    }
}
