//! The original file of a call (TR-38), which is JSON instead of sound where it failed.

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use callweave_model::call::Media;
use callweave_provider::{
    CallContext, ProviderError, Result,
    http_client::{Answer, StreamingAnswer, TransportError, media_type},
    media::{MediaBody, MediaContent, MediaSource, sniff},
};
use futures::{StreamExt as _, stream};
use http::header::CONTENT_LENGTH;

use crate::{
    Transcripto, VENDOR,
    client::Call,
    error::{bad_response, parse},
};

/// The most that is read of an answer that is a failure.
const LARGEST_FAILURE: usize = 64 * 1_024;

/// Bytes at the beginning that tell what a file is.
const TELLING: usize = 16;

#[async_trait]
impl MediaSource for Transcripto {
    async fn open(
        &self,
        context: &CallContext<'_>,
        call_remote_id: &str,
        _media: &Media,
    ) -> Result<MediaBody> {
        let query = [("file_type", "audio"), ("task_code", call_remote_id)];
        let call = Call::get("TR-38", "/get_file").with_query(&query);
        let answer = self.client.stream(context, call).await?;
        open(answer, context).await
    }
}

async fn open(mut answer: StreamingAnswer, context: &CallContext<'_>) -> Result<MediaBody> {
    let first = first_bytes(&mut answer).await?;
    let kind = media_type(&answer.headers);
    let begins = first.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_text =
        kind.ends_with("json") || kind.starts_with("text/html") || matches!(begins, Some(b'{'));
    if !answer.status.is_success() || is_text {
        return Err(failure(answer, first, context).await?);
    }
    if first.is_empty() {
        return Err(bad_response("TR-38", "the file is empty"));
    }
    let content_type = if kind.starts_with("audio/") || kind.starts_with("video/") {
        kind
    } else {
        sniff(&first)
            .unwrap_or("application/octet-stream")
            .to_owned()
    };
    let length = answer
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok());
    let body = stream::iter([Ok(first)]).chain(answer.body).boxed();
    Ok(MediaBody {
        content_type,
        length,
        content: MediaContent::Stream(body),
    })
}

/// The beginning of the body, as much as it takes to tell what it is.
async fn first_bytes(answer: &mut StreamingAnswer) -> Result<Bytes> {
    let mut first = BytesMut::new();
    while first.len() < TELLING
        && let Some(piece) = answer.body.next().await
    {
        first.extend_from_slice(&piece.map_err(broken)?);
    }
    Ok(first.freeze())
}

/// The failure that an answer tells instead of a file.
async fn failure(
    mut answer: StreamingAnswer,
    first: Bytes,
    context: &CallContext<'_>,
) -> Result<ProviderError> {
    let mut body = BytesMut::from(first.as_ref());
    while body.len() < LARGEST_FAILURE
        && let Some(piece) = answer.body.next().await
    {
        body.extend_from_slice(&piece.map_err(broken)?);
    }
    let whole = Answer {
        status: answer.status,
        headers: answer.headers,
        body: body.freeze(),
    };
    Ok(match parse("TR-38", &whole, context.now) {
        Err(error) => error,
        Ok(_) => bad_response("TR-38", "the answer is no file"),
    })
}

fn broken(error: TransportError) -> ProviderError {
    error.into_provider_error(VENDOR, "TR-38")
}
