//! Opening connections: settings and credentials become a provider that can be asked.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use callweave_model::{Clock, ConnectionId, TenantId, Timestamp, ids::AccountId};
use callweave_provider::{
    CallContext, Credentials, ErrorKind, Grant, HttpClient, Provider, ProviderError, Registry,
    Settings, SettingsError,
    manifest::{FieldSpec, RateBudget},
};
use callweave_store::{StoreError, TenantTx, connections::Connection};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::{
    broker::{Account, Broker, Renewed, Token},
    origin,
    redact::Redactor,
    sealed::{open_credentials, seal_credentials},
    vault::{Place, Vault, VaultError},
};

/// Where a client's requests go.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// The vendor's key.
    pub vendor: &'static str,
    /// The vendor account: its clients share one rate budget and one pause.
    pub account: AccountId,
    /// Where requests must go.
    pub base_url: Option<&'a str>,
    /// The authority that the vendor's certificate is signed by, in place of the public ones.
    pub ca_certificate: Option<&'a str>,
    /// How hard the account may be driven.
    pub budget: RateBudget,
}

/// The way out: gives every connection its HTTP client.
pub trait Transport: fmt::Debug + Send + Sync {
    /// A client for one vendor account.
    fn client(&self, destination: Destination<'_>) -> Arc<dyn HttpClient>;

    /// Whether an address may be reached from here, before anything is stored.
    fn check_url(&self, url: &str) -> Result<(), String>;

    /// Whether a text can serve as [`Destination::ca_certificate`].
    fn check_certificate(&self, pem: &str) -> Result<(), String>;
}

/// The address of the vendor among the settings.
const BASE_URL: &str = "base_url";
/// The authority of the vendor's certificate among the settings; never the vendor's own setting.
const CA_CERTIFICATE: &str = "ca_certificate";

/// What every vendor's `settings` may hold beside the vendor's own.
pub const COMMON_SETTINGS: &[FieldSpec] = &[FieldSpec {
    name: CA_CERTIFICATE,
    label: "Certificate of the authority",
    description: "For an installation whose certificate is signed by an authority of its own: that \
                  authority's certificate in PEM. It alone is trusted then. Default: the public \
                  authorities.",
    required: false,
    secret: false,
    kind: "string",
}];

/// A connection cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// This build does not know the vendor.
    #[error("this gateway does not know the vendor")]
    UnknownVendor,
    /// Settings or credentials do not fit. The pointer begins with `/settings` or `/credentials`.
    #[error("settings or credentials do not fit: {0}")]
    Invalid(SettingsError),
    /// The stored credentials cannot be opened.
    #[error("the stored credentials cannot be opened")]
    Sealed(#[from] VaultError),
}

/// What an operation may use: it owns what it needs, so that it can outlive its caller.
#[derive(Clone, Debug)]
pub struct Access {
    token: Option<SecretString>,
    credentials: Arc<Credentials>,
    now: Timestamp,
    request_id: String,
}

impl Access {
    /// The same in the contract's words.
    pub fn context(&self) -> CallContext<'_> {
        CallContext {
            access_token: self.token.as_ref(),
            credentials: &self.credentials,
            now: self.now,
            request_id: &self.request_id,
        }
    }
}

/// A boxed vendor operation.
pub type Operation<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send + 'a>>;

/// What [`Connector::validate`] found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validated {
    /// Names the account at the vendor; holds no secret.
    pub account_key: String,
}

/// What [`Connector::probe`] found out.
#[derive(Debug)]
pub struct Probe {
    /// The vendor's name of the account.
    pub account_name: Option<String>,
    /// The token that was got for it, to be kept with the connection.
    pub grant: Option<Grant>,
}

/// Opens connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connector {
    registry: Registry,
    transport: Arc<dyn Transport>,
    vault: Vault,
    broker: Broker,
    clock: Arc<dyn Clock>,
}

