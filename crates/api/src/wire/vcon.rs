//! A call as a vCon: the container for conversations of `draft-ietf-vcon-vcon-core`, unsigned.
//!
//! What the draft has a place for stands there; what it has none for stands in `callweave`, which
//! `extensions` names. Nothing is made up for the sake of the form: a recording has no `url`, because
//! the draft demands a hash of the bytes beside it, which lie at the vendor.

use callweave_model::{
    Analysis, CallId, ConnectionId, SCHEMA_ID, Timestamp, Transcript, Utterance,
    call::{AnalyzedCall, Attempt, Media, Party},
    enums::{CallStatus, Channel, Direction, MediaKind, PartyRole, PartyType, TextFormat},
};
use callweave_store::calls::StoredCall;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::call::media_address;

/// The version of the draft's syntax.
const SYNTAX: &str = "0.4.0";
/// The name of what the draft has no place for.
const EXTENSION: &str = "callweave";

/// A call as a vCon (`draft-ietf-vcon-vcon-core`), unsigned.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Vcon {
    /// The version of the syntax.
    #[serde(rename = "vcon")]
    #[schema(example = "0.4.0")]
    syntax: &'static str,
    /// The id of the call.
    uuid: Uuid,
    /// When the gateway first heard of the call.
    created_at: Timestamp,
    /// When it last changed here.
    updated_at: Timestamp,
    /// A title, where the vendor has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The extensions that are used: `callweave`.
    #[schema(value_type = Vec<String>)]
    extensions: [&'static str; 1],
    /// Who took part; the rest points here by place.
    parties: Vec<VconParty>,
    /// Recordings, messages of a chat, attempts without an answer.
    dialog: Vec<VconDialog>,
    /// The transcript, the summaries, and each run of the vendor whole.
    analysis: Vec<VconAnalysis>,
    /// Documents that belong to the conversation; the gateway knows of none.
    attachments: Vec<Value>,
    /// What the draft has no place for.
    callweave: VconExtension,
}

/// Somebody who took part.
#[derive(Debug, Serialize, ToSchema)]
struct VconParty {
    /// The phone, E.164 where it is known so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "+99990001122")]
    tel: Option<String>,
    /// The address of email.
    #[serde(skip_serializing_if = "Option::is_none")]
    mailto: Option<String>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The CRM's id of the party, else the vendor's.
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<String>,
    /// `person`, `bot` or `organization`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    party_type: Option<&'static str>,
    /// What the draft has no place for.
    callweave: PartyExtension,
}

/// What the draft has no place for in a party.
#[derive(Debug, Serialize, ToSchema)]
struct PartyExtension {
    /// The role: `agent`, `customer`, `bot` and so on.
    #[schema(example = "agent")]
    role: String,
}

/// A piece of the conversation.
#[derive(Debug, Serialize, ToSchema)]
struct VconDialog {
    /// `recording`, `text` or `incomplete`.
    #[serde(rename = "type")]
    #[schema(example = "recording")]
    dialog_type: &'static str,
    /// When it began; left out where nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<Timestamp>,
    /// How long it is, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<f64>,
    /// Who is heard: places in `parties`; of a recording with several channels one entry a channel.
    #[schema(value_type = Vec<Value>)]
    parties: Vec<Value>,
    /// Who began it, where that is not the first of `parties`.
    #[serde(skip_serializing_if = "Option::is_none")]
    originator: Option<usize>,
    /// The MIME type.
    #[serde(skip_serializing_if = "Option::is_none")]
    mediatype: Option<String>,
    /// The name of the file at the vendor.
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
    /// What was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// `none`: the body is the text itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    /// Why there was no conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    disposition: Option<&'static str>,
    /// What the draft has no place for.
    #[serde(skip_serializing_if = "Option::is_none")]
    callweave: Option<DialogExtension>,
}

/// What the draft has no place for in a dialog.
#[derive(Debug, Serialize, ToSchema)]
struct DialogExtension {
    /// The gateway's address of the recording; whoever reads it needs `media:read`.
    #[schema(
        example = "/v1/calls/0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d/media/0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d"
    )]
    media: String,
}

/// Something that was found out about the conversation.
#[derive(Debug, Serialize, ToSchema)]
struct VconAnalysis {
    /// `transcript`, `summary` or `report`.
    #[serde(rename = "type")]
    #[schema(example = "transcript")]
    analysis_type: &'static str,
    /// The places in `dialog` that it is about.
    dialog: Vec<usize>,
    /// The vendor's key.
    #[schema(example = "acme")]
    vendor: String,
    /// What the body follows: `Transcript` or `Analysis` of this document.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "analyzed_call/1#Transcript")]
    schema: Option<String>,
    /// The MIME type of the body.
    #[schema(example = "application/json")]
    mediatype: &'static str,
    /// `json`, or `none` for text.
    #[schema(example = "json")]
    encoding: &'static str,
    /// The analysis.
    #[schema(value_type = Value)]
    body: Value,
}

