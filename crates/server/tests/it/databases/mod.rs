//! What becomes of gateways when PostgreSQL is in trouble.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use callweave_sandbox::Vendor;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::sleep};
use uuid::Uuid;

use crate::{
    outside::{Api, PATIENCE, Stage},
    support::eventually,
};

mod crashes;
mod crowds;
mod disks;
mod outcomes;
mod standbys;
mod upgrades;
mod wires;

/// One answer, as a client sees it.
#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    code: String,
    retry_after: bool,
    took: Duration,
}

impl Answer {
    /// Whether it was worked on; several writers of one thing may find each other in it.
    fn is_good(&self) -> bool {
        matches!(self.status, 200 | 412)
    }
}

/// Asks once; a gateway that does not answer at all fails the test.
async fn ask(api: &Api, method: Method, path: &str, body: Option<&Value>) -> Answer {
    let began = Instant::now();
    let mut request = api.request(method, path);
    if let Some(body) = body {
        request = request.json(body);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let retry_after = response.headers().contains_key("retry-after");
    let text = response.text().await.unwrap();
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    Answer {
        status,
        code: body["code"].as_str().unwrap_or_default().to_owned(),
        retry_after,
        took: began.elapsed(),
    }
}

/// Clients that read and write all the time.
struct Clients {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Vec<Answer>>>,
}

impl Clients {
    fn start(api: &Api, connection: Uuid, number: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let tasks = (0..number)
            .map(|client| {
                let (api, stop) = (api.clone(), Arc::clone(&stop));
                tokio::spawn(async move {
                    let path = format!("/v1/connections/{connection}");
                    let change = json!({"tags": {"client": client.to_string()}});
                    let mut answers = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        let calls = "/v1/calls?limit=5";
                        answers.push(ask(&api, Method::GET, calls, None).await);
                        answers.push(ask(&api, Method::PATCH, &path, Some(&change)).await);
                        sleep(Duration::from_millis(20)).await;
                    }
                    answers
                })
            })
            .collect();
        Self { stop, tasks }
    }

    /// All answers: each of them good, or a 503 that says when to come again.
    async fn end(self) -> Vec<Answer> {
        self.stop.store(true, Ordering::Relaxed);
        let mut answers = Vec::new();
        for task in self.tasks {
            answers.extend(task.await.unwrap());
        }
        for answer in &answers {
            let busy = answer.status == 503 && answer.retry_after;
            assert!(answer.is_good() || busy, "{answer:?}");
        }
        answers
    }
}

/// Waits for a good answer to a read and to a write; says how long it took.
async fn until_good(api: &Api, connection: Uuid) -> Duration {
    let began = Instant::now();
    let path = format!("/v1/connections/{connection}");
    let change = json!({"tags": {"after": "all"}});
    eventually("good answers", PATIENCE, async || {
        let read = ask(api, Method::GET, "/v1/calls?limit=5", None).await;
        let write = ask(api, Method::PATCH, &path, Some(&change)).await;
        if read.is_good() && write.is_good() {
            Ok(())
        } else {
            Err(format!("{read:?}, {write:?}"))
        }
    })
    .await;
    began.elapsed()
}

/// Waits until the connection was synced anew; says how long it took.
pub(crate) async fn until_synced_anew(api: &Api, connection: Uuid) -> Duration {
    let began = Instant::now();
    let before = synced_at(api, connection).await;
    eventually("a sync", PATIENCE, async || {
        let now = synced_at(api, connection).await;
        if now.is_some() && now != before {
            Ok(())
        } else {
            Err(format!("{before:?}"))
        }
    })
    .await;
    began.elapsed()
}

async fn synced_at(api: &Api, connection: Uuid) -> Option<String> {
    let status = api.status(connection).await;
    let at = status["freshness"]["synced_at"].as_str();
    at.map(str::to_owned)
}

/// Waits for a number of calls of a connection.
pub(crate) async fn until_calls(api: &Api, connection: Uuid, number: usize) {
    eventually("the calls", PATIENCE, async || {
        let path = format!("/v1/calls?connection_id={connection}&limit=200");
        let answered = api.try_send(Method::GET, &path, None).await;
        match answered {
            Ok((200, page)) if page["data"].as_array().unwrap().len() == number => Ok(()),
            Ok((status, page)) => Err(format!(
                "{status}, {:?}",
                page["data"].as_array().map(Vec::len)
            )),
            Err(error) => Err(error.to_string()),
        }
    })
    .await;
}

/// A connected vendor whose calls are all here.
async fn synced(stage: &Stage, api: &Api, calls: usize) -> Uuid {
    let url = stage.sandbox.base_url();
    let id = stage.connect(api, Vendor::CallGear, &url).await;
    until_calls(api, id, calls).await;
    id
}
