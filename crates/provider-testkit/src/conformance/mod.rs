//! The suite that every vendor passes: [`run`] with a [`Case`] that describes a healthy account.
//!
//! It checks the manifest against what is implemented, the strictness of settings, that each class
//! of answer becomes the right kind of error, that no error prints a secret or an address, that no
//! request leaves the base address, that cursors survive JSON, and that the same answers give the
//! same changes. What a vendor documents differently it says with [`Case::expects`].

mod answers;
mod manifest;
mod settings;
mod walks;

use std::sync::Arc;

use callweave_model::{Timestamp, call::Media};
use callweave_provider::{
    CallContext, Change, ErrorKind, HttpClient, Provider, ProviderError, ProviderFactory,
    RecordRef, Settings, Walk,
};
use secrecy::SecretString;
use serde_json::Value;

pub use answers::Class;

use crate::{Caller, Recorded, Recorder};

/// The operations the suite tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// [`Provider::check`].
    Check,
    /// [`callweave_provider::Pull::streams`].
    Streams,
    /// [`callweave_provider::Pull::page`], the first one of a walk of everything.
    Page,
    /// [`callweave_provider::Lookup::fetch`].
    Fetch,
    /// [`callweave_provider::media::MediaSource::open`].
    Media,
    /// [`callweave_provider::TokenGrant::login`].
    Login,
    /// [`callweave_provider::TokenGrant::refresh`].
    Refresh,
}

impl Action {
    const ALL: [Self; 7] = [
        Self::Check,
        Self::Streams,
        Self::Page,
        Self::Fetch,
        Self::Media,
        Self::Login,
        Self::Refresh,
    ];
}

/// What the suite is to expect where a vendor documents something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// An error of this kind.
    Kind(ErrorKind),
    /// Whatever comes: it is tested elsewhere.
    Anything,
}

type Healthy = Arc<dyn Fn() -> Arc<dyn HttpClient> + Send + Sync>;

/// A healthy account of a vendor, and what is particular about the vendor.
pub struct Case {
    pub(crate) settings: Settings,
    pub(crate) caller: Caller,
    pub(crate) secrets: Vec<String>,
    pub(crate) base_url: String,
    pub(crate) healthy: Healthy,
    pub(crate) walk: Walk,
    pub(crate) record: Option<(RecordRef, Option<Value>)>,
    pub(crate) media: Option<(String, Media)>,
    pub(crate) exceptions: Vec<(Action, Class, Expected)>,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Case").finish_non_exhaustive()
    }
}

impl Case {
    /// An account with these settings and credentials, whose requests all go below `base_url`.
    ///
    /// `healthy` makes a client that answers every request of a walk and of the other operations
    /// that the case names: a canned one, or one toward a sandbox that does not change meanwhile. Give each secret credential a value that occurs nowhere else.
    pub fn new(
        settings: Value,
        credentials: &[(&str, &str)],
        base_url: &str,
        healthy: impl Fn() -> Arc<dyn HttpClient> + Send + Sync + 'static,
    ) -> Self {
        let Value::Object(settings) = settings else {
            panic!("settings are an object");
        };
        let token = "canary-access-token-0001";
        Self {
            settings: Settings(settings),
            caller: Caller::new(credentials).with_token(token),
            secrets: vec![token.to_owned()],
            base_url: base_url.trim_end_matches('/').to_owned(),
            healthy: Arc::new(healthy),
            walk: Walk::Full,
            record: None,
            media: None,
            exceptions: Vec::new(),
        }
    }

    /// With another access token than the suite's own (one that must be a JWT, for example).
    #[must_use]
    pub fn with_access_token(mut self, token: &str) -> Self {
        self.caller.access_token = Some(SecretString::from(token));
        self.secrets = vec![token.to_owned()];
        self
    }

