//! Recordings and files of a call.

use async_trait::async_trait;
use bytes::Bytes;
use callweave_model::call::Media;
use futures::{StreamExt as _, stream::BoxStream};
use http::header::CONTENT_LENGTH;

use crate::{
    CallContext, Result,
    http_client::{StreamingAnswer, TransportError, media_type},
};

/// Opens the bytes of a media object at the vendor.
#[async_trait]
pub trait MediaSource: Send + Sync {
    /// Opens a media object of the call that the vendor knows as `call_remote_id`.
    ///
    /// Fails with [`crate::ErrorKind::NotReady`] where the vendor may have it later, with
    /// [`crate::ErrorKind::NotFound`] where it has none.
    async fn open(
        &self,
        context: &CallContext<'_>,
        call_remote_id: &str,
        media: &Media,
    ) -> Result<MediaBody>;
}

/// The bytes of a media object.
pub struct MediaBody {
    /// The MIME type: the vendor's when it names one of audio or video, else what the first bytes
    /// tell, else `application/octet-stream`.
    pub content_type: String,
    /// The size, where the vendor says it ahead.
    pub length: Option<u64>,
    /// The bytes.
    pub content: MediaContent,
}

/// Bytes at once, or as they come.
pub enum MediaContent {
    /// The whole file.
    Whole(Bytes),
    /// Piece by piece.
    Stream(BoxStream<'static, Result<Bytes, TransportError>>),
}

impl std::fmt::Debug for MediaBody {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("MediaBody")
            .field("content_type", &self.content_type)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// The vendor's answer is no audio and no video: a page, a JSON message, nothing at all.
#[derive(Debug, thiserror::Error)]
pub enum NotMedia {
    /// Something else came.
    #[error("the answer is neither audio nor video")]
    SomethingElse,
    /// The answer broke off before it could be told.
    #[error("the answer broke off")]
    Transport(#[from] TransportError),
}

impl MediaBody {
    /// Takes a successful answer for a media file. Its first bytes decide where its type is silent
    /// or general, and a page or a JSON message in place of audio is refused.
    pub async fn from_stream(mut answer: StreamingAnswer) -> std::result::Result<Self, NotMedia> {
        let told = media_type(&answer.headers);
        let length = answer
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse().ok());
        let mut head = Vec::new();
        let mut chunks = Vec::new();
        while head.len() < 16 {
            match answer.body.next().await {
                Some(chunk) => {
                    let chunk = chunk?;
                    head.extend_from_slice(&chunk);
                    chunks.push(Ok(chunk));
                }
                None => break,
            }
        }
        let content_type = if told.starts_with("audio/") || told.starts_with("video/") {
            Some(told)
        } else if told.contains("json") || told.starts_with("text/") {
            sniff(&head).map(str::to_owned)
        } else {
            let text_like = matches!(head.trim_ascii_start().first(), Some(b'{' | b'[' | b'<'));
            match sniff(&head) {
                Some(known) => Some(known.to_owned()),
                None => (!text_like).then(|| "application/octet-stream".to_owned()),
            }
        };
        let content_type = content_type.filter(|_| !head.is_empty());
        Ok(Self {
            content_type: content_type.ok_or(NotMedia::SomethingElse)?,
            length,
            content: MediaContent::Stream(futures::stream::iter(chunks).chain(answer.body).boxed()),
        })
    }
}

/// The MIME type that the first bytes of an audio file tell, or `None`.
pub fn sniff(bytes: &[u8]) -> Option<&'static str> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    if starts(b"RIFF") && bytes.get(8..12) == Some(b"WAVE") {
        return Some("audio/wav");
    }
    if starts(b"ID3")
        || (bytes.first() == Some(&0xff) && bytes.get(1).is_some_and(|b| b & 0xe0 == 0xe0))
    {
        return Some("audio/mpeg");
    }
    if starts(b"OggS") {
        return Some("audio/ogg");
    }
    if starts(b"fLaC") {
        return Some("audio/flac");
    }
    (bytes.get(4..8) == Some(b"ftyp")).then_some("audio/mp4")
}
