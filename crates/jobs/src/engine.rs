//! The jobs of one process: what requests and workers share, and the workers' turns.

use std::{sync::Arc, time::Duration};

use callweave_credentials::connector::Connector;
use callweave_model::{Clock, ids::Ids};
use callweave_store::{
    Store, StoreError,
    jobs::{Claim, JobLease, Next},
};
use callweave_workers::Work;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, error, info_span, warn};
use uuid::Uuid;

use crate::{JobOptions, guard::Meters, turn::Turn};

/// After a turn that our own side broke.
const BROKEN: Duration = Duration::from_secs(30);

/// The jobs of one process: takes work on, and passes it to the vendors. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Jobs {
    pub(crate) store: Store,
    pub(crate) connector: Connector,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) options: JobOptions,
    pub(crate) owner: Uuid,
    pub(crate) meters: Meters,
}

impl Jobs {
    /// Takes work on; nothing is sent until somebody calls [`Jobs::run`], here or elsewhere.
    pub fn new(
        store: Store,
        connector: Connector,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        options: JobOptions,
    ) -> Self {
        let owner = ids.next();
        Self {
            store,
            connector,
            clock,
            ids,
            options,
            owner,
            meters: Meters::default(),
        }
    }

    /// Passes work to the vendors until `shutdown`; then ends the turns under way.
    pub async fn run(self, shutdown: CancellationToken) {
        let workers = self.options.workers;
        callweave_workers::run(self, workers, shutdown).await;
    }

    /// Gives the job that has been due longest its turn; `false` when none is due.
    pub async fn turn(&self, shutdown: &CancellationToken) -> Result<bool, StoreError> {
        let mut tx = self.store.system().await?;
        let claim = tx
            .claim_due_job(
                self.owner,
                self.options.lease,
                self.options.per_connection.max(1),
            )
            .await?;
        tx.commit().await?;
        let Some(Claim { lease, trace }) = claim else {
            return Ok(false);
        };
        let span = info_span!(
            "job.turn",
            job.id = %lease.job,
            connection.id = %lease.connection,
            lease.epoch = lease.epoch
        );
        if let Some(trace) = trace {
            self.options.traces.link(&span, &trace);
        }
        Box::pin(self.hold_and_work(lease, shutdown).instrument(span)).await?;
        Ok(true)
    }

    async fn hold_and_work(
        &self,
        lease: JobLease,
        shutdown: &CancellationToken,
    ) -> Result<(), StoreError> {
        let work = Box::pin(self.work(lease, shutdown));
        match self.hold(lease, work).await {
            Err(StoreError::Fenced) => {
                warn!("The lease of a job was lost; whoever took it goes on");
                Ok(())
            }
            Err(error @ (StoreError::Database(_) | StoreError::Inconsistent { .. })) => {
                error!(
                    error = &error as &dyn std::error::Error,
                    "The turn of a job failed on our side"
                );
                let mut tx = self.store.tenant(lease.tenant).await?;
                match tx.put_job_back(&lease, Next::After(BROKEN)).await {
                    Ok(()) => tx.commit().await,
                    Err(StoreError::Fenced) => Ok(()),
                    Err(error) => Err(error),
                }
            }
            other => other,
        }
    }

    async fn work(&self, lease: JobLease, shutdown: &CancellationToken) -> Result<(), StoreError> {
        match Turn::open(self, lease).await? {
            Some(turn) => Box::pin(turn.work(shutdown)).await,
            None => Ok(()),
        }
    }

    /// Works under a lease that a heartbeat keeps.
    pub(crate) async fn hold<T>(
        &self,
        lease: JobLease,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let beat = || async {
            let mut tx = self.store.tenant(lease.tenant).await?;
            tx.hold_job(&lease, self.options.lease).await?;
            tx.commit().await
        };
        callweave_workers::hold(self.options.lease, beat, work).await
    }
}

impl Work for Jobs {
    const NAME: &'static str = "jobs";

    async fn turn(&self, shutdown: &CancellationToken) -> Result<bool, StoreError> {
        self.turn(shutdown).await
    }
}