    /// At another time of day than the suite's own.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.caller.now = now;
        self
    }

    /// With another walk than one over everything.
    #[must_use]
    pub const fn walking(mut self, walk: Walk) -> Self {
        self.walk = walk;
        self
    }

    /// With a record that `healthy` can be asked for.
    #[must_use]
    pub fn with_record(mut self, record: RecordRef, hint: Option<Value>) -> Self {
        self.record = Some((record, hint));
        self
    }

    /// With a recording that `healthy` can be asked for.
    #[must_use]
    pub fn with_media(mut self, call_remote_id: &str, media: Media) -> Self {
        self.media = Some((call_remote_id.to_owned(), media));
        self
    }

    /// The vendor documents another meaning of this class of answer.
    #[must_use]
    pub fn expects(mut self, action: Action, class: Class, expected: Expected) -> Self {
        self.exceptions.push((action, class, expected));
        self
    }

    pub(crate) fn context(&self) -> CallContext<'_> {
        self.caller.context()
    }

    pub(crate) fn provider(
        &self,
        factory: &dyn ProviderFactory,
        client: Arc<dyn HttpClient>,
    ) -> Arc<dyn Provider> {
        match factory.build(self.settings.clone(), client) {
            Ok(provider) => provider,
            Err(error) => panic!("the settings of the case are refused: {error}"),
        }
    }

    /// A client of the healthy account.
    pub(crate) fn client(&self) -> Recorder {
        Recorder::new((self.healthy)())
    }

    /// Runs an action; `None` when the vendor or the case has no such thing. `Ok` holds what came,
    /// in a form that can be compared.
    pub(crate) async fn act(
        &self,
        action: Action,
        provider: &dyn Provider,
        stream: &str,
    ) -> Option<Result<String, ProviderError>> {
        let context = self.context();
        let token = SecretString::from(REFRESH_TOKEN);
        Some(match action {
            Action::Check => shown(provider.check(&context).await),
            Action::Streams => shown(provider.pull()?.streams(&context).await),
            Action::Page => shown(
                provider
                    .pull()?
                    .page(&context, stream, self.walk, None)
                    .await,
            ),
            Action::Fetch => {
                let (record, hint) = self.record.as_ref()?;
                shown(
                    provider
                        .lookup()?
                        .fetch(&context, record, hint.as_ref())
                        .await,
                )
            }
            Action::Media => {
                let (call, media) = self.media.as_ref()?;
                shown(provider.media()?.open(&context, call, media).await)
            }
            Action::Login => shown(provider.token_grant()?.login(&context).await),
            Action::Refresh => match provider.token_grant()?.refresh(&context, &token).await {
                Ok(None) => return None,
                other => shown(other),
            },
        })
    }

    /// Fails when an error, or a request, tells what it must not.
    pub(crate) fn assert_discreet(&self, about: &str, error: &ProviderError) {
        let mut causes = vec![format!("{error}\n{error:?}")];
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            causes.push(format!("{cause}\n{cause:?}"));
            source = cause.source();
        }
        let printed = causes.join("\n");
        for secret in self.all_secrets() {
            assert!(
                !printed.contains(&secret),
                "{about}: the error prints a secret: {printed}"
            );
        }
        let host = self.base_url.split("://").nth(1).unwrap_or(&self.base_url);
        assert!(
            !printed.contains(host),
            "{about}: the error prints the address: {printed}"
        );
    }

    /// Fails when a request leaves the base address, or carries a secret in a header that is not
    /// marked as such.
    pub(crate) fn assert_contained(&self, about: &str, requests: &[Recorded]) {
        for request in requests {
            let address = request.uri.to_string();
            let rest = address.strip_prefix(&self.base_url);
            let below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
            assert!(
                below,
                "{about}: a request leaves {}: {address}",
                self.base_url
            );
            let climbs = request
                .uri
                .path()
                .split('/')
                .any(|segment| matches!(segment, "." | ".."));
            assert!(!climbs, "{about}: a request climbs: {address}");
            for (name, value) in &request.headers {
                let text = value.to_str().unwrap_or_default();
                let secret = self
                    .all_secrets()
                    .iter()
                    .any(|secret| text.contains(secret));
                assert!(
                    !secret || value.is_sensitive(),
                    "{about}: the header {name} carries a secret and is not marked sensitive"
                );
            }
        }
    }

    fn all_secrets(&self) -> Vec<String> {
        let mut secrets = self.secrets.clone();
        secrets.push(REFRESH_TOKEN.to_owned());
        secrets
    }
}

const REFRESH_TOKEN: &str = "canary-refresh-token-0001";

fn shown<T: std::fmt::Debug>(result: Result<T, ProviderError>) -> Result<String, ProviderError> {
    result.map(|value| format!("{value:?}"))
}

/// Runs the whole suite for a vendor. Panics with what does not hold.
pub async fn run(factory: &dyn ProviderFactory, mut case: Case) {
    for field in factory.manifest().credential_fields {
        let secret = case
            .caller
            .credentials
            .get(field.name)
            .filter(|_| field.secret);
        if let Some(secret) = secret {
            let value = secrecy::ExposeSecret::expose_secret(secret).to_owned();
            assert!(
                value.len() >= 8,
                "the secret {} of the case is too short to look for",
                field.name
            );
            case.secrets.push(value);
        }
    }
    manifest::check(factory, &case);
    settings::check(factory, &case);
    walks::check(factory, &case).await;
    answers::check(factory, &case).await;
}

/// The changes of a page, in a form that can be compared.
pub(crate) fn fingerprints(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|change| format!("{change:?}")).collect()
}
