//! What was said, and by whom.

use std::collections::HashMap;

use bytes::Bytes;
use callweave_model::{
    AnalyzedCall, Transcript, Utterance, Word,
    call::Party,
    enums::{PartyRole, SentimentLabel},
};
use serde_json::Value;

use super::{LeftOver, Reading, span_of};
use crate::{documents::Documents, settings::Settings, wire};

/// What an answer of CG-23 holds, and what of it went nowhere.
#[derive(Clone, Debug)]
pub(crate) struct Phrases {
    phrases: Option<Vec<wire::Phrase>>,
    left_over: LeftOver,
}

impl Phrases {
    /// Reads an answer of CG-23.
    pub(crate) fn read(body: Option<&Bytes>) -> Self {
        let mut left_over = LeftOver::default();
        Self {
            phrases: of_phrases(body, &mut left_over),
            left_over,
        }
    }

    /// Whether there are any.
    pub(crate) fn are_there(&self) -> bool {
        self.phrases
            .as_ref()
            .is_some_and(|phrases| !phrases.is_empty())
    }
}

/// Whether an answer of CG-37 holds phrases of this result's session.
pub(crate) fn has_phrases_of_session(reading: &Reading, body: Option<&Bytes>) -> bool {
    of_transcription(reading, body, &mut LeftOver::default())
        .is_some_and(|(phrases, _)| !phrases.is_empty())
}

/// Adds transcript and parties to the call, where any answer has phrases.
pub(crate) fn translate(
    settings: &Settings,
    reading: &mut Reading,
    documents: &Documents,
    left_over: &mut LeftOver,
    call: &mut AnalyzedCall,
) {
    let own = reading.payload.phrase_list.as_mut().map(std::mem::take);
    let own: Option<Vec<wire::Phrase>> = own.map(|phrases| phrases.into_iter().flatten().collect());
    let part = reading
        .phrases
        .take()
        .unwrap_or_else(|| Phrases::read(documents.phrases.as_ref()));
    left_over.join(part.left_over);
    let part = part.phrases;
    let session = of_transcription(reading, documents.transcription.as_ref(), left_over);
    let session = session.map(|(phrases, _)| phrases);
    let there = |phrases: &Vec<wire::Phrase>| !phrases.is_empty();
    let richer = part.filter(there).or_else(|| session.filter(there));
    let phrases = match (richer, own) {
        (Some(mut phrases), Some(own)) => {
            complete(&mut phrases, &own);
            phrases
        }
        (Some(phrases), None) => phrases,
        (None, Some(own)) => own,
        // An empty list in place of a part also stands for a part that is not there yet.
        (None, None) => return,
    };
    let mut speakers = Speakers::default();
    let mut utterances: Vec<Utterance> = Vec::with_capacity(phrases.len());
    let mut mended: Vec<usize> = Vec::new();
    for phrase in sorted(phrases) {
        let speaker = speakers.of(phrase.role.as_deref(), phrase.channel, settings);
        let (utterance, odd) = utterance(utterances.len(), phrase, speaker);
        if odd {
            mended.push(utterances.len());
        }
        utterances.push(utterance);
    }
    call.parties = speakers.into_parties(&mut utterances);
    let derived = call.parties.iter().filter(|party| party.role_derived);
    call.estimated_fields
        .extend(derived.map(|party| format!("/parties/{}/role", party.index)));
    call.estimated_fields.extend(
        mended
            .into_iter()
            .map(|seq| format!("/transcript/utterances/{seq}")),
    );
    call.transcript = Some(Transcript::of_utterances(&reading.id, utterances));
}

/// CG-23: a list of phrases, or an object that holds one.
fn of_phrases(body: Option<&Bytes>, left_over: &mut LeftOver) -> Option<Vec<wire::Phrase>> {
    let is_list = body?.trim_ascii_start().first() == Some(&b'[');
    let phrases = if is_list {
        left_over.read::<Vec<Option<wire::Phrase>>>("CG-23", body)?
    } else {
        left_over
            .read::<wire::Payload>("CG-23", body)?
            .flat()
            .phrase_list?
    };
    Some(phrases.into_iter().flatten().collect())
}

