//! The desk: where work is handed in, looked after by hand, and taken back.

mod analysis;
mod cancel;
mod dialog;
mod report;
mod resubmit;
mod upload;

use std::time::Duration;

use callweave_credentials::connector::OpenConnection;
use callweave_model::{
    ApiKeyId, JobId, TenantId, Timestamp,
    connection::ConnectionState,
    job::{JobCost, JobType},
};
use callweave_provider::{ProviderError, submit::Cost};
use callweave_store::{
    TenantTx,
    connections::Connection,
    jobs::{Insertion, Job, JobDraft, Origin},
};

use crate::{
    Doer, Jobs, Refusal,
    input::{self, Input},
};

pub use dialog::BatchOrder;
pub use resubmit::Confirmation;
pub use upload::{Begun, Upload};

/// How long the same request makes no second job.
const KEYS_KEPT: Duration = Duration::from_hours(24);

/// Who hands work in.
#[derive(Clone, Debug)]
pub struct Requester {
    /// The API key.
    pub api_key: ApiKeyId,
    /// The idempotency key: sent again under it, the request makes no second job.
    pub key: String,
    /// Who that is, and in which request.
    pub doer: Doer,
}

/// What came of handing work in.
#[derive(Debug)]
pub enum Accepted {
    /// A new job.
    New(Box<Job>),
    /// The same request has made one before.
    Known {
        /// It.
        job: Box<Job>,
        /// It is on its way to the vendor at this moment.
        under_way: bool,
    },
}

impl Requester {
    fn origin(&self) -> Origin {
        Origin {
            api_key: self.api_key,
            key: Some(self.key.clone()),
        }
    }
}

impl Jobs {
    /// The job that the same request made before, if it did.
    async fn known(
        &self,
        tenant: TenantId,
        requester: &Requester,
    ) -> Result<Option<Accepted>, Refusal> {
        let mut tx = self.store.tenant(tenant).await?;
        let origin = requester.origin();
        let known = match tx.job_of_request(&origin, self.keys_since()).await? {
            Some(job) => Some(as_known(&mut tx, job).await?),
            None => None,
        };
        tx.commit().await?;
        Ok(known)
    }

    fn keys_since(&self) -> Timestamp {
        self.clock.now().minus(KEYS_KEPT)
    }

    fn draft(&self, connection: &Connection, job_type: JobType, requester: &Requester) -> Job {
        let now = self.clock.now();
        let patience = match job_type {
            JobType::LaunchDialog | JobType::LaunchDialogBatch => self.options.dialog_deadline,
            _ => self.options.deadline,
        };
        Job::new(JobDraft {
            id: JobId(self.ids.next()),
            connection: connection.id,
            vendor: connection.vendor.clone(),
            job_type,
            origin: requester.origin(),
            now,
            deadline: now.plus(patience),
        })
    }

    fn seal(&self, tenant: TenantId, job: &mut Job, input: &Input) -> Result<(), Refusal> {
        let place = input::place(tenant, job.id);
        let sealed = input::seal(self.connector.vault(), &place, input)
            .map_err(|_error| Refusal::Internal("what is to be sent could not be sealed"))?;
        job.sealed_input = Some(sealed);
        Ok(())
    }

    /// Opens a connection that works.
    fn open(&self, connection: &Connection) -> Result<OpenConnection, Refusal> {
        if connection.state == ConnectionState::Paused {
            let paused = "the connection is paused; resume it first";
            return Err(Refusal::State(paused.to_owned()));
        }
        Ok(self.connector.open(connection)?)
    }

    /// Stores a job that is sent later.
    async fn store_job(
        &self,
        tenant: TenantId,
        doer: &Doer,
        job: Job,
    ) -> Result<Accepted, Refusal> {
        let mut tx = self.store.tenant(tenant).await?;
        let accepted = self.insert(&mut tx, doer, job).await?;
        tx.commit().await?;
        Ok(accepted)
    }

    async fn insert(
        &self,
        tx: &mut TenantTx,
        doer: &Doer,
        mut job: Job,
    ) -> Result<Accepted, Refusal> {
        let trace = self.options.traces.here();
        let since = self.keys_since();
        match tx.insert_job(&job, None, trace.as_deref(), since).await? {
            Insertion::New(_) => {
                tx.audit(&doer.did("job.created", &job)).await?;
                count(&job);
                job.news_told();
                Ok(Accepted::New(Box::new(job)))
            }
            Insertion::Known(known) => as_known(tx, *known).await,
        }
    }
}

async fn as_known(tx: &mut TenantTx, job: Job) -> Result<Accepted, Refusal> {
    let on_its_way = job.state() == callweave_model::job::JobState::Submitting;
    let under_way = on_its_way && tx.job_is_held(job.id).await?;
    Ok(Accepted::Known {
        job: Box::new(job),
        under_way,
    })
}

fn count(job: &Job) {
    metrics::counter!("callweave_jobs_total", "vendor" => job.vendor.clone(),
        "type" => job.job_type.as_str(), "state" => job.state().as_str())
    .increment(1);
}

fn job_cost(cost: &Cost) -> JobCost {
    JobCost {
        resource: cost.resource.to_owned(),
        amount: cost.amount,
    }
}

fn unsupported(open: &OpenConnection, capability: impl Into<String>) -> Refusal {
    Refusal::Unsupported {
        vendor: open.provider().manifest().vendor,
        capability: capability.into(),
    }
}

/// Members of the order that do not fit, as the vendor's adapter found them.
fn unfit(error: ProviderError) -> Refusal {
    Refusal::Vendor(error)
}
