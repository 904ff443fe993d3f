//! The account at the fake vendor.

use async_trait::async_trait;
use callweave_model::owned::{
    FoundCall, NotificationCondition, Usage, VendorToken, VendorTokenDraft,
};
use callweave_provider::{
    CallContext, Result,
    account::AccountAdmin,
    listing::{ListQuery, Listing},
};
use serde_json::{Map, Value, json};

use super::take;
use crate::fake::{operation::ACCOUNT, provider::FakeProvider};

#[async_trait]
impl AccountAdmin for FakeProvider {
    async fn usage(&self, context: &CallContext<'_>) -> Result<Usage> {
        self.enter(ACCOUNT, context).await?;
        self.owned(ACCOUNT, |owned| Some(owned.usage.clone()))
    }

    async fn vendor_tokens(&self, context: &CallContext<'_>) -> Result<Vec<VendorToken>> {
        self.enter(ACCOUNT, context).await?;
        self.owned(ACCOUNT, |owned| Some(owned.vendor_tokens.clone()))
    }

    async fn create_vendor_token(
        &self,
        context: &CallContext<'_>,
        draft: &VendorTokenDraft,
    ) -> Result<VendorToken> {
        self.enter(ACCOUNT, context).await?;
        self.owned(ACCOUNT, |owned| {
            let id = owned.next_id();
            let token = VendorToken {
                token: Some(format!("vendor-token-{id}")),
                token_hint: Some(format!("…{id}")),
                remote_id: id,
                name: Some(draft.name.clone()),
                expires_at: None,
                created_at: None,
                active: Some(true),
                in_use: false,
                extra: Map::new(),
            };
            owned.vendor_tokens.push(token.clone());
            Some(token)
        })
    }

    async fn delete_vendor_token(&self, context: &CallContext<'_>, token: &str) -> Result<()> {
        self.enter(ACCOUNT, context).await?;
        self.owned(ACCOUNT, |owned| {
            take(&mut owned.vendor_tokens, |known| known.remote_id == token).map(drop)
        })
    }

    async fn notification_conditions(
        &self,
        context: &CallContext<'_>,
    ) -> Result<Vec<NotificationCondition>> {
        self.enter(ACCOUNT, context).await?;
        Ok(vec![NotificationCondition {
            remote_id: "1".to_owned(),
            name: Some("Duration".to_owned()),
            data_type: Some("number".to_owned()),
            operators: vec![json!("more than")],
            values: Some(json!([1, 2])),
            extra: Map::new(),
        }])
    }

    async fn rpc(
        &self,
        context: &CallContext<'_>,
        method: &str,
        params: &Map<String, Value>,
    ) -> Result<Value> {
        if !method.starts_with("get.") {
            let detail = "is none of the methods that may be called";
            return Err(self.refused(ACCOUNT, "/method", detail));
        }
        self.enter(ACCOUNT, context).await?;
        self.owned(ACCOUNT, |owned| {
            owned.rpc_calls.push((method.to_owned(), params.clone()));
            Some(json!({"result": method}))
        })
    }

    async fn search_calls(
        &self,
        context: &CallContext<'_>,
        criteria: &Map<String, Value>,
        query: &ListQuery,
    ) -> Result<Listing<FoundCall>> {
        if criteria.contains_key("unknown") {
            let detail = "this vendor has no such criterion";
            return Err(self.refused(ACCOUNT, "/criteria/unknown", detail));
        }
        self.enter(ACCOUNT, context).await?;
        let ids: Vec<String> = self.vendor.lock().records.keys().cloned().collect();
        self.owned(ACCOUNT, |owned| {
            owned.searches.push(criteria.clone());
            let found: Vec<FoundCall> = ids
                .into_iter()
                .map(|remote_id| FoundCall {
                    remote_id,
                    call_id: None,
                    listed: Map::new(),
                })
                .collect();
            owned.page(&found, query)
        })
    }
}
