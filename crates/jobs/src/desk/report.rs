//! Taking the order of a report on.

use callweave_model::job::JobType;
use callweave_store::connections::Connection;

use super::{Accepted, Requester, job_cost, unfit, unsupported};
use crate::{Jobs, Refusal, ReportOrder, input::Input};

impl Jobs {
    /// Takes the order of a report on; a worker sends it.
    pub async fn accept_report(
        &self,
        connection: &Connection,
        requester: &Requester,
        order: ReportOrder,
    ) -> Result<Accepted, Refusal> {
        let tenant = connection.tenant_id;
        if let Some(known) = self.known(tenant, requester).await? {
            return Ok(known);
        }
        let open = self.open(connection)?;
        let reports = open
            .provider()
            .reports()
            .ok_or_else(|| unsupported(&open, "reports"))?;
        reports.validate_report(&order.request).map_err(unfit)?;
        let cost = reports.report_cost(&order.request);
        self.guard(&open, connection, cost.as_ref(), &requester.doer.request_id)
            .await?;
        let mut job = self.draft(connection, JobType::Report, requester);
        job.source.clone_from(&order.request.report_type);
        job.cost = cost.as_ref().map(job_cost);
        self.seal(tenant, &mut job, &Input::Report(order))?;
        self.store_job(tenant, &requester.doer, job).await
    }
}
