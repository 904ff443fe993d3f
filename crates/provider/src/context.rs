//! What an operation is told besides its own arguments.

use callweave_model::Timestamp;
use secrecy::SecretString;

use crate::settings::Credentials;

/// The circumstances of one operation toward a vendor.
#[derive(Clone, Copy, Debug)]
pub struct CallContext<'a> {
    /// The current access token; `None` for a vendor without [`crate::TokenGrant`], and while a
    /// token is being granted.
    pub access_token: Option<&'a SecretString>,
    /// The connection's credentials, for vendors whose credentials are the token.
    pub credentials: &'a Credentials,
    /// The time of day; an adapter never asks a clock.
    pub now: Timestamp,
    /// Goes to the vendor as a trace id where it takes one.
    pub request_id: &'a str,
}
