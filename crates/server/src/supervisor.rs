//! Background work that must not end: what panics or returns early is started again after a pause.

use std::{future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::error;

/// The first pause before a restart, doubled for each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Work that lasted so long ended for another reason than the time before.
const LASTED: Duration = Duration::from_mins(5);

/// Owns the background work of the process.
#[derive(Clone, Debug)]
pub(crate) struct Supervisor {
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Supervisor {
    /// Without work yet; all of it is told to end by `shutdown`.
    pub(crate) fn new(shutdown: CancellationToken) -> Self {
        Self {
            tasks: TaskTracker::new(),
            shutdown,
        }
    }

    /// Keeps work going until the shutdown, which `work` is given and must heed.
    pub(crate) fn keep<Work, Done>(&self, name: &'static str, work: Work)
    where
        Work: Fn(CancellationToken) -> Done + Send + 'static,
        Done: Future<Output = ()> + Send + 'static,
    {
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            let mut pause = FIRST_PAUSE;
            while !shutdown.is_cancelled() {
                metrics::gauge!("callweave_background_up", "work" => name).set(1.0);
                let began = tokio::time::Instant::now();
                let ended = tokio::spawn(work(shutdown.clone())).await;
                metrics::gauge!("callweave_background_up", "work" => name).set(0.0);
                if shutdown.is_cancelled() {
                    break;
                }
                let reason = ended
                    .err()
                    .map_or_else(|| "it returned".to_owned(), |error| error.to_string());
                error!(background.work = name, background.reason = %reason, "Background work ended and is started again");
                metrics::counter!("callweave_background_restarts_total", "work" => name)
                    .increment(1);
                if began.elapsed() > LASTED {
                    pause = FIRST_PAUSE;
                }
                tokio::select! {
                    () = shutdown.cancelled() => break,
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        });
    }

    /// Waits until all work has ended.
    pub(crate) async fn wait(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_that_panics_is_started_again() {
        let shutdown = CancellationToken::new();
        let supervisor = Supervisor::new(shutdown.clone());
        let starts = Arc::new(AtomicU32::new(0));
        let seen = starts.clone();
        supervisor.keep("test", move |stop| {
            let number = seen.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(number > 1, "the first two times it panics");
                stop.cancelled().await;
            }
        });
        while starts.load(Ordering::SeqCst) < 3 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        shutdown.cancel();
        supervisor.wait().await;
        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }
}
