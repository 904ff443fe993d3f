//! The vendor's answer as a canonical call.

use std::collections::HashMap;

use callweave_model::{
    Analysis, AnalyzedCall, Transcript, Utterance,
    analysis::Detection,
    call::{Media, Party},
    enums::{
        AnalysisKind, ArtifactState, DetectionScope, DetectionType, FetchMode, MediaKind,
        PartyRole, StartedAtSource,
    },
};
use callweave_provider::{address, number, number::span, tolerant, when};
use serde_json::Value;

use crate::{client::RESULT, settings::Settings, wire};

/// The most left-over members that are copied into `extra`; the raw document holds them all.
const MOST_EXTRA: usize = 256;

/// A translated result.
#[derive(Clone, Debug)]
pub(crate) struct Translation {
    pub(crate) call: AnalyzedCall,
    pub(crate) unmapped: Vec<String>,
    pub(crate) unfinished: bool,
}

/// What an answer means.
#[derive(Clone, Debug)]
pub(crate) enum Meaning {
    /// A result.
    Ready(Box<Translation>),
    /// No result yet; what is known of the call already.
    Pending(Option<Box<AnalyzedCall>>),
    /// JSON that breaks its own rules.
    Unreadable { reason: String, pointer: String },
}

/// Translates an answer. Without `answer`, or with one that is no object, it says nothing; an
/// answer without talk and tags is still being worked on.
pub(crate) fn translate(settings: &Settings, call_id: &str, body: &[u8]) -> Meaning {
    let read = match tolerant::read_object::<wire::Envelope>(body) {
        Ok(read) => read,
        Err(_) if tolerant::parse(body).is_ok_and(|value| !value.is_object()) => {
            return Meaning::Pending(None);
        }
        Err(error) => {
            return Meaning::Unreadable {
                reason: error.reason().to_owned(),
                pointer: error.pointer,
            };
        }
    };
    // serde takes a list for an object; the document knows only an object here.
    let answer = read.value.answer.filter(|_| !answer_is_list(body));
    let Some(answer) = answer.filter(|answer| !answer.is_empty()) else {
        return Meaning::Pending(None);
    };
    let mut call = AnalyzedCall::new(call_id);
    start_time(&mut call, call_id);
    let mut analysis = Analysis::new(
        answer.aicallid.as_deref().unwrap_or(call_id),
        AnalysisKind::RuleTagging,
    );
    if let Some(id) = &answer.aicallid {
        call.remote_refs.insert("aicallid".to_owned(), id.clone());
    }
    let mut left_over = read.left_over;
    request_time(&mut analysis, &answer, &mut left_over);
    recording(settings, &mut call, &mut analysis, &answer);
    talk(&mut call, &answer);
    analysis.detections = detections(&answer, call.transcript.as_ref());
    keep_rest(&mut analysis, &left_over, read.encoding_repaired);
    let ready = call.transcript.is_some() || answer.tags.is_some();
    let unfinished = call.transcript.is_none();
    if !ready {
        analysis.status.state = ArtifactState::Processing;
    }
    set_artifacts(&mut call, &analysis);
    call.analyses.push(analysis);
    if !ready {
        return Meaning::Pending(Some(Box::new(call)));
    }
    Meaning::Ready(Box::new(Translation {
        call,
        unmapped: left_over
            .into_iter()
            .map(|(pointer, _)| format!("{RESULT}{pointer}"))
            .collect(),
        unfinished,
    }))
}

fn answer_is_list(body: &[u8]) -> bool {
    tolerant::parse(body).is_ok_and(|value| value.get("answer").is_some_and(Value::is_array))
}

/// The exchange's id `<unix seconds>.<n>` tells when the call began. `begin_time` does not: it is
/// later than that, and most likely the beginning of the analysis.
fn start_time(call: &mut AnalyzedCall, call_id: &str) {
    let seconds = call_id.split_once('.').and_then(|(seconds, counter)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let fits = seconds.len() == 10 && digits(seconds) && digits(counter);
        fits.then(|| seconds.parse::<f64>().ok()).flatten()
    });
    if let Some(read) = seconds.and_then(when::read_unix) {
        call.started_at = Some(read.instant);
        call.started_at_source = StartedAtSource::DerivedFromId;
        call.estimated_fields.push("/started_at".to_owned());
    }
}

