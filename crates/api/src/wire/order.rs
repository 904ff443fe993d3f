//! Work as callers hand it in.

use std::collections::BTreeMap;

use callweave_model::{ConnectionId, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, SchemaType, Type},
};

use super::input::{ExternalRef, PartyInput};

/// An analysis to be started.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnalysisInput {
    /// The connection it goes over.
    pub(crate) connection_id: ConnectionId,
    /// What is to be analysed.
    pub(crate) source: SourceInput,
    /// What is known of the conversation.
    #[serde(default)]
    pub(crate) call: CallInput,
    /// The vendor's word for how to work on it.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) processing_mode: Option<String>,
    /// Send it although the vendor has analysed the call before. It is charged again.
    #[serde(default)]
    pub(crate) force: bool,
    /// The CRM's own objects that belong to the call.
    #[schema(max_items = 50)]
    pub(crate) external_refs: Option<Vec<ExternalRef>>,
    /// Anything to be kept with the call; up to 64 KiB.
    #[schema(value_type = Option<Object>)]
    pub(crate) client_metadata: Option<Map<String, Value>>,
}

/// What is to be analysed. `type` says which of the other members there are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceInput {
    /// `vendor_call`: a call the vendor has, by `call_remote_id`. `recording_url`, `video_url`: what
    /// the vendor fetches from `url`. `chat`: `text` or `messages`. `recording`: a call that comes
    /// along as a file, `audio`: any other sound; both only in a form.
    #[serde(rename = "type")]
    #[schema(
        pattern = "^(vendor_call|recording|recording_url|audio|video_url|chat)$",
        example = "vendor_call"
    )]
    pub(crate) source_type: String,
    /// The vendor's id of the call.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$",
        example = "1760000000.101"
    )]
    pub(crate) call_remote_id: Option<String>,
    /// Where the vendor fetches it. The gateway keeps it sealed and fetches nothing.
    #[schema(
        min_length = 1,
        max_length = 4096,
        pattern = "^[^\\u0000-\\u0020\\u007F-\\u009F]+$",
        example = "https://recordings.example.com/101.mp3"
    )]
    pub(crate) url: Option<String>,
    /// A chat as one text, a line a message.
    #[schema(min_length = 1, max_length = 500_000)]
    pub(crate) text: Option<String>,
    /// A chat in pieces, each as the vendor takes it: a text, or an object.
    #[schema(min_items = 1, max_items = 10_000, value_type = Option<Vec<Object>>)]
    pub(crate) messages: Option<Vec<Value>>,
    /// The size of the file that comes along. With it the vendor is told the length ahead.
    #[schema(minimum = 1)]
    pub(crate) size_bytes: Option<u64>,
}

/// What is known of a conversation. It is passed on as far as the vendor takes it, and attached to
/// the call.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AnalysisCallInput)]
pub(crate) struct CallInput {
    /// The start.
    pub(crate) started_at: Option<Timestamp>,
    /// `inbound`, `outbound`, `internal`, `unknown` or `other`.
    #[schema(
        pattern = "^(inbound|outbound|internal|unknown|other)$",
        example = "inbound"
    )]
    pub(crate) direction: Option<String>,
    /// The name of the agent.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) agent_name: Option<String>,
    /// The CRM's id of the customer.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) customer_id: Option<String>,
    /// The folder at the vendor, by the vendor's id.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) folder_remote_id: Option<String>,
    /// The language, BCP-47 or the vendor's word; the vendor finds out unless told.
    #[schema(
        min_length = 1,
        max_length = 35,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$",
        example = "ru"
    )]
    pub(crate) language: Option<String>,
    /// The length. With it the gateway can tell whether the vendor's plan has room.
    #[schema(minimum = 1, maximum = 604_800_000)]
    pub(crate) duration_ms: Option<i64>,
    /// Who took part.
    #[schema(max_items = 20)]
    pub(crate) parties: Option<Vec<PartyInput>>,
}

