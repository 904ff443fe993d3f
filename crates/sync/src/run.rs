//! One turn of one connection: walk, fetch, sweep, and say how it went.

use std::time::Instant;

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

use crate::{Engine, failure};

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
        let end = match result {
            Ok(complete) => self.succeed(complete.then_some(began)).await?,
            Err(Stop::TurnOver) => failure::continued(),
            Err(Stop::Vendor(error)) => self.fail(&error).await?,
            Err(Stop::Store(error)) => return Err(error),
        };
        let mut tx = self.tenant().await?;
        tx.end_run(&self.lease, end).await?;
        tx.commit().await
    }

    /// One turn's work; `true` when every stream was walked to its proved end.
    async fn work(&mut self, shutdown: &CancellationToken) -> Result<bool, Stop> {
        let provider = self.provider();
        self.remap_outdated(shutdown).await?;
        self.fetch_due(shutdown).await?;
        let Some(pull) = provider.pull() else {
            return Ok(true);
        };
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
        let full = self.full_walk_due();
        let mut complete = true;
        for stream in &streams {
            complete &= self.walk_stream(stream, full, shutdown).await?;
        }
        if complete && let Some(number) = full {
            self.end_full_walk(number, pull.full_walk_proves_absence())
                .await?;
            self.fetch_due(shutdown).await?;
        }
        self.run_backfills(&streams, shutdown).await?;
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
        tx.note_success(self.connection.id, now).await?;
        tx.set_connection_state(self.connection.id, ConnectionState::Active, None, now)
            .await?;
        let next_due = tx.next_record_due(self.connection.id).await?;
        tx.commit().await?;
        let poll = self.engine.options.poll_interval;
        let next_in = next_due.map_or(poll, |due| due.since(now).min(poll));
        Ok(RunEnd {
            next_in,
            pause: None,
            complete_since,
            failed: false,
        })
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
        tx.note_failure(self.connection.id, &last).await?;
        tx.set_connection_state(self.connection.id, verdict.state, Some(verdict.reason), now)
            .await?;
        tx.commit().await?;
        Ok(verdict.end)
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