/// What the draft has no place for.
#[derive(Debug, Serialize, ToSchema)]
struct VconExtension {
    /// The call here.
    #[schema(example = "/v1/calls/0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d")]
    call: String,
    /// The connection it came over.
    connection_id: ConnectionId,
    /// The vendor's key.
    #[schema(example = "acme")]
    vendor: String,
    /// The vendor's id of the call.
    remote_id: String,
    /// The medium.
    channel: Channel,
    /// The direction.
    direction: Direction,
    /// What became of the call.
    status: CallStatus,
    /// The CRM's own objects that belong to the call.
    #[schema(value_type = Vec<super::input::ExternalRef>)]
    external_refs: Value,
    /// What the CRM attached.
    #[schema(value_type = Object)]
    client_metadata: Value,
}

impl Vcon {
    /// The vCon of a call whose transcript and analyses are attached.
    pub(crate) fn of(stored: StoredCall) -> Self {
        let StoredCall {
            id,
            connection_id,
            vendor,
            mut call,
            client_metadata,
            external_refs,
            first_seen_at,
            modified_at,
            ..
        } = stored;
        let transcript = call.transcript.take();
        let runs = std::mem::take(&mut call.analyses);
        let dialog = dialogs(id, &call, transcript.as_ref());
        let about = about(&dialog);
        let written = call.channel == Channel::Chat || call.channel == Channel::Email;
        let analysis = transcript
            .as_ref()
            .filter(|_| !written || dialog.is_empty())
            .map(|transcript| {
                whole(
                    "transcript",
                    "Transcript",
                    &vendor,
                    &about,
                    json!(transcript),
                )
            })
            .into_iter()
            .chain(runs.iter().flat_map(|run| of_run(run, &vendor, &about)))
            .collect();
        Self {
            syntax: SYNTAX,
            uuid: id.0,
            created_at: first_seen_at,
            updated_at: modified_at,
            subject: call.subject,
            extensions: [EXTENSION],
            parties: call.parties.iter().map(party).collect(),
            dialog,
            analysis,
            attachments: Vec::new(),
            callweave: VconExtension {
                call: format!("/v1/calls/{id}"),
                connection_id,
                vendor,
                remote_id: call.remote_id,
                channel: call.channel,
                direction: call.direction,
                status: call.status,
                external_refs,
                client_metadata,
            },
        }
    }
}

fn party(party: &Party) -> VconParty {
    VconParty {
        tel: party.phone.clone().or_else(|| party.phone_raw.clone()),
        mailto: party.email.clone(),
        name: party.name.clone(),
        uuid: party
            .external_id
            .clone()
            .or_else(|| party.remote_id.clone()),
        party_type: match party.party_type {
            PartyType::Person => Some("person"),
            PartyType::Bot => Some("bot"),
            PartyType::Organization => Some("organization"),
            _ => None,
        },
        callweave: PartyExtension {
            role: party.role.as_str().to_owned(),
        },
    }
}

fn dialogs(id: CallId, call: &AnalyzedCall, transcript: Option<&Transcript>) -> Vec<VconDialog> {
    let everybody: Vec<Value> = (0..call.parties.len()).map(Value::from).collect();
    let blank = |dialog_type, start| VconDialog {
        dialog_type,
        start,
        duration: None,
        parties: everybody.clone(),
        originator: originator(call).filter(|first| *first != 0),
        mediatype: None,
        filename: None,
        body: None,
        encoding: None,
        disposition: None,
        callweave: None,
    };
    if matches!(call.channel, Channel::Chat | Channel::Email) {
        let said = transcript.map_or(&[][..], |transcript| &transcript.utterances);
        let message = |said: &Utterance| VconDialog {
            parties: place_of(call, said.party_index)
                .map(Value::from)
                .into_iter()
                .collect(),
            originator: None,
            mediatype: Some("text/plain".to_owned()),
            body: Some(said.text.clone()),
            encoding: Some("none"),
            ..blank("text", after(call.started_at, said.start_ms))
        };
        return said.iter().map(message).collect();
    }
    let failed = |attempt: &Attempt| {
        let disposition = disposition(attempt.status)?;
        Some(VconDialog {
            disposition: Some(disposition),
            ..blank("incomplete", attempt.started_at)
        })
    };
    let recording = |media: &Media| VconDialog {
        duration: seconds(media.duration_ms.or(call.duration_ms)),
        parties: heard(call, media).unwrap_or_else(|| everybody.clone()),
        mediatype: media.content_type.clone(),
        filename: media.file_name.clone(),
        callweave: Some(DialogExtension {
            media: media_address(id, media.id),
        }),
        ..blank("recording", call.started_at)
    };
    let mut dialogs: Vec<VconDialog> = call.attempts.iter().filter_map(failed).collect();
    dialogs.extend(
        call.media
            .iter()
            .filter(|media| is_recording(media.kind))
            .map(recording),
    );
    if about(&dialogs).is_empty() {
        // What the rest is about; the draft calls it a placeholder.
        dialogs.extend(match (call.status, disposition(call.status)) {
            (_, Some(disposition)) => dialogs.is_empty().then(|| VconDialog {
                disposition: Some(disposition),
                ..blank("incomplete", call.started_at)
            }),
            (CallStatus::Queued | CallStatus::Dialing, None) => None,
            _ => Some(VconDialog {
                duration: seconds(call.duration_ms),
                ..blank("recording", call.started_at)
            }),
        });
    }
    dialogs
}