fn request_time(
    analysis: &mut Analysis,
    answer: &wire::Answer,
    left_over: &mut Vec<(String, Value)>,
) {
    let Some(value) = answer.begin_time.as_ref().filter(|value| !value.is_null()) else {
        return;
    };
    match number::as_f64(value).and_then(when::read_unix) {
        Some(read) => analysis.requested_at = Some(read.instant),
        None => left_over.push(("/answer/begin_time".to_owned(), value.clone())),
    }
}

/// A recording on the vendor's own host. A link that leads elsewhere is kept as a fact and never
/// followed.
fn recording(
    settings: &Settings,
    call: &mut AnalyzedCall,
    analysis: &mut Analysis,
    answer: &wire::Answer,
) {
    let Some(link) = answer
        .stereoaudio
        .as_deref()
        .filter(|link| !link.trim().is_empty())
    else {
        return;
    };
    let Some(path) = address::same_origin_path(&settings.base_url, link) else {
        analysis
            .extra
            .insert("stereoaudio".to_owned(), Value::from(link));
        return;
    };
    let kind = MediaKind::RecordingStereo;
    let mut media = Media::new("stereoaudio", kind, FetchMode::RedirectlessProxy);
    media.channels = Some(2);
    media.remote_path = Some(path);
    media.availability = ArtifactState::Ready;
    call.media.push(media);
}

/// Milliseconds as whole ones; what is no offset at all is `None`.
fn millis(time: Option<f64>) -> Option<i64> {
    number::seconds_to_ms(time? / 1_000.0)
}

fn talk(call: &mut AnalyzedCall, answer: &wire::Answer) {
    let Some(fragments) = answer.fragments() else {
        return;
    };
    let mut fragments: Vec<&wire::Fragment> = fragments.collect();
    if fragments.iter().all(|fragment| fragment.begin.is_some()) {
        let begin = |fragment: &wire::Fragment| fragment.begin.unwrap_or_default();
        fragments.sort_by(|one, other| begin(one).total_cmp(&begin(other)));
    }
    call.parties = parties(&fragments);
    let mut utterances = Vec::with_capacity(fragments.len());
    for (seq, fragment) in (0..).zip(fragments) {
        let negative = [fragment.begin, fragment.end]
            .into_iter()
            .flatten()
            .any(|time| time < 0.0);
        let (start_ms, end_ms, mended) = span(millis(fragment.begin), millis(fragment.end));
        if mended || negative {
            call.estimated_fields
                .push(format!("/transcript/utterances/{seq}"));
        }
        let speaker = fragment.direction.as_deref().map(role_of);
        let party = call
            .parties
            .iter_mut()
            .find(|party| speaker.as_ref() == Some(&key_of(party)));
        let party_index = party.map(|party| {
            if let (Some(start), Some(end)) = (start_ms, end_ms) {
                party.talk_ms = Some(party.talk_ms.unwrap_or(0) + end - start);
            }
            party.index
        });
        utterances.push(Utterance {
            seq,
            remote_id: fragment.fragment_id.clone(),
            party_index,
            start_ms,
            end_ms,
            text: fragment.text.clone().unwrap_or_default(),
            ..Utterance::default()
        });
    }
    call.stats.derive(&utterances, &call.parties);
    call.transcript = Some(Transcript::of_utterances(&call.remote_id, utterances));
}

/// A role, and the vendor's word where there is no role for it.
type Speaker = (PartyRole, Option<String>);

/// `direction` is the speaker, never the direction of the call.
fn role_of(direction: &str) -> Speaker {
    match direction.trim().to_lowercase().as_str() {
        "operator" | "agent" => (PartyRole::Agent, None),
        "client" | "customer" => (PartyRole::Customer, None),
        "" => (PartyRole::Unknown, None),
        _ => (PartyRole::Other, Some(direction.to_owned())),
    }
}