impl Connector {
    /// A connector over the vendors of this build.
    pub fn new(
        registry: Registry,
        transport: Arc<dyn Transport>,
        vault: Vault,
        broker: Broker,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            registry,
            transport,
            vault,
            broker,
            clock,
        }
    }

    /// The vendors of this build.
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What seals secrets at rest.
    pub const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Checks settings and credentials against what the vendor needs. Does no IO.
    pub fn validate(
        &self,
        vendor: &str,
        settings: &Settings,
        credentials: &Credentials,
    ) -> Result<Validated, ConnectorError> {
        let factory = self
            .registry
            .get(vendor)
            .ok_or(ConnectorError::UnknownVendor)?;
        let fields = factory.manifest().credential_fields;
        if let Some(unknown) = credentials
            .names()
            .find(|name| !fields.iter().any(|field| field.name == *name))
        {
            let error = SettingsError::at(unknown, "this vendor has no such credential");
            return Err(invalid("/credentials", error));
        }
        let missing = fields
            .iter()
            .find(|field| field.required && credentials.get(field.name).is_none());
        if let Some(field) = missing {
            return Err(invalid(
                "/credentials",
                SettingsError::at(field.name, "is required"),
            ));
        }
        if fields
            .iter()
            .all(|field| credentials.get(field.name).is_none())
        {
            let detail = "at least one credential is required";
            let error = SettingsError {
                pointer: String::new(),
                detail: detail.to_owned(),
            };
            return Err(invalid("/credentials", error));
        }
        let wrong =
            |member: &str, detail: String| invalid("/settings", SettingsError::at(member, detail));
        if let Some(url) = text(settings, BASE_URL) {
            self.transport
                .check_url(url)
                .map_err(|detail| wrong(BASE_URL, detail))?;
        }
        if let Some(pem) = settings.0.get(CA_CERTIFICATE) {
            let pem = pem
                .as_str()
                .ok_or_else(|| wrong(CA_CERTIFICATE, "must be a text".to_owned()))?;
            self.transport
                .check_certificate(pem)
                .map_err(|detail| wrong(CA_CERTIFICATE, detail))?;
        }
        let nobody = AccountId {
            tenant: TenantId(Uuid::nil()),
            namespace: Uuid::nil(),
        };
        self.provider(vendor, settings, nobody)?;
        Ok(Validated {
            account_key: factory.account_key(settings, credentials),
        })
    }

    /// Logs in (where the vendor has a login) and makes the cheapest authenticated call, without
    /// anything stored.
    pub async fn probe(
        &self,
        tenant: TenantId,
        vendor: &str,
        settings: &Settings,
        credentials: &Credentials,
        request_id: &str,
    ) -> Result<Result<Probe, ProviderError>, ConnectorError> {
        let factory = self
            .registry
            .get(vendor)
            .ok_or(ConnectorError::UnknownVendor)?;
        // The account's own pace and pause, also before there is a connection to it.
        let account = AccountId {
            tenant,
            namespace: tenant.namespace(vendor, &factory.account_key(settings, credentials)),
        };
        let provider = self.provider(vendor, settings, account)?;
        let mut access = Access {
            token: None,
            credentials: Arc::new(credentials.clone()),
            now: self.clock.now(),
            request_id: request_id.to_owned(),
        };
        let checked = async {
            let grant = match provider.token_grant() {
                Some(grant) => Some(grant.login(&access.context()).await?),
                None => None,
            };
            access.token = grant.as_ref().map(|grant| grant.access_token.clone());
            let account = provider
                .check(&access.context())
                .await
                .map_err(|mut error| {
                    // Credentials that were accepted a moment ago and open nothing are no credentials.
                    if error.kind == ErrorKind::Unauthorized {
                        error.kind = ErrorKind::InvalidCredentials;
                    }
                    error
                })?;
            Ok(Probe {
                account_name: account.name,
                grant,
            })
        };
        Ok(checked.await)
    }

    /// Keeps the token a probe got, so that it is not got again: in the transaction in which the
    /// connection, or its credentials, are stored.
    pub async fn keep_grant(
        &self,
        tx: &mut TenantTx,
        connection: &Connection,
        grant: Grant,
    ) -> Result<(), StoreError> {
        let place = credentials_place(connection.tenant_id, connection.id);
        let sealed = &connection.sealed_credentials;
        let credentials = open_credentials(&self.vault, &place, sealed).unwrap_or_default();
        let account = account_of(connection);
        self.broker.keep(tx, &account, &credentials, grant).await
    }

    /// Seals credentials for a connection's row.
    pub fn seal(
        &self,
        tenant: TenantId,
        connection: ConnectionId,
        credentials: &Credentials,
    ) -> Result<Vec<u8>, ConnectorError> {
        Ok(seal_credentials(
            &self.vault,
            &credentials_place(tenant, connection),
            credentials,
        )?)
    }

    /// Checks new settings of a stored connection against its own credentials. Does no IO.
    pub fn validate_settings(
        &self,
        connection: &Connection,
        settings: &Settings,
    ) -> Result<Validated, ConnectorError> {
        let place = credentials_place(connection.tenant_id, connection.id);
        let credentials = open_credentials(&self.vault, &place, &connection.sealed_credentials)?;
        self.validate(&connection.vendor, settings, &credentials)
    }

    /// Opens a stored connection. Does no IO.
    pub fn open(&self, connection: &Connection) -> Result<OpenConnection, ConnectorError> {
        let settings = Settings(connection.settings.clone());
        let id = AccountId {
            tenant: connection.tenant_id,
            namespace: connection.namespace,
        };
        let provider = self.provider(&connection.vendor, &settings, id)?;
        let place = credentials_place(connection.tenant_id, connection.id);
        let credentials = open_credentials(&self.vault, &place, &connection.sealed_credentials)?;
        Ok(OpenConnection {
            id: connection.id,
            account: account_of(connection),
            provider,
            credentials: Arc::new(credentials),
            broker: self.broker.clone(),
            clock: self.clock.clone(),
            hidden: Arc::default(),
        })
    }

    fn provider(
        &self,
        vendor: &str,
        settings: &Settings,
        account: AccountId,
    ) -> Result<Arc<dyn Provider>, ConnectorError> {
        let factory = self
            .registry
            .get(vendor)
            .ok_or(ConnectorError::UnknownVendor)?;
        let manifest = factory.manifest();
        let http = self.transport.client(Destination {
            vendor: manifest.vendor,
            account,
            base_url: text(settings, BASE_URL),
            ca_certificate: text(settings, CA_CERTIFICATE),
            budget: manifest.rate_budget,
        });
        let mut own = settings.clone();
        own.0.remove(CA_CERTIFICATE);
        factory
            .build(own, http)
            .map_err(|error| invalid("/settings", error))
    }
}

