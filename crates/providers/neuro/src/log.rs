//! What was said, read off an attempt's log. The log's data is not documented; what is found here
//! is a best effort, and the log itself is kept whole.

use callweave_model::{
    call::Party,
    enums::{PartyRole, TranscriptFormat},
    transcript::{Transcript, Utterance},
};
use callweave_provider::speech::{party_of, split_labelled};
use serde_json::{Map, Value};

use crate::{wire::LogRow, words::speaker};

/// Members of an entry's data that hold what was said, the likeliest first.
const TEXTS: &[&str] = &[
    "text",
    "utterance",
    "phrase",
    "speech",
    "transcription",
    "transcript",
    "recognized",
    "recognition",
    "message",
    "say",
    "content",
    "value",
];

/// Members of an entry's data that name the speaker.
const SPEAKERS: &[&str] = &[
    "speaker",
    "role",
    "who",
    "side",
    "author",
    "source",
    "from",
    "participant",
];

/// The transcript of an attempt by its log; `None` where nothing in it reads like speech.
pub(crate) fn transcript(
    call_uuid: &str,
    rows: &[LogRow],
    parties: &mut Vec<Party>,
) -> Option<Transcript> {
    let mut utterances: Vec<Utterance> = Vec::new();
    for row in rows {
        for (role, text) in spoken(row) {
            utterances.push(Utterance {
                seq: i32::try_from(utterances.len()).unwrap_or(i32::MAX),
                party_index: Some(party_of(role, parties)),
                text,
                ..Utterance::default()
            });
        }
    }
    if utterances.is_empty() {
        return None;
    }
    let mut transcript = Transcript::of_utterances(call_uuid, utterances);
    transcript.derived = true;
    Some(transcript)
}

/// The transcript of an attempt that came as text, `bot(10:15:02): ...; human: ...`.
pub(crate) fn transcript_of_text(
    call_uuid: &str,
    text: &str,
    parties: &mut Vec<Party>,
) -> Transcript {
    let mut utterances = split_labelled(text, parties);
    for utterance in &mut utterances {
        let trimmed = utterance.text.trim_end_matches([';', ' ']);
        utterance.text.truncate(trimmed.len());
    }
    let mut transcript = Transcript::of_utterances(call_uuid, utterances);
    transcript.text = Some(text.to_owned());
    transcript.derived = !transcript.utterances.is_empty();
    if transcript.utterances.is_empty() {
        transcript.format = TranscriptFormat::PlainText;
    }
    transcript
}

/// The customer said something: the conversation took place.
pub(crate) fn customer_spoke(transcript: &Transcript, parties: &[Party]) -> bool {
    let customers: Vec<i32> = parties
        .iter()
        .filter(|party| party.role == PartyRole::Customer)
        .map(|party| party.index)
        .collect();
    transcript.utterances.iter().any(|utterance| {
        !utterance.text.trim().is_empty()
            && utterance
                .party_index
                .is_some_and(|index| customers.contains(&index))
    })
}

/// The turns that an entry of the log tells, mostly one or none.
fn spoken(row: &LogRow) -> Vec<(PartyRole, String)> {
    let by_action = speaker(&row.action);
    let data = match &row.data {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(members)) => members,
            _ => return turn(by_action, text).into_iter().collect(),
        },
        Value::Object(members) => members.clone(),
        _ => return Vec::new(),
    };
    let text_of = |name: &&str| data.get(*name).and_then(Value::as_str);
    let named = SPEAKERS.iter().find_map(text_of).and_then(speaker);
    let role = named.or_else(|| by_flag(&data)).or(by_action);
    if let Some(text) = TEXTS.iter().find_map(text_of) {
        return turn(role, text).into_iter().collect();
    }
    // `{"bot": "...", "human": "..."}`
    let mut turns = Vec::new();
    for (names, role) in [
        (["bot", "robot", "agent"], PartyRole::Bot),
        (["human", "client", "user"], PartyRole::Customer),
    ] {
        let text = names.iter().find_map(text_of);
        turns.extend(text.and_then(|text| turn(Some(role), text)));
    }
    if turns.is_empty() {
        turns.extend(sentence(&data).and_then(|text| turn(role, text)));
    }
    turns
}

