//! A way out that leads nowhere, and a vendor whose calls tell no start.

use std::sync::Arc;

use async_trait::async_trait;
use callweave_credentials::connector::{Destination, Transport};
use callweave_provider::{
    Credentials, HttpClient, Manifest, Provider, ProviderFactory, Settings, SettingsError,
    http_client::{Answer, OutgoingRequest, OutgoingUpload, StreamingAnswer, TransportError},
    manifest::{AuthKind, FieldSpec, RateBudget},
};
use callweave_provider_testkit::fake::FakeFactory;
use secrecy::ExposeSecret as _;

/// Reaches nothing; refuses addresses with `inner` in them.
#[derive(Debug)]
pub(crate) struct NoNetwork;

#[async_trait]
impl HttpClient for NoNetwork {
    async fn send(&self, _request: OutgoingRequest) -> Result<Answer, TransportError> {
        Err(TransportError::EgressDenied)
    }

    async fn stream(&self, _request: OutgoingRequest) -> Result<StreamingAnswer, TransportError> {
        Err(TransportError::EgressDenied)
    }

    async fn upload(&self, _request: OutgoingUpload) -> Result<Answer, TransportError> {
        Err(TransportError::EgressDenied)
    }
}

impl Transport for NoNetwork {
    fn client(&self, _destination: Destination<'_>) -> Arc<dyn HttpClient> {
        Arc::new(Self)
    }

    fn check_certificate(&self, _pem: &str) -> Result<(), String> {
        Ok(())
    }

    fn check_url(&self, url: &str) -> Result<(), String> {
        if url.contains("inner") {
            Err("the address may not be reached from here".to_owned())
        } else {
            Ok(())
        }
    }
}

/// The key of a vendor whose calls tell no start, and whose accounts have a name.
pub(crate) const UNDATED: &str = "undated";

/// Makes providers of that vendor.
#[derive(Clone, Debug)]
pub(crate) struct UndatedFactory(FakeFactory);

impl Default for UndatedFactory {
    fn default() -> Self {
        Self(FakeFactory::without_tokens())
    }
}

impl ProviderFactory for UndatedFactory {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn build(
        &self,
        mut settings: Settings,
        http: Arc<dyn HttpClient>,
    ) -> Result<Arc<dyn Provider>, SettingsError> {
        settings.0.remove("base_url");
        settings.0.remove("api_token");
        self.0.build(settings, http)
    }

    fn account_key(&self, settings: &Settings, credentials: &Credentials) -> String {
        let login = credentials
            .get("login")
            .map(|login| login.expose_secret().to_owned());
        format!(
            "{}/{}",
            settings.0.get("base_url").cloned().unwrap_or_default(),
            login.unwrap_or_default()
        )
    }
}

static MANIFEST: Manifest = Manifest {
    vendor: UNDATED,
    display_name: "Undated",
    description: "A vendor whose calls tell no start.",
    auth_kind: AuthKind::Basic,
    credential_fields: &[field("login", false, true), field("password", true, true)],
    setting_fields: &[
        field("base_url", false, false),
        field("account", false, false),
        field("api_token", true, false),
    ],
    capabilities: &["pull", "lookup", "media"],
    calls_have_start_time: false,
    rate_budget: RateBudget {
        requests_per_second: 1_000,
        concurrency: 16,
    },
    coverage: &[],
};

const fn field(name: &'static str, secret: bool, required: bool) -> FieldSpec {
    FieldSpec {
        name,
        label: name,
        description: name,
        required,
        secret,
        kind: "string",
    }
}
