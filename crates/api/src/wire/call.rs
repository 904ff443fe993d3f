//! A call as it is served.

use std::collections::BTreeMap;

use callweave_model::{
    Analysis, CallId, ConnectionId, SCHEMA_ID, TenantId, Timestamp, Transcript, VendorValues,
    call::{ArtifactStatus, Attempt, Media, Party, Privacy},
    connection::Freshness,
    enums::{CallKind, CallStatus, Channel, Direction, DurationSource, StartedAtSource},
    rollup::Rollup,
    stats::InteractionStats,
};
use callweave_store::{StoreError, calls::CallText};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::call_text::{Head, Part, analyses, transcript};
use crate::{hex::hex, problem::Problem};

/// An analysed call: everything nullable means "unknown".
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Call)]
pub(crate) struct CallDocument<'a> {
    /// The name of this schema.
    #[schema(example = "analyzed_call/1")]
    pub(crate) schema: &'static str,
    /// The id of the call; the same after a re-connect or a full re-sync.
    pub(crate) id: CallId,
    /// Whose it is.
    pub(crate) tenant_id: TenantId,
    /// The connection it came over.
    pub(crate) connection_id: ConnectionId,
    /// The vendor's key.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "acme")]
    pub(crate) vendor: &'a str,
    /// The vendor's id of the call.
    #[schema(value_type = String)]
    pub(crate) remote_id: &'a RawValue,
    /// Other ids of the same call at the vendor.
    #[schema(value_type = BTreeMap<String, String>)]
    pub(crate) remote_refs: &'a RawValue,
    /// The CRM's own objects that belong to the call.
    #[schema(value_type = Vec<super::input::ExternalRef>)]
    pub(crate) external_refs: &'a RawValue,
    /// The medium.
    #[schema(value_type = Channel)]
    pub(crate) channel: &'a RawValue,
    /// Who talks with the customer, or how the recording came.
    #[schema(value_type = CallKind)]
    pub(crate) kind: &'a RawValue,
    /// The direction; never inferred.
    #[schema(value_type = Direction)]
    pub(crate) direction: &'a RawValue,
    /// What became of the call.
    #[schema(value_type = CallStatus)]
    pub(crate) status: &'a RawValue,
    /// A title, where the vendor has one.
    #[schema(value_type = Option<String>)]
    pub(crate) subject: &'a RawValue,
    /// The start of the call.
    #[schema(value_type = Option<Timestamp>)]
    pub(crate) started_at: &'a RawValue,
    /// When it was answered.
    #[schema(value_type = Option<Timestamp>)]
    pub(crate) answered_at: &'a RawValue,
    /// When it ended.
    #[schema(value_type = Option<Timestamp>)]
    pub(crate) ended_at: &'a RawValue,
    /// Where `started_at` comes from.
    #[schema(value_type = StartedAtSource)]
    pub(crate) started_at_source: &'a RawValue,
    /// The length in milliseconds.
    #[schema(value_type = Option<i64>)]
    pub(crate) duration_ms: &'a RawValue,
    /// Where `duration_ms` comes from.
    #[schema(value_type = DurationSource)]
    pub(crate) duration_source: &'a RawValue,
    /// BCP-47, only when the vendor gave it.
    #[schema(value_type = Option<String>)]
    pub(crate) language: &'a RawValue,
    /// Who took part.
    #[schema(value_type = Vec<Party>)]
    pub(crate) parties: Part<'a, Vec<Party>>,
    /// The dial attempts of an AI dialog.
    #[schema(value_type = Vec<Attempt>)]
    pub(crate) attempts: Part<'a, Vec<Attempt>>,
    /// Recordings and files, with the gateway's address of each.
    #[schema(value_type = Vec<Media>)]
    pub(crate) media: Part<'a, Vec<Media>>,
    /// What was said; `null` unless included, and where there is none (`artifacts` tells which).
    #[schema(value_type = Option<Transcript>)]
    pub(crate) transcript: Option<Part<'a, Transcript>>,
    /// The vendor's runs over this call; `null` where they are not included.
    #[schema(value_type = Option<Vec<Analysis>>)]
    pub(crate) analyses: Option<Part<'a, Vec<Analysis>>>,
    /// A merged view of the analyses.
    #[schema(value_type = Rollup)]
    pub(crate) rollup: &'a RawValue,
    /// Numbers about the interaction.
    #[schema(value_type = InteractionStats)]
    pub(crate) stats: &'a RawValue,
    /// The vendor's folder, by its id there.
    #[schema(value_type = Option<String>)]
    pub(crate) folder_remote_id: &'a RawValue,
    /// The vendor's batch, by its id there.
    #[schema(value_type = Option<String>)]
    pub(crate) batch_remote_id: &'a RawValue,
    /// The vendor's campaign, by its id there.
    #[schema(value_type = Option<String>)]
    pub(crate) campaign_remote_id: &'a RawValue,
    /// The output of field mapping.
    #[schema(value_type = Object)]
    pub(crate) custom_fields: &'a RawValue,
    /// What the CRM attached.
    #[schema(value_type = Object)]
    pub(crate) client_metadata: &'a RawValue,
    /// How far each artifact has come: `recording, transcript, analysis, summary, scorecard`.
    #[schema(value_type = BTreeMap<String, ArtifactStatus>)]
    pub(crate) artifacts: &'a RawValue,
    /// What is known about personal data in the text.
    #[schema(value_type = Privacy)]
    pub(crate) privacy: &'a RawValue,
    /// When the vendor says it last changed.
    #[schema(value_type = Option<Timestamp>)]
    pub(crate) vendor_updated_at: &'a RawValue,
    /// Vendor words behind translated members: those that became `other`, or all of them with
    /// `include=vendor_values`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub(crate) vendor_values: VendorValues,
    /// Where the rest is.
    pub(crate) links: CallLinks,
    /// About the record itself, not about the call.
    #[serde(rename = "_meta")]
    pub(crate) meta: CallMeta<'a>,
    /// Where the data comes from; only with `include=provenance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Provenance>)]
    pub(crate) provenance: Option<Provenance<'a>>,
}

