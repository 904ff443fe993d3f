//! Background work, done when a test says so, and requests that hand work in.

use std::{io, sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use callweave_credentials::connector::Connector;
use callweave_jobs::{JobOptions, Jobs};
use callweave_model::{Clock, ConnectionId, ids::Ids, ids::RandomIds};
use callweave_store::Store;
use callweave_sync::{Engine, EngineOptions};
use futures::stream;
use http::{Method, Request};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Answer, Gateway};

/// Jobs that believe a vendor at once.
pub(crate) fn quick_jobs() -> JobOptions {
    JobOptions {
        settle: Duration::ZERO,
        ..JobOptions::default()
    }
}

/// The workers of a gateway.
pub(crate) struct Workers {
    pub(crate) jobs: Jobs,
    pub(crate) engine: Engine,
}

impl Workers {
    pub(crate) fn new(
        store: &Store,
        connector: &Connector,
        clock: Arc<dyn Clock>,
        options: JobOptions,
    ) -> Self {
        let ids: Arc<dyn Ids> = Arc::new(RandomIds);
        let jobs = Jobs::new(
            store.clone(),
            connector.clone(),
            clock.clone(),
            ids.clone(),
            options,
        );
        let pace = EngineOptions {
            workers: 1,
            ..EngineOptions::default()
        };
        Self {
            jobs,
            engine: Engine::new(store.clone(), connector.clone(), clock, ids, pace),
        }
    }
}

impl Gateway {
    /// Gives jobs turns until none is due; returns how many they had.
    pub(crate) async fn work(&self) -> usize {
        let mut turns = 0;
        while self
            .workers
            .jobs
            .turn(&CancellationToken::new())
            .await
            .unwrap()
        {
            turns += 1;
            assert!(turns < 1_000, "jobs are due again and again");
        }
        turns
    }

    /// Gives connections turns until none is due.
    pub(crate) async fn sync(&self) {
        let mut turns = 0;
        while self
            .workers
            .engine
            .turn(&CancellationToken::new())
            .await
            .unwrap()
        {
            turns += 1;
            assert!(turns < 100, "syncs are due again and again");
        }
    }

    /// Makes everything due that waits for its time.
    pub(crate) async fn hasten(&self) {
        for statement in [
            "UPDATE job_queue SET due_at = now() WHERE due_at IS NOT NULL",
            "UPDATE job_chunks SET sent_at = sent_at - interval '2 hours'",
            "UPDATE records SET due_at = due_at - interval '2 hours'",
            "UPDATE sync_state SET next_run_at = now(), not_before = NULL",
        ] {
            self.execute(statement).await;
        }
    }

    /// One round of all background work.
    pub(crate) async fn round(&self) {
        self.hasten().await;
        self.sync().await;
        self.work().await;
    }

    /// Changes the database behind the gateway's back.
    pub(crate) async fn execute(&self, statement: &'static str) {
        let pool = self.database.pool().await;
        sqlx::query(statement).execute(&pool).await.unwrap();
    }

    /// Hands work in under a fresh key.
    pub(crate) async fn hand_in(&self, path: &str, body: &Value) -> Answer {
        let key = RandomIds.next().to_string();
        let headers = [("idempotency-key", key.as_str())];
        self.send(Method::POST, path, Some(body), &headers).await
    }

    /// Has a call analysed that the vendor has; returns the job's id.
    pub(crate) async fn analyse(&self, connection: ConnectionId, call: &str) -> String {
        let body = json!({
            "connection_id": connection,
            "source": {"type": "vendor_call", "call_remote_id": call},
        });
        let answer = self.hand_in("/v1/analyses", &body).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// Where a job stands.
    pub(crate) async fn job(&self, id: &str) -> Value {
        let answer = self.get(&format!("/v1/jobs/{id}")).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.json()
    }

    pub(crate) async fn job_state(&self, id: &str) -> String {
        self.job(id).await["state"].as_str().unwrap().to_owned()
    }

    /// Sends a job once more.
    pub(crate) async fn resubmit(&self, id: &str, query: &str) -> Answer {
        let path = format!("/v1/jobs/{id}/resubmit{query}");
        self.hand_in(&path, &json!({})).await
    }

    /// The types of all events of jobs, in order.
    pub(crate) async fn job_events(&self) -> Vec<String> {
        let events = self.get("/v1/events?limit=200").await.json();
        let events = events["data"].as_array().unwrap().iter();
        events
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .filter(|kind| kind.starts_with("job."))
            .collect()
    }
}

/// A form with a file, sent piece by piece.
pub(crate) struct Form {
    pub(crate) fields: Vec<(&'static str, String)>,
    pub(crate) pieces: Vec<io::Result<Bytes>>,
    pub(crate) after: Vec<(&'static str, String)>,
    pub(crate) file_name: &'static str,
    pub(crate) key: String,
}

const BOUNDARY: &str = "a-boundary";

impl Form {
    /// A recording of so many bytes for a connection.
    pub(crate) fn new(connection: ConnectionId, size: usize) -> Self {
        let piece = Bytes::from(vec![b'a'; 64 * 1024]);
        let mut pieces = Vec::new();
        let mut left = size;
        while left > 0 {
            let length = left.min(piece.len());
            pieces.push(Ok(piece.slice(..length)));
            left -= length;
        }
        Self {
            fields: vec![("connection_id", connection.to_string())],
            pieces,
            after: Vec::new(),
            file_name: "Call of Nadia.wav",
            key: RandomIds.next().to_string(),
        }
    }

    pub(crate) fn field(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    /// All that the form says, in one part.
    pub(crate) fn whole(mut self, submission: &Value) -> Self {
        self.fields = vec![("submission", submission.to_string())];
        self
    }

    /// The caller breaks off after the last piece.
    pub(crate) fn broken(mut self) -> Self {
        self.pieces
            .push(Err(io::Error::from(io::ErrorKind::ConnectionReset)));
        self
    }

    fn request(self, key: &str) -> Request<Body> {
        let text = |name: &str, value: &str| {
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
        };
        let mut head: String = self
            .fields
            .iter()
            .map(|(name, value)| text(name, value))
            .collect();
        let file = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\
             Content-Type: audio/wav\r\n\r\n",
            self.file_name
        );
        head.push_str(&file);
        let mut tail = "\r\n".to_owned();
        for (name, value) in &self.after {
            tail.push_str(&text(name, value));
        }
        let end = format!("--{BOUNDARY}--\r\n");
        tail.push_str(&end);
        let pieces = std::iter::once(Ok(Bytes::from(head)))
            .chain(self.pieces)
            .chain([Ok(Bytes::from(tail))]);
        let body: Vec<io::Result<Bytes>> = pieces.collect();
        Request::post("/v1/analyses")
            .header("authorization", format!("Bearer {key}"))
            .header("idempotency-key", self.key)
            .header(
                "content-type",
                format!("multipart/form-data; boundary={BOUNDARY}"),
            )
            .body(Body::from_stream(stream::iter(body)))
            .unwrap()
    }

    pub(crate) async fn send(self, gateway: &Gateway) -> Answer {
        let request = self.request(&gateway.key);
        gateway.raw(request).await
    }

    /// The same in one piece whose length is known, as a small form comes from most clients.
    pub(crate) async fn send_at_once(self, gateway: &Gateway) -> Answer {
        let (parts, body) = self.request(&gateway.key).into_parts();
        let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        gateway
            .raw(Request::from_parts(parts, Body::from(whole)))
            .await
    }
}
