//! Connecting, and refusing a database that would not keep tenants apart.

use std::{
    io,
    str::FromStr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use callweave_model::TenantId;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};

use crate::{
    Result, StoreError, SystemTx, TenantTx,
    calls::months::KnownMonths,
    refusals::Refusals,
    sealed::Sealer,
    session::{Session, Waits},
    standby::Standby,
    transaction::Shared,
};

/// The role every transaction takes on: it owns nothing and cannot bypass row-level security.
pub const APP_ROLE: &str = "callweave_app";

/// The role under which words are looked up in their index: it sees what the words of its transaction are
/// in, of one tenant.
pub(crate) const SEARCH_ROLE: &str = "callweave_search";

/// How long a statement may take unless told.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long a transaction may wait for its own process. No transaction waits for a network, so one
/// that does belongs to a process that is frozen or cut off, and its locks would hold up all others.
const FROZEN: &str = "15s";

/// How much longer than a statement may take its answer is waited for: PostgreSQL says itself when it gives up.
const SILENCE: Duration = Duration::from_secs(5);

/// With so many waiting for each connection of the pool, it is crowded.
const CROWD: usize = 16;

/// How to connect.
#[derive(Clone, Debug)]
pub struct Options {
    /// The PostgreSQL URL.
    pub url: secrecy::SecretString,
    /// Connections for the API and for everything short.
    pub max_connections: u32,
    /// How long to wait for a connection.
    pub acquire_timeout: Duration,
}

/// The database, in tenant-sized doses.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
    months: Arc<Mutex<KnownMonths>>,
    /// The longest that a statement may take.
    patience: Duration,
    shared: Shared,
    /// Prepared statements outlive their transaction.
    keep_statements: bool,
    /// Who waits for a connection.
    waiting: Arc<AtomicUsize>,
    refusals: Arc<Refusals>,
    pub(crate) standby: Option<Arc<Standby>>,
}

/// How the statements of a transaction are planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plans {
    /// Once and not anew for what they are asked, which takes longer than to carry them out where rows
    /// are read by their keys.
    Kept,
    /// As PostgreSQL finds best.
    Free,
}

/// Somebody who waits for a connection.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether a connection was lost, or was closed by the server, before this was asked.
fn is_gone(error: &sqlx::Error) -> bool {
    match error {
        // One that is silent may be asked by nobody else: that takes as long.
        sqlx::Error::Io(error) => error.kind() != io::ErrorKind::TimedOut,
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| code.starts_with("57P") || code.starts_with("08")),
        _ => false,
    }
}

impl Store {
    /// What is said where [`Self::refuses_changes`].
    pub const REFUSES_CHANGES: &str =
        "the database takes no changes: its disk is full, or it is read-only";

    /// Opens a pool. Does not wait for the database: the first use does.
    pub fn connect(options: &Options) -> Result<Self> {
        use secrecy::ExposeSecret as _;
        let connect = PgConnectOptions::from_str(options.url.expose_secret())
            .map_err(|_error| StoreError::Setup("the database URL cannot be read".to_owned()))?
            .application_name("callweave");
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            // Each transaction begins with a question anyway.
            .test_before_acquire(false)
            .connect_lazy_with(connect);
        Ok(Self {
            pool,
            months: Arc::default(),
            patience: PATIENCE,
            shared: Shared::default(),
            keep_statements: true,
            waiting: Arc::default(),
            refusals: Arc::default(),
            standby: None,
        })
    }

    /// The same database, with another bound on statements.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The same database, with what opens and seals secrets. Without it nothing can be erased by a
    /// phone, and nothing taken in where something was.
    #[must_use]
    pub fn with_sealer(mut self, sealer: Arc<dyn Sealer>) -> Self {
        self.shared.sealer = Some(sealer);
        self
    }

    /// The same database as another pool's: what one sees of its state, both tell.
    #[must_use]
    pub fn beside(mut self, other: &Self) -> Self {
        self.refusals = Arc::clone(&other.refusals);
        self
    }

    /// The same database; prepared statements are kept from one transaction to the next, or not, as
    /// a pooler wants it that gives each transaction another session.
    #[must_use]
    pub const fn keeping_statements(mut self, keep: bool) -> Self {
        self.keep_statements = keep;
        self
    }

