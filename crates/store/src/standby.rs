//! A streaming replica that reads may go to, as a standby of the database.
//!
//! A read there misses nothing that was committed when it came in, whoever wrote it: the primary is asked how
//! far its log has come, and the standby has the read once it has replayed as much. One that does not get
//! there in time, or is not there at all, is left aside until it keeps up again; then the primary has the reads.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use callweave_model::TenantId;
use sqlx::{FromRow, Row as _, postgres::PgRow};
use tokio::time::{Instant, sleep};
use tracing::{debug, info, warn};

use crate::{Plans, Result, Store, StoreError, TenantTx, session::Session};

/// How often the standby is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The pauses in which a transaction asks again how far the standby is.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// How far the primary's log is safe. What a transaction wrote can be seen by others no sooner.
const WRITTEN: &str = "SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint";

/// How far a standby has replayed it; NULL where it is none (any more).
const REPLAYED: &str =
    "SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0')::bigint END";

/// Which database it is: of which cluster, and which one there.
const IDENTITY: &str = "SELECT (SELECT system_identifier FROM pg_control_system()), \
     (SELECT oid::bigint FROM pg_database WHERE datname = current_database())";

/// A place in the log.
type Position = i64;

/// A database as [`IDENTITY`] tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
struct Identity(i64, i64);

/// Why reads do not go to a standby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aside {
    /// It was not looked at yet.
    Unknown,
    /// It cannot be reached, or fails.
    Unreachable,
    /// It is further behind than reads wait for.
    Behind,
    /// It is no standby of this database.
    Foreign,
}

impl Aside {
    /// In words.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Unknown => "the standby was not looked at yet",
            Self::Unreachable => "the standby cannot be reached",
            Self::Behind => "the standby is too far behind",
            Self::Foreign => "what database.read_url names is no standby of this database",
        }
    }
}

/// Why a read does not go to the standby.
#[derive(Debug)]
pub enum Passed {
    /// The primary cannot be asked, and so has no read either.
    Primary(StoreError),
    /// It is left aside, or has too much to do.
    Aside,
    /// It did not get there in time.
    Late,
    /// It failed.
    Failed,
}

/// A look at a standby, or a read there, came to nothing.
enum Trouble {
    Foreign,
    Failed(StoreError),
}

impl Trouble {
    /// What it means for the standby.
    fn aside(&self) -> Aside {
        match self {
            Self::Foreign => Aside::Foreign,
            Self::Failed(error) => {
                debug!(
                    error = error as &dyn std::error::Error,
                    "The standby did not answer"
                );
                Aside::Unreachable
            }
        }
    }
}

impl<E: Into<StoreError>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// A standby of a database.
#[derive(Debug)]
pub struct Standby {
    store: Store,
    /// How long a read waits for it.
    patience: Duration,
    /// What the primary said last of its log, and when it was asked. Whoever asks holds it; who comes
    /// meanwhile waits, and takes an answer that was asked for after he came.
    written: tokio::sync::Mutex<Option<(Instant, Position)>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    aside: Option<Aside>,
    /// What the primary had at an instant, and the standby had not when it was looked at.
    owed: Option<(Instant, Position)>,
    /// How long it took to get there the last time.
    lag: Duration,
}

impl Standby {
    /// A standby behind a pool of its own, which reads wait for as long as this.
    pub fn new(store: Store, patience: Duration) -> Self {
        Self {
            store,
            patience,
            written: tokio::sync::Mutex::default(),
            state: Mutex::new(State {
                aside: Some(Aside::Unknown),
                owed: None,
                lag: Duration::ZERO,
            }),
        }
    }

    /// The pool of its connections.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Why it is left aside, if it is.
    pub fn aside(&self) -> Option<Aside> {
        self.with_state(|state| state.aside)
    }

    /// How far it is behind: how long ago the primary had what it has now, to a second or so.
    pub fn lag(&self) -> Duration {
        self.with_state(|state| {
            let owed = state.owed.map(|(since, _)| since.elapsed());
            owed.unwrap_or_default().max(state.lag)
        })
    }

    /// Leaves it aside until it is looked at again: a read has failed there.
    pub fn doubt(&self) {
        self.stand(Some(Aside::Unreachable));
    }

    fn with_state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes it into use, or leaves it aside; says so where that is new.
    fn stand(&self, aside: Option<Aside>) {
        let before = self.with_state(|state| std::mem::replace(&mut state.aside, aside));
        match aside {
            _ if before == aside => {}
            None => info!("Reads go to the standby"),
            Some(aside) => warn!(reason = aside.reason(), "Reads go to the primary"),
        }
    }