fn key_of(party: &Party) -> Speaker {
    let raw = party.vendor_values.get("role").and_then(Value::as_str);
    (party.role, raw.map(str::to_owned))
}

/// The parties in an order that does not depend on who spoke first.
fn parties(fragments: &[&wire::Fragment]) -> Vec<Party> {
    let mut speakers: Vec<Speaker> = Vec::new();
    for fragment in fragments {
        let Some(direction) = &fragment.direction else {
            continue;
        };
        let speaker = role_of(direction);
        if !speakers.contains(&speaker) {
            speakers.push(speaker);
        }
    }
    speakers.sort_by_key(|(role, _)| match role {
        PartyRole::Agent => 0,
        PartyRole::Customer => 1,
        _ => 2,
    });
    (0..)
        .zip(speakers)
        .map(|(index, (role, raw))| {
            let mut party = Party::new(index, role);
            if let Some(raw) = raw {
                party
                    .vendor_values
                    .insert("role".to_owned(), Value::from(raw));
            }
            party
        })
        .collect()
}

/// Every tag as it came: the same one twice is two occurrences, and one without times is a finding
/// about the whole call, often an absence. Which of the two it is only its name tells, in the
/// customer's words, and so it is not guessed.
fn detections(answer: &wire::Answer, transcript: Option<&Transcript>) -> Vec<Detection> {
    let places: HashMap<&str, i32> = transcript
        .into_iter()
        .flat_map(|transcript| &transcript.utterances)
        .filter_map(|utterance| Some((utterance.remote_id.as_deref()?, utterance.seq)))
        .collect();
    let tags = answer.tags.iter().flatten().flatten();
    tags.map(|tag| detection(tag, &places)).collect()
}

fn detection(tag: &wire::Tag, places: &HashMap<&str, i32>) -> Detection {
    let word = tag
        .tag_type
        .as_deref()
        .unwrap_or_default()
        .trim()
        .to_lowercase();
    let known = DetectionType::from_word(&word);
    let detection_type = if word.is_empty() {
        DetectionType::Tag
    } else {
        known
    };
    let name = tag.name.clone().unwrap_or_default();
    let mut detection = Detection::new(name, detection_type);
    if let (DetectionType::Other, Some(raw)) = (detection_type, &tag.tag_type) {
        detection
            .vendor_values
            .insert("type".to_owned(), Value::from(raw.as_str()));
    }
    let (start_ms, end_ms, _) = span(millis(tag.begin), millis(tag.end));
    Detection {
        value: tag.value.clone(),
        type_raw: tag.tag_type.clone(),
        visible: tag.visible,
        scope: if start_ms.is_some() {
            DetectionScope::Span
        } else {
            DetectionScope::Call
        },
        start_ms,
        end_ms,
        match_text: tag.match_text.clone(),
        utterance_seq: tag
            .fragment_id
            .as_deref()
            .and_then(|fragment| places.get(fragment).copied()),
        utterance_remote_id: tag.fragment_id.clone(),
        ..detection
    }
}

fn keep_rest(analysis: &mut Analysis, left_over: &[(String, Value)], encoding_repaired: bool) {
    if encoding_repaired {
        analysis
            .extra
            .insert("encoding_repaired".to_owned(), Value::Bool(true));
    }
    let rest = left_over.iter().take(MOST_EXTRA);
    let named = rest.map(|(pointer, value)| (format!("{RESULT}{pointer}"), value.clone()));
    analysis.extra.extend(named);
}

fn set_artifacts(call: &mut AnalyzedCall, analysis: &Analysis) {
    let recording = if call.media.is_empty() {
        ArtifactState::NotSupported
    } else {
        ArtifactState::Ready
    };
    let transcript = if call.transcript.is_some() {
        ArtifactState::Ready
    } else {
        ArtifactState::Processing
    };
    call.set_artifact("recording", recording);
    call.set_artifact("transcript", transcript);
    call.set_artifact("analysis", analysis.status.state);
    call.set_artifact("summary", ArtifactState::NotSupported);
    call.set_artifact("scorecard", ArtifactState::NotSupported);
}
