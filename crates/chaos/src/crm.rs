//! A CRM that registers the calls of a vendor without lists while there is trouble.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use callweave_sandbox::Vendor;
use futures::{StreamExt as _, stream};
use serde_json::json;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::task::TaskTracker;

use crate::{
    Plan,
    changes::live,
    stage::{REPLICAS, Stage},
};

/// Its calls are spread over this share of the trouble.
const SHARE: f64 = 0.9;
/// Requests at the same time.
const AT_ONCE: usize = 8;
/// Before a request is sent again.
const PAUSE: Duration = Duration::from_millis(500);

/// The task that registers.
pub(crate) struct Crm(JoinHandle<Registered>);

/// What was registered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Registered {
    pub(crate) calls: u64,
    /// Requests that had to be sent again, under their own key.
    pub(crate) again: u64,
}

impl Crm {
    pub(crate) fn start(stage: &Arc<Stage>, plan: &Plan, tasks: &TaskTracker) -> Self {
        let (stage, plan) = (Arc::clone(stage), plan.clone());
        Self(tasks.spawn(async move { register(&stage, &plan).await }))
    }

    /// Waits until every call is registered.
    pub(crate) async fn end(self) -> Registered {
        // It only ends early by a panic, which its own message tells of.
        self.0.await.unwrap_or_default()
    }
}

/// Registers every call, one after the other, until a gateway has taken it.
async fn register(stage: &Stage, plan: &Plan) -> Registered {
    let vendor = Vendor::AloVoice;
    let Some(connection) = stage.connections.get(&vendor) else {
        return Registered::default();
    };
    let calls = live(stage.sandbox.world(), vendor);
    let count = u32::try_from(calls.len()).unwrap_or(u32::MAX);
    let (begun, pace) = (Instant::now(), plan.trouble.mul_f64(SHARE) / count.max(1));
    let again = AtomicU64::new(0);
    let requests = calls.into_iter().zip(0_u32..).map(|(call, number)| {
        let body = json!({"connection_id": connection, "remote_id": call});
        let key = format!("chaos-{number}");
        let again = &again;
        async move {
            sleep_until(begun + pace * number).await;
            for replica in (0..REPLICAS).cycle().skip(number as usize % REPLICAS) {
                let answer = stage.post(replica, "/v1/calls", &body, Some(&key)).await;
                if matches!(answer, Ok((200..=201, _))) {
                    return;
                }
                again.fetch_add(1, Ordering::Relaxed);
                sleep(PAUSE).await;
            }
        }
    });
    stream::iter(requests)
        .buffer_unordered(AT_ONCE)
        .collect::<()>()
        .await;
    Registered {
        calls: u64::from(count),
        again: again.into_inner(),
    }
}
