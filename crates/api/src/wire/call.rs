//! A call as it is served.

use std::collections::{BTreeMap, BTreeSet};

use callweave_model::{
    Analysis, CallId, ConnectionId, SCHEMA_ID, TenantId, Timestamp, Transcript, VendorValues,
    call::{ArtifactStatus, Attempt, Media, Party, Privacy},
    connection::Freshness,
    enums::{CallKind, CallStatus, Channel, Direction, DurationSource, StartedAtSource},
    rollup::Rollup,
    stats::InteractionStats,
};
use callweave_store::calls::StoredCall;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::vendor_values;
use crate::hex::hex;

/// An analysed call: everything nullable means "unknown".
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Call)]
pub(crate) struct CallDocument {
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
    pub(crate) vendor: String,
    /// The vendor's id of the call.
    pub(crate) remote_id: String,
    /// Other ids of the same call at the vendor.
    pub(crate) remote_refs: BTreeMap<String, String>,
    /// The CRM's own objects that belong to the call.
    #[schema(value_type = Vec<super::input::ExternalRef>)]
    pub(crate) external_refs: Value,
    /// The medium.
    pub(crate) channel: Channel,
    /// Who talks with the customer, or how the recording came.
    pub(crate) kind: CallKind,
    /// The direction; never inferred.
    pub(crate) direction: Direction,
    /// What became of the call.
    pub(crate) status: CallStatus,
    /// A title, where the vendor has one.
    pub(crate) subject: Option<String>,
    /// The start of the call.
    pub(crate) started_at: Option<Timestamp>,
    /// When it was answered.
    pub(crate) answered_at: Option<Timestamp>,
    /// When it ended.
    pub(crate) ended_at: Option<Timestamp>,
    /// Where `started_at` comes from.
    pub(crate) started_at_source: StartedAtSource,
    /// The length in milliseconds.
    pub(crate) duration_ms: Option<i64>,
    /// Where `duration_ms` comes from.
    pub(crate) duration_source: DurationSource,
    /// BCP-47, only when the vendor gave it.
    pub(crate) language: Option<String>,
    /// Who took part.
    pub(crate) parties: Vec<Party>,
    /// The dial attempts of an AI dialog.
    pub(crate) attempts: Vec<Attempt>,
    /// Recordings and files, with the gateway's address of each.
    pub(crate) media: Vec<Media>,
    /// What was said; `null` unless included, and where there is none (`artifacts` tells which).
    pub(crate) transcript: Option<Transcript>,
    /// The vendor's runs over this call; `null` where they are not included.
    pub(crate) analyses: Option<Vec<Analysis>>,
    /// A merged view of the analyses.
    pub(crate) rollup: Rollup,
    /// Numbers about the interaction.
    pub(crate) stats: InteractionStats,
    /// The vendor's folder, by its id there.
    pub(crate) folder_remote_id: Option<String>,
    /// The vendor's batch, by its id there.
    pub(crate) batch_remote_id: Option<String>,
    /// The vendor's campaign, by its id there.
    pub(crate) campaign_remote_id: Option<String>,
    /// The output of field mapping.
    #[schema(value_type = Object)]
    pub(crate) custom_fields: BTreeMap<String, Value>,
    /// What the CRM attached.
    #[schema(value_type = Object)]
    pub(crate) client_metadata: Value,
    /// How far each artifact has come: `recording, transcript, analysis, summary, scorecard`.
    pub(crate) artifacts: BTreeMap<String, ArtifactStatus>,
    /// What is known about personal data in the text.
    pub(crate) privacy: Privacy,
    /// When the vendor says it last changed.
    pub(crate) vendor_updated_at: Option<Timestamp>,
    /// Vendor words behind translated members: those that became `other`, or all of them with
    /// `include=vendor_values`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub(crate) vendor_values: VendorValues,
    /// Where the rest is.
    pub(crate) links: CallLinks,
    /// About the record itself, not about the call.
    #[serde(rename = "_meta")]
    pub(crate) meta: CallMeta,
    /// Where the data comes from; only with `include=provenance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provenance: Option<Provenance>,
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
pub(crate) struct CallMeta {
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
    deletion_evidence: Option<String>,
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
    estimated_fields: Vec<String>,
    /// What was wrong with the form of the vendor's documents although they could be read:
    /// `encoding_repaired` (bytes that were no text; U+FFFD stands in their place, or a byte order
    /// mark was left out), `zero_characters` (U+0000, stored as U+FFFD), `duplicate_keys` (a member
    /// that came twice; the last one counts). The documents are kept as they came.
    flags: BTreeSet<String>,
}

/// Where the data of a call comes from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Provenance {
    /// Members of the vendor's documents that no mapper consumed, as `<operation><pointer>`.
    unmapped: Vec<String>,
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

/// A stored call as it is served.
pub(crate) fn document(
    tenant: TenantId,
    stored: StoredCall,
    shown: Shown,
    around: Surroundings<'_>,
) -> CallDocument {
    let mut call = stored.call;
    if !shown.vendor_values {
        vendor_values::prune(&mut call);
    }
    if !shown.transcript {
        // The log of an AI dialog holds what was said: it goes with the transcript.
        for attempt in &mut call.attempts {
            attempt.dialog_events.clear();
        }
    }
    let meta = CallMeta {
        first_seen_at: stored.first_seen_at,
        modified_at: stored.modified_at,
        synced_at: stored.observed_at,
        data_fresh_as_of: around.freshness.and_then(|known| known.data_fresh_as_of),
        version: stored.version,
        payload_hash: hex(&stored.payload_hash),
        deleted_at: stored.deleted_at,
        deletion_evidence: stored.deletion_evidence.filter(|text| !text.is_empty()),
        vendor_expired_at: stored.vendor_expired_at,
        mapper_version: stored.mapper_version,
        unmapped_count: stored.unmapped.len(),
        raw_refs: around.raw_refs,
        flags: std::mem::take(&mut call.flags),
        estimated_fields: std::mem::take(&mut call.estimated_fields),
    };
    let provenance = shown.provenance.then_some(Provenance {
        unmapped: stored.unmapped,
    });
    let id = stored.id;
    CallDocument {
        schema: SCHEMA_ID,
        id,
        tenant_id: tenant,
        connection_id: stored.connection_id,
        vendor: stored.vendor,
        remote_id: call.remote_id,
        remote_refs: call.remote_refs,
        external_refs: stored.external_refs,
        channel: call.channel,
        kind: call.kind,
        direction: call.direction,
        status: call.status,
        subject: call.subject,
        started_at: call.started_at,
        answered_at: call.answered_at,
        ended_at: call.ended_at,
        started_at_source: call.started_at_source,
        duration_ms: call.duration_ms,
        duration_source: call.duration_source,
        language: call.language,
        parties: call.parties,
        attempts: call.attempts,
        media: with_addresses(id, call.media),
        transcript: call.transcript.filter(|_| shown.transcript),
        analyses: shown.analyses.then_some(call.analyses),
        rollup: call.rollup,
        stats: call.stats,
        folder_remote_id: call.folder_remote_id,
        batch_remote_id: call.batch_remote_id,
        campaign_remote_id: call.campaign_remote_id,
        custom_fields: call.custom_fields,
        client_metadata: stored.client_metadata,
        artifacts: call.artifacts,
        privacy: call.privacy,
        vendor_updated_at: call.vendor_updated_at,
        vendor_values: call.vendor_values,
        links: CallLinks::of(id),
        meta,
        provenance,
    }
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

impl CallMeta {
    /// When the call last changed here, how often, and when it was deleted.
    pub(crate) const fn changes(&self) -> (Timestamp, i32, Option<Timestamp>) {
        (self.modified_at, self.version, self.deleted_at)
    }
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
