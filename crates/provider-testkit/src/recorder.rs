//! Any HTTP client, with a record of what it was asked.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use callweave_provider::{
    HttpClient,
    http_client::{
        Answer, OutgoingRequest, OutgoingUpload, StreamingAnswer, TransportError, UploadBody,
    },
};
use futures::{StreamExt as _, stream};

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

    fn note(&self, recorded: Recorded) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.push(recorded);
    }
}

#[async_trait]
impl HttpClient for Recorder {
    async fn send(&self, request: OutgoingRequest) -> Result<Answer, TransportError> {
        self.note(Recorded::of(request.clone()));
        self.client.send(request).await
    }

    async fn stream(&self, request: OutgoingRequest) -> Result<StreamingAnswer, TransportError> {
        self.note(Recorded::of(request.clone()));
        self.client.stream(request).await
    }

    /// The body is recorded as a whole and handed on.
    async fn upload(&self, request: OutgoingUpload) -> Result<Answer, TransportError> {
        let operation = request.operation;
        let head = request.request.clone();
        let recorded = Recorded::of_upload(request).await?;
        let body = UploadBody {
            length: u64::try_from(recorded.body.len()).ok(),
            content: stream::iter([Ok(recorded.body.clone())]).boxed(),
        };
        self.note(recorded);
        self.client
            .upload(OutgoingUpload {
                operation,
                request: head,
                body,
            })
            .await
    }
}
