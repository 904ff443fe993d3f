//! One turn of one connection: walk, fetch, sweep, and say how it went.

use std::time::{Duration, Instant};

use callweave_credentials::connector::{Access, OpenConnection, Operation};
use callweave_model::{Timestamp, connection::ConnectionState};
use callweave_provider::{Provider, ProviderError, Walk};
use callweave_store::{
    StoreError, TenantTx,
    calls::ConnectionScope,
    connections::{Connection, LastError},
    sync_state::{Lease, RunEnd, SyncState},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{Engine, failure, progress::Progress};

/// Why a turn stopped before its work was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// The time of the turn is up, or the process ends.
    #[error("the turn is over")]
    TurnOver,
    /// The vendor failed in a way that concerns the whole connection.
    #[error("the vendor failed")]
    Vendor(#[source] ProviderError),
    /// Our own side failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl From<ProviderError> for Stop {
    fn from(error: ProviderError) -> Self {
        Self::Vendor(error)
    }
}

/// One turn of one connection.
pub(crate) struct Run<'e> {
    pub(crate) engine: &'e Engine,
    pub(crate) lease: Lease,
    pub(crate) connection: Connection,
    pub(crate) scope: ConnectionScope,
    pub(crate) open: OpenConnection,
    pub(crate) state: SyncState,
    pub(crate) progress: Progress,
    /// Every stream was walked to its end.
    walked: bool,
    started: Instant,
}