/// CG-37: rows with phrases, of which those of another session are left out; a row that names this
/// result goes first.
fn of_transcription(
    reading: &Reading,
    body: Option<&Bytes>,
    left_over: &mut LeftOver,
) -> Option<(Vec<wire::Phrase>, Option<Value>)> {
    let rows: Vec<Option<wire::ScenarioResult>> = left_over.read("CG-37", body)?;
    let of_session = |row: &wire::ScenarioResult| {
        row.call_session_id
            .as_ref()
            .is_none_or(|session| *session == reading.session)
    };
    let mut rows: Vec<wire::ScenarioResult> =
        rows.into_iter().flatten().filter(of_session).collect();
    rows.sort_by_key(|row| row.id.as_deref() != Some(reading.id.as_str()));
    rows.into_iter().find_map(|row| {
        let payload = row.result?.flat();
        let phrases: Vec<wire::Phrase> = payload.phrase_list?.into_iter().flatten().collect();
        (!phrases.is_empty()).then_some((phrases, payload.call_segments))
    })
}

/// Takes over from the result's own phrases what the richer ones do not tell.
fn complete(phrases: &mut [wire::Phrase], own: &[wire::Phrase]) {
    let key = |phrase: &wire::Phrase| {
        let (start, _, _) = span_of(phrase.start, None);
        (start.map(|ms| ms / 10), phrase.phrase.clone())
    };
    let known: HashMap<_, _> = own.iter().map(|phrase| (key(phrase), phrase)).collect();
    for phrase in phrases {
        let Some(own) = known.get(&key(phrase)) else {
            continue;
        };
        phrase.channel = phrase.channel.or(own.channel);
        phrase.role = phrase.role.take().or_else(|| own.role.clone());
        phrase.emotion_state = phrase
            .emotion_state
            .take()
            .or_else(|| own.emotion_state.clone());
        phrase.emotions_result = phrase
            .emotions_result
            .take()
            .or_else(|| own.emotions_result.clone());
    }
}

/// In order of their beginnings, where all of them have one.
fn sorted(mut phrases: Vec<wire::Phrase>) -> Vec<wire::Phrase> {
    if phrases.iter().all(|phrase| phrase.start.is_some()) {
        let start = |phrase: &wire::Phrase| phrase.start.unwrap_or_default();
        phrases.sort_by(|one, other| start(one).total_cmp(&start(other)));
    }
    phrases
}

/// A phrase, and whether its times had to be put right.
pub(crate) fn utterance(
    seq: usize,
    phrase: wire::Phrase,
    speaker: Option<i32>,
) -> (Utterance, bool) {
    let (start_ms, end_ms, mut odd) = span_of(phrase.start, phrase.end);
    let words = phrase.words_list.into_iter().flatten().flatten();
    let words = words
        .filter_map(|word| word_of(word, start_ms, end_ms, &mut odd))
        .collect();
    let mut utterance = Utterance {
        seq: i32::try_from(seq).unwrap_or(i32::MAX),
        party_index: speaker,
        channel: phrase
            .channel
            .and_then(|channel| i32::try_from(channel).ok()),
        start_ms,
        end_ms,
        text: phrase.phrase.unwrap_or_default(),
        sentiment_state_raw: phrase.emotion_state,
        words,
        ..Utterance::default()
    };
    if let Some(tone) = phrase
        .emotions_result
        .filter(|tone| !tone.trim().is_empty())
    {
        let label = SentimentLabel::from_word(tone.trim().to_lowercase().as_str());
        utterance.sentiment = Some(label);
        if label == SentimentLabel::Other || label.as_str() != tone {
            utterance
                .vendor_values
                .insert("sentiment".to_owned(), Value::from(tone));
        }
    }
    (utterance, odd)
}

