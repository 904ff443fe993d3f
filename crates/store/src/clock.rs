//! One clock for all replicas: the database's.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use callweave_model::{Clock, Timestamp};

use crate::{Result, Store, convert};

/// A smaller difference is as likely the way to the database as the clocks.
const NOISE: i64 = 250;
/// A look that took longer says little about the time.
const SLOW: i64 = 5_000;
/// How often the clocks are compared.
const LOOK: Duration = Duration::from_secs(10);

/// This machine's clock, set by the database's: what one replica writes down as "later" is later for
/// all of them, whatever their machines think the time is.
#[derive(Debug)]
pub struct DatabaseClock {
    machine: Arc<dyn Clock>,
    ahead_ms: AtomicI64,
}

impl DatabaseClock {
    /// The machine's clock as it is, until it is compared.
    pub fn new(machine: Arc<dyn Clock>) -> Self {
        Self {
            machine,
            ahead_ms: AtomicI64::new(0),
        }
    }

    /// Compares the clocks and follows the database's.
    pub async fn compare(&self, store: &Store) -> Result<()> {
        let mut tx = store.system().await?;
        let before = self.machine.now().as_millis();
        let at: convert::DbTime = sqlx::query_scalar("SELECT clock_timestamp()")
            .fetch_one(tx.executor())
            .await?;
        let after = self.machine.now().as_millis();
        tx.commit().await?;
        if (0..=SLOW).contains(&(after - before)) {
            let ahead = convert::model(at).as_millis() - i64::midpoint(before, after);
            if (ahead - self.ahead_ms()).abs() > NOISE {
                self.ahead_ms.store(ahead, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Compares the clocks again and again. Dropped, it stops.
    pub async fn follow(&self, store: &Store) {
        loop {
            tokio::time::sleep(LOOK).await;
            // A database that is away has no time to tell; what was known holds until it is back.
            if let Err(error) = self.compare(store).await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "The database's clock could not be read"
                );
            }
        }
    }

    /// By how much the database's clock is ahead of this machine's, in milliseconds.
    pub fn ahead_ms(&self) -> i64 {
        self.ahead_ms.load(Ordering::Relaxed)
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> Timestamp {
        let machine = self.machine.now();
        Timestamp::from_millis(machine.as_millis().saturating_add(self.ahead_ms()))
            .unwrap_or(machine)
    }
}
