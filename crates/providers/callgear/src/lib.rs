//! CallGear call analysis ("API Documentation for CA Operations") in the gateway's words.
//!
//! The vendor lists *scenario results*: one run of one scenario over one call session. A session
//! with three results is one call with three analyses, so every record brings its share of a call.
//! A result knows no date, phone, direction or agent, and none of them is made up here.
//!
//! The document exists in two editions that differ in the nesting of results and in the operation
//! that gives transcripts; both are served, and told apart by their answers.

mod account;
mod catalogue;
mod client;
mod documents;
mod error;
mod evaluations;
mod list;
mod live;
mod lookup;
mod manifest;
mod map;
mod masking;
mod media;
mod members;
mod node;
mod passthrough;
mod pull;
mod rubrics;
mod settings;
mod taxonomy;
mod token;
mod walk;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use callweave_provider::{
    Account, CallContext, Credentials, HttpClient, Lookup, Manifest, Provider, ProviderFactory,
    Pull, Result, Settings, SettingsError, TokenGrant, account::AccountAdmin, address,
    evaluations::Evaluations, media::MediaSource, passthrough::Passthrough, rubrics::Rubrics,
    taxonomy::Taxonomy,
};
use secrecy::ExposeSecret;

use crate::{
    catalogue::Catalogue,
    client::{Client, Got, bad_response},
    error::error,
    settings::{Settings as Checked, base_url},
};

/// The vendor's key.
pub const VENDOR: &str = "callgear";

/// Makes the provider of one CallGear account.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallGearFactory;

impl ProviderFactory for CallGearFactory {
    fn manifest(&self) -> &'static Manifest {
        &manifest::MANIFEST
    }

    fn build(
        &self,
        settings: Settings,
        http: Arc<dyn HttpClient>,
    ) -> Result<Arc<dyn Provider>, SettingsError> {
        let settings = Checked::read(&settings)?;
        Ok(Arc::new(CallGear {
            client: Client::new(&settings, http),
            settings,
            catalogue: Arc::default(),
        }))
    }

    fn account_key(&self, settings: &Settings, credentials: &Credentials) -> String {
        let setting = settings.0.get("base_url").and_then(|value| value.as_str());
        let host = base_url(setting)
            .map(|url| address::host_of(&url))
            .unwrap_or_default();
        let username = credentials.get("username").map(ExposeSecret::expose_secret);
        format!("{host}/{}", username.unwrap_or_default().trim())
    }
}

/// One CallGear account.
#[derive(Clone, Debug)]
pub(crate) struct CallGear {
    client: Client,
    settings: Checked,
    catalogue: Arc<Catalogue>,
}

#[async_trait]
impl Provider for CallGear {
    fn manifest(&self) -> &'static Manifest {
        &manifest::MANIFEST
    }

    async fn check(&self, context: &CallContext<'_>) -> Result<Account> {
        const OPERATION: &str = "CG-12";
        let path = "/tags?_sort=id&_order=asc&_start=0&_end=1";
        match self.client.get(context, OPERATION, path).await? {
            Got::Json(body) if body.trim_ascii_start().first() == Some(&b'[') => {
                Ok(Account::default())
            }
            Got::Json(_) => Err(bad_response(OPERATION, "the answer is not a list")),
            Got::Nothing(status) => {
                Err(error(OPERATION, callweave_provider::ErrorKind::NotFound).with_status(status))
            }
        }
    }

    fn pull(&self) -> Option<&dyn Pull> {
        Some(self)
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }

    fn media(&self) -> Option<&dyn MediaSource> {
        Some(self)
    }

    fn rubrics(&self) -> Option<&dyn Rubrics> {
        Some(self)
    }

    fn taxonomy(&self) -> Option<&dyn Taxonomy> {
        Some(self)
    }

    fn evaluations(&self) -> Option<&dyn Evaluations> {
        Some(self)
    }

    fn account(&self) -> Option<&dyn AccountAdmin> {
        Some(self)
    }

    fn passthrough(&self) -> Option<&dyn Passthrough> {
        Some(self)
    }

    fn token_grant(&self) -> Option<&dyn TokenGrant> {
        Some(self)
    }
}
