//! Pools of background workers.
//!
//! What is due stands in the database under a lease. A worker takes one thing, keeps its lease by
//! a heartbeat while it works, puts it back and takes the next; it rests when nothing is due and
//! goes on after a failure. What the thing is, its owner says ([`Work`]).

use std::{error::Error, time::Duration};

use callweave_store::Result;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

/// How long an idle worker waits before it looks again.
const IDLE: Duration = Duration::from_millis(250);

/// The pause after a turn that failed, and before a worker that panicked is started again.
const PAUSE: Duration = Duration::from_secs(1);

/// What a pool of workers does.
pub trait Work: Clone + Send + Sync + 'static {
    /// Its name in the log.
    const NAME: &'static str;

    /// Takes one thing that is due and works on it; `false` when nothing is.
    fn turn(&self, shutdown: &CancellationToken) -> impl Future<Output = Result<bool>> + Send;
}

/// Works until `shutdown`; then ends the turns under way at their next safe point.
///
/// A worker that panics is started again after a pause.
pub async fn run<W: Work>(work: W, workers: usize, shutdown: CancellationToken) {
    let mut pool = JoinSet::new();
    for _ in 0..workers.max(1) {
        pool.spawn(turns(work.clone(), shutdown.clone(), Duration::ZERO));
    }
    while let Some(ended) = pool.join_next().await {
        if shutdown.is_cancelled() {
            continue;
        }
        // What it says of itself stays out: a panic may repeat what was worked on.
        let reason = match ended {
            Ok(()) => "it returned",
            Err(_panic) => "it panicked",
        };
        error!(
            worker.pool = W::NAME,
            worker.reason = reason,
            "A worker ended and is started again"
        );
        pool.spawn(turns(work.clone(), shutdown.clone(), PAUSE));
    }
}

async fn turns<W: Work>(work: W, shutdown: CancellationToken, delay: Duration) {
    let mut pause = delay;
    while !shutdown.is_cancelled() {
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = tokio::time::sleep(pause) => {}
        }
        pause = match work.turn(&shutdown).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => IDLE,
            Err(error) if error.is_transient() => PAUSE,
            Err(error) => {
                error!(
                    worker.pool = W::NAME,
                    error = &error as &dyn Error,
                    "A turn failed"
                );
                PAUSE
            }
        };
    }
}

/// Does work under a lease that lasts `lease` without a sign of life: `beat` moves its end every
/// third of that. When it is lost, the work is dropped where it stands and
/// [`Fenced`](callweave_store::StoreError::Fenced) comes back.
pub async fn hold<T, Beat: Future<Output = Result<()>>>(
    lease: Duration,
    beat: impl Fn() -> Beat,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let lost = async {
        loop {
            tokio::time::sleep(lease / 3).await;
            match beat().await {
                Ok(()) => {}
                Err(error) if error.is_transient() => {
                    warn!("The heartbeat of a lease could not be written");
                }
                Err(error) => return error,
            }
        }
    };
    tokio::select! {
        done = work => done,
        error = lost => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use callweave_store::StoreError;

    use super::*;

    #[derive(Clone)]
    struct Stumbling(Arc<AtomicU32>, CancellationToken);

    impl Work for Stumbling {
        const NAME: &'static str = "test";

        async fn turn(&self, _shutdown: &CancellationToken) -> Result<bool> {
            match self.0.fetch_add(1, Ordering::SeqCst) {
                0 => panic!("the first turn panics"),
                1 => Err(StoreError::Fenced),
                2 => Ok(true),
                _ => {
                    self.1.cancel();
                    Ok(false)
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn case_079_a_pool_goes_on_after_panics_and_failures() {
        let turns = Arc::new(AtomicU32::new(0));
        let shutdown = CancellationToken::new();
        run(
            Stumbling(turns.clone(), shutdown.clone()),
            1,
            shutdown.clone(),
        )
        .await;
        assert_eq!(turns.load(Ordering::SeqCst), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn work_ends_where_it_stands_when_its_lease_is_lost() {
        let beats = AtomicU32::new(0);
        let beat = || async {
            match beats.fetch_add(1, Ordering::SeqCst) {
                0 => Ok(()),
                _ => Err(StoreError::Fenced),
            }
        };
        let lease = Duration::from_secs(30);
        let forever = std::future::pending::<Result<()>>();
        assert!(matches!(
            hold(lease, &beat, forever).await,
            Err(StoreError::Fenced)
        ));
        assert_eq!(beats.load(Ordering::SeqCst), 2);
        let done = hold(lease, &beat, async { Ok(7) }).await;
        assert_eq!(done.unwrap(), 7);
    }
}