/// An analysis whose file comes along. The parts beside `file` may instead be one part `submission`
/// with what the JSON body would be. A part that is empty says nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "documents the form; it is read part by part")]
pub(crate) struct AnalysisForm {
    /// The whole of the JSON body; `source.type` is `recording` unless told. Either this or the
    /// other parts.
    #[schema(required = false)]
    submission: AnalysisInput,
    /// The connection it goes over.
    #[schema(required = false)]
    connection_id: ConnectionId,
    /// `recording` (a call, the default) or `audio` (any sound).
    #[schema(required = false, rename = "type", pattern = "^(recording|audio)$")]
    source_type: String,
    /// The size of the file, where it is known ahead.
    #[schema(required = false, minimum = 1)]
    size_bytes: u64,
    /// The start.
    #[schema(required = false)]
    started_at: Timestamp,
    /// The direction.
    #[schema(
        required = false,
        pattern = "^(inbound|outbound|internal|unknown|other)$"
    )]
    direction: String,
    /// The name of the agent.
    #[schema(
        required = false,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]*$"
    )]
    agent_name: String,
    /// The CRM's id of the customer.
    #[schema(
        required = false,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]*$"
    )]
    customer_id: String,
    /// The folder at the vendor.
    #[schema(
        required = false,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]*$"
    )]
    folder_remote_id: String,
    /// The language.
    #[schema(
        required = false,
        max_length = 35,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]*$"
    )]
    language: String,
    /// The length.
    #[schema(required = false, minimum = 1, maximum = 604_800_000)]
    duration_ms: i64,
    /// The vendor's word for how to work on it.
    #[schema(
        required = false,
        max_length = 100,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]*$"
    )]
    processing_mode: String,
    /// Send it although the vendor has analysed the call before.
    #[schema(required = false)]
    force: bool,
    /// JSON: the CRM's own objects.
    #[schema(required = false, max_items = 50)]
    external_refs: Vec<ExternalRef>,
    /// JSON: anything to be kept with the call.
    #[schema(required = false, value_type = Object)]
    client_metadata: Map<String, Value>,
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A dialog to be started: a phone call to a person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DialogInput {
    /// The connection it goes over.
    pub(crate) connection_id: ConnectionId,
    /// The voice agent that calls, by the vendor's id.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) agent: String,
    /// A batch at the vendor that the dialog joins, by the vendor's id.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) batch: Option<String>,
    /// The name of a campaign that is made for it.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) campaign: Option<String>,
    /// Whom to call, in any usual spelling.
    #[schema(
        min_length = 3,
        max_length = 40,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$",
        example = "+99990001122"
    )]
    pub(crate) phone: String,
    /// The script of the agent; the vendor's default unless told.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) script: Option<String>,
    /// Where in the script to begin.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) script_entry_point: Option<String>,
    /// Values of the agent's input fields, by name; text, numbers or booleans.
    #[serde(default)]
    #[schema(schema_with = inputs)]
    pub(crate) inputs: BTreeMap<String, Value>,
    /// The CRM's own objects that belong to the call.
    #[schema(max_items = 50)]
    pub(crate) external_refs: Option<Vec<ExternalRef>>,
    /// Anything to be kept with the call; up to 64 KiB.
    #[schema(value_type = Option<Object>)]
    pub(crate) client_metadata: Option<Map<String, Value>>,
}

/// Dialogs to be started together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DialogBatchInput {
    /// The connection they go over.
    pub(crate) connection_id: ConnectionId,
    /// The voice agent that calls, by the vendor's id.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) agent: String,
    /// A batch at the vendor that the dialogs join; a new one unless told.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) batch: Option<String>,
    /// The name of a campaign that is made for them.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) campaign: Option<String>,
    /// The dialogs.
    #[schema(min_items = 1, max_items = 10_000)]
    pub(crate) dialogs: Vec<BatchDialogInput>,
}

/// One dialog of a batch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchDialogInput {
    /// Whom to call, in any usual spelling.
    #[schema(
        min_length = 3,
        max_length = 40,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$",
        example = "+99990001122"
    )]
    pub(crate) phone: String,
    /// The script of the agent; the vendor's default unless told.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) script: Option<String>,
    /// Where in the script to begin.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) script_entry_point: Option<String>,
    /// Values of the agent's input fields, by name; text, numbers or booleans.
    #[serde(default)]
    #[schema(schema_with = inputs)]
    pub(crate) inputs: BTreeMap<String, Value>,
    /// The CRM's own objects that belong to the call.
    #[schema(max_items = 50)]
    pub(crate) external_refs: Option<Vec<ExternalRef>>,
    /// Anything to be kept with the call; up to 64 KiB.
    #[schema(value_type = Option<Object>)]
    pub(crate) client_metadata: Option<Map<String, Value>>,
}

fn inputs() -> Object {
    let value = SchemaType::from_iter([Type::String, Type::Number, Type::Boolean]);
    let name = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property_names(Some(name))
        .additional_properties(Some(ObjectBuilder::new().schema_type(value)))
        .description(Some(
            "Values of the agent's input fields, by name; text, numbers or booleans.",
        ))
        .build()
}

/// The file of a form, as its part tells of it.
#[derive(Clone, Debug)]
pub(crate) struct FileHead {
    /// The name it is sent under.
    pub(crate) file_name: String,
    /// Its MIME type.
    pub(crate) content_type: String,
}
