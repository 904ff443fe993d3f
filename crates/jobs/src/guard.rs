//! The usage guard: a job that the vendor's plan has no room for is refused before it is sent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use callweave_credentials::connector::OpenConnection;
use callweave_model::{ConnectionId, Timestamp, owned::Usage};
use callweave_provider::submit::Cost;
use callweave_store::{connections::Connection, jobs::Level};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::{Jobs, Refusal, Shortfall};

/// How long the vendor's figures are taken from memory.
const FRESH: Duration = Duration::from_secs(15);

/// How long the caller waits for the vendor's figures; without them the job is taken on.
const PATIENCE: Duration = Duration::from_secs(10);

/// Jobs that were made longer ago are not reckoned with any more.
const RESERVED: Duration = Duration::from_hours(24);

/// The vendors' figures as they were last read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meters(Arc<Mutex<HashMap<ConnectionId, Reading>>>);

#[derive(Clone, Debug)]
struct Reading {
    usage: Usage,
    at: Timestamp,
    taken: Instant,
}

impl Meters {
    fn readings(&self) -> MutexGuard<'_, HashMap<ConnectionId, Reading>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self, connection: ConnectionId) -> Option<Reading> {
        let mut readings = self.readings();
        readings.retain(|_, reading| reading.taken.elapsed() < FRESH);
        readings.get(&connection).cloned()
    }
}

impl Jobs {
    /// Refuses what the plan has no room for, what other jobs will take reckoned in. A vendor that
    /// does not tell its figures decides by itself.
    pub(crate) async fn guard(
        &self,
        open: &OpenConnection,
        connection: &Connection,
        cost: Option<&Cost>,
        request_id: &str,
    ) -> Result<(), Refusal> {
        let Some(cost) = cost else { return Ok(()) };
        let Some(reading) = self.read_meter(open, connection, request_id).await? else {
            return Ok(());
        };
        let Some(resource) = reading.usage.resources.get(cost.resource) else {
            return Ok(());
        };
        let Some(remaining) = resource.remaining else {
            return Ok(());
        };
        let since = self.clock.now().minus(RESERVED);
        let mut tx = self.store.tenant(connection.tenant_id).await?;
        let reserved = tx
            .reserved_usage(connection.id, cost.resource, reading.at, since)
            .await?;
        tx.commit().await?;
        let left = (remaining - reserved).max(0.0);
        let fits = cost.amount.map_or(left > 0.0, |needed| needed <= left);
        if fits {
            return Ok(());
        }
        Err(Refusal::Quota(Shortfall {
            resource: cost.resource.to_owned(),
            needed: cost.amount,
            remaining: left,
            limit: resource.limit,
        }))
    }

    /// Reads the figures again after something was sent, for whoever waits for them to run low.
    pub(crate) async fn look_at_meter(
        &self,
        open: &OpenConnection,
        connection: &Connection,
        request_id: &str,
    ) {
        if let Err(error) = self.read_meter(open, connection, request_id).await {
            warn!(
                error = &error as &dyn std::error::Error,
                "The usage of a plan could not be noted"
            );
        }
    }

    async fn read_meter(
        &self,
        open: &OpenConnection,
        connection: &Connection,
        request_id: &str,
    ) -> Result<Option<Reading>, Refusal> {
        if let Some(reading) = self.meters.fresh(connection.id) {
            return Ok(Some(reading));
        }
        let provider = open.provider();
        if provider.account().is_none() {
            return Ok(None);
        }
        let at = self.clock.now();
        let asked = open.run(request_id, |access| {
            Box::pin(async move {
                match provider.account() {
                    Some(account) => account.usage(&access.context()).await,
                    None => Ok(Usage::default()),
                }
            })
        });
        let usage = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(usage)) => usage,
            Ok(Err(error)) => {
                info!(error = %error, "The vendor does not tell what is left of its plan");
                return Ok(None);
            }
            Err(_elapsed) => {
                info!("The vendor did not tell in time what is left of its plan");
                return Ok(None);
            }
        };
        let reading = Reading {
            usage,
            at,
            taken: Instant::now(),
        };
        self.meters
            .readings()
            .insert(connection.id, reading.clone());
        self.note_levels(connection, &reading.usage).await?;
        Ok(Some(reading))
    }

    async fn note_levels(&self, connection: &Connection, usage: &Usage) -> Result<(), Refusal> {
        let levels = levels(usage, self.options.low_usage);
        if levels.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.tenant(connection.tenant_id).await?;
        tx.note_usage(connection.id, &levels, self.clock.now())
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The resources whose limit and rest are known.
fn levels(usage: &Usage, low: f64) -> Vec<Level> {
    usage
        .resources
        .iter()
        .filter_map(|(name, resource)| {
            let (limit, remaining) = (resource.limit?, resource.remaining?);
            (limit > 0.0).then(|| Level {
                resource: name.clone(),
                limit: Some(limit),
                remaining,
                low: remaining < limit * low,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use callweave_model::owned::Resource;

    use super::*;

    #[test]
    fn a_resource_runs_low_below_its_share() {
        let resource = |limit: Option<f64>, remaining: Option<f64>| Resource {
            limit,
            used: None,
            remaining,
        };
        let usage = Usage {
            resources: [
                ("calls".to_owned(), resource(Some(100.0), Some(9.0))),
                ("chats".to_owned(), resource(Some(100.0), Some(10.0))),
                ("endless".to_owned(), resource(None, Some(1.0))),
                ("nothing".to_owned(), resource(Some(0.0), Some(0.0))),
            ]
            .into(),
            ..Usage::default()
        };
        let low: Vec<(String, bool)> = levels(&usage, 0.1)
            .into_iter()
            .map(|level| (level.resource, level.low))
            .collect();
        assert_eq!(
            low,
            [("calls".to_owned(), true), ("chats".to_owned(), false)]
        );
    }
}