    /// Refuses a database in which one tenant could see another: a role that owns tables or
    /// bypasses row-level security, a table without it.
    pub async fn verify_isolation(&self) -> Result<()> {
        let mut tx = self.system().await?;
        let (superuser, bypass): (bool, bool) = sqlx::query_as(
            "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user",
        )
        .fetch_one(tx.executor())
        .await?;
        if superuser || bypass {
            return Err(StoreError::Setup(format!(
                "the role {APP_ROLE} can bypass row-level security; make it NOSUPERUSER NOBYPASSRLS"
            )));
        }
        let open: Vec<String> = sqlx::query_scalar(include_str!("../sql/open_tables.sql"))
            .fetch_all(tx.executor())
            .await?;
        if !open.is_empty() {
            return Err(StoreError::Setup(format!(
                "these tables do not keep tenants apart (owned by {APP_ROLE}, or row-level \
                 security not forced): {}",
                open.join(", ")
            )));
        }
        tx.commit().await
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.begin("").await?.commit().await?)
    }

    /// Begins a transaction with these settings, which come in one message with its beginning.
    pub(crate) async fn begin(&self, settings: &str) -> Result<Session> {
        self.begin_within(settings, self.patience + SILENCE).await
    }

    /// Begins a transaction whose answers are waited for as long as this. Its beginning is also the test
    /// whether a connection that was used before is still there: if not, the next one is tried, and at last
    /// a new one.
    pub(crate) async fn begin_within(&self, settings: &str, silence: Duration) -> Result<Session> {
        Ok(self.open(settings, silence).await?.0)
    }

    /// Begins a transaction whose settings end with a question, and gives the answer with it.
    pub(crate) async fn begin_telling(&self, settings: &str) -> Result<(Session, Option<PgRow>)> {
        self.open(settings, self.patience + SILENCE).await
    }

    async fn open(&self, settings: &str, silence: Duration) -> Result<(Session, Option<PgRow>)> {
        let waits = Waits {
            opening: silence.min(self.pool.options().get_acquire_timeout()),
            silence,
        };
        let mut tries = self.pool.options().get_max_connections();
        loop {
            let connection = {
                let _waiting = Waiting::new(&self.waiting);
                self.pool.acquire().await?
            };
            let refusals = Arc::clone(&self.refusals);
            let begun =
                Session::begin(connection, settings, waits, self.keep_statements, refusals).await;
            match begun {
                Err(error) if tries > 0 && is_gone(&error) => tries -= 1,
                begun => return Ok(begun?),
            }
        }
    }

    /// Whether the database refused a change a short while ago because its disk is full or it is
    /// read-only.
    pub fn refuses_changes(&self) -> bool {
        self.refusals.are_fresh()
    }

    /// How many wait for a connection.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether so many wait for a connection that whoever comes now waits in vain.
    pub fn is_crowded(&self) -> bool {
        let connections = self.pool.options().get_max_connections();
        self.waiting() >= CROWD * usize::try_from(connections).unwrap_or(usize::MAX / CROWD)
    }

    /// A transaction that sees one tenant and nothing else.
    pub async fn tenant(&self, tenant: TenantId) -> Result<TenantTx> {
        let tx = self.begin(&self.settings("app.tenant", tenant.0)).await?;
        Ok(self.tenant_tx(tx, tenant))
    }

    /// The same, to change nothing.
    pub async fn reader(&self, tenant: TenantId, plans: Plans) -> Result<TenantTx> {
        let tx = self.begin(&self.settings_to_read(tenant, plans)).await?;
        Ok(self.tenant_tx(tx, tenant))
    }

    pub(crate) fn tenant_tx(&self, tx: Session, tenant: TenantId) -> TenantTx {
        TenantTx::new(tx, tenant, self.shared.clone())
    }

    pub(crate) fn settings_to_read(&self, tenant: TenantId, plans: Plans) -> String {
        let settings = self.settings("app.tenant", tenant.0) + ";SET TRANSACTION READ ONLY";
        match plans {
            Plans::Kept => settings + ";SET LOCAL plan_cache_mode = force_generic_plan",
            Plans::Free => settings,
        }
    }

    /// A transaction of no tenant: it sees only the tables whose policies let it.
    pub async fn system(&self) -> Result<SystemTx> {
        let tx = self.begin(&self.settings("app.system", "on")).await?;
        Ok(SystemTx::new(tx))
    }

    /// The role of a transaction, what it may see, and how long it may take. Neither value needs to be
    /// quoted otherwise.
    fn settings(&self, scope: &'static str, value: impl std::fmt::Display) -> String {
        let patience = self.patience.as_millis();
        format!(
            "SET LOCAL ROLE {APP_ROLE};SET LOCAL {scope} = '{value}';\
             SET LOCAL statement_timeout = {patience};\
             SET LOCAL idle_in_transaction_session_timeout = '{FROZEN}'"
        )
    }

    /// Months whose partitions are known to be there.
    pub(crate) fn months(&self) -> &Mutex<KnownMonths> {
        &self.months
    }

    /// Closes the pool and waits for its connections; that of the standby as well.
    pub async fn close(&self) {
        if let Some(standby) = &self.standby {
            standby.store().pool.close().await;
        }
        self.pool.close().await;
    }

    /// Connections that are open and idle, for metrics.
    pub fn pool_size(&self) -> (u32, usize) {
        (self.pool.size(), self.pool.num_idle())
    }
}
