//! What a vendor was asked for one record, and answered: recorded from the sandbox by
//! `examples/record.rs`.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use callweave_model::Timestamp;
use callweave_provider::{
    HttpClient, RecordRef,
    http_client::{Answer, OutgoingRequest, OutgoingUpload, StreamingAnswer, TransportError},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

/// What stands in the place of every secret.
pub(crate) const SECRET: &str = "secret";

/// The recorded documents, by vendor.
const RECORDED: [(&str, &str); 4] = [
    ("alovoice", include_str!("../documents/alovoice.json")),
    ("callgear", include_str!("../documents/callgear.json")),
    ("neuro", include_str!("../documents/neuro.json")),
    ("transcripto", include_str!("../documents/transcripto.json")),
];

/// The vendors of which documents were recorded.
pub(crate) fn vendors() -> impl Iterator<Item = &'static str> {
    RECORDED.iter().map(|(vendor, _)| *vendor)
}

/// One record as a vendor gave it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) vendor: String,
    pub(crate) kind: String,
    pub(crate) remote_id: String,
    /// What its list told of it.
    pub(crate) hint: Option<Value>,
    pub(crate) settings: Map<String, Value>,
    /// The time of day at which it was fetched.
    pub(crate) now: Timestamp,
    answers: Vec<Recorded>,
}

/// One answer. The body stands in the file as it came.
#[derive(Clone, Debug, Deserialize)]
struct Recorded {
    /// Method, path and query.
    request: String,
    content_type: String,
    body: Box<RawValue>,
}

impl Exchange {
    /// What was recorded of a vendor.
    pub(crate) fn of(vendor: &str) -> Result<Self> {
        let recorded = RECORDED.iter().find(|(name, _)| *name == vendor);
        let (_, text) = recorded.with_context(|| format!("nothing was recorded of {vendor}"))?;
        serde_json::from_str(text).with_context(|| format!("the documents of {vendor}"))
    }

    pub(crate) fn record(&self) -> RecordRef {
        RecordRef::new(&self.kind, self.remote_id.clone())
    }

    /// A client that answers as the vendor did.
    pub(crate) fn replayed(&self) -> Result<Replayed> {
        let answers = self.answers.iter().map(|recorded| {
            let mut headers = HeaderMap::new();
            let content_type = HeaderValue::from_str(&recorded.content_type)?;
            headers.insert(header::CONTENT_TYPE, content_type);
            let body = Bytes::from(recorded.body.get().to_owned());
            let answer = Answer {
                status: StatusCode::OK,
                headers,
                body,
            };
            Ok((recorded.request.clone(), answer))
        });
        Ok(Replayed {
            answers: answers.collect::<Result<_>>()?,
        })
    }
}

/// Answers what was recorded, and to anything else that it is not there.
#[derive(Debug)]
pub(crate) struct Replayed {
    answers: Vec<(String, Answer)>,
}

#[async_trait::async_trait]
impl HttpClient for Replayed {
    async fn send(&self, request: OutgoingRequest) -> Result<Answer, TransportError> {
        let uri = request.request.uri();
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let method = request.request.method().as_str();
        let asked = |recorded: &str| {
            let parts = recorded.split_once(' ');
            parts.is_some_and(|(verb, place)| verb == method && place == target)
        };
        let found = self.answers.iter().find(|(recorded, _)| asked(recorded));
        found
            .map(|(_, answer)| answer.clone())
            .ok_or(TransportError::EgressDenied)
    }

    async fn stream(&self, _request: OutgoingRequest) -> Result<StreamingAnswer, TransportError> {
        Err(TransportError::EgressDenied)
    }

    async fn upload(&self, _request: OutgoingUpload) -> Result<Answer, TransportError> {
        Err(TransportError::EgressDenied)
    }
}
