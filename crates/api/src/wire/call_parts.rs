//! The parts of a call as they are served, and lists of calls.

use std::collections::BTreeMap;

use callweave_model::{
    Analysis, CallId, ConnectionId, Timestamp, Utterance,
    call::{ArtifactError, Media, Party},
    connection::Freshness,
    enums::{ArtifactState, TranscriptFormat, TranscriptSource},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::call::CallDocument;

/// A page of calls.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallList<'a> {
    /// The calls.
    pub(crate) data: Vec<CallDocument<'a>>,
    /// Where the next page begins; `null` on the last one.
    pub(crate) next_cursor: Option<String>,
    /// How fresh the data of each connection is that the query looks at, by connection id.
    pub(crate) freshness: BTreeMap<ConnectionId, Freshness>,
    /// What the query could not do, connection by connection.
    pub(crate) notes: Vec<Note>,
}

/// Something that the query could not do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Note {
    /// `date_range_not_applied`: calls of this connection have no start of their own.
    #[schema(example = "date_range_not_applied")]
    pub(crate) code: &'static str,
    /// The connection it concerns.
    pub(crate) connection_id: ConnectionId,
    /// In words.
    pub(crate) detail: String,
}

/// The transcript of a call, or how far it has come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TranscriptDocument {
    /// The call.
    pub(crate) call_id: CallId,
    /// How far the transcript has come. Only `ready` carries words.
    pub(crate) state: ArtifactState,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<ArtifactError>,
    /// The vendor record it came with.
    pub(crate) source_remote_id: Option<String>,
    /// BCP-47, only when the vendor gave it.
    pub(crate) language: Option<String>,
    /// Where it comes from.
    pub(crate) source: Option<TranscriptSource>,
    /// Utterances, or only text.
    pub(crate) format: Option<TranscriptFormat>,
    /// The vendor's text, whole, where there is one.
    pub(crate) text: Option<String>,
    /// The vendor's normalised text.
    pub(crate) normalized_text: Option<String>,
    /// The number of turns the vendor counted.
    pub(crate) turns: Option<i32>,
    /// 0-1.
    pub(crate) confidence: Option<f64>,
    /// The utterances were parsed from `text` by its labels; they carry no times.
    pub(crate) derived: bool,
    /// Who took part; utterances point here by `party_index`.
    pub(crate) parties: Vec<Party>,
    /// How many utterances the transcript has, whatever part of them is shown here.
    pub(crate) utterances_total: usize,
    /// `after` of the next page; `null` where this one is the last.
    pub(crate) next_after: Option<usize>,
    /// What was said, in order.
    pub(crate) utterances: Vec<Utterance>,
}

/// The analyses of a call.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnalysisList {
    /// The call.
    pub(crate) call_id: CallId,
    /// How far the analysis has come.
    pub(crate) state: ArtifactState,
    /// The vendor's runs.
    pub(crate) data: Vec<Analysis>,
}

/// The recordings and files of a call.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MediaList {
    /// The call.
    pub(crate) call_id: CallId,
    /// How far the recording has come.
    pub(crate) state: ArtifactState,
    /// The recordings and files.
    pub(crate) data: Vec<Media>,
}

/// The vendor's own documents behind a call.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RawDocumentList {
    /// The call.
    pub(crate) call_id: CallId,
    /// The documents, by record and operation.
    pub(crate) data: Vec<RawDocumentEntry>,
}

/// One document of the vendor, as it came.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RawDocumentEntry {
    /// The operation that gave it, as the coverage table names it.
    #[schema(example = "CG-18")]
    pub(crate) operation: String,
    /// What tells it from others of the same operation and record.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) part: String,
    /// The vendor record it belongs to.
    pub(crate) record: RecordName,
    /// The MIME type.
    pub(crate) content_type: String,
    /// SHA-256 of the bytes, hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub(crate) sha256: String,
    /// The size in bytes.
    pub(crate) size_bytes: usize,
    /// The document, where it is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub(crate) json: Option<Value>,
    /// The document in base64, where it is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) base64: Option<String>,
}

/// The name of a vendor record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordName {
    /// The vendor's kind of record.
    pub(crate) kind: String,
    /// The vendor's id of it.
    pub(crate) remote_id: String,
}

/// The changes of a call, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionList {
    /// The call.
    pub(crate) call_id: CallId,
    /// The changes.
    pub(crate) data: Vec<VersionEntry>,
}

/// One change of a call.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionEntry {
    /// Counts from 1.
    pub(crate) version: i32,
    /// When.
    pub(crate) at: Timestamp,
    /// `created, updated, restored, deleted, client, remapped, vendor_expired, retention`.
    #[schema(example = "updated")]
    pub(crate) cause: String,
    /// The top-level members that changed.
    pub(crate) changed: Vec<String>,
}