/// The speaker by a flag such as `is_bot`.
fn by_flag(data: &Map<String, Value>) -> Option<PartyRole> {
    let flag = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| data.get(*name).and_then(Value::as_bool))
    };
    let bot = flag(&["is_bot", "bot", "from_bot"]);
    let is_bot = bot.or_else(|| flag(&["is_human", "human", "is_client"]).map(|human| !human))?;
    Some(if is_bot {
        PartyRole::Bot
    } else {
        PartyRole::Customer
    })
}

/// The longest text of an entry that reads like a sentence.
fn sentence(data: &Map<String, Value>) -> Option<&str> {
    data.iter()
        .filter(|(name, _)| !SPEAKERS.contains(&name.as_str()))
        .filter_map(|(_, value)| value.as_str())
        .filter(|text| text.trim().contains(' ') && text.chars().any(char::is_alphabetic))
        .max_by_key(|text| text.len())
}

fn turn(role: Option<PartyRole>, text: &str) -> Option<(PartyRole, String)> {
    let text = text.trim();
    role.filter(|_| !text.is_empty())
        .map(|role| (role, text.to_owned()))
}

#[cfg(test)]
mod tests {
    use callweave_model::enums::PartyRole;
    use serde_json::{Value, json};

    use super::{customer_spoke, transcript, transcript_of_text};
    use crate::wire::LogRow;

    fn row(action: &str, data: Value) -> LogRow {
        LogRow {
            action: action.to_owned(),
            data,
            ..LogRow::default()
        }
    }

    #[test]
    fn trap_n45_speech_is_found_in_any_of_the_seen_forms() {
        let rows = [
            row("call_start", Value::Null),
            row("bot_say", json!({"text": "Good day"})),
            row(
                "recognition",
                json!({"utterance": "Hello", "confidence": 0.9}),
            ),
            row(
                "phrase",
                json!({"speaker": "bot", "text": "Are you there?"}),
            ),
            row("exchange", json!({"human": "Yes"})),
            row("say", json!("Bye")),
            row("turn", json!({"is_bot": false, "text": "Bye-bye"})),
            row("client_answer", json!({"who_knows": "call me tomorrow"})),
            row("set_result", json!({"value": "agreed"})),
            row("hangup", json!({"reason": "normal"})),
        ];
        let mut parties = Vec::new();
        let transcript = transcript("c1", &rows, &mut parties).unwrap();
        let said: Vec<(PartyRole, &str)> = transcript
            .utterances
            .iter()
            .map(|turn| {
                let index = usize::try_from(turn.party_index.unwrap()).unwrap();
                (parties[index].role, turn.text.as_str())
            })
            .collect();
        assert_eq!(
            said,
            [
                (PartyRole::Bot, "Good day"),
                (PartyRole::Customer, "Hello"),
                (PartyRole::Bot, "Are you there?"),
                (PartyRole::Customer, "Yes"),
                (PartyRole::Bot, "Bye"),
                (PartyRole::Customer, "Bye-bye"),
                (PartyRole::Customer, "call me tomorrow"),
            ]
        );
        assert!(transcript.derived);
        assert!(customer_spoke(&transcript, &parties));
    }

    #[test]
    fn trap_n44_a_log_without_speech_is_no_transcript() {
        let mut parties = Vec::new();
        assert!(transcript("c1", &[row("hangup", Value::Null)], &mut parties).is_none());
    }

    #[test]
    fn trap_n45_the_text_form_is_split_by_its_labels() {
        let mut parties = Vec::new();
        let text = "bot(10:15:02): Good day; human(10:15:09): Who is it?; bot: A robot";
        let transcript = transcript_of_text("c1", text, &mut parties);
        assert_eq!(transcript.utterances.len(), 3);
        assert_eq!(transcript.utterances[0].text, "Good day");
        assert_eq!(transcript.utterances[1].text, "Who is it?");
        assert_eq!(transcript.text.as_deref(), Some(text));
    }
}
