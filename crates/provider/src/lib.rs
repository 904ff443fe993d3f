//! The contract between the gateway and a vendor.
//!
//! A vendor crate is pure translation: a canonical intent becomes an [`http::Request`], an
//! [`http::Response`] becomes a canonical [`Change`] or a [`ProviderError`]. It keeps no state,
//! opens no socket, reads no clock, stores no token, never sleeps and never retries: rate limits,
//! token renewal, persistence and schedules are the same for every vendor and stand on the
//! gateway's side of these traits.
//!
//! A capability exists if and only if it is implemented; a new one touches no old vendor.

pub mod account;
pub mod address;
pub mod agents;
pub mod change;
pub mod context;
pub mod decode;
pub mod dialogs;
pub mod documents;
pub mod envelope;
pub mod error;
pub mod evaluations;
pub mod http_client;
pub mod listing;
pub mod manifest;
pub mod media;
pub mod multipart;
pub mod number;
pub mod passthrough;
pub mod pull;
pub mod quality;
pub mod raw;
pub mod registry;
pub mod reports;
pub mod rubrics;
pub mod settings;
pub mod speech;
pub mod submit;
pub mod taxonomy;
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
pub use pull::{Cursor, Lookup, Next, Page, Pull, Walk, WindowCost};
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
///
/// An operation that bears the name of its capability is called by its trait, because the
/// capability is a provider, too: `Submit::submit(submit, ..)`, `Agents::agents(agents, ..)`.
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

    /// Opens documents that the vendor writes about a call.
    fn documents(&self) -> Option<&dyn documents::Documents> {
        None
    }

    /// Starts analyses.
    fn submit(&self) -> Option<&dyn submit::Submit> {
        None
    }

    /// Starts AI dialogs and controls their queues.
    fn dialogs(&self) -> Option<&dyn dialogs::Dialogs> {
        None
    }

    /// Reads and changes voice agents.
    fn agents(&self) -> Option<&dyn agents::Agents> {
        None
    }

    /// Reads and changes rubrics.
    fn rubrics(&self) -> Option<&dyn rubrics::Rubrics> {
        None
    }

    /// Reads and changes tags, categories, folders and saved searches.
    fn taxonomy(&self) -> Option<&dyn taxonomy::Taxonomy> {
        None
    }

    /// Reads and writes the vendor's own evaluations.
    fn evaluations(&self) -> Option<&dyn evaluations::Evaluations> {
        None
    }

    /// Orders and fetches reports.
    fn reports(&self) -> Option<&dyn reports::Reports> {
        None
    }

    /// Administers the account.
    fn account(&self) -> Option<&dyn account::AccountAdmin> {
        None
    }

    /// Forwards requests in the vendor's own words.
    fn passthrough(&self) -> Option<&dyn passthrough::Passthrough> {
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

/// The error of a capability that a provider does not have.
pub fn cannot<P: Provider + ?Sized>(provider: &P, capability: &'static str) -> ProviderError {
    ProviderError::not_supported(provider.manifest().vendor, capability)
}
