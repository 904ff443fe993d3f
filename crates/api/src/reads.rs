//! Reads, which a standby of the database may serve.

use callweave_model::TenantId;
use callweave_store::{
    Plans, TenantTx,
    standby::{Passed, Standby},
};

use crate::{ApiState, problem::Problem};

impl ApiState {
    /// Carries out what changes nothing, in one transaction that `work` is given and ends: at the standby
    /// where there is one that has everything that is committed by now, else at the primary. What fails
    /// at the standby because of the standby is carried out once more, at the primary.
    pub(crate) async fn read<T, Work>(
        &self,
        tenant: TenantId,
        plans: Plans,
        work: impl Fn(TenantTx) -> Work,
    ) -> Result<T, Problem>
    where
        Work: Future<Output = Result<T, Problem>>,
    {
        let store = self.store();
        if let Some(standby) = store.standby() {
            match store.read_at(standby, tenant, plans).await {
                Ok(tx) => match work(tx).await {
                    Err(problem) if problem.is_of_server() => failed(standby, &problem),
                    done => {
                        count("served");
                        return done;
                    }
                },
                Err(Passed::Primary(error)) => return Err(error.into()),
                Err(Passed::Aside) => count("aside"),
                Err(Passed::Late) => count("late"),
                Err(Passed::Failed) => count("failed"),
            }
        }
        work(store.reader(tenant, plans).await?).await
    }
}

/// A read that had to make way for what the standby replays is no reason to leave it aside.
fn failed(standby: &Standby, problem: &Problem) {
    count("failed");
    if !problem.is_contended() {
        standby.doubt();
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("callweave_standby_reads_total", "outcome" => outcome).increment(1);
}