/// Addresses of a call's parts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallLinks {
    /// The call itself.
    #[serde(rename = "self")]
    this: String,
    /// What was said.
    transcript: String,
    /// The vendor's runs.
    analyses: String,
    /// Recordings and files.
    media: String,
    /// The vendor's own documents.
    raw: String,
    /// Its changes.
    versions: String,
}

/// About the record of a call; never part of `payload_hash`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallMeta<'a> {
    /// When the gateway first heard of it.
    first_seen_at: Timestamp,
    /// When it last changed here.
    modified_at: Timestamp,
    /// When it was last fetched with news.
    synced_at: Timestamp,
    /// Everything that the vendor had at this instant is here. Of a single call it is shown with
    /// `include=freshness` only, and stands in the header `Data-Fresh-As-Of`: it moves without the
    /// call.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_fresh_as_of: Option<Timestamp>,
    /// Counts its changes.
    version: i32,
    /// SHA-256 over the canonical form, hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    payload_hash: String,
    /// When it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Timestamp>,
    /// What says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_evidence: Option<&'a str>,
    /// When it was found that the vendor no longer has the call, because it keeps nothing so old.
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_expired_at: Option<Timestamp>,
    /// The version of the mapping rules it was written by.
    mapper_version: i32,
    /// How many members of the vendor's documents no mapper consumed.
    unmapped_count: usize,
    /// The vendor's documents behind it, as `sha256:<hash>`; in lists only with
    /// `include=provenance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_refs: Option<Vec<String>>,
    /// Members whose value was estimated, derived or assumed, as JSON pointers.
    #[schema(value_type = Vec<String>)]
    estimated_fields: &'a RawValue,
    /// What was wrong with the form of the vendor's documents although they could be read:
    /// `encoding_repaired` (bytes that were no text; U+FFFD stands in their place, or a byte order
    /// mark was left out), `zero_characters` (U+0000, stored as U+FFFD), `duplicate_keys` (a member
    /// that came twice; the last one counts). The documents are kept as they came.
    #[schema(value_type = std::collections::BTreeSet<String>)]
    flags: Part<'a, [String; 0]>,
}

/// Where the data of a call comes from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Provenance<'a> {
    /// Members of the vendor's documents that no mapper consumed, as `<operation><pointer>`.
    unmapped: &'a [String],
}