fn text<'a>(settings: &'a Settings, member: &str) -> Option<&'a str> {
    settings.0.get(member).and_then(serde_json::Value::as_str)
}

fn invalid(object: &str, error: SettingsError) -> ConnectorError {
    ConnectorError::Invalid(SettingsError {
        pointer: format!("{object}{}", error.pointer),
        detail: error.detail,
    })
}

const fn credentials_place(tenant: TenantId, connection: ConnectionId) -> Place {
    Place {
        table: "connections",
        column: "sealed_credentials",
        tenant,
        row: connection.0,
    }
}

const fn account_of(connection: &Connection) -> Account {
    Account {
        tenant: connection.tenant_id,
        namespace: connection.namespace,
        credentials_version: connection.credentials_version,
    }
}

/// A connection that can be asked.
#[derive(Clone, Debug)]
pub struct OpenConnection {
    id: ConnectionId,
    account: Account,
    provider: Arc<dyn Provider>,
    credentials: Arc<Credentials>,
    broker: Broker,
    clock: Arc<dyn Clock>,
    hidden: Arc<Mutex<Option<Hidden>>>,
}

/// What hides the secrets that are known while a token of this generation is in use.
#[derive(Debug)]
struct Hidden {
    generation: Option<i64>,
    tokens: Vec<SecretString>,
    redactor: Redactor,
}

impl OpenConnection {
    /// The vendor, in the gateway's words.
    pub const fn provider(&self) -> &Arc<dyn Provider> {
        &self.provider
    }

    /// Whether it can be asked with what is at hand: nothing has to be got with its credentials.
    pub fn is_ready(&self) -> bool {
        self.provider.token_grant().is_none() || self.broker.is_ready(&self.account)
    }

    /// What hides this connection's own secrets: its tokens, its secret credentials, and login and
    /// password as HTTP Basic writes them. As long as the same token is in use here, and this is
    /// open, they are read once; what another replica got meanwhile is not among them.
    pub async fn redactor(&self) -> Result<Redactor, StoreError> {
        let generation = self.broker.generation(&self.account);
        if let Some(known) = self.known_secrets().as_ref()
            && known.generation == generation
        {
            return Ok(known.redactor.clone());
        }
        let known = self.broker.secrets(&self.account).await?;
        let mut secrets = self.own_secrets();
        secrets.extend(known.secrets.iter().cloned());
        let mut hidden = self.known_secrets();
        // Those before as well: a request under way may have been sent with one.
        let before = hidden.take().map(|before| before.tokens);
        secrets.extend(before.unwrap_or_default());
        let redactor = Redactor::new(secrets);
        *hidden = Some(Hidden {
            generation: known.generation,
            tokens: known.secrets,
            redactor: redactor.clone(),
        });
        Ok(redactor)
    }

