//! A client of event streams.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::{Answer, Gateway};

/// How long a test waits for something to come, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open stream of events.
pub(crate) struct EventStream {
    body: Body,
    text: String,
    /// The `id` that was heard last.
    pub(crate) last_id: String,
}

impl EventStream {
    /// Opens a stream; the answer where it is refused.
    pub(crate) async fn open(
        gateway: &Gateway,
        query: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Answer> {
        let path = format!("/v1/events/stream{query}");
        let mut request = Request::builder().uri(path);
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", format!("Bearer {}", gateway.key));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = gateway.router.clone().oneshot(request).await.unwrap();
        if response.status() != 200 {
            return Err(Answer::read(response).await);
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(response.headers().get("content-encoding").is_none());
        let mut stream = Self {
            body: response.into_body(),
            text: String::new(),
            last_id: String::new(),
        };
        // The greeting says where the stream begins.
        let greeting = stream.block().await.unwrap();
        assert!(greeting.contains("retry: "), "{greeting}");
        assert!(!stream.last_id.is_empty(), "{greeting}");
        Ok(stream)
    }

    /// The next block; `None` at the end of the stream.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(id) = field(&block, "id") {
                    id.clone_into(&mut self.last_id);
                }
                return Some(block);
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame())
                .await
                .unwrap()?;
            let bytes = frame.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// The next event; `None` at the end of the stream.
    pub(crate) async fn event(&mut self) -> Option<Value> {
        loop {
            let block = self.block().await?;
            if let Some(data) = field(&block, "data") {
                let event: Value = serde_json::from_str(data).unwrap();
                assert_eq!(field(&block, "event"), event["type"].as_str());
                return Some(event);
            }
        }
    }

    /// Waits for a sign of life.
    pub(crate) async fn heartbeat(&mut self) {
        loop {
            let block = self.block().await.unwrap();
            assert!(field(&block, "data").is_none(), "{block}");
            if block.contains(": alive") {
                return;
            }
        }
    }
}

fn field<'a>(block: &'a str, name: &str) -> Option<&'a str> {
    block.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        rest.strip_prefix(": ")
    })
}
