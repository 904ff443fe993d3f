//! The contract between the gateway and a vendor.
//!
//! A vendor crate is pure translation: a canonical intent becomes an [`http::Request`], an
//! [`http::Response`] becomes a canonical [`Change`] or a [`ProviderError`]. It keeps no state,
//! opens no socket, reads no clock, stores no token, never sleeps and never retries: rate limits,
//! token renewal, persistence and schedules are the same for every vendor and stand on the
//! gateway's side of these traits.
//!
//! A capability exists if and only if it is implemented; a new one touches no old vendor.

pub mod address;
pub mod change;
pub mod context;
pub mod decode;
pub mod envelope;
pub mod error;
pub mod http_client;
pub mod manifest;
pub mod media;
pub mod number;
pub mod pull;
pub mod raw;
pub mod registry;
pub mod settings;
pub mod speech;
pub mod token;
pub mod tolerant;
pub mod when;

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;

pub use change::{Change, RecordRef};
pub use context::CallContext;
pub use error::{ErrorKind, ProviderError, Result, Retry};
pub use http_client::HttpClient;
pub use manifest::Manifest;
pub use pull::{Cursor, Lookup, Next, Page, Pull, Walk};
pub use raw::RawDocument;
pub use registry::Registry;
pub use settings::{Credentials, Settings, SettingsError};
pub use token::{Grant, TokenGrant};

/// Makes the provider of one vendor for one connection.
pub trait ProviderFactory: Debug + Send + Sync {
    /// What the vendor is and can do.
    fn manifest(&self) -> &'static Manifest;

    /// Validates the settings and builds the provider. Does no IO.
    fn build(
        &self,
        settings: Settings,
        http: Arc<dyn HttpClient>,
    ) -> Result<Arc<dyn Provider>, SettingsError>;

    /// Names the account at the vendor that settings and credentials lead to, without any secret
    /// in it: the same account gives the same text after a re-connect.
    ///
    /// Where only a secret names the account, an implementation returns a hash of it.
    fn account_key(&self, settings: &Settings, credentials: &Credentials) -> String;
}

/// One vendor account, spoken to in the gateway's words.
#[async_trait]
pub trait Provider: Debug + Send + Sync {
    /// What the vendor is and can do.
    fn manifest(&self) -> &'static Manifest;

    /// The cheapest authenticated call; it never spends the user's money.
    async fn check(&self, context: &CallContext<'_>) -> Result<Account>;

    /// Lists analysed calls.
    fn pull(&self) -> Option<&dyn Pull> {
        None
    }

    /// Fetches one call by its vendor id.
    fn lookup(&self) -> Option<&dyn Lookup> {
        None
    }

    /// Opens recordings and files.
    fn media(&self) -> Option<&dyn media::MediaSource> {
        None
    }

    /// How to log in and refresh. `None`: the credentials are used as they are.
    fn token_grant(&self) -> Option<&dyn TokenGrant> {
        None
    }
}

/// What a check found out about the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// A human-readable name of the account, where the vendor tells one.
    pub name: Option<String>,
}
