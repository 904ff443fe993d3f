//! The account at the vendor: usage, tokens, conditions, the vendor's own search and procedures.

use async_trait::async_trait;
use callweave_model::owned::{
    FoundCall, NotificationCondition, Usage, VendorToken, VendorTokenDraft,
};
use serde_json::{Map, Value};

use crate::{
    CallContext, Provider, Result, cannot,
    listing::{ListQuery, Listing},
};

/// Administers the account. A method that is left out answers
/// [`crate::ErrorKind::CapabilityNotSupported`] with its capability's name.
#[async_trait]
pub trait AccountAdmin: Provider {
    /// What the plan grants and what is left of it.
    async fn usage(&self, _context: &CallContext<'_>) -> Result<Usage> {
        Err(cannot(self, "account.usage"))
    }

    /// The tokens of the account, masked.
    async fn vendor_tokens(&self, _context: &CallContext<'_>) -> Result<Vec<VendorToken>> {
        Err(cannot(self, "account.vendor_tokens"))
    }

    /// Makes a token; its answer is the only one that shows it.
    async fn create_vendor_token(
        &self,
        _context: &CallContext<'_>,
        _draft: &VendorTokenDraft,
    ) -> Result<VendorToken> {
        Err(cannot(self, "account.vendor_tokens"))
    }

    /// Deletes a token. The one that this connection works with is refused.
    async fn delete_vendor_token(&self, _context: &CallContext<'_>, _token: &str) -> Result<()> {
        Err(cannot(self, "account.vendor_tokens"))
    }

    /// What conditions and filters can be built from.
    async fn notification_conditions(
        &self,
        _context: &CallContext<'_>,
    ) -> Result<Vec<NotificationCondition>> {
        Err(cannot(self, "account.notification_conditions"))
    }

    /// Calls a procedure of the vendor and returns what it answers.
    async fn rpc(
        &self,
        _context: &CallContext<'_>,
        _method: &str,
        _params: &Map<String, Value>,
    ) -> Result<Value> {
        Err(cannot(self, "account.rpc"))
    }

    /// Searches calls at the vendor by its own criteria. Names and values of `criteria` are the
    /// vendor's; an unknown name is refused with its pointer.
    async fn search_calls(
        &self,
        _context: &CallContext<'_>,
        _criteria: &Map<String, Value>,
        _query: &ListQuery,
    ) -> Result<Listing<FoundCall>> {
        Err(cannot(self, "account.search"))
    }
}
