//! Any HTTP client, with a record of what it was asked.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use callweave_provider::{
    HttpClient,
    http_client::{Answer, OutgoingRequest, StreamingAnswer, TransportError},
};

use crate::Recorded;

/// Hands requests on to another client and records them. Clones share one record.
#[derive(Clone, Debug)]
pub struct Recorder {
    client: Arc<dyn HttpClient>,
    requests: Arc<Mutex<Vec<Recorded>>>,
}

impl Recorder {
    /// A recorder in front of a client.
    pub fn new(client: Arc<dyn HttpClient>) -> Self {
        Self {
            client,
            requests: Arc::default(),
        }
    }

    /// Everything that was asked so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note(&self, request: &OutgoingRequest) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.push(Recorded::of(request.clone()));
    }
}

#[async_trait]
impl HttpClient for Recorder {
    async fn send(&self, request: OutgoingRequest) -> Result<Answer, TransportError> {
        self.note(&request);
        self.client.send(request).await
    }

    async fn stream(&self, request: OutgoingRequest) -> Result<StreamingAnswer, TransportError> {
        self.note(&request);
        self.client.stream(request).await
    }
}
