//! Transcripto: analysed calls, chats and mails.
//!
//! The vendor answers its failures with status 200 and a code in the body; one code means
//! different things in different operations. A call of the canonical model is one task.

mod account;
mod analysis;
mod body;
mod categories;
mod checklist;
mod client;
mod codes;
mod coverage;
mod criteria;
mod documents;
mod error;
mod file;
mod find;
mod folders;
mod input;
mod lookup;
mod manifest;
mod map;
mod media;
mod members;
mod notes;
mod owned;
mod passthrough;
mod pull;
mod reports;
mod rubrics;
mod saved_searches;
mod scorecards;
mod scripts;
mod search;
mod settings;
mod submit;
mod taxonomy;
mod token;
mod trace;
mod usage;
mod walk;

use std::sync::Arc;

use async_trait::async_trait;
use callweave_provider::{
    Account, CallContext, Credentials, HttpClient, Lookup, Manifest, Provider, ProviderFactory,
    Pull, Result, Settings, SettingsError, TokenGrant, account::AccountAdmin, documents::Documents,
    media::MediaSource, passthrough::Passthrough, reports::Reports, rubrics::Rubrics,
    submit::Submit, taxonomy::Taxonomy,
};

use crate::{
    client::{Call, Client},
    settings::TranscriptoSettings,
};

/// The vendor's key.
pub(crate) const VENDOR: &str = "transcripto";

/// Makes providers for Transcripto connections.
#[derive(Clone, Copy, Debug, Default)]
pub struct TranscriptoFactory;

impl ProviderFactory for TranscriptoFactory {
    fn manifest(&self) -> &'static Manifest {
        &manifest::MANIFEST
    }

    fn build(
        &self,
        settings: Settings,
        http: Arc<dyn HttpClient>,
    ) -> Result<Arc<dyn Provider>, SettingsError> {
        let settings = TranscriptoSettings::read(&settings)?;
        let client = Client::new(&settings, http);
        Ok(Arc::new(Transcripto { client, settings }))
    }

    fn account_key(&self, settings: &Settings, credentials: &Credentials) -> String {
        settings::account_key(settings, credentials)
    }
}

/// One Transcripto account.
#[derive(Debug)]
pub(crate) struct Transcripto {
    pub(crate) client: Client,
    pub(crate) settings: TranscriptoSettings,
}

#[async_trait]
impl Provider for Transcripto {
    fn manifest(&self) -> &'static Manifest {
        &manifest::MANIFEST
    }

    async fn check(&self, context: &CallContext<'_>) -> Result<Account> {
        let call = Call::get("TR-19", "/user/directories");
        self.client.fetch(context, call).await?;
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

    fn documents(&self) -> Option<&dyn Documents> {
        Some(self)
    }

    fn submit(&self) -> Option<&dyn Submit> {
        Some(self)
    }

    fn rubrics(&self) -> Option<&dyn Rubrics> {
        Some(self)
    }

    fn taxonomy(&self) -> Option<&dyn Taxonomy> {
        Some(self)
    }

    fn reports(&self) -> Option<&dyn Reports> {
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