/// The places that analyses are about: what was recorded or written.
fn about(dialogs: &[VconDialog]) -> Vec<usize> {
    let with_words = |(place, dialog): (usize, &VconDialog)| {
        (dialog.dialog_type != "incomplete").then_some(place)
    };
    dialogs.iter().enumerate().filter_map(with_words).collect()
}

/// A run of the vendor: its summaries, and the whole of it.
fn of_run<'a>(
    run: &'a Analysis,
    vendor: &'a str,
    about: &'a [usize],
) -> impl Iterator<Item = VconAnalysis> {
    let summaries = run.summaries.iter().map(|summary| VconAnalysis {
        analysis_type: "summary",
        dialog: about.to_vec(),
        vendor: vendor.to_owned(),
        schema: None,
        mediatype: match summary.format {
            TextFormat::Markdown => "text/markdown",
            TextFormat::Html => "text/html",
            _ => "text/plain",
        },
        encoding: "none",
        body: Value::String(summary.text.clone()),
    });
    summaries.chain([whole("report", "Analysis", vendor, about, json!(run))])
}

fn whole(
    analysis_type: &'static str,
    schema: &str,
    vendor: &str,
    about: &[usize],
    body: Value,
) -> VconAnalysis {
    VconAnalysis {
        analysis_type,
        dialog: about.to_vec(),
        vendor: vendor.to_owned(),
        schema: Some(format!("{SCHEMA_ID}#{schema}")),
        mediatype: "application/json",
        encoding: "json",
        body,
    }
}

const fn is_recording(kind: MediaKind) -> bool {
    matches!(
        kind,
        MediaKind::RecordingStereo | MediaKind::RecordingMono | MediaKind::RecordingLeg
    )
}

/// Why there was no conversation; `None` where there was one, or where that is not known.
const fn disposition(status: CallStatus) -> Option<&'static str> {
    match status {
        CallStatus::NoAnswer => Some("no-answer"),
        CallStatus::Busy => Some("busy"),
        CallStatus::Failed | CallStatus::Canceled => Some("failed"),
        _ => None,
    }
}

/// Who is heard on each channel of a recording; `None` where the channels say nothing.
fn heard(call: &AnalyzedCall, media: &Media) -> Option<Vec<Value>> {
    let channels = media
        .channels
        .filter(|channels| (2..=16).contains(channels))?;
    let on = |channel: i32| {
        let place = call
            .parties
            .iter()
            .position(|party| party.channel == Some(channel));
        place.map_or(Value::Null, Value::from)
    };
    let heard: Vec<Value> = (0..channels).map(on).collect();
    heard.iter().any(|place| !place.is_null()).then_some(heard)
}

/// Who began the call, as far as its direction tells.
fn originator(call: &AnalyzedCall) -> Option<usize> {
    let began: &[PartyRole] = match call.direction {
        Direction::Inbound => &[PartyRole::Customer],
        Direction::Outbound => &[PartyRole::Agent, PartyRole::Bot],
        _ => &[],
    };
    call.parties
        .iter()
        .position(|party| began.contains(&party.role))
}

/// Utterances name parties by their index, a vCon by their place.
fn place_of(call: &AnalyzedCall, index: Option<i32>) -> Option<usize> {
    call.parties
        .iter()
        .position(|party| Some(party.index) == index)
}

fn after(start: Option<Timestamp>, offset_ms: Option<i64>) -> Option<Timestamp> {
    let offset = u64::try_from(offset_ms?).ok()?;
    Some(start?.plus(std::time::Duration::from_millis(offset)))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no call is so long that its milliseconds would not fit"
)]
fn seconds(duration_ms: Option<i64>) -> Option<f64> {
    let known = duration_ms.filter(|duration| *duration >= 0)?;
    Some(known as f64 / 1_000.0)
}