impl<'e> Run<'e> {
    /// Loads what the turn needs. `None` when the connection is gone or cannot be opened; its
    /// schedule is moved on then.
    pub(crate) async fn open(engine: &'e Engine, lease: Lease) -> Result<Option<Self>, StoreError> {
        let mut tx = engine.store.tenant(lease.tenant).await?;
        let connection = tx.find_connection(lease.connection).await?;
        let state = tx.sync_state(lease.connection).await?;
        tx.commit().await?;
        let (Some(connection), Some(state)) = (connection, state) else {
            return Ok(None);
        };
        let scope = ConnectionScope {
            id: connection.id,
            vendor: connection.vendor.clone(),
            namespace: connection.namespace,
        };
        match engine.connector.open(&connection) {
            Ok(open) => Ok(Some(Self {
                engine,
                lease,
                connection,
                scope,
                open,
                state,
                progress: Progress::default(),
                walked: false,
                started: Instant::now(),
            })),
            Err(error) => {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "A connection cannot be opened"
                );
                let reason = error.to_string();
                let mut tx = engine.store.tenant(lease.tenant).await?;
                let now = engine.clock.now();
                tx.set_connection_state(
                    lease.connection,
                    ConnectionState::Degraded,
                    Some(&reason),
                    now,
                )
                .await?;
                tx.end_run(&lease, failure::closed()).await?;
                tx.commit().await?;
                Ok(None)
            }
        }
    }

    /// Works until everything is done or the turn is over, and ends the run.
    pub(crate) async fn turn(mut self, shutdown: &CancellationToken) -> Result<(), StoreError> {
        let began = self.now();
        let result = self.work(shutdown).await;
        let end = match (result, self.progress.take_trouble()) {
            (Err(Stop::Store(error)), _) => return Err(error),
            (Err(Stop::Vendor(error)), _) | (_, Some(error)) => self.fail(&error).await?,
            (Ok(complete), None) => self.succeed(complete.then_some(began)).await?,
            (Err(Stop::TurnOver), None) => failure::continued(),
        };
        let mut tx = self.tenant().await?;
        tx.end_run(&self.lease, end).await?;
        tx.commit().await
    }

    /// One turn's work; `true` when every stream was walked to its proved end.
    async fn work(&mut self, shutdown: &CancellationToken) -> Result<bool, Stop> {
        let provider = self.provider();
        self.remap_outdated(shutdown).await?;
        let Some(pull) = provider.pull() else {
            self.fetch_due(shutdown, None).await?;
            self.walked = true;
            return Ok(true);
        };
        if !self.state.walk_due && !self.has_backfill().await? {
            self.fetch_due(shutdown, None).await?;
            return Ok(false);
        }
        // Records that keep the vendor busy must not keep new ones from being listed.
        let opening = self.started + self.engine.options.turn / 3;
        self.fetch_due(shutdown, Some(opening)).await?;
        let streams = self
            .call(|access| {
                let provider = &provider;
                Box::pin(async move {
                    let Some(pull) = provider.pull() else {
                        return Ok(Vec::new());
                    };
                    pull.streams(&access.context()).await
                })
            })
            .await?;
        let proves_absence = pull.full_walk_proves_absence();
        let complete = self.state.walk_due
            && self
                .walk_streams(&streams, proves_absence, shutdown)
                .await?;
        self.run_backfills(&streams, shutdown).await?;
        self.fetch_due(shutdown, None).await?;
        Ok(complete)
    }

    async fn has_backfill(&self) -> Result<bool, StoreError> {
        let mut tx = self.tenant().await?;
        let open = tx.list_backfills(self.connection.id, true).await?;
        tx.commit().await?;
        Ok(!open.is_empty())
    }

    /// Walks all streams; one that fails does not keep the others from being walked. `true` when
    /// every walk was proved.
    async fn walk_streams(
        &mut self,
        streams: &[String],
        proves_absence: bool,
        shutdown: &CancellationToken,
    ) -> Result<bool, Stop> {
        let full = self.full_walk_due();
        let mut complete = true;
        let mut walked = true;
        for stream in streams {
            match self.walk_stream(stream, full, shutdown).await {
                Ok(proved) => complete &= proved,
                Err(Stop::Vendor(error)) if !failure::concerns_connection(error.kind) => {
                    warn!(sync.stream = %stream, error = %error, "A stream could not be walked");
                    self.progress.note_trouble(error);
                    complete = false;
                    walked = false;
                }
                Err(stop) => return Err(stop),
            }
        }
        self.walked = walked;
        if complete && let Some(number) = full {
            self.end_full_walk(number, proves_absence).await?;
        }
        Ok(complete)
    }

    /// The number of the full walk that is due or under way.
    fn full_walk_due(&self) -> Option<i64> {
        let due = self
            .state
            .full_walk_at
            .is_none_or(|at| self.now().since(at) >= self.engine.options.full_walk_interval);
        due.then_some(self.state.full_walk + 1)
    }

    /// The walk and the number to stamp on what it meets.
    pub(crate) fn walk_of(full: Option<i64>) -> Walk {
        if full.is_some() {
            Walk::Full
        } else {
            Walk::Incremental
        }
    }

    async fn succeed(&self, complete_since: Option<Timestamp>) -> Result<RunEnd, StoreError> {
        let now = self.now();
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        // A run that heard nothing of the vendor says nothing about it.
        if self.walked || self.progress.has_answer() {
            tx.note_success(self.connection.id, now).await?;
            tx.set_connection_state(self.connection.id, ConnectionState::Active, None, now)
                .await?;
        }
        let next_walk = match self.walk_in() {
            Some(pause) => pause,
            None => tx.walk_due_in(self.connection.id).await?,
        };
        // Nobody fetches due records of a vendor that has no lookup.
        let next_due = match self.provider().lookup() {
            Some(_) => tx.next_record_due(self.connection.id).await?,
            None => None,
        };
        tx.commit().await?;
        Ok(RunEnd {
            next_in: next_due.map_or(next_walk, |due| due.since(now).min(next_walk)),
            pause: None,
            complete_since,
            failed: false,
            walk_in: self.walk_in(),
        })
    }

    /// When the next walk is due, if the streams were walked.
    fn walk_in(&self) -> Option<Duration> {
        self.walked.then_some(self.engine.options.poll_interval)
    }

    async fn fail(&self, error: &ProviderError) -> Result<RunEnd, StoreError> {
        let now = self.now();
        let verdict = failure::verdict(
            error,
            self.state.failures,
            self.engine.options.poll_interval,
        );
        info!(
            sync.error = %error,
            sync.state = %verdict.state,
            "A sync stopped; it goes on in {:?}",
            verdict.end.next_in
        );
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        let last = LastError {
            at: now,
            code: error.kind.code().to_owned(),
            detail: Some(error.to_string()),
        };
        if self.progress.has_answer() {
            tx.note_success(self.connection.id, now).await?;
        }
        tx.note_failure(self.connection.id, &last).await?;
        tx.set_connection_state(self.connection.id, verdict.state, Some(verdict.reason), now)
            .await?;
        tx.commit().await?;
        let walk_in = self.walk_in();
        Ok(RunEnd {
            walk_in,
            ..verdict.end
        })
    }

    /// Fails when the turn is over.
    pub(crate) fn go_on(&self, shutdown: &CancellationToken) -> Result<(), Stop> {
        let over = shutdown.is_cancelled() || self.started.elapsed() >= self.engine.options.turn;
        if over { Err(Stop::TurnOver) } else { Ok(()) }
    }

    /// A vendor operation with a valid token.
    pub(crate) async fn call<'a, T: Send>(
        &'a self,
        operation: impl Fn(Access) -> Operation<'a, T> + Send + Sync + 'a,
    ) -> Result<T, ProviderError> {
        let request_id = self.engine.ids.next().to_string();
        self.open.run(&request_id, operation).await
    }

    pub(crate) fn provider(&self) -> std::sync::Arc<dyn Provider> {
        self.open.provider().clone()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.engine.clock.now()
    }

    pub(crate) async fn tenant(&self) -> Result<TenantTx, StoreError> {
        self.engine.store.tenant(self.lease.tenant).await
    }
}
