//! A fifth vendor, in memory: for tests of the engine, with a knob for each thing vendors do.
//!
//! [`FakeFactory`] makes providers; the setting `account` chooses one of its [`FakeVendor`]
//! worlds, through which a test puts calls, breaks things and reads counters.

mod owned;
mod pages;
mod provider;
mod tokens;
mod vendor;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use callweave_provider::{
    Credentials, HttpClient, Manifest, Provider, ProviderFactory, Settings, SettingsError,
    manifest::{AuthKind, Coverage, FieldSpec, RateBudget},
};
use serde::Deserialize;

pub use owned::{Finds, MINUTES, Owned, OwnedAgent, Work};
use provider::FakeProvider;
pub use tokens::{RefreshRule, Tokens};
pub use vendor::{FakeVendor, Listing, Standing};

/// The operations of the fake vendor, as they stand in errors and counters.
pub mod operation {
    /// The check of the account.
    pub const CHECK: &str = "FK-01";
    /// The list of streams.
    pub const STREAMS: &str = "FK-02";
    /// One page of a list.
    pub const PAGE: &str = "FK-03";
    /// One call.
    pub const FETCH: &str = "FK-04";
    /// One recording.
    pub const MEDIA: &str = "FK-05";
    /// The login.
    pub const LOGIN: &str = "FK-06";
    /// The renewal of a token.
    pub const REFRESH: &str = "FK-07";
    /// The end of a token.
    pub const REVOKE: &str = "FK-08";
    /// Rubrics.
    pub const RUBRICS: &str = "FK-09";
    /// Taxonomies.
    pub const TAXONOMY: &str = "FK-10";
    /// Voice agents.
    pub const AGENTS: &str = "FK-11";
    /// Dialogs and queues.
    pub const DIALOGS: &str = "FK-12";
    /// Evaluations.
    pub const EVALUATIONS: &str = "FK-13";
    /// The account.
    pub const ACCOUNT: &str = "FK-14";
    /// Reports.
    pub const REPORTS: &str = "FK-15";
    /// Documents.
    pub const DOCUMENTS: &str = "FK-16";
    /// One analysis that is handed in.
    pub const SUBMIT: &str = "FK-17";
    /// How far an analysis is.
    pub const PROGRESS: &str = "FK-18";
    /// Whether something that was sent arrived.
    pub const FIND: &str = "FK-19";
    /// One dialog, or one batch of them, that is started.
    pub const START: &str = "FK-20";
    /// One report that is ordered.
    pub const ORDER: &str = "FK-21";
    /// What is passed through.
    pub const PASSTHROUGH: &str = "passthrough";
}

/// The key of the fake vendor that hands out tokens.
pub const VENDOR: &str = "fake";
/// The key of the fake vendor whose credentials are the token.
pub const STATIC_VENDOR: &str = "fake_static";

/// Makes providers of the fake vendor. Clones share their worlds.
#[derive(Clone, Debug)]
pub struct FakeFactory {
    tokens: bool,
    worlds: Arc<Mutex<BTreeMap<String, FakeVendor>>>,
}

impl FakeFactory {
    /// A vendor that hands out tokens for the credential `password`.
    pub fn new() -> Self {
        Self {
            tokens: true,
            worlds: Arc::default(),
        }
    }

    /// A vendor whose credential `password` is used as it is.
    pub fn without_tokens() -> Self {
        Self {
            tokens: false,
            worlds: Arc::default(),
        }
    }

    /// The world of an account; made when it is asked for.
    pub fn account(&self, name: &str) -> FakeVendor {
        let mut worlds = self.worlds.lock().unwrap_or_else(PoisonError::into_inner);
        let manifest = self.manifest();
        let fresh = || FakeVendor::new(manifest.vendor, name);
        worlds.entry(name.to_owned()).or_insert_with(fresh).clone()
    }

    /// The world of the account `main`, which settings without `account` lead to.
    pub fn main(&self) -> FakeVendor {
        self.account("main")
    }
}

impl Default for FakeFactory {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Deserialize)]
struct FakeSettings {
    #[serde(default = "main_account")]
    account: String,
    /// Read by the gateway.
    #[serde(default, rename = "rpc_methods")]
    _rpc_methods: Vec<String>,
}

fn main_account() -> String {
    "main".to_owned()
}

