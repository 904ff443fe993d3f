//! One conversation: the neutral truth that the vendors only render.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::{edit, random, vendor::Vendor};

pub(crate) mod patch;
pub(crate) mod phrases;
mod script;
mod verdict;

pub(crate) use script::generate;

/// The language a call is held in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Ru,
    En,
    Uz,
}

/// What a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Domain {
    Clinic,
    Telecom,
    Bank,
    Delivery,
    RealEstate,
}

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Inbound,
    Outbound,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    Agent,
    Client,
}

/// How a line sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emotion {
    Neutral,
    Positive,
    Negative,
}

/// One conversation and what was found in it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) vendor: Vendor,
    pub(crate) index: u32,
    /// 1 as first seen; each change adds one.
    pub(crate) version: u32,
    pub(crate) language: Language,
    pub(crate) domain: Domain,
    pub(crate) direction: Direction,
    pub(crate) started_at: Timestamp,
    /// The instant of the latest change at the vendor.
    pub(crate) changed_at: Timestamp,
    pub(crate) duration_ms: i64,
    pub(crate) company: String,
    pub(crate) agent: String,
    pub(crate) client: String,
    /// Obviously invented.
    pub(crate) client_phone: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) summary: Summary,
    /// Percent of the points that were met.
    pub(crate) score: u8,
    /// The checklist, in its order.
    pub(crate) points: Vec<Point>,
    pub(crate) tags: Vec<TagHit>,
    /// From 1 to 5.
    pub(crate) satisfaction: u8,
    pub(crate) resolved: bool,
    /// What a test hung on the call for its vendor's sake.
    pub(crate) extra: Map<String, Value>,
}

/// One line of the dialogue.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) speaker: Speaker,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    pub(crate) text: String,
    pub(crate) emotion: Emotion,
}

/// One word of a line.
#[derive(Debug, Clone)]
pub(crate) struct Word {
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// Lower case, without punctuation.
    pub(crate) text: String,
}

/// What a reader would write about the call.
#[derive(Debug, Clone)]
pub(crate) struct Summary {
    pub(crate) topic: String,
    pub(crate) result: String,
    pub(crate) interaction: String,
    pub(crate) brief: String,
}

/// One point of the checklist.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    /// 1 for the first.
    pub(crate) number: u32,
    /// In the call's language where that is Russian, else in English: the words of a customer.
    pub(crate) name: String,
    pub(crate) met: bool,
    /// The line in which it was met.
    pub(crate) line: Option<usize>,
}

/// A tag that was found, or whose absence was.
#[derive(Debug, Clone)]
pub(crate) struct TagHit {
    pub(crate) name: String,
    /// The line in which it was found; none for a finding about the whole call.
    pub(crate) line: Option<usize>,
}

impl Language {
    /// The language code.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::En => "en",
            Self::Uz => "uz",
        }
    }
}

impl Domain {
    /// The key, as it stands in facts.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Clinic => "clinic",
            Self::Telecom => "telecom",
            Self::Bank => "bank",
            Self::Delivery => "delivery",
            Self::RealEstate => "real_estate",
        }
    }
}

impl Direction {
    /// The key, as it stands in facts.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

impl Speaker {
    /// The word most vendors use.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Agent => "operator",
            Self::Client => "client",
        }
    }
}

impl Emotion {
    /// The word vendors use.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Positive => "positive",
            Self::Negative => "negative",
        }
    }
}

impl Line {
    /// The words of the line, with the line's time shared out by their lengths.
    pub(crate) fn words(&self) -> Vec<Word> {
        let texts: Vec<String> = self
            .text
            .split_whitespace()
            .map(|word| {
                let kept = |letter: &char| letter.is_alphanumeric() || "'’ʻ-".contains(*letter);
                word.chars()
                    .filter(kept)
                    .flat_map(char::to_lowercase)
                    .collect::<String>()
            })
            .filter(|word| word.chars().any(char::is_alphanumeric))
            .collect();
        let weight = |word: &str| i64::try_from(word.chars().count()).unwrap_or(0) + 1;
        let total: i64 = texts.iter().map(|word| weight(word)).sum();
        let span = (self.end_ms - self.start_ms).max(1);
        let mut passed = 0;
        texts
            .into_iter()
            .map(|text| {
                let start_ms = self.start_ms + span * passed / total.max(1);
                passed += weight(&text);
                let end_ms = self.start_ms + span * passed / total.max(1);
                Word {
                    start_ms,
                    end_ms,
                    text,
                }
            })
            .collect()
    }
}

impl Call {
    /// The key that everything random about this call follows from.
    pub(crate) fn key(&self, seed: u64, purpose: u64) -> [u64; 4] {
        [seed, self.vendor.number(), u64::from(self.index), purpose]
    }

    /// What heads the four parts of the summary, in its language.
    pub(crate) const fn labels(&self) -> [&'static str; 4] {
        phrases::analyst(self.language).labels
    }

    /// Everything that was said, a line each, with the speaker before it.
    pub(crate) fn text(&self) -> String {
        let lines: Vec<String> = self
            .lines
            .iter()
            .map(|line| format!("{}: {}", line.speaker.key(), line.text))
            .collect();
        lines.join("\n")
    }

    /// The lines' texts alone, hashed: whatever a vendor puts around them, this is what was said.
    pub(crate) fn text_hash(&self) -> String {
        hash_texts(self.lines.iter().map(|line| line.text.as_str()))
    }

    /// Changes the vendor's finished document of this call as its `extra.edit` wants it:
    /// `{"set": {pointer: value}, "remove": [pointer]}`. So one record among many is poisoned.
    pub(crate) fn edit(&self, document: &mut Value) {
        let Some(wanted) = self.extra.get("edit") else {
            return;
        };
        let set = wanted
            .get("set")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let remove = wanted
            .get("remove")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let remove: Vec<String> = remove
            .iter()
            .filter_map(|pointer| Some(pointer.as_str()?.to_owned()))
            .collect();
        edit::apply(document, &set, &remove);
    }

    /// The key facts, by which a test tells whether the call arrived whole.
    pub(crate) fn facts(&self) -> Value {
        let met = self.points.iter().filter(|point| point.met).count();
        let tags: Vec<&str> = self.tags.iter().map(|tag| tag.name.as_str()).collect();
        json!({
            "index": self.index,
            "language": self.language.code(),
            "domain": self.domain.key(),
            "direction": self.direction.key(),
            "company": self.company,
            "agent": self.agent,
            "started_at": self.started_at,
            "duration_ms": self.duration_ms,
            "lines": self.lines.len(),
            "text_sha256": self.text_hash(),
            "first_start_ms": self.lines.first().map(|line| line.start_ms),
            "last_end_ms": self.lines.last().map(|line| line.end_ms),
            "score_percent": self.score,
            "points_met": met,
            "points_total": self.points.len(),
            "tags": tags,
            "summary_topic": self.summary.topic,
            "satisfaction": self.satisfaction,
        })
    }
}

/// The SHA-256 of these texts, with a line feed after each.
pub(crate) fn hash_texts<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update(b"\n");
    }
    random::hex_of(&hash.finalize())
}
