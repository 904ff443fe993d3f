//! API keys as they are written and served.

use callweave_model::{ApiKeyId, Timestamp};
use callweave_store::api_keys::ApiKey;
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::Array};

use crate::scope;

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyInput {
    /// What its owner calls it.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$",
        example = "CRM"
    )]
    pub(crate) name: String,
    /// What it may do; nothing that the key which makes it may not do.
    #[schema(schema_with = scope_words)]
    pub(crate) scopes: Vec<String>,
    /// When it ends; never unless told.
    #[schema(example = "2099-01-01T00:00:00.000Z")]
    pub(crate) expires_at: Option<Timestamp>,
}

fn scope_words() -> Array {
    scope::words("What it may do; nothing that the key which makes it may not do.")
        .examples([serde_json::json!(["calls:read", "transcripts:read"])])
        .build()
}

/// A key, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct KeyDocument {
    /// Its id, which stands in the key itself.
    id: ApiKeyId,
    /// What its owner calls it.
    name: String,
    /// What it may do.
    scopes: Vec<String>,
    /// When it was made.
    created_at: Timestamp,
    /// When it ends.
    expires_at: Option<Timestamp>,
    /// When it was revoked.
    revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    last_used_at: Option<Timestamp>,
}

/// How a key is replaced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotationInput {
    /// How long the old key goes on beside the new one, in seconds; an hour unless told, 0 to end
    /// it at once.
    #[schema(minimum = 0, maximum = 2_592_000, example = 3600)]
    pub(crate) keep_old_s: Option<u64>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewKeyDocument {
    /// What is kept of it.
    #[serde(flatten)]
    pub(crate) stored: KeyDocument,
    /// The key itself. It is shown this once.
    pub(crate) key: String,
}

/// The tenant's keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyList {
    /// The keys, newest first.
    pub(crate) data: Vec<KeyDocument>,
}

impl From<ApiKey> for KeyDocument {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            scopes: key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
        }
    }
}