impl ProviderFactory for FakeFactory {
    fn manifest(&self) -> &'static Manifest {
        if self.tokens {
            &MANIFEST
        } else {
            &STATIC_MANIFEST
        }
    }

    fn build(
        &self,
        settings: Settings,
        _http: Arc<dyn HttpClient>,
    ) -> Result<Arc<dyn Provider>, SettingsError> {
        let settings: FakeSettings = settings.parse()?;
        Ok(Arc::new(FakeProvider {
            manifest: self.manifest(),
            tokens: self.tokens,
            vendor: self.account(&settings.account),
        }))
    }

    fn account_key(&self, settings: &Settings, _credentials: &Credentials) -> String {
        let account = settings
            .parse::<FakeSettings>()
            .map(|settings| settings.account);
        format!("fake/{}", account.unwrap_or_else(|_error| main_account()))
    }
}

static MANIFEST: Manifest = Manifest {
    vendor: VENDOR,
    display_name: "Fake",
    description: "A vendor that lives in the memory of a test and hands out tokens.",
    auth_kind: AuthKind::Password,
    credential_fields: CREDENTIALS,
    setting_fields: SETTINGS,
    capabilities: &[
        "pull",
        "lookup",
        "media",
        "tokens",
        "rubrics",
        "taxonomy",
        "agents",
        "dialogs",
        "evaluations",
        "submit",
        "account",
        "reports",
        "documents",
        "passthrough",
    ],
    calls_have_start_time: true,
    rate_budget: BUDGET,
    coverage: COVERAGE,
};

static STATIC_MANIFEST: Manifest = Manifest {
    vendor: STATIC_VENDOR,
    display_name: "Fake without tokens",
    description: "A vendor that lives in the memory of a test.",
    auth_kind: AuthKind::StaticToken,
    credential_fields: CREDENTIALS,
    setting_fields: SETTINGS,
    capabilities: &["pull", "lookup", "media"],
    calls_have_start_time: true,
    rate_budget: BUDGET,
    coverage: COVERAGE,
};

const BUDGET: RateBudget = RateBudget {
    requests_per_second: 1_000,
    concurrency: 16,
};

const CREDENTIALS: &[FieldSpec] = &[FieldSpec {
    name: "password",
    label: "Password",
    description: "Whatever the test set; `correct` by default.",
    required: true,
    secret: true,
    kind: "string",
}];

const SETTINGS: &[FieldSpec] = &[
    FieldSpec {
        name: "account",
        label: "Account",
        description: "Which world of the factory it is. Default: main.",
        required: false,
        secret: false,
        kind: "string",
    },
    FieldSpec {
        name: "rpc_methods",
        label: "RPC methods",
        description: "Which procedures may be called. Default: none.",
        required: false,
        secret: false,
        kind: "string_list",
    },
];

const fn covered(operation: &'static str, vendor_route: &'static str) -> Coverage {
    Coverage {
        operation,
        vendor_route,
        gateway_routes: &[],
        fills: &[],
    }
}

const COVERAGE: &[Coverage] = &[
    covered(operation::CHECK, "GET /me"),
    covered(operation::STREAMS, "GET /streams"),
    covered(operation::PAGE, "GET /calls"),
    covered(operation::FETCH, "GET /calls/{id}"),
    covered(operation::MEDIA, "GET /calls/{id}/media"),
    covered(operation::LOGIN, "POST /login"),
    covered(operation::REFRESH, "POST /refresh"),
    covered(operation::REVOKE, "DELETE /tokens/{id}"),
    covered(operation::RUBRICS, "/rubrics"),
    covered(operation::TAXONOMY, "/terms"),
    covered(operation::AGENTS, "/agents"),
    covered(operation::DIALOGS, "/dialogs"),
    covered(operation::EVALUATIONS, "/evaluations"),
    covered(operation::ACCOUNT, "/account"),
    covered(operation::REPORTS, "/reports"),
    covered(operation::DOCUMENTS, "/documents"),
    covered(operation::SUBMIT, "POST /pieces"),
    covered(operation::PROGRESS, "GET /pieces/{id}"),
    covered(operation::FIND, "GET /pieces"),
    covered(operation::START, "POST /dialogs"),
    covered(operation::ORDER, "POST /reports"),
];