/// What an answer shows of a call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shown {
    pub(crate) transcript: bool,
    pub(crate) analyses: bool,
    pub(crate) vendor_values: bool,
    pub(crate) provenance: bool,
    pub(crate) freshness: bool,
}

/// What a call document is made of besides the call.
#[derive(Debug, Default)]
pub(crate) struct Surroundings<'a> {
    pub(crate) freshness: Option<&'a Freshness>,
    pub(crate) raw_refs: Option<Vec<String>>,
}

/// A stored call as it is served. What is shown as it is stored is not looked into.
pub(crate) fn document<'a>(
    tenant: TenantId,
    stored: &'a CallText,
    shown: Shown,
    around: Surroundings<'_>,
) -> Result<CallDocument<'a>, Problem> {
    let head: Head<'a> = serde_json::from_str(&stored.body).map_err(unreadable)?;
    let id = stored.id;
    Ok(CallDocument {
        schema: SCHEMA_ID,
        id,
        tenant_id: tenant,
        connection_id: stored.connection_id,
        vendor: &stored.vendor,
        vendor_values: head.words(shown),
        parties: head.parties(shown).map_err(unreadable)?,
        attempts: head.attempts(shown).map_err(unreadable)?,
        media: head.media(id).map_err(unreadable)?,
        transcript: transcript(stored, shown).map_err(unreadable)?,
        analyses: analyses(stored, shown).map_err(unreadable)?,
        meta: CallMeta {
            first_seen_at: stored.first_seen_at,
            modified_at: stored.modified_at,
            synced_at: stored.observed_at,
            data_fresh_as_of: around.freshness.and_then(|known| known.data_fresh_as_of),
            version: stored.version,
            payload_hash: hex(&stored.payload_hash),
            deleted_at: stored.deleted_at,
            deletion_evidence: stored
                .deletion_evidence
                .as_deref()
                .filter(|text| !text.is_empty()),
            vendor_expired_at: stored.vendor_expired_at,
            mapper_version: stored.mapper_version,
            unmapped_count: stored.unmapped.len(),
            raw_refs: around.raw_refs,
            estimated_fields: head.estimated_fields,
            flags: head.flags(),
        },
        provenance: shown.provenance.then_some(Provenance {
            unmapped: &stored.unmapped,
        }),
        remote_id: head.remote_id,
        remote_refs: head.remote_refs,
        external_refs: serde_json::from_str(&stored.external_refs).map_err(unreadable)?,
        channel: head.channel,
        kind: head.kind,
        direction: head.direction,
        status: head.status,
        subject: head.subject,
        started_at: head.started_at,
        answered_at: head.answered_at,
        ended_at: head.ended_at,
        started_at_source: head.started_at_source,
        duration_ms: head.duration_ms,
        duration_source: head.duration_source,
        language: head.language,
        rollup: head.rollup,
        stats: head.stats,
        folder_remote_id: head.folder_remote_id,
        batch_remote_id: head.batch_remote_id,
        campaign_remote_id: head.campaign_remote_id,
        custom_fields: head.custom_fields,
        client_metadata: serde_json::from_str(&stored.client_metadata).map_err(unreadable)?,
        artifacts: head.artifacts,
        privacy: head.privacy,
        vendor_updated_at: head.vendor_updated_at,
        links: CallLinks::of(id),
    })
}

fn unreadable(error: serde_json::Error) -> Problem {
    StoreError::Inconsistent {
        table: "calls",
        source: error.into(),
    }
    .into()
}

/// Media with the gateway's address of each.
pub(crate) fn with_addresses(call: CallId, media: Vec<Media>) -> Vec<Media> {
    media
        .into_iter()
        .map(|media| Media {
            url: Some(media_address(call, media.id)),
            ..media
        })
        .collect()
}

/// The gateway's address of a media object.
pub(crate) fn media_address(call: CallId, media: Uuid) -> String {
    format!("/v1/calls/{call}/media/{media}")
}

impl CallLinks {
    fn of(id: CallId) -> Self {
        let part = |name: &str| format!("/v1/calls/{id}/{name}");
        Self {
            this: format!("/v1/calls/{id}"),
            transcript: part("transcript"),
            analyses: part("analyses"),
            media: part("media"),
            raw: part("raw"),
            versions: part("versions"),
        }
    }
}
