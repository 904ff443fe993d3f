//! Dialogs to be started, queues and campaigns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Extra;
use crate::{enums::CallStatus, time::Timestamp};

/// A dialog that a voice agent is to hold: a phone call to a person.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DialogRequest {
    /// Whom to call, in any usual spelling.
    #[schema(min_length = 3, max_length = 40, example = "+99990001122")]
    pub phone: String,
    /// The script of the agent; the vendor's default unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub script: Option<String>,
    /// Where in the script to begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub script_entry_point: Option<String>,
    /// Values of the agent's input fields, by name; text, numbers or booleans.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub inputs: BTreeMap<String, Value>,
}

impl std::fmt::Debug for DialogRequest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Phone and inputs are personal data.
        formatter
            .debug_struct("DialogRequest")
            .field("script", &self.script)
            .field("script_entry_point", &self.script_entry_point)
            .finish_non_exhaustive()
    }
}

/// A dialog or a call that waits in an agent's queue.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct QueuedItem {
    /// The vendor's id of the dialog or the call.
    pub remote_id: String,
    /// The dialog that a call belongs to, where the vendor tells.
    pub dialog_remote_id: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    /// As the vendor writes it.
    pub phone_raw: Option<String>,
    /// How far it is.
    pub status: CallStatus,
    /// The vendor's word for it.
    pub status_raw: Option<String>,
    /// When it came into the queue.
    pub added_at: Option<Timestamp>,
    /// What else the vendor says.
    #[schema(value_type = Object)]
    pub extra: Extra,
}

/// A named set of dialogs that an agent works off.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Campaign {
    /// The vendor's id of it.
    pub remote_id: String,
    /// The name.
    pub name: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// Whether all of it is done.
    pub completed: Option<bool>,
    /// How many dialogs belong to it.
    pub dialogs_count: Option<i64>,
    /// What else the vendor says.
    #[schema(value_type = Object)]
    pub extra: Extra,
}