    /// How far the primary's log is, as it was asked no sooner than this was.
    async fn written(&self, primary: &Store) -> Result<Position> {
        let came = Instant::now();
        let mut last = self.written.lock().await;
        if let Some((asked, position)) = *last
            && asked >= came
        {
            return Ok(position);
        }
        let asked = Instant::now();
        let (session, row) = primary.begin_telling(WRITTEN).await?;
        session.leave();
        let position = told(row.as_ref())?.ok_or(sqlx::Error::RowNotFound)?;
        *last = Some((asked, position));
        Ok(position)
    }

    /// Begins a transaction at the standby once it is as far as this; `None` where it is not in time.
    async fn begin(&self, settings: &str, wanted: Position) -> Result<Option<Session>, Trouble> {
        let deadline = Instant::now() + self.patience;
        let settings = format!("{settings};{REPLAYED}");
        let (mut session, row) = self.store.begin_telling(&settings).await?;
        let mut replayed = told(row.as_ref())?;
        let mut pause = SHORTEST_PAUSE;
        loop {
            match replayed {
                None => return Err(Trouble::Foreign),
                Some(position) if position >= wanted => return Ok(Some(session)),
                Some(_) if Instant::now() + pause > deadline => return Ok(None),
                Some(_) => sleep(pause).await,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            replayed = sqlx::query_scalar(REPLAYED)
                .fetch_one(session.executor())
                .await?;
        }
    }

    /// Looks at it: whether it is there, whether it is one, how far it is. An error is the primary's.
    pub async fn look(&self, primary: &Store) -> Result<()> {
        let identity = Identity::of(primary).await?;
        loop {
            let owed = self.with_state(|state| state.owed);
            let (since, wanted) = match owed {
                Some(owed) => owed,
                None => (Instant::now(), self.written(primary).await?),
            };
            self.with_state(|state| state.owed = Some((since, wanted)));
            let aside = match self.reach(identity, wanted).await {
                Ok(true) => None,
                Ok(false) => Some(Aside::Behind),
                Err(trouble) => Some(trouble.aside()),
            };
            if aside.is_none() {
                let lag = since.elapsed();
                self.with_state(|state| (state.owed, state.lag) = (None, lag));
                if owed.is_some() {
                    // It has what it owed from before; whether it keeps up is another question.
                    continue;
                }
            }
            self.stand(aside);
            return Ok(());
        }
    }

    /// Whether this database is here, and as far as that in time.
    async fn reach(&self, identity: Identity, wanted: Position) -> Result<bool, Trouble> {
        if Identity::of(&self.store).await? != identity {
            return Err(Trouble::Foreign);
        }
        let reached = self.begin("", wanted).await?;
        Ok(reached.map(Session::leave).is_some())
    }
}

impl Identity {
    async fn of(store: &Store) -> Result<Self> {
        let (session, row) = store.begin_telling(IDENTITY).await?;
        session.leave();
        let row = row.ok_or(sqlx::Error::RowNotFound)?;
        Ok(Self::from_row(&row)?)
    }
}

fn told(row: Option<&PgRow>) -> sqlx::Result<Option<Position>> {
    row.ok_or(sqlx::Error::RowNotFound)?.try_get(0)
}

impl Store {
    /// The same database, with a standby that reads may go to.
    #[must_use]
    pub fn with_standby(mut self, standby: Standby) -> Self {
        self.standby = Some(Arc::new(standby));
        self
    }

    /// The standby, if there is one.
    pub fn standby(&self) -> Option<&Standby> {
        self.standby.as_deref()
    }

    /// Looks at the standby again and again: without that it has no reads. Dropped, it stops.
    pub async fn watch_standby(&self) {
        let Some(standby) = self.standby() else {
            return;
        };
        loop {
            if let Err(error) = standby.look(self).await {
                debug!(
                    error = &error as &dyn std::error::Error,
                    "How far the log is could not be read"
                );
            }
            sleep(LOOK).await;
        }
    }

    /// A transaction at this standby that sees what one that begins at the primary now would see, of one
    /// tenant, and changes nothing.
    pub async fn read_at(
        &self,
        standby: &Standby,
        tenant: TenantId,
        plans: Plans,
    ) -> Result<TenantTx, Passed> {
        if standby.aside().is_some() || standby.store.is_crowded() {
            return Err(Passed::Aside);
        }
        let written = standby.written(self).await.map_err(Passed::Primary)?;
        let settings = standby.store.settings_to_read(tenant, plans);
        match standby.begin(&settings, written).await {
            Ok(Some(session)) => Ok(self.tenant_tx(session, tenant)),
            Ok(None) => {
                standby.stand(Some(Aside::Behind));
                Err(Passed::Late)
            }
            Err(trouble) => {
                standby.stand(Some(trouble.aside()));
                Err(Passed::Failed)
            }
        }
    }
}
