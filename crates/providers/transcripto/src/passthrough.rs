//! Requests in the vendor's own words.

use async_trait::async_trait;
use callweave_provider::{
    CallContext, Result,
    http_client::Answer,
    passthrough::{PassRequest, Passthrough},
};

use crate::{Transcripto, error::refused_token};

#[async_trait]
impl Passthrough for Transcripto {
    /// A refused token comes with status 200 here; every other failure is the vendor's answer.
    async fn forward(&self, context: &CallContext<'_>, request: PassRequest) -> Result<Answer> {
        // The login's refusals are about what the caller wrote, not about the connection's token.
        let login = request.path.trim_end_matches('/') == "auth/login";
        let answer = self.client.forward(context, request).await?;
        match refused_token("passthrough", &answer).filter(|_| !login) {
            Some(error) => Err(error),
            None => Ok(answer),
        }
    }
}
