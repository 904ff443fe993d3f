//! The account at the vendor: plan and usage, tokens, what conditions can be built from, and calls
//! as the vendor's own search finds them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Extra;
use crate::{ids::CallId, time::Timestamp};

/// What the plan grants, what is used and what is left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Usage {
    /// The vendor's id of the plan.
    pub plan_remote_id: Option<String>,
    /// The name of the plan.
    pub plan_name: Option<String>,
    /// When the plan began.
    pub starts_at: Option<Timestamp>,
    /// When it ends.
    pub ends_at: Option<Timestamp>,
    /// Whole days until then, as the vendor counts them.
    pub days_left: Option<i64>,
    /// The resources by name, e.g. `call_minutes`, `chat_count`.
    pub resources: BTreeMap<String, Resource>,
    /// What the plan allows, by name, e.g. `calls`.
    pub enabled: BTreeMap<String, bool>,
    /// The price, a decimal number as text.
    pub price: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// What else the vendor says.
    #[schema(value_type = Object)]
    pub extra: Extra,
}

/// One resource of a plan, in the unit that its name says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Resource {
    /// What the plan grants.
    pub limit: Option<f64>,
    /// What is used.
    pub used: Option<f64>,
    /// What is left.
    pub remaining: Option<f64>,
}

/// A token of the vendor's account. The token itself is shown once, when it is made.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
pub struct VendorToken {
    /// The vendor's id of it.
    pub remote_id: String,
    /// The name.
    pub name: Option<String>,
    /// The last characters of the token, behind a mask.
    pub token_hint: Option<String>,
    /// The whole token; only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Whether it is taken.
    pub active: Option<bool>,
    /// Whether this connection works with it.
    pub in_use: bool,
    /// What else the vendor says.
    #[schema(value_type = Object)]
    pub extra: Extra,
}

impl std::fmt::Debug for VendorToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("VendorToken")
            .field("remote_id", &self.remote_id)
            .field("name", &self.name)
            .field("in_use", &self.in_use)
            .finish_non_exhaustive()
    }
}

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VendorTokenDraft {
    /// The name.
    #[schema(min_length = 1, max_length = 200, example = "reporting")]
    pub name: String,
}

/// A field that the vendor's conditions and filters can be built from.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct NotificationCondition {
    /// The vendor's id of it.
    pub remote_id: String,
    /// The name.
    pub name: Option<String>,
    /// The vendor's word for the type of its values.
    pub data_type: Option<String>,
    /// How it can be compared, as the vendor writes it.
    #[schema(value_type = Vec<Value>)]
    pub operators: Vec<Value>,
    /// What it can be compared with, as the vendor writes it.
    #[schema(value_type = Option<Value>)]
    pub values: Option<Value>,
    /// What else the vendor says.
    #[schema(value_type = Object)]
    pub extra: Extra,
}

/// A call as the vendor's own search found it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FoundCall {
    /// The vendor's id of the call.
    pub remote_id: String,
    /// The gateway's id of it, where it is stored here.
    pub call_id: Option<CallId>,
    /// What the vendor's search says of it, under the vendor's names.
    #[schema(value_type = Object)]
    pub listed: Extra,
}
