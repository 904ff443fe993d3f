//! Each class of answer becomes the right kind of error.

use std::time::Duration;

use callweave_provider::{
    ErrorKind, ProviderError, ProviderFactory, Retry,
    http_client::{Answer, TransportError},
};
use http::StatusCode;

use super::{Action, Case, Expected, walks};
use crate::{CannedClient, answers};

/// A class of answers, or of their absence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// 200 with a page for people.
    Html,
    /// 204 without a body.
    NoContent,
    /// 200 without a body.
    Empty,
    /// 200 with JSON that is cut off.
    Truncated,
    /// 200 with JSON that is neither an object nor a list.
    OtherShape,
    /// 401.
    Unauthorized,
    /// 429 that asks for 7 seconds.
    TooManyRequests,
    /// 500 with a page for people.
    ServerError,
    /// 503.
    Unavailable,
    /// A redirect.
    Redirect,
    /// No answer in time.
    Timeout,
    /// No connection.
    Refused,
    /// A connection that broke.
    Broken,
    /// An answer beyond the cap.
    TooLarge,
    /// An address that is not allowed.
    EgressDenied,
    /// The gateway itself holds back for 3 seconds.
    HeldBack,
}

impl Class {
    const ALL: [Self; 16] = [
        Self::Html,
        Self::NoContent,
        Self::Empty,
        Self::Truncated,
        Self::OtherShape,
        Self::Unauthorized,
        Self::TooManyRequests,
        Self::ServerError,
        Self::Unavailable,
        Self::Redirect,
        Self::Timeout,
        Self::Refused,
        Self::Broken,
        Self::TooLarge,
        Self::EgressDenied,
        Self::HeldBack,
    ];

    fn play(self) -> Result<Answer, TransportError> {
        Ok(match self {
            Self::Html => answers::html(200),
            Self::NoContent => answers::empty(204),
            Self::Empty => answers::typed(200, "application/json", ""),
            Self::Truncated => answers::typed(200, "application/json", r#"{"data": [{"id": 1}, {"#),
            Self::OtherShape => answers::typed(200, "application/json", r#""under maintenance""#),
            Self::Unauthorized => answers::typed(401, "application/json", "{}"),
            Self::TooManyRequests => {
                let answer = answers::typed(429, "application/json", "{}");
                answers::with_header(answer, "retry-after", "7")
            }
            Self::ServerError => answers::html(500),
            Self::Unavailable => answers::html(503),
            Self::Redirect => {
                return Err(TransportError::Redirect {
                    status: StatusCode::FOUND,
                });
            }
            Self::Timeout => return Err(TransportError::Timeout),
            Self::Refused => return Err(TransportError::Connect(None)),
            Self::Broken => return Err(TransportError::Broken(None)),
            Self::TooLarge => return Err(TransportError::TooLarge { limit: 1 }),
            Self::EgressDenied => return Err(TransportError::EgressDenied),
            Self::HeldBack => {
                return Err(TransportError::RateLimited {
                    after: Some(Duration::from_secs(3)),
                });
            }
        })
    }

    const fn kind(self, action: Action) -> ErrorKind {
        match self {
            Self::Html
            | Self::NoContent
            | Self::Empty
            | Self::Truncated
            | Self::OtherShape
            | Self::TooLarge => ErrorKind::BadResponse,
            Self::Unauthorized if matches!(action, Action::Login) => ErrorKind::InvalidCredentials,
            Self::Unauthorized => ErrorKind::Unauthorized,
            Self::TooManyRequests | Self::HeldBack => ErrorKind::RateLimited,
            Self::ServerError | Self::Unavailable => ErrorKind::VendorFailure,
            Self::Redirect => ErrorKind::UnexpectedRedirect,
            Self::Timeout | Self::Refused | Self::Broken => ErrorKind::Transport,
            Self::EgressDenied => ErrorKind::EgressDenied,
        }
    }

    /// The pause that the answer asks for.
    const fn pause(self) -> Option<Duration> {
        match self {
            Self::TooManyRequests => Some(Duration::from_secs(7)),
            Self::HeldBack => Some(Duration::from_secs(3)),
            _ => None,
        }
    }

    /// What a recording may be: bytes are not looked into.
    const fn tells_of_media(self) -> bool {
        !matches!(
            self,
            Self::Truncated | Self::OtherShape | Self::Html | Self::TooLarge
        )
    }
}

pub(super) async fn check(factory: &dyn ProviderFactory, case: &Case) {
    let stream = walks::first_stream(factory, case).await;
    let mut misread = Vec::new();
    for action in Action::ALL {
        for class in Class::ALL {
            if action != Action::Media || class.tells_of_media() {
                misread.extend(one(factory, case, action, class, &stream).await);
            }
        }
    }
    assert!(misread.is_empty(), "answers are read wrongly: {misread:#?}");
}

/// What is wrong with how an action reads a class of answers.
async fn one(
    factory: &dyn ProviderFactory,
    case: &Case,
    action: Action,
    class: Class,
    stream: &str,
) -> Option<String> {
    let about = format!("{action:?} answered with {class:?}");
    let client = CannedClient::new().otherwise(move |_| class.play());
    let provider = case.provider(factory, client.shared());
    let outcome = case.act(action, provider.as_ref(), stream).await?;
    if client.requests().is_empty() {
        return None; // Answered without the vendor (streams that are fixed, a token handed in).
    }
    case.assert_contained(&about, &client.requests());
    if let Err(error) = &outcome {
        case.assert_discreet(&about, error);
        let manifest = factory.manifest();
        assert_eq!(
            error.vendor, manifest.vendor,
            "{about}: another vendor's error"
        );
        walks::operations(factory, &about, std::iter::once(error.operation));
    }
    let exception = case
        .exceptions
        .iter()
        .find(|(a, c, _)| *a == action && *c == class);
    let kind = match exception {
        Some((_, _, Expected::Anything)) => return None,
        Some((_, _, Expected::Kind(kind))) => *kind,
        None => class.kind(action),
    };
    match outcome {
        // JSON of a shape that cannot be translated may cost the record instead of the moment.
        Ok(success)
            if (action, class) == (Action::Fetch, Class::OtherShape)
                && success.starts_with("Quarantined") =>
        {
            None
        }
        Ok(success) => Some(format!(
            "{about}: {kind:?} is due, and it is a success: {success}"
        )),
        // A token that nothing renews is a credential.
        Err(error)
            if class == Class::Unauthorized
                && provider.token_grant().is_none()
                && error.kind == ErrorKind::InvalidCredentials =>
        {
            None
        }
        Err(error) if error.kind != kind => Some(format!(
            "{about}: {kind:?} is due, and it is {:?}",
            error.kind
        )),
        Err(error) => {
            if exception.is_none() {
                retryability(&about, class, &error);
            }
            None
        }
    }
}

fn retryability(about: &str, class: Class, error: &ProviderError) {
    if let Some(pause) = class.pause() {
        assert_eq!(error.retry, Retry::After(pause), "{about}");
    }
    if matches!(error.kind, ErrorKind::VendorFailure | ErrorKind::Transport) {
        assert_ne!(error.retry, Retry::Never, "{about}");
    }
    if matches!(
        error.kind,
        ErrorKind::UnexpectedRedirect | ErrorKind::EgressDenied
    ) {
        assert_eq!(error.retry, Retry::Never, "{about}");
    }
}
