//! The fields of a form beside its file.

use std::collections::BTreeMap;

use axum::extract::multipart::{Field, MultipartError};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    extract::read_json,
    problem::{FieldError, Problem, codes},
    wire::order::{AnalysisInput, FileHead},
};

/// The part that holds the file.
pub(super) const FILE: &str = "file";
/// The part that holds all the rest as JSON.
const SUBMISSION: &str = "submission";
/// The most that the fields of a form may hold together, in bytes.
const FIELDS_LIMIT: usize = 1024 * 1024;

/// The most fields, the empty ones counted as well.
const PARTS_LIMIT: usize = 100;

/// Parts of the form, and where they stand in the JSON body.
const PLACES: &[(&str, &str, Kind)] = &[
    ("connection_id", "/connection_id", Kind::Text),
    ("type", "/source/type", Kind::Text),
    ("size_bytes", "/source/size_bytes", Kind::Integer),
    ("started_at", "/call/started_at", Kind::Text),
    ("direction", "/call/direction", Kind::Text),
    ("agent_name", "/call/agent_name", Kind::Text),
    ("customer_id", "/call/customer_id", Kind::Text),
    ("folder_remote_id", "/call/folder_remote_id", Kind::Text),
    ("language", "/call/language", Kind::Text),
    ("duration_ms", "/call/duration_ms", Kind::Integer),
    ("processing_mode", "/processing_mode", Kind::Text),
    ("force", "/force", Kind::Boolean),
    ("external_refs", "/external_refs", Kind::Json),
    ("client_metadata", "/client_metadata", Kind::Json),
];

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Boolean,
    Json,
}

/// The fields of a form, as they came.
#[derive(Debug, Default)]
pub(super) struct Fields {
    values: BTreeMap<String, Vec<u8>>,
    size: usize,
    parts: usize,
}

impl Fields {
    /// Whether the form says all it has to say: nothing may stand beside a `submission`.
    pub(super) fn are_complete(&self) -> bool {
        self.values.contains_key(SUBMISSION)
    }

    /// Takes one field in.
    pub(super) async fn take(&mut self, mut field: Field<'_>) -> Result<(), Problem> {
        let name = field.name().unwrap_or_default().to_owned();
        let known = name == SUBMISSION || PLACES.iter().any(|(known, ..)| *known == name);
        if !known {
            let detail = "the form has no such part; the file is the part `file`";
            return Err(wrong(&format!("/{name}"), "unknown_member", detail));
        }
        self.parts += 1;
        if self.parts > PARTS_LIMIT {
            let detail = format!("the form has more than {PARTS_LIMIT} parts");
            return Err(Problem::new(codes::BODY_TOO_LARGE, detail));
        }
        let mut value = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(|error| unreadable(&error))? {
            self.size += piece.len();
            if self.size > FIELDS_LIMIT {
                let detail = "the fields beside the file are larger than the gateway takes";
                return Err(Problem::new(codes::BODY_TOO_LARGE, detail));
            }
            value.extend_from_slice(&piece);
        }
        // Forms of browsers send what was not filled in as well; it says nothing.
        if value.is_empty() {
            return Ok(());
        }
        if self.values.insert(name.clone(), value).is_some() {
            return Err(wrong(&format!("/{name}"), "repeated", "is given twice"));
        }
        Ok(())
    }

    /// What names the request: its fields, and what is told of the file beside it.
    pub(super) fn hash(&self, target: &str, file: &FileHead, given_name: &str) -> Vec<u8> {
        let mut hash = Sha256::new();
        let mut add = |part: &[u8]| {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        };
        add(target.as_bytes());
        for (name, value) in &self.values {
            add(name.as_bytes());
            add(value);
        }
        add(given_name.as_bytes());
        add(file.content_type.as_bytes());
        hash.finalize().to_vec()
    }

    /// The analysis that the fields ask for.
    pub(super) fn read(mut self) -> Result<AnalysisInput, Problem> {
        if let Some(written) = self.values.remove(SUBMISSION) {
            if let Some(other) = self.values.keys().next() {
                let detail = "stands beside `submission`, which holds all of it";
                return Err(wrong(&format!("/{other}"), "unknown_member", detail));
            }
            let mut body: Map<String, Value> = read_json(&written)?;
            let source = body.entry("source").or_insert_with(|| json!({}));
            if let Value::Object(source) = source {
                source.entry("type").or_insert_with(|| json!("recording"));
            }
            return decode(&Value::Object(body));
        }
        let mut body = json!({"source": {"type": "recording"}, "call": {}});
        for (name, pointer, kind) in PLACES {
            let Some(bytes) = self.values.remove(*name) else {
                continue;
            };
            let value = value_of(&bytes, *kind, pointer)?;
            let (parent, member) = pointer.rsplit_once('/').unwrap_or_default();
            if let Some(Value::Object(members)) = body.pointer_mut(parent) {
                members.insert(member.to_owned(), value);
            }
        }
        decode(&body)
    }
}

/// Reads what the fields say as strictly as a JSON body.
fn decode(body: &Value) -> Result<AnalysisInput, Problem> {
    read_json(body.to_string().as_bytes())
}

