//! What comes in with a request that hands work in.

use std::collections::HashMap;

use axum::{
    body::Bytes,
    extract::{
        Multipart,
        multipart::{Field, MultipartRejection},
    },
};
use bytes::BytesMut;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::answer::Failure;
use crate::random::hex_of;

const FORMATS: [&str; 9] = [
    "wav", "mp3", "ogg", "oga", "opus", "m4a", "flac", "webm", "aac",
];
const SHORTEST_MS: i64 = 2_000;
/// How much of a file is kept; the rest is measured and let go.
const LARGEST_KEPT: usize = 64 * 1024 * 1024;

/// The fields of a form or of a JSON body, and the file if there was one.
#[derive(Default)]
pub(crate) struct Given {
    /// The fields with a value, as texts.
    pub(crate) fields: HashMap<String, String>,
    file: Option<File>,
}

/// A file that came in: measured as a whole, kept from its beginning on.
struct File {
    name: String,
    kept: BytesMut,
    size: u64,
    hash: Sha256,
}

impl File {
    /// Reads it piece by piece; `None` where it breaks off.
    async fn read(name: String, mut field: Field<'_>) -> Option<Self> {
        let mut file = Self {
            name,
            kept: BytesMut::new(),
            size: 0,
            hash: Sha256::new(),
        };
        while let Some(mut piece) = field.chunk().await.ok()? {
            file.hash.update(&piece);
            file.size += piece.len() as u64;
            let room = LARGEST_KEPT.saturating_sub(file.kept.len());
            piece.truncate(room);
            file.kept.extend_from_slice(&piece);
        }
        Some(file)
    }
}

impl Given {
    /// A form. A form that cannot be read has no file.
    pub(crate) async fn form(form: Result<Multipart, MultipartRejection>) -> Self {
        let mut given = Self::default();
        let Ok(mut form) = form else { return given };
        while let Ok(Some(field)) = form.next_field().await {
            let name = field.name().unwrap_or_default().to_owned();
            let file_name = field.file_name().map(str::to_owned);
            if let Some(file_name) = file_name.filter(|_| name == "file") {
                given.file = File::read(file_name, field).await;
            } else if let Ok(bytes) = field.bytes().await {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                given.fields.insert(name, text);
            }
        }
        given
    }

    /// A JSON body, and its members as they are.
    pub(crate) fn json(body: &[u8]) -> Result<(Self, Map<String, Value>), Failure> {
        let members: Map<String, Value> = serde_json::from_slice(body)
            .ok()
            .ok_or_else(|| Failure::invalid("The body must be a JSON object"))?;
        let fields = members
            .iter()
            .filter_map(|(name, value)| match value {
                Value::String(text) => Some((name.clone(), text.clone())),
                Value::Number(number) => Some((name.clone(), number.to_string())),
                _ => None,
            })
            .collect();
        Ok((Self { fields, file: None }, members))
    }

    /// A field that holds something.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    /// A sound file that the vendor takes.
    pub(crate) fn sound(&self) -> Result<Sound, Failure> {
        let file = self
            .file
            .as_ref()
            .filter(|file| file.size > 0)
            .ok_or_else(|| Failure::new(4024, "File not provided"))?;
        let name = &file.name;
        let known = name
            .rsplit_once('.')
            .is_some_and(|(_, ending)| FORMATS.contains(&ending.to_lowercase().as_str()));
        if !known {
            return Err(Failure::new(4025, "Unsupported file format"));
        }
        let length_ms = wav_length_ms(&file.kept, file.size);
        match length_ms {
            Some(length) if length < SHORTEST_MS => {
                Err(Failure::new(4092, "Audio is too short (< 2 sec)"))
            }
            None if name.to_lowercase().ends_with(".wav") => {
                Err(Failure::new(4026, "File decoding error"))
            }
            _ => Ok(Sound {
                name: name.clone(),
                bytes: file.kept.clone().freeze(),
                size: file.size,
                sha256: hex_of(&file.hash.clone().finalize()),
                length_ms,
            }),
        }
    }
}

/// An uploaded sound.
#[derive(Debug)]
pub(crate) struct Sound {
    pub(crate) name: String,
    /// The beginning of the file; nearly always the whole of it.
    pub(crate) bytes: Bytes,
    /// Of the whole file.
    pub(crate) size: u64,
    /// Of the whole file, in hexadecimal.
    pub(crate) sha256: String,
    /// As measured; only WAV files are.
    pub(crate) length_ms: Option<i64>,
}

/// The length of a WAV file by its header; `None` for anything else.
fn wav_length_ms(bytes: &[u8], size: u64) -> Option<i64> {
    let word = |at: usize| -> Option<u64> {
        let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u64::from(u32::from_le_bytes(four)))
    };
    (bytes.get(..4)? == b"RIFF" && bytes.get(8..12)? == b"WAVE").then_some(())?;
    let bytes_per_second = word(28).filter(|rate| *rate > 0)?;
    let data = bytes.windows(4).position(|four| four == b"data")?;
    let given = size.saturating_sub(u64::try_from(data).ok()? + 8);
    let length = word(data + 4)?.min(given) * 1_000 / bytes_per_second;
    i64::try_from(length).ok()
}
