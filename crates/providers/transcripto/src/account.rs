//! The account: plan and search (TR-02, TR-10).

use async_trait::async_trait;
use callweave_model::owned::{FoundCall, Usage};
use callweave_provider::{
    CallContext, Result,
    account::AccountAdmin,
    listing::{ListQuery, Listing},
};
use serde_json::{Map, Value};

use crate::Transcripto;

#[async_trait]
impl AccountAdmin for Transcripto {
    async fn usage(&self, context: &CallContext<'_>) -> Result<Usage> {
        self.plan(context).await
    }

    async fn search_calls(
        &self,
        context: &CallContext<'_>,
        criteria: &Map<String, Value>,
        query: &ListQuery,
    ) -> Result<Listing<FoundCall>> {
        self.search(context, criteria, query).await
    }
}