fn value_of(bytes: &[u8], kind: Kind, pointer: &str) -> Result<Value, Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_error| wrong(pointer, "invalid_value", "must be UTF-8"))?;
    let misfit = |detail: &str| wrong(pointer, "invalid_value", detail);
    match kind {
        Kind::Text => Ok(Value::String(text.to_owned())),
        Kind::Integer => {
            let number: i64 = text
                .trim()
                .parse()
                .map_err(|_error| misfit("must be a whole number"))?;
            Ok(json!(number))
        }
        Kind::Boolean => match text.trim() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(misfit("must be true or false")),
        },
        Kind::Json => serde_json::from_str(text).map_err(|_error| misfit("must be JSON")),
    }
}

/// The unique name that a file is sent under keeps its ending.
pub(super) fn file_head(name: &str, given: Option<&str>, content_type: Option<&str>) -> FileHead {
    let content_type = content_type
        .filter(|kind| kind.len() <= 100 && kind.bytes().all(|byte| byte.is_ascii_graphic()))
        .unwrap_or("application/octet-stream")
        .to_owned();
    let of_name = given
        .and_then(|given| given.rsplit_once('.'))
        .map(|(_, ending)| ending.to_ascii_lowercase())
        .filter(|ending| (1..=8).contains(&ending.len()))
        .filter(|ending| ending.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let of_type = match content_type.as_str() {
        "audio/wav" | "audio/x-wav" | "audio/wave" => Some("wav"),
        "audio/mpeg" | "audio/mp3" => Some("mp3"),
        "audio/ogg" => Some("ogg"),
        "audio/opus" => Some("opus"),
        "audio/flac" => Some("flac"),
        "audio/mp4" | "audio/x-m4a" => Some("m4a"),
        "audio/webm" => Some("webm"),
        "audio/aac" => Some("aac"),
        _ => None,
    };
    let ending = of_name.or_else(|| of_type.map(str::to_owned));
    FileHead {
        file_name: ending.map_or_else(|| name.to_owned(), |ending| format!("{name}.{ending}")),
        content_type,
    }
}

/// What is wrong with a part.
pub(super) fn wrong(pointer: &str, code: &str, detail: &str) -> Problem {
    Problem::new(codes::INVALID_BODY, format!("{pointer}: {detail}"))
        .with_error(FieldError::body(pointer, code, detail))
}

/// The form ended early, or is none.
pub(super) fn unreadable(error: &MultipartError) -> Problem {
    tracing::debug!(error = error.body_text(), "A form could not be read");
    Problem::new(
        codes::BAD_REQUEST,
        "the form ended before it was complete, or is no form",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(values: &[(&str, &str)]) -> Fields {
        Fields {
            values: values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
                .collect(),
            size: 0,
            parts: 0,
        }
    }

    const CONNECTION: &str = "0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d";

    #[test]
    fn fields_say_what_a_body_would() {
        let input = fields(&[
            ("connection_id", CONNECTION),
            ("type", "audio"),
            ("duration_ms", "1500"),
            ("force", "true"),
            ("client_metadata", "{\"a\": 1}"),
            ("agent_name", "Nadia Example"),
        ])
        .read()
        .unwrap();
        assert_eq!(input.source.source_type, "audio");
        assert_eq!(input.call.duration_ms, Some(1_500));
        assert!(input.force);
        assert_eq!(input.client_metadata.unwrap()["a"], 1);
        let whole = format!("{{\"connection_id\": \"{CONNECTION}\"}}");
        let input = fields(&[("submission", &whole)]).read().unwrap();
        assert_eq!(input.source.source_type, "recording");
    }

    #[test]
    fn wrong_fields_are_pointed_at() {
        let whole = format!("{{\"connection_id\": \"{CONNECTION}\", \"odd\": 1}}");
        let cases = [
            (vec![("type", "audio")], "/connection_id"),
            (
                vec![("connection_id", CONNECTION), ("duration_ms", "long")],
                "/call/duration_ms",
            ),
            (
                vec![("connection_id", CONNECTION), ("started_at", "soon")],
                "/call/started_at",
            ),
            (
                vec![("connection_id", CONNECTION), ("external_refs", "[")],
                "/external_refs",
            ),
            (vec![("submission", &whole)], "/odd"),
            (vec![("submission", "{}"), ("type", "audio")], "/type"),
        ];
        for (values, pointer) in cases {
            let problem = fields(&values).read().unwrap_err();
            let document = problem.document("r", "");
            assert_eq!(document.errors[0].pointer, pointer, "{values:?}");
        }
    }

    #[test]
    fn a_file_is_sent_under_a_name_of_ours_with_its_ending() {
        let name = |given: Option<&str>, kind: Option<&str>| file_head("id", given, kind).file_name;
        assert_eq!(name(Some("Call of Nadia.WAV"), None), "id.wav");
        assert_eq!(name(Some("../../etc/passwd"), Some("audio/mpeg")), "id.mp3");
        assert_eq!(name(Some("a.b/c"), None), "id");
        assert_eq!(name(None, Some("audio/ogg")), "id.ogg");
        let odd = file_head("id", None, Some("audio/\u{7}"));
        assert_eq!(odd.content_type, "application/octet-stream");
    }
}
