//! Workers: take a due connection, give it a turn, put it back.

use std::sync::Arc;

use callweave_credentials::connector::Connector;
use callweave_model::{Clock, connection::ConnectionState, ids::Ids};
use callweave_store::{Store, StoreError, connections::LastError, sync_state::Lease};
use callweave_workers::Work;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, error, info_span, warn};
use uuid::Uuid;

use crate::{EngineOptions, failure, failure::Patience, run::Run};

/// The pull engine of one process.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) connector: Connector,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) options: EngineOptions,
    owner: Uuid,
}

impl Engine {
    /// An engine; nothing runs until [`Engine::run`].
    pub fn new(
        store: Store,
        connector: Connector,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        options: EngineOptions,
    ) -> Self {
        let owner = ids.next();
        Self {
            store,
            connector,
            clock,
            ids,
            options,
            owner,
        }
    }

    /// Works until `shutdown`; then ends the turns under way at their next safe point.
    pub async fn run(self, shutdown: CancellationToken) {
        let workers = self.options.workers;
        callweave_workers::run(self, workers, shutdown).await;
    }

    /// Gives the connection that has been due longest its turn; `false` when none is due.
    pub async fn turn(&self, shutdown: &CancellationToken) -> Result<bool, StoreError> {
        let mut tx = self.store.system().await?;
        let lease = tx.claim_due_sync(self.owner, self.options.lease).await?;
        tx.commit().await?;
        let Some(lease) = lease else { return Ok(false) };
        let span =
            info_span!("sync.turn", connection.id = %lease.connection, lease.epoch = lease.epoch);
        self.hold_and_run(lease, shutdown).instrument(span).await?;
        Ok(true)
    }

    async fn hold_and_run(
        &self,
        lease: Lease,
        shutdown: &CancellationToken,
    ) -> Result<(), StoreError> {
        let beat = || async {
            let mut tx = self.store.tenant(lease.tenant).await?;
            tx.hold_lease(&lease, self.options.lease).await?;
            tx.commit().await
        };
        let work = Box::pin(self.open_and_run(lease, shutdown));
        let ended = callweave_workers::hold(self.options.lease, beat, work).await;
        match ended {
            Err(StoreError::Fenced) => {
                warn!("The lease of a sync was lost; another worker goes on");
                Ok(())
            }
            Err(error @ (StoreError::Database(_) | StoreError::Inconsistent { .. })) => {
                error!(
                    error = &error as &dyn std::error::Error,
                    "A sync turn failed on our side"
                );
                self.end_broken(lease, &error).await
            }
            other => other,
        }
    }

    async fn open_and_run(
        &self,
        lease: Lease,
        shutdown: &CancellationToken,
    ) -> Result<(), StoreError> {
        match Run::open(self, lease).await? {
            Some(run) => run.turn(shutdown).await,
            None => Ok(()),
        }
    }

    /// Ends a run that our own side broke, so that the next one comes after a pause that grows.
    async fn end_broken(&self, lease: Lease, error: &StoreError) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.tenant(lease.tenant).await?;
        let failures = match tx.sync_state(lease.connection).await? {
            Some(state) => state.failures,
            None => return Ok(()),
        };
        let known = tx.find_connection(lease.connection).await?;
        let answered = known.and_then(|connection| connection.last_ok_at);
        let silent = answered.map(|at| now.since(at));
        let patience = Patience::new(self.options.poll_interval, silent);
        let ended = tx
            .end_run(&lease, failure::broken(failures, patience))
            .await;
        if matches!(ended, Err(StoreError::Fenced)) {
            return Ok(());
        }
        ended?;
        let last = LastError {
            at: now,
            code: "gateway.internal".to_owned(),
            detail: Some(error.to_string()),
        };
        tx.note_failure(lease.connection, &last).await?;
        tx.set_connection_state(
            lease.connection,
            ConnectionState::Degraded,
            Some("the gateway failed on this connection; its log says why"),
            now,
        )
        .await?;
        tx.commit().await
    }
}

impl Work for Engine {
    const NAME: &'static str = "sync";

    async fn turn(&self, shutdown: &CancellationToken) -> Result<bool, StoreError> {
        self.turn(shutdown).await
    }
}
