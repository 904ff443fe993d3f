//! Recordings and files of a call.

use async_trait::async_trait;
use bytes::Bytes;
use callweave_model::call::Media;
use futures::stream::BoxStream;

use crate::{CallContext, Result, http_client::TransportError};

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
