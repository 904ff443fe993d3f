//! Requests in the vendor's own words. The caller writes `{token}` where the token belongs into the
//! path, e.g. `callgetairesult/{token}/1716207617.123`; it stands nowhere else.

use async_trait::async_trait;
use callweave_provider::{
    CallContext, Result,
    http_client::Answer,
    passthrough::{PassRequest, Passthrough},
};

use crate::AloVoice;

#[async_trait]
impl Passthrough for AloVoice {
    /// A `GET` of this vendor may begin an analysis, so only those that are known to read are.
    async fn forward(&self, context: &CallContext<'_>, request: PassRequest) -> Result<Answer> {
        self.client.forward(context, request).await
    }
}
