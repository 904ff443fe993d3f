//! Starting an analysis: of a call the vendor has, of a recording, of a chat, of a video.
//!
//! A submission may cost money. An adapter sends it once, as
//! [`crate::http_client::Safety::Write`]; whether it is sent again after an unknown outcome is not
//! the vendor's business. The call that comes of it is fetched like any other, by its record.

use async_trait::async_trait;
use callweave_model::{Timestamp, enums::Direction};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CallContext, Provider, RecordRef, Result, http_client::UploadBody};

/// What is to be analysed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Source {
    /// A call that the vendor has already.
    VendorCall {
        /// The vendor's id of it.
        call_remote_id: String,
    },
    /// A recording of a call that comes along as a file.
    Recording {
        /// The name it is sent under: unique, made by the gateway, with the file's ending.
        file_name: String,
        /// Its MIME type.
        content_type: String,
    },
    /// A recording of a call that the vendor fetches itself.
    RecordingUrl {
        /// Where. May hold a signature: it stands in no log.
        url: String,
    },
    /// Any sound that comes along as a file.
    Audio {
        /// The name it is sent under.
        file_name: String,
        /// Its MIME type.
        content_type: String,
    },
    /// A video that the vendor fetches itself.
    VideoUrl {
        /// Where.
        url: String,
    },
    /// A written conversation.
    Chat {
        /// The whole of it as text. Either this or `messages`.
        text: Option<String>,
        /// Its pieces, as the vendor takes them.
        messages: Option<Vec<Value>>,
    },
}

impl Source {
    /// The word of the source's type.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::VendorCall { .. } => "vendor_call",
            Self::Recording { .. } => "recording",
            Self::RecordingUrl { .. } => "recording_url",
            Self::Audio { .. } => "audio",
            Self::VideoUrl { .. } => "video_url",
            Self::Chat { .. } => "chat",
        }
    }

    /// A file comes along.
    pub const fn has_file(&self) -> bool {
        matches!(self, Self::Recording { .. } | Self::Audio { .. })
    }
}

/// An analysis to be started. Holds personal data: it is stored sealed and never logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// What is to be analysed.
    pub source: Source,
    /// When the conversation began.
    pub started_at: Option<Timestamp>,
    /// Its direction.
    pub direction: Option<Direction>,
    /// The name of the agent.
    pub agent_name: Option<String>,
    /// The CRM's id of the customer.
    pub customer_id: Option<String>,
    /// The folder at the vendor.
    pub folder_remote_id: Option<String>,
    /// BCP-47; the vendor finds out unless told.
    pub language: Option<String>,
    /// The vendor's word for how to work on it.
    pub processing_mode: Option<String>,
    /// The length, where the caller knows it; for the plan's guard.
    pub duration_ms: Option<i64>,
    /// Send it although the vendor has analysed it before.
    #[serde(default)]
    pub force: bool,
}

/// An analysis that the vendor took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The record that becomes a call.
    pub record: RecordRef,
    /// What [`crate::Lookup`] needs to know of it.
    pub hint: Option<Value>,
}

/// How far an analysis is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The vendor works on it.
    Processing {
        /// The vendor's word, where it has one.
        state_raw: Option<String>,
    },
    /// It is done: the record can be fetched.
    Done,
    /// It failed.
    Failed {
        /// The vendor's code or word.
        code: Option<String>,
        /// What the vendor says.
        message: Option<String>,
    },
}

/// What came of looking for a submission without a known outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<T> {
    /// The vendor has it.
    Yes(T),
    /// The vendor definitely does not have it.
    No,
    /// The vendor cannot tell, or cannot tell yet: asked later, it may.
    Unknown,
}

/// What a submission takes from the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// The resource's name in [`callweave_model::owned::Usage`].
    pub resource: &'static str,
    /// How much of it, in the unit that its name says; `None` where that is not known before.
    pub amount: Option<f64>,
}

/// Starts analyses.
#[async_trait]
pub trait Submit: Provider {
    /// The words of the sources this vendor takes; see [`Source::word`].
    fn sources(&self) -> &'static [&'static str];

    /// Checks a submission before anything is stored or sent. Pointers begin at the submission's
    /// own members, as the gateway's route names them: `/source/url`, `/call/started_at`.
    fn validate(&self, submission: &Submission) -> Result<()>;

    /// What it takes from the plan; `None` where there is no plan.
    fn cost(&self, _submission: &Submission) -> Option<Cost> {
        None
    }

    /// Sends it. One request, once; `upload` is there if and only if [`Source::has_file`].
    async fn submit(
        &self,
        context: &CallContext<'_>,
        submission: &Submission,
        upload: Option<UploadBody>,
    ) -> Result<Submitted>;

    /// Looks for a submission whose sending had no known outcome.
    async fn find(
        &self,
        context: &CallContext<'_>,
        submission: &Submission,
        sent_at: Timestamp,
    ) -> Result<Found<Submitted>>;

    /// Asks how far it is.
    async fn progress(&self, context: &CallContext<'_>, record: &RecordRef) -> Result<Progress>;
}
