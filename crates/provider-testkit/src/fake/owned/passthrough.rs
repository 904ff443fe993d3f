//! Requests in the fake vendor's own words: answered as a test says, or with an echo.

use async_trait::async_trait;
use bytes::Bytes;
use callweave_provider::{
    CallContext, Result,
    http_client::Answer,
    passthrough::{PassRequest, Passthrough},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use crate::fake::{operation::PASSTHROUGH, provider::FakeProvider};

#[async_trait]
impl Passthrough for FakeProvider {
    async fn forward(&self, context: &CallContext<'_>, request: PassRequest) -> Result<Answer> {
        self.enter(PASSTHROUGH, context).await?;
        self.owned(PASSTHROUGH, |owned| {
            let answer = owned.pass_answer.take();
            let answer = answer.unwrap_or_else(|| echo(&request));
            owned.passed.push(request);
            Some(answer)
        })
    }
}

fn echo(request: &PassRequest) -> Answer {
    let told = |value: &Option<HeaderValue>| {
        value
            .as_ref()
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let body = json!({
        "method": request.method.as_str(),
        "path": request.path,
        "query": request.query,
        "content_type": told(&request.content_type),
        "accept_language": told(&request.accept_language),
        "body": String::from_utf8_lossy(&request.body),
    });
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Answer {
        status: StatusCode::OK,
        headers,
        body: Bytes::from(body.to_string()),
    }
}
