//! Those who use the gateways meanwhile: one that lists, and one that follows the events.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::time::sleep;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::stage::{REPLICAS, Stage, lock};

/// What the users of the gateways have met.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) asked: u64,
    pub(crate) answered: u64,
    /// Asked in vain while PostgreSQL was down; not counted among the others.
    pub(crate) without_database: u64,
    pub(crate) internal_errors: u64,
    /// Events that were read more than once.
    pub(crate) repeated: u64,
    events: BTreeSet<String>,
    /// What the events say of each call, in their order.
    pub(crate) of_calls: BTreeMap<String, Vec<String>>,
}

/// Their tasks.
pub(crate) struct Watch(Arc<Mutex<Seen>>);

impl Watch {
    pub(crate) fn start(stage: &Arc<Stage>, stop: &CancellationToken, tasks: &TaskTracker) -> Self {
        let seen: Arc<Mutex<Seen>> = Arc::default();
        tasks.spawn(list(Arc::clone(stage), Arc::clone(&seen), stop.clone()));
        tasks.spawn(follow(Arc::clone(stage), Arc::clone(&seen), stop.clone()));
        Self(seen)
    }

    /// What they met.
    pub(crate) fn end(self) -> Seen {
        std::mem::take(&mut lock(&self.0))
    }
}

/// Lists calls all the time; asks the other gateway once where one does not answer.
async fn list(stage: Arc<Stage>, seen: Arc<Mutex<Seen>>, stop: CancellationToken) {
    let mut turn = 0;
    while !stop.is_cancelled() {
        turn += 1;
        let path = "/v1/calls?limit=20";
        let mut good = false;
        let mut down = stage.is_database_down();
        for attempt in 0..REPLICAS {
            let number = (turn + attempt) % REPLICAS;
            let status = stage.ask(number, path).await;
            if let Ok((500, problem)) = &status {
                stage.say(&format!("an internal error: {problem}"));
                lock(&seen).internal_errors += 1;
            }
            good = matches!(status, Ok((200, _)));
            if good {
                break;
            }
        }
        down |= stage.is_database_down();
        lock(&seen).note_answer(good, down);
        sleep(Duration::from_millis(100)).await;
    }
}

/// Reads the events to the end, and a last time when everything is quiet.
async fn follow(stage: Arc<Stage>, seen: Arc<Mutex<Seen>>, stop: CancellationToken) {
    let mut after = "oldest".to_owned();
    let mut number = 0;
    loop {
        let last = stop.is_cancelled();
        let path = format!("/v1/events?limit=200&after={after}");
        let answer = stage.ask(number, &path).await;
        let Ok((200, page)) = answer else {
            number = (number + 1) % REPLICAS;
            sleep(Duration::from_millis(200)).await;
            continue;
        };
        if let Some(next) = page.get("next_cursor").and_then(Value::as_str) {
            next.clone_into(&mut after);
        }
        if let Some(events) = page.get("data").and_then(Value::as_array) {
            let mut seen = lock(&seen);
            for event in events {
                seen.note(event);
            }
        }
        if page.get("has_more") != Some(&Value::Bool(true)) {
            if last {
                return;
            }
            sleep(Duration::from_millis(300)).await;
        }
    }
}

impl Seen {
    fn note_answer(&mut self, good: bool, down: bool) {
        if down && !good {
            self.without_database += 1;
            return;
        }
        self.asked += 1;
        self.answered += u64::from(good);
    }

    fn note(&mut self, event: &Value) {
        let word = |pointer: &str| {
            let found = event.pointer(pointer).and_then(Value::as_str);
            found.unwrap_or_default().to_owned()
        };
        if !self.events.insert(word("/id")) {
            self.repeated += 1;
            return;
        }
        let kind = word("/type");
        if kind.starts_with("call.") {
            self.of_calls
                .entry(word("/subject/id"))
                .or_default()
                .push(kind);
        }
    }
}
