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
        // An alert sees no increase where a count begins with its first event.
        metrics::counter!("callweave_background_restarts_total", "work" => name).increment(0);
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
                // What it says of itself stays out: a panic may repeat what was worked on.
                let reason = match ended {
                    Ok(()) => "it returned",
                    Err(_panic) => "it panicked",
                };
                error!(
                    background.work = name,
                    background.reason = reason,
                    "Background work ended and is started again"
                );
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

    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::captured::Captured;

    #[tokio::test(start_paused = true)]
    async fn case_079_work_that_panics_a_thousand_times_is_started_again_beside_others() {
        const PANICS: u32 = 1_000;
        let (captured, _logging) = Captured::start();
        let recorder = PrometheusBuilder::new().build_recorder();
        let _counting = metrics::set_default_local_recorder(&recorder);
        let shutdown = CancellationToken::new();
        let supervisor = Supervisor::new(shutdown.clone());
        let starts = Arc::new(AtomicU32::new(0));
        let seen = starts.clone();
        supervisor.keep("fragile", move |stop| {
            let number = seen.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(number >= PANICS, "panic {number} over a canary");
                stop.cancelled().await;
            }
        });
        let ticks = Arc::new(AtomicU32::new(0));
        let ticking = ticks.clone();
        supervisor.keep("steady", move |stop| {
            let ticks = ticking.clone();
            async move {
                while !stop.is_cancelled() {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    ticks.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        let began = tokio::time::Instant::now();
        while starts.load(Ordering::SeqCst) <= PANICS {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let took = began.elapsed();
        assert!(
            took > LONGEST_PAUSE * (PANICS - 10),
            "with pauses: {took:?}"
        );
        let ticked = Duration::from_secs(u64::from(ticks.load(Ordering::SeqCst)));
        assert!(
            ticked + Duration::from_secs(5) > took,
            "others run: {ticked:?}"
        );
        let figures = recorder.handle().render();
        let counted = format!("callweave_background_restarts_total{{work=\"fragile\"}} {PANICS}");
        assert!(figures.contains(&counted), "{figures}");
        let log = captured.text();
        assert!(log.contains("background.work=\"fragile\""), "{log}");
        assert!(log.contains("background.reason=\"it panicked\""), "{log}");
        assert!(!log.contains("canary"), "{log}");
        assert!(!log.contains("background.work=\"steady\""));
        shutdown.cancel();
        supervisor.wait().await;
        assert_eq!(starts.load(Ordering::SeqCst), PANICS + 1);
    }
}
