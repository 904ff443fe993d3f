//! Work passed to vendors: what it is, where it stands, how it got there.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{open_enum::open_enum, time::Timestamp};

open_enum! {
    /// What a job has the vendor do.
    JobType {
        /// Analyses a call.
        AnalyzeCall = "analyze_call",
        /// Turns any sound or video into text, and analyses that.
        Transcribe = "transcribe",
        /// Analyses a written conversation.
        AnalyzeChat = "analyze_chat",
        /// Has a voice agent call somebody.
        LaunchDialog = "launch_dialog",
        /// Has a voice agent call many.
        LaunchDialogBatch = "launch_dialog_batch",
        /// Has a report written.
        Report = "report",
    }
}

open_enum! {
    /// Where a job stands.
    JobState {
        /// Recorded; nothing has been sent.
        Accepted = "accepted",
        /// On its way: whether the vendor has it is not known yet.
        Submitting = "submitting",
        /// The vendor took it.
        Submitted = "submitted",
        /// The vendor works on it.
        Processing = "processing",
        /// It was sent, and whether the vendor has it could not be found out. Never sent again by
        /// itself.
        OutcomeUnknown = "outcome_unknown",
        /// Ended: a part came, a part did not.
        PartiallyCompleted = "partially_completed",
        /// Ended: what was asked for is stored here.
        Completed = "completed",
        /// Ended: refused, or failed at the vendor.
        Failed = "failed",
        /// Ended: taken back before it was sent, or removed from the vendor's queue.
        Canceled = "canceled",
        /// Ended: its time was up.
        Expired = "expired",
    }
}

impl JobState {
    /// Nothing happens any more unless somebody asks for it.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::PartiallyCompleted
                | Self::Completed
                | Self::Failed
                | Self::Canceled
                | Self::Expired
        )
    }
}

open_enum! {
    /// Whether the vendor has what was sent.
    Delivery {
        /// It does not: nothing was sent, or the vendor refused it.
        None = "none",
        /// It may.
        Unknown = "unknown",
        /// It does.
        Taken = "taken",
    }
}

open_enum! {
    /// Where one dialog of a batch stands.
    ItemState {
        /// Recorded; nothing has been sent.
        Accepted = "accepted",
        /// On its way to the vendor, or waiting for the vendor's word on it.
        Submitting = "submitting",
        /// The vendor took it.
        Submitted = "submitted",
        /// Its outcome is stored here.
        Completed = "completed",
        /// The vendor refused it, or it failed there.
        Failed = "failed",
        /// It was sent, and whether the vendor has it could not be found out.
        OutcomeUnknown = "outcome_unknown",
        /// Taken back.
        Canceled = "canceled",
        /// Its time was up.
        Expired = "expired",
    }
}

/// A state a job was in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobMoment {
    /// The state.
    pub state: JobState,
    /// Since when.
    pub at: Timestamp,
    /// Why, where it is not plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One request that handed the job, or a part of it, to the vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobAttempt {
    /// Counts them, from 1.
    pub number: u32,
    /// Which part of a batch it carried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk: Option<i32>,
    /// Before it was sent.
    pub sent_at: Timestamp,
    /// When its answer came, or was given up.
    pub ended_at: Option<Timestamp>,
    /// `taken`, `refused`, `not_sent` or `unknown`; `null` while it is on its way.
    pub outcome: Option<String>,
    /// The problem code, where it was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What went wrong with a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobError {
    /// The problem code.
    #[schema(example = "vendor.request_rejected")]
    pub code: String,
    /// In words.
    pub detail: String,
    /// The vendor's operation, as the coverage table names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The vendor's HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_status: Option<u16>,
    /// The vendor's own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_code: Option<String>,
    /// The vendor's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_message: Option<String>,
}

/// What a job takes from the vendor's plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobCost {
    /// The resource, as `GET /v1/connections/{id}/usage` names it.
    #[schema(example = "call_minutes")]
    pub resource: String,
    /// How much of it, in the unit that its name says; `null` where that is not known ahead.
    pub amount: Option<f64>,
}