/// A word; one without times takes those of its phrase.
fn word_of(
    word: wire::Word,
    phrase_start: Option<i64>,
    phrase_end: Option<i64>,
    odd: &mut bool,
) -> Option<Word> {
    let text = word.word?;
    let (start, end, mended) = span_of(word.start, word.end);
    let start_ms = start.or(phrase_start).unwrap_or(0);
    let end_ms = end.or(phrase_end).unwrap_or(start_ms).max(start_ms);
    *odd |= mended || start.is_none() || end.is_none();
    Some(Word {
        text,
        start_ms,
        end_ms,
        channel: word.channel.and_then(|channel| i32::try_from(channel).ok()),
        confidence: None,
    })
}

/// Who speaks, by the vendor's role or by the audio channel.
#[derive(Default)]
struct Speakers {
    met: Vec<Party>,
}

impl Speakers {
    /// The provisional index of the speaker; `None` when the vendor tells neither role nor channel.
    fn of(&mut self, role: Option<&str>, channel: Option<i64>, settings: &Settings) -> Option<i32> {
        let role_raw = role.filter(|role| !role.trim().is_empty());
        if role_raw.is_none() && channel.is_none() {
            return None;
        }
        let (role, derived) = match (role_raw, channel) {
            (Some(raw), _) => (role_of(raw), false),
            (None, Some(channel)) => match settings.channel_roles.get(&channel) {
                Some(role) => (*role, true),
                None => (PartyRole::Unknown, false),
            },
            (None, None) => (PartyRole::Unknown, false),
        };
        let channel = channel.and_then(|channel| i32::try_from(channel).ok());
        // A told role is a speaker by itself; channels tell speakers apart only where they are all
        // there is.
        let by_role = role_raw.is_some();
        let known = self.met.iter_mut().find(|party| {
            let same_word = party.vendor_values.get("role").and_then(Value::as_str)
                == role_raw.filter(|_| role == PartyRole::Other);
            let same_channel = party.channel == channel || (by_role && !party.role_derived);
            party.role == role && same_word && same_channel
        });
        if let Some(party) = known {
            party.channel = party.channel.or(channel);
            return Some(party.index);
        }
        let index = i32::try_from(self.met.len()).unwrap_or(i32::MAX);
        let mut party = Party::new(index, role);
        party.channel = channel;
        party.role_derived = derived;
        if let (Some(raw), PartyRole::Other) = (role_raw, role) {
            party
                .vendor_values
                .insert("role".to_owned(), Value::from(raw));
        }
        self.met.push(party);
        Some(index)
    }

    /// The parties in an order that does not depend on who spoke first, with their talk times.
    fn into_parties(self, utterances: &mut [Utterance]) -> Vec<Party> {
        let rank = |party: &Party| match party.role {
            PartyRole::Agent => 0,
            PartyRole::Customer => 1,
            _ => 2,
        };
        let mut parties = self.met;
        parties.sort_by_key(|party| (rank(party), party.channel.unwrap_or(i32::MAX)));
        let places: HashMap<i32, i32> = (0..)
            .zip(&parties)
            .map(|(index, party)| (party.index, index))
            .collect();
        for utterance in utterances {
            let place = utterance.party_index.and_then(|index| places.get(&index));
            utterance.party_index = place.copied();
            let speaker = parties
                .iter_mut()
                .find(|party| place.copied() == places.get(&party.index).copied());
            if let (Some(party), Some(start), Some(end)) =
                (speaker, utterance.start_ms, utterance.end_ms)
                && place.is_some()
            {
                party.talk_ms = Some(party.talk_ms.unwrap_or(0) + end - start);
            }
        }
        for (index, party) in (0..).zip(&mut parties) {
            party.index = index;
        }
        parties
    }
}

fn role_of(raw: &str) -> PartyRole {
    match raw.trim().to_lowercase().as_str() {
        "operator" | "agent" | "employee" => PartyRole::Agent,
        "client" | "customer" => PartyRole::Customer,
        _ => PartyRole::Other,
    }
}
