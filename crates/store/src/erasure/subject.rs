//! By what a person is found: phones and client ids, in whichever spelling they stand.

use std::collections::BTreeSet;

use callweave_model::{AnalyzedCall, CallId, facts::CallFacts, phone};
use serde_json::Value;
use uuid::Uuid;

/// Members that hold a CRM's id of a person, in our own documents and in vendors'.
const CLIENT_MEMBERS: [&str; 5] = [
    "external_id",
    "client_id",
    "clientid",
    "customer_id",
    "customerid",
];

/// The fewest digits that make a phone.
const SHORTEST_PHONE: usize = 5;

/// The shortest word of a text without structure that is taken for a client's id.
const SHORTEST_WORD: usize = 3;

/// Whom or what an erasure is about.
#[derive(Clone, PartialEq, Eq)]
pub enum Subject {
    /// One call.
    Call(CallId),
    /// Everybody with this phone, by its digits.
    Phone(String),
    /// Everybody with this id in the CRM.
    Client(String),
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.word())
    }
}

impl Subject {
    /// A phone in any usual spelling; `None` when it is none.
    pub fn phone(raw: &str) -> Option<Self> {
        canonical_phone(raw).map(Self::Phone)
    }

    /// A client's id; `None` when it is empty.
    pub fn client(id: &str) -> Option<Self> {
        canonical_client(id).map(Self::Client)
    }

    /// The word for its kind.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Call(_) => "call",
            Self::Phone(_) => "phone",
            Self::Client(_) => "client_id",
        }
    }

    pub(crate) fn mark(&self) -> Mark {
        match self {
            Self::Call(id) => Mark::Call(id.0),
            Self::Phone(digits) => Mark::Phone(digits.clone()),
            Self::Client(id) => Mark::Client(id.clone()),
        }
    }
}

/// Something that may be suppressed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    Phone(String),
    Client(String),
    Call(Uuid),
    Record(Uuid),
}

impl Mark {
    /// A vendor's record, whichever connection brings it.
    pub(crate) fn record(namespace: Uuid, kind: &str, remote_id: &str) -> Self {
        let name = format!("{kind}\0{remote_id}");
        Self::Record(Uuid::new_v5(&namespace, name.as_bytes()))
    }

    /// What is hashed.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Phone(digits) => format!("phone|{digits}"),
            Self::Client(id) => format!("client_id|{id}"),
            Self::Call(id) => format!("call|{id}"),
            Self::Record(id) => format!("record|{id}"),
        }
    }
}

pub(crate) type Marks = BTreeSet<Mark>;

/// The digits of a phone, with its country where that can be told.
fn canonical_phone(raw: &str) -> Option<String> {
    if let Some(full) = phone::to_e164(raw) {
        return Some(full.trim_start_matches('+').to_owned());
    }
    let allowed =
        |character: char| character.is_ascii_digit() || " +-().\u{a0}".contains(character);
    let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
    (raw.trim().chars().all(allowed) && (SHORTEST_PHONE..=20).contains(&digits.len()))
        .then_some(digits)
}

fn canonical_client(id: &str) -> Option<String> {
    let id = id.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

/// What stands in a call as its vendor tells it, without what was said.
pub(crate) fn of_call(call: &AnalyzedCall, marks: &mut Marks) {
    let mut head = call.clone();
    head.transcript = None;
    head.analyses = Vec::new();
    if let Ok(document) = serde_json::to_value(&head) {
        of_document(&document, marks);
    }
}

/// What a CRM tells of a call.
pub(crate) fn of_facts(facts: &CallFacts, marks: &mut Marks) {
    for party in &facts.parties {
        let phone = party.phone.as_deref().and_then(canonical_phone);
        marks.extend(phone.map(Mark::Phone));
        let client = party.external_id.as_deref().and_then(canonical_client);
        marks.extend(client.map(Mark::Client));
    }
}

/// What stands in a document: every text and number that is a phone as a whole, and the members
/// that hold a client's id.
pub(crate) fn of_document(document: &Value, marks: &mut Marks) {
    match document {
        Value::Object(members) => {
            for (name, value) in members {
                let is_client = CLIENT_MEMBERS.contains(&name.to_ascii_lowercase().as_str());
                match (is_client, scalar(value)) {
                    (true, Some(id)) => marks.extend(canonical_client(&id).map(Mark::Client)),
                    _ => of_document(value, marks),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| of_document(item, marks)),
        other => {
            let phone = scalar(other).and_then(|text| canonical_phone(&text));
            marks.extend(phone.map(Mark::Phone));
        }
    }
}

/// What stands in the bytes of a document: JSON, or any other text.
pub(crate) fn of_bytes(bytes: &[u8], marks: &mut Marks) {
    if let Ok(document) = serde_json::from_slice::<Value>(bytes) {
        of_document(&document, marks);
        return;
    }
    // Broken JSON is what quarantine is for: whatever looks like a phone or an id counts.
    let text = String::from_utf8_lossy(bytes);
    let of_phone =
        |character: char| character.is_ascii_digit() || " +-().\u{a0}".contains(character);
    for run in text.split(|character| !of_phone(character)) {
        marks.extend(canonical_phone(run).map(Mark::Phone));
        for word in run.split([' ', '\u{a0}']) {
            marks.extend(canonical_phone(word).map(Mark::Phone));
        }
    }
    let words = text.split(|character: char| {
        character.is_whitespace() || "\"',;:<>{}[]()=&".contains(character)
    });
    let words = words.filter(|word| word.len() >= SHORTEST_WORD);
    marks.extend(words.filter_map(canonical_client).map(Mark::Client));
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spellings_of_one_phone_are_one_subject() {
        let subject = Subject::phone("+7 999 000-11-22").unwrap();
        for raw in ["79990001122", "8 (999) 000-11-22", "+79990001122"] {
            assert_eq!(Subject::phone(raw), Some(subject.clone()), "{raw}");
        }
        assert_ne!(Subject::phone("9990001122"), Some(subject.clone()));
        for raw in ["", "anonymous", "101", "+7999000112x"] {
            assert_eq!(Subject::phone(raw), None, "{raw}");
        }
        assert!(!format!("{subject:?}").contains("999"));
    }

    #[test]
    fn a_person_is_found_in_a_document_and_nobody_else() {
        let mut marks = Marks::new();
        of_document(
            &json!({"parties": [{"phone_raw": "8 999 000-11-22", "external_id": "c-7"}],
                "dialog": {"msisdn": 79_990_001_133_u64}, "note": "call 89990001144 later", "id": 5}),
            &mut marks,
        );
        let expected: Marks = [
            Mark::Phone("79990001122".into()),
            Mark::Client("c-7".into()),
            Mark::Phone("79990001133".into()),
        ]
        .into();
        assert!(marks == expected);
    }

    #[test]
    fn broken_json_is_searched_as_text() {
        let mut marks = Marks::new();
        of_bytes(
            br#"{"phone": "+79990001122", "client_id": "c-7", "x"#,
            &mut marks,
        );
        assert!(marks.contains(&Mark::Phone("79990001122".into())));
        assert!(marks.contains(&Mark::Client("c-7".into())));
    }
}
