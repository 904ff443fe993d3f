//! What a test wants to be different about a call.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Call, Emotion, Language, Line, Speaker, TagHit};

/// The members that differ from the generated call; all others stay as generated.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallPatch {
    /// When the call began.
    pub started_at: Option<Timestamp>,
    /// `ru`, `en` or `uz`; sets the label only, the words stay.
    pub language: Option<String>,
    /// The score in percent.
    pub score: Option<u8>,
    /// The description inside the summary.
    pub summary: Option<String>,
    /// The whole dialogue. Times are laid out anew.
    pub lines: Option<Vec<LinePatch>>,
    /// The names of all tags.
    pub tags: Option<Vec<String>>,
    /// What only this vendor understands. All of them understand `edit`, with `set` and `remove`
    /// inside: JSON pointers into the finished document, so that one record can be poisoned.
    pub extra: Map<String, Value>,
}

/// A line of a dialogue that a test wrote.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinePatch {
    /// `operator` or `client`; anything else is taken for the client.
    pub speaker: String,
    /// What is said.
    pub text: String,
}

impl CallPatch {
    /// Lays a later patch over this one.
    pub(crate) fn merge(&mut self, later: Self) {
        self.started_at = later.started_at.or(self.started_at);
        self.language = later.language.or_else(|| self.language.take());
        self.score = later.score.or(self.score);
        self.summary = later.summary.or_else(|| self.summary.take());
        self.lines = later.lines.or_else(|| self.lines.take());
        self.tags = later.tags.or_else(|| self.tags.take());
        self.extra.extend(later.extra);
    }

    /// Makes the call as the patch wants it.
    pub(crate) fn apply(&self, call: &mut Call) {
        match self.language.as_deref() {
            Some("ru") => call.language = Language::Ru,
            Some("en") => call.language = Language::En,
            Some("uz") => call.language = Language::Uz,
            _ => {}
        }
        if let Some(score) = self.score {
            call.score = score.min(100);
        }
        if let Some(summary) = &self.summary {
            call.summary.brief.clone_from(summary);
        }
        if let Some(lines) = &self.lines {
            call.lines = lay_out(lines);
            call.duration_ms = call.lines.last().map_or(0, |line| line.end_ms + 1_000);
            // Findings point at lines that may be gone.
            for point in &mut call.points {
                point.line = point.line.filter(|line| *line < call.lines.len());
            }
            for tag in &mut call.tags {
                tag.line = tag.line.filter(|line| *line < call.lines.len());
            }
        }
        if let Some(tags) = &self.tags {
            call.tags = tags
                .iter()
                .map(|name| TagHit {
                    name: name.clone(),
                    line: None,
                })
                .collect();
        }
        call.extra.extend(self.extra.clone());
    }
}

fn lay_out(lines: &[LinePatch]) -> Vec<Line> {
    let mut now_ms = 1_000;
    lines
        .iter()
        .map(|line| {
            let start_ms = now_ms;
            let end_ms =
                start_ms + 400 + i64::try_from(line.text.chars().count()).unwrap_or(0) * 60;
            now_ms = end_ms + 400;
            let speaker = if line.speaker == "operator" {
                Speaker::Agent
            } else {
                Speaker::Client
            };
            Line {
                speaker,
                start_ms,
                end_ms,
                text: line.text.clone(),
                emotion: Emotion::Neutral,
            }
        })
        .collect()
}