    fn known_secrets(&self) -> MutexGuard<'_, Option<Hidden>> {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The secret credentials, alone and with each of the others.
    fn own_secrets(&self) -> Vec<SecretString> {
        let fields = self.provider.manifest().credential_fields;
        let given = |secret: bool| {
            fields
                .iter()
                .filter(move |field| field.secret == secret)
                .filter_map(|field| self.credentials.get(field.name))
        };
        let mut secrets = Vec::new();
        for secret in given(true) {
            for name in given(false) {
                let pair = format!("{}:{}", name.expose_secret(), secret.expose_secret());
                secrets.push(pair.into());
            }
            secrets.push(secret.clone());
        }
        secrets
    }

    /// Runs an operation with a valid token. An operation that is refused for its token is run
    /// once more with a renewed one; it must be safe to repeat, or send one request only.
    pub async fn run<'a, T>(
        &'a self,
        request_id: &str,
        operation: impl Fn(Access) -> Operation<'a, T> + Send + Sync + 'a,
    ) -> Result<T, ProviderError> {
        let admission = self.admit(request_id).await?;
        let error = match self.carry(&admission, operation(admission.access())).await {
            Err(error) if error.kind == ErrorKind::Unauthorized => error,
            other => return other,
        };
        let admission = self.readmit(admission, error).await?;
        match self.carry(&admission, operation(admission.access())).await {
            Err(error) if error.kind == ErrorKind::Unauthorized => {
                Err(self.give_up(&admission, error).await)
            }
            other => other,
        }
    }

    /// Works with a token that was got for it; requests of the work are known to be this
    /// connection's.
    pub async fn carry<F: Future>(&self, admission: &Admission, work: F) -> F::Output {
        let request_id = admission.access.request_id.clone();
        origin::on_behalf(self.id, request_id, work).await
    }

    /// Gets a valid token for an operation that the caller sends itself. A failure tells that
    /// nothing was sent.
    pub async fn admit(&self, request_id: &str) -> Result<Admission, ProviderError> {
        let mut access = Access {
            token: None,
            credentials: self.credentials.clone(),
            now: self.clock.now(),
            request_id: request_id.to_owned(),
        };
        if self.provider.token_grant().is_none() {
            return Ok(Admission {
                access,
                token: None,
            });
        }
        let token = self
            .broker
            .token(&self.account, &self.provider, &self.credentials)
            .await?;
        access.token = Some(token.access.clone());
        Ok(Admission {
            access,
            token: Some(token),
        })
    }

    /// Gets another token in place of one that an operation refused with `error`; fails with what
    /// that means where another one would not help.
    pub async fn readmit(
        &self,
        refused: Admission,
        error: ProviderError,
    ) -> Result<Admission, ProviderError> {
        let Some(token) = refused.token else {
            return Err(error);
        };
        let renewed = self.broker.renew_refused(
            &self.account,
            &self.provider,
            &self.credentials,
            &token,
            error.operation,
        );
        let Renewed::Token(renewed) = renewed.await? else {
            return Err(forbidden(error));
        };
        let mut access = refused.access;
        access.token = Some(renewed.access.clone());
        access.now = self.clock.now();
        Ok(Admission {
            access,
            token: Some(renewed),
        })
    }

    /// What it means that an operation refused a renewed token as well.
    pub async fn give_up(&self, refused: &Admission, error: ProviderError) -> ProviderError {
        if refused.token.is_none() {
            return error;
        }
        self.broker
            .endpoint_refused(&self.account, error.operation)
            .await;
        forbidden(error)
    }
}

/// A token for one operation that is sent once.
#[derive(Clone, Debug)]
pub struct Admission {
    access: Access,
    token: Option<Token>,
}

impl Admission {
    /// What the operation may use.
    pub fn access(&self) -> Access {
        self.access.clone()
    }
}

/// A fresh token that is refused says something about rights, not about the credentials.
const fn forbidden(mut error: ProviderError) -> ProviderError {
    error.kind = ErrorKind::Forbidden;
    error
}
