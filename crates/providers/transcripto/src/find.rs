//! Telling whether a submission without a known outcome arrived.
//!
//! Files go under names that nothing else has. Of everything else the vendor's lists tell little:
//! what cannot be told apart from another caller's work stays unknown.

use callweave_model::Timestamp;
use callweave_provider::{
    CallContext, Result, address,
    number::as_id,
    submit::{Found, Source, Submission},
    when,
};
use serde_json::{Map, Value};

use crate::{Transcripto, error::member};

/// Chats whose text is looked at.
const MOST_CHATS: usize = 20;

/// Whether a task is the one that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Ours,
    Maybe,
    Other,
}

impl Transcripto {
    /// The code of the task that came of a submission.
    pub(crate) async fn trace(
        &self,
        context: &CallContext<'_>,
        submission: &Submission,
        sent_at: Timestamp,
    ) -> Result<Found<String>> {
        let task_type = match &submission.source {
            Source::VendorCall { .. } => return Ok(Found::Unknown),
            Source::Recording { .. } | Source::RecordingUrl { .. } => "call",
            Source::Audio { .. } => "audio",
            Source::VideoUrl { .. } => "youtubenew",
            Source::Chat { .. } => "chat",
        };
        let came = self.came_in(context, task_type, sent_at).await?;
        let (mut ours, mut doubtful, mut chats) = (Vec::new(), false, 0);
        for (code, row) in &came.tasks {
            let mut fit = self.fit(submission, row);
            if matches!(submission.source, Source::Chat { .. }) && fit == Fit::Maybe {
                chats += 1;
                if chats <= MOST_CHATS {
                    fit = self.fit_of_chat(context, submission, code).await?;
                }
            }
            match fit {
                Fit::Ours => ours.push(code.clone()),
                Fit::Maybe => doubtful = true,
                Fit::Other => {}
            }
        }
        Ok(match ours.as_slice() {
            [code] => Found::Yes(code.clone()),
            [] if !doubtful && came.is_proof(context, sent_at) => Found::No,
            _ => Found::Unknown,
        })
    }

    /// What the list tells.
    fn fit(&self, submission: &Submission, row: &Map<String, Value>) -> Fit {
        let name = text(row, "file_name");
        match &submission.source {
            Source::Recording { file_name, .. } | Source::Audio { file_name, .. } => {
                match name.map(last_part) {
                    None => Fit::Maybe,
                    Some(name) if name == file_name => Fit::Ours,
                    Some(_) => Fit::Other,
                }
            }
            Source::RecordingUrl { url } => self.fit_of_url(submission, row, name, url),
            Source::VideoUrl { url } => match name {
                _ if !same_folder(submission, row) => Fit::Other,
                Some(name) if name == url => Fit::Ours,
                Some(name) if name.contains("://") => Fit::Other,
                _ => Fit::Maybe,
            },
            Source::Chat { .. } => {
                let day = submission.started_at.and_then(|at| self.written(at).0);
                let other_day = matches!(
                    (day.as_ref().and_then(Value::as_str), text(row, "call_date")),
                    (Some(sent), Some(told)) if sent != told
                );
                if other_day || !same_agent(submission, row) {
                    Fit::Other
                } else {
                    Fit::Maybe
                }
            }
            Source::VendorCall { .. } => Fit::Other,
        }
    }

    /// A name alone is not enough: recordings of many calls may end in the same one.
    fn fit_of_url(
        &self,
        submission: &Submission,
        row: &Map<String, Value>,
        name: Option<&str>,
        url: &str,
    ) -> Fit {
        let told = text(row, "call_time")
            .and_then(|text| when::read(text, &self.settings.zone))
            .map(|read| read.instant);
        let same_time = match (submission.started_at, told) {
            (Some(sent), Some(told)) => {
                Some((sent.as_millis() - told.as_millis()).unsigned_abs() < 1_000)
            }
            _ => None,
        };
        let other = same_time == Some(false)
            || !same_agent(submission, row)
            || !same_folder(submission, row);
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let same_name = name.is_some_and(|name| {
            let (told, sent) = (last_part(name), last_part(path));
            told == sent || address::encode(told).eq_ignore_ascii_case(sent)
        });
        let whole_path = name.is_some_and(|name| name == path || name == url);
        match (other, same_name && same_time == Some(true) || whole_path) {
            (true, _) => Fit::Other,
            (false, true) => Fit::Ours,
            (false, false) => Fit::Maybe,
        }
    }

    /// What the text of a chat tells.
    async fn fit_of_chat(
        &self,
        context: &CallContext<'_>,
        submission: &Submission,
        code: &str,
    ) -> Result<Fit> {
        let task = self.task(context, code).await?;
        let result = member(&task.members, "task_result");
        let told = result
            .as_ref()
            .and_then(|result| result.get("original_text"));
        let (Some(told), Some(sent)) = (told.and_then(Value::as_str), spoken(&submission.source))
        else {
            return Ok(Fit::Maybe);
        };
        let told = squeezed(told);
        let met = sent
            .iter()
            .filter(|line| told.contains(line.as_str()))
            .count();
        Ok(match met {
            0 => Fit::Other,
            met if met == sent.len() => Fit::Ours,
            _ => Fit::Maybe,
        })
    }
}

/// What is said in a chat, line by line without the labels; `None` where that cannot be told.
fn spoken(source: &Source) -> Option<Vec<String>> {
    let Source::Chat { text, messages } = source else {
        return None;
    };
    let pieces: Vec<&str> = match (text, messages) {
        (Some(text), _) => vec![text],
        (None, Some(messages)) => messages.iter().map(piece).collect::<Option<_>>()?,
        (None, None) => return None,
    };
    let lines: Vec<String> = pieces
        .iter()
        .flat_map(|piece| piece.lines())
        .map(|line| squeezed(line.split_once(':').map_or(line, |(_, said)| said)))
        .filter(|line| !line.is_empty())
        .collect();
    (!lines.is_empty()).then_some(lines)
}

fn piece(message: &Value) -> Option<&str> {
    message.as_str().or_else(|| {
        ["text", "message", "content"]
            .into_iter()
            .find_map(|name| message.get(name)?.as_str())
    })
}

/// Text with every gap one space wide.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text<'a>(row: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    row.get(name)
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// A name without the folders before it.
fn last_part(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// `global` is what the vendor writes where nobody was named.
fn same_agent(submission: &Submission, row: &Map<String, Value>) -> bool {
    let sent = submission.agent_name.as_deref().map(str::trim);
    let sent = sent.filter(|name| !name.is_empty() && *name != "global");
    let told = text(row, "operator_name").filter(|name| *name != "global");
    sent == told
}

/// 0 stands for no folder.
fn same_folder(submission: &Submission, row: &Map<String, Value>) -> bool {
    let told = row.get("directory_id").and_then(as_id);
    let told = told.as_deref().filter(|id| *id != "0");
    let sent = submission.folder_remote_id.as_deref();
    sent.filter(|id| *id != "0") == told
}
