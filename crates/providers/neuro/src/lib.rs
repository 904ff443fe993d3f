//! Neuro: voice agents that call people, and what came of each dialog.
//!
//! A dialog is dialled in one or more attempts (the vendor's "calls"). The vendor lists attempts
//! in reports over windows of time, one list per agent, and tells the facts of a dialog by its id:
//! a call of the canonical model is one dialog, and every listed attempt tells its share of it.

mod agents;
mod artifacts;
mod client;
mod coverage;
mod dialogs;
mod error;
mod log;
mod lookup;
mod manifest;
mod map;
mod media;
mod members;
mod passthrough;
mod phone;
mod pull;
mod settings;
mod token;
mod waiting;
mod window;
mod wire;
mod words;

use std::sync::Arc;

use async_trait::async_trait;
use callweave_provider::{
    Account, CallContext, Credentials, HttpClient, Lookup, Manifest, Provider, ProviderFactory,
    Pull, Result, Settings, SettingsError, TokenGrant, agents::Agents, dialogs::Dialogs,
    media::MediaSource, passthrough::Passthrough,
};

use crate::{client::Client, settings::NeuroSettings};

/// The vendor's key.
pub(crate) const VENDOR: &str = "neuro";

/// Makes providers for Neuro connections.
#[derive(Clone, Copy, Debug, Default)]
pub struct NeuroFactory;

impl ProviderFactory for NeuroFactory {
    fn manifest(&self) -> &'static Manifest {
        &manifest::MANIFEST
    }

    fn build(
        &self,
        settings: Settings,
        http: Arc<dyn HttpClient>,
    ) -> Result<Arc<dyn Provider>, SettingsError> {
        let settings = NeuroSettings::read(&settings)?;
        let client = Client::new(&settings.base_url, http);
        Ok(Arc::new(Neuro { client, settings }))
    }

    fn account_key(&self, settings: &Settings, credentials: &Credentials) -> String {
        settings::account_key(settings, credentials)
    }
}

/// One Neuro account.
#[derive(Debug)]
pub(crate) struct Neuro {
    pub(crate) client: Client,
    pub(crate) settings: NeuroSettings,
}

#[async_trait]
impl Provider for Neuro {
    fn manifest(&self) -> &'static Manifest {
        &manifest::MANIFEST
    }

    async fn check(&self, context: &CallContext<'_>) -> Result<Account> {
        self.company_agents(context).await?;
        Ok(Account::default())
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

    fn dialogs(&self) -> Option<&dyn Dialogs> {
        Some(self)
    }

    fn agents(&self) -> Option<&dyn Agents> {
        Some(self)
    }

    fn passthrough(&self) -> Option<&dyn Passthrough> {
        Some(self)
    }

    fn token_grant(&self) -> Option<&dyn TokenGrant> {
        Some(self)
    }
}
