//! Requests in the vendor's own words.

use async_trait::async_trait;
use callweave_provider::{
    CallContext, Result,
    http_client::{Answer, Safety},
    passthrough::{PassRequest, Passthrough},
};
use http::Method;

use crate::Neuro;

#[async_trait]
impl Passthrough for Neuro {
    /// No `GET` of this vendor changes anything. Its log-ins are refused: an answer would show
    /// tokens, and a refresh would use up the gateway's own.
    async fn forward(&self, context: &CallContext<'_>, request: PassRequest) -> Result<Answer> {
        let safety = if matches!(request.method, Method::GET | Method::HEAD) {
            Safety::Read
        } else {
            Safety::Write
        };
        self.client.forward(context, safety, request).await
    }
}
