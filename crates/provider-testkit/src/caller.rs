//! What an operation is told, owned by the test.

use callweave_model::Timestamp;
use callweave_provider::{CallContext, Credentials};
use secrecy::SecretString;

/// Owns what a [`CallContext`] borrows.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The credentials.
    pub credentials: Credentials,
    /// The access token.
    pub access_token: Option<SecretString>,
    /// The time of day.
    pub now: Timestamp,
}

impl Caller {
    /// A caller with these credentials and no token, on 2 March 2026.
    pub fn new(credentials: &[(&str, &str)]) -> Self {
        let members = credentials
            .iter()
            .map(|(name, value)| ((*name).to_owned(), SecretString::from(*value)));
        Self {
            credentials: Credentials::new(members),
            access_token: None,
            now: "2026-03-02T09:15:00Z".parse().expect("an instant"),
        }
    }

    /// The same with an access token.
    #[must_use]
    pub fn with_token(mut self, access_token: &str) -> Self {
        self.access_token = Some(SecretString::from(access_token));
        self
    }

    /// The same at another time.
    #[must_use]
    pub fn at(mut self, now: &str) -> Self {
        self.now = now.parse().expect("an instant");
        self
    }

    /// The context of a call.
    pub fn context(&self) -> CallContext<'_> {
        CallContext {
            access_token: self.access_token.as_ref(),
            credentials: &self.credentials,
            now: self.now,
            request_id: "test-request",
        }
    }
}
