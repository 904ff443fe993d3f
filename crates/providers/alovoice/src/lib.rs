//! AloVoice analytics of recorded calls in the gateway's words.
//!
//! The vendor has no list: a call is looked up by the id that the telephone exchange gave it. Its
//! token is a segment of every path, so no address, and no answer that may repeat one, leaves this
//! crate unredacted.

mod client;
mod error;
mod lookup;
mod manifest;
mod map;
mod media;
mod passthrough;
mod settings;
mod submit;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use callweave_provider::{
    Account, CallContext, Credentials, ErrorKind, HttpClient, Lookup, Manifest, Provider,
    ProviderFactory, Result, Settings, SettingsError, address, media::MediaSource,
    passthrough::Passthrough, submit::Submit,
};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::{
    client::{Client, Got},
    settings::{Settings as Checked, base_url},
};

/// The vendor's key.
pub const VENDOR: &str = "alovoice";

/// A call id that no exchange gives: asking for its result shows whether the token is taken.
const NO_CALL: &str = "0";

/// Makes the provider of one AloVoice account.
#[derive(Clone, Copy, Debug, Default)]
pub struct AloVoiceFactory;

impl ProviderFactory for AloVoiceFactory {
    fn manifest(&self) -> &'static Manifest {
        &manifest::MANIFEST
    }

    fn build(
        &self,
        settings: Settings,
        http: Arc<dyn HttpClient>,
    ) -> Result<Arc<dyn Provider>, SettingsError> {
        let settings = Checked::read(&settings)?;
        Ok(Arc::new(AloVoice {
            client: Client::new(&settings, http),
            settings,
        }))
    }

    /// Only the token names the account, so a hash of it does.
    fn account_key(&self, settings: &Settings, credentials: &Credentials) -> String {
        let setting = settings.0.get("base_url").and_then(|value| value.as_str());
        let host = base_url(setting)
            .map(|url| address::host_of(&url))
            .unwrap_or_default();
        let token = credentials.get("token").map(ExposeSecret::expose_secret);
        let digest = Sha256::new()
            .chain_update(b"callweave account of alovoice\0")
            .chain_update(token.unwrap_or_default().as_bytes())
            .finalize();
        let hash = digest
            .iter()
            .take(16)
            .fold(0_u128, |hash, byte| (hash << 8) | u128::from(*byte));
        format!("{host}/{hash:032x}")
    }
}

/// One AloVoice account.
#[derive(Clone, Debug)]
pub(crate) struct AloVoice {
    client: Client,
    settings: Checked,
}

#[async_trait]
impl Provider for AloVoice {
    fn manifest(&self) -> &'static Manifest {
        &manifest::MANIFEST
    }

    /// Nothing here is both cheap and certain: the vendor documents no error. A result is asked
    /// for that cannot exist; a refusal of the token counts, and what an unknown call gives is fine.
    async fn check(&self, context: &CallContext<'_>) -> Result<Account> {
        match self.client.result(context, NO_CALL).await {
            Ok(Got::Json(_) | Got::Nothing) => Ok(Account::default()),
            Err(mut error) => {
                if matches!(error.kind, ErrorKind::Forbidden | ErrorKind::Unauthorized) {
                    error.kind = ErrorKind::InvalidCredentials;
                }
                Err(error)
            }
        }
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }

    fn media(&self) -> Option<&dyn MediaSource> {
        Some(self)
    }

    fn submit(&self) -> Option<&dyn Submit> {
        Some(self)
    }

    fn passthrough(&self) -> Option<&dyn Passthrough> {
        Some(self)
    }
}
