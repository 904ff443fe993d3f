//! Requests to vendors that say which trace they belong to (`vendors.forward_trace`).

use std::sync::Arc;

use async_trait::async_trait;
use callweave_api::trace;
use callweave_provider::{
    HttpClient,
    http_client::{Answer, OutgoingRequest, OutgoingUpload, StreamingAnswer, TransportError},
};

/// A client whose requests say which trace they belong to.
#[derive(Debug)]
pub(crate) struct Traced(Arc<dyn HttpClient>);

impl Traced {
    /// Marks the requests of a client.
    pub(crate) const fn new(client: Arc<dyn HttpClient>) -> Self {
        Self(client)
    }

    /// Adds the header, within a request that has a trace.
    fn mark<B>(request: &mut http::Request<B>) {
        if let Some(place) = trace::current().and_then(trace::TraceParent::header_value) {
            request.headers_mut().insert("traceparent", place);
        }
    }
}

#[async_trait]
impl HttpClient for Traced {
    async fn send(&self, mut request: OutgoingRequest) -> Result<Answer, TransportError> {
        Self::mark(&mut request.request);
        self.0.send(request).await
    }

    async fn stream(
        &self,
        mut request: OutgoingRequest,
    ) -> Result<StreamingAnswer, TransportError> {
        Self::mark(&mut request.request);
        self.0.stream(request).await
    }

    async fn upload(&self, mut request: OutgoingUpload) -> Result<Answer, TransportError> {
        Self::mark(&mut request.request);
        self.0.upload(request).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use callweave_provider::http_client::Safety;

    use super::*;

    /// Remembers what it was to send.
    #[derive(Debug, Default)]
    struct Recorder(Mutex<Vec<Option<String>>>);

    #[async_trait]
    impl HttpClient for Recorder {
        async fn send(&self, request: OutgoingRequest) -> Result<Answer, TransportError> {
            let header = request.request.headers().get("traceparent");
            let header = header.map(|value| value.to_str().unwrap().to_owned());
            self.0.lock().unwrap().push(header);
            Err(TransportError::Timeout)
        }

        async fn stream(
            &self,
            request: OutgoingRequest,
        ) -> Result<StreamingAnswer, TransportError> {
            self.send(request).await.map(|_answer| unreachable!())
        }

        async fn upload(&self, _request: OutgoingUpload) -> Result<Answer, TransportError> {
            Err(TransportError::Timeout)
        }
    }

    #[tokio::test]
    async fn a_request_within_a_trace_says_so_and_others_say_nothing() {
        let recorder = Arc::new(Recorder::default());
        let client = Traced::new(recorder.clone());
        let request = || OutgoingRequest {
            operation: "X-01",
            safety: Safety::Read,
            request: http::Request::new(bytes::Bytes::new()),
        };
        client.send(request()).await.ok();
        let place = trace::TraceParent {
            trace: 7,
            span: 9,
            flags: 1,
        };
        trace::at(place, async {
            client.send(request()).await.ok();
            client.stream(request()).await.ok();
        })
        .await;
        let marked = Some("00-00000000000000000000000000000007-0000000000000009-01".to_owned());
        assert_eq!(*recorder.0.lock().unwrap(), [None, marked.clone(), marked]);
    }
}
