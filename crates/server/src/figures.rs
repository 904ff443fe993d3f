//! Figures that nobody brings by: they are looked at every few seconds.

use std::{fs, sync::Arc, time::Duration};

use callweave_model::job::{JobState, JobType};
use callweave_store::{Store, StoreError, clock::DatabaseClock};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::gateway::Gateway;

/// How often they are taken.
const PAUSE: Duration = Duration::from_secs(5);
/// So many times as seldom what is asked of the database.
const SELDOM: u64 = 3;

/// Numbers as Prometheus keeps them; beyond 2^53 they are rounded.
#[expect(
    clippy::cast_precision_loss,
    reason = "figures of this size do not occur"
)]
const fn figure(number: i64) -> f64 {
    number as f64
}

/// What is looked at.
#[derive(Clone)]
pub(crate) struct Figures {
    page: PrometheusHandle,
    stores: Vec<(&'static str, Store)>,
    /// For requests, with its standby if there is one.
    requests: Store,
    clock: Arc<DatabaseClock>,
    /// Where background work is counted, if this process does any.
    work: Option<Store>,
}

impl Figures {
    /// The figures of a process; `works` says whether it does background work.
    pub(crate) fn new(gateway: &Gateway, works: bool, page: PrometheusHandle) -> Self {
        metrics::gauge!("callweave_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        begin_at_zero();
        let mut stores = vec![
            ("requests", gateway.store.clone()),
            ("workers", gateway.worker_store.clone()),
        ];
        if let Some(standby) = gateway.store.standby() {
            stores.push(("standby", standby.store().clone()));
        }
        Self {
            page,
            stores,
            requests: gateway.store.clone(),
            clock: gateway.database_clock.clone(),
            work: works.then(|| gateway.worker_store.clone()),
        }
    }

    /// Takes them until `shutdown`.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        for round in 0_u64.. {
            self.page.run_upkeep();
            self.pools();
            metrics::gauge!("callweave_database_clock_ahead_seconds")
                .set(figure(self.clock.ahead_ms()) / 1_000.0);
            process();
            if round % SELDOM == 0
                && let Some(store) = &self.work
                && let Err(error) = work(store).await
            {
                // What is wrong with the database is said elsewhere.
                debug!(
                    error = &error as &dyn std::error::Error,
                    "Work was not counted"
                );
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    fn pools(&self) {
        // The pool of the workers tells the same.
        metrics::gauge!("callweave_database_refuses_changes")
            .set(figure(i64::from(self.requests.refuses_changes())));
        if let Some(standby) = self.requests.standby() {
            let in_use = standby.aside().is_none();
            metrics::gauge!("callweave_standby_in_use").set(figure(i64::from(in_use)));
            metrics::gauge!("callweave_standby_lag_seconds").set(standby.lag().as_secs_f64());
        }
        for (pool, store) in &self.stores {
            let (open, idle) = store.pool_size();
            for (name, number) in [
                ("callweave_database_connections", i64::from(open)),
                ("callweave_database_connections_idle", length(idle)),
                ("callweave_database_waiting", length(store.waiting())),
            ] {
                metrics::gauge!(name, "pool" => *pool).set(figure(number));
            }
        }
    }
}

/// What alerts wait for is counted from zero: of a count that begins with its first event Prometheus
/// sees no increase.
fn begin_at_zero() {
    metrics::counter!("callweave_http_shed_total").increment(0);
    metrics::counter!("callweave_transactions_repeated_total").increment(0);
    metrics::counter!("callweave_secrets_unreadable_total", "kind" => "token").increment(0);
    for factory in callweave_registry::vendors().iter() {
        let vendor = factory.manifest().vendor;
        for outcome in ["ok", "failed"] {
            metrics::counter!("callweave_token_renewals_total", "vendor" => vendor, "outcome" => outcome)
                .increment(0);
        }
        for job_type in JobType::WORDS.iter().filter(|word| **word != "other") {
            metrics::counter!("callweave_jobs_total", "vendor" => vendor,
                "type" => *job_type, "state" => JobState::Failed.as_str())
            .increment(0);
        }
    }
}

fn length(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What waits in the database, over all replicas.
async fn work(store: &Store) -> Result<(), StoreError> {
    let mut tx = store.system().await?;
    let load = tx.load().await?;
    tx.commit().await?;
    for (state, number) in [
        ("due", load.syncs_due),
        ("running", load.syncs_running),
        ("failing", load.failing),
        ("all", load.connections),
    ] {
        metrics::gauge!("callweave_sync_connections", "state" => state).set(figure(number));
    }
    for (state, number) in [
        ("due", load.jobs_due),
        ("running", load.jobs_running),
        ("resting", load.jobs_resting),
    ] {
        metrics::gauge!("callweave_job_queue", "state" => state).set(figure(number));
    }
    metrics::gauge!("callweave_sync_lag_seconds").set(load.sync_lag);
    metrics::gauge!("callweave_sync_wait_seconds").set(load.sync_wait);
    metrics::gauge!("callweave_job_wait_seconds").set(load.job_wait);
    Ok(())
}

/// Memory and open files, where the system tells.
fn process() {
    if let Some(kibibytes) = fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            line.split_whitespace().next()?.parse::<f64>().ok()
        })
    {
        metrics::gauge!("process_resident_memory_bytes").set(kibibytes * 1024.0);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        metrics::gauge!("process_open_fds").set(figure(length(files.count())));
    }
}
