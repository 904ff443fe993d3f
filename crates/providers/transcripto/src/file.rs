//! Files that the vendor gives out; where that fails, JSON comes in their place, with status 200.

use bytes::{Bytes, BytesMut};
use callweave_provider::{
    CallContext, ProviderError, Result,
    http_client::{Answer, StreamingAnswer, TransportError, media_type},
    media::{MediaBody, MediaContent, sniff},
};
use futures::{StreamExt as _, stream};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use crate::{
    VENDOR,
    error::{bad_response, parse},
};

/// The most that is read of an answer that may be a failure.
const LARGEST_FAILURE: usize = 64 * 1_024;

/// Bytes at the beginning that tell what a file is.
const TELLING: usize = 16;

/// Office Open XML, as the vendor names it.
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// What a file is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Sound,
    Docx,
    /// Plain text, which may begin with anything.
    Text,
    Pdf,
    /// A page for people, where one is meant to come.
    Html,
    /// A file of a kind that only its name tells.
    Anything,
}

/// Takes a file, or the failure in its place.
pub(crate) async fn open(
    operation: &'static str,
    mut answer: StreamingAnswer,
    expected: Expected,
    context: &CallContext<'_>,
) -> Result<MediaBody> {
    let head = read_until(operation, &mut answer, BytesMut::new(), TELLING).await?;
    let told = media_type(&answer.headers);
    let begins = head.trim_ascii_start().first().copied();
    let suspicious = !answer.status.is_success()
        || told.ends_with("json")
        || begins == Some(b'{')
        || (told.starts_with("text/html") && expected != Expected::Html);
    if !suspicious {
        return whole(operation, answer, head, &told, expected);
    }
    let head = read_until(operation, &mut answer, head, LARGEST_FAILURE).await?;
    // A conversation may begin with a brace: a text counts as one unless it tells a failure.
    let may_be_text = expected == Expected::Text
        && answer.status.is_success()
        && told == "text/plain"
        && begins == Some(b'{');
    let failure = failure(operation, &answer, head.clone().freeze(), context);
    if may_be_text && failure.vendor_code.is_none() {
        return whole(operation, answer, head, &told, expected);
    }
    Err(failure)
}

fn whole(
    operation: &'static str,
    answer: StreamingAnswer,
    head: BytesMut,
    told: &str,
    expected: Expected,
) -> Result<MediaBody> {
    if head.is_empty() {
        return Err(bad_response(operation, "the file is empty"));
    }
    let fits = match expected {
        Expected::Docx => head.starts_with(b"PK"),
        Expected::Pdf => head.starts_with(b"%PDF"),
        Expected::Sound | Expected::Text | Expected::Html | Expected::Anything => true,
    };
    if !fits {
        return Err(bad_response(operation, "the file is of another type"));
    }
    let length = answer
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok());
    let content_type = content_type(&answer, &head, told, expected);
    let body = stream::iter([Ok(head.freeze())]).chain(answer.body);
    Ok(MediaBody {
        content_type,
        length,
        content: MediaContent::Stream(body.boxed()),
    })
}

fn content_type(answer: &StreamingAnswer, head: &[u8], told: &str, expected: Expected) -> String {
    let general = || "application/octet-stream".to_owned();
    match expected {
        Expected::Sound if told.starts_with("audio/") || told.starts_with("video/") => {
            told.to_owned()
        }
        Expected::Sound => sniff(head).map_or_else(general, str::to_owned),
        Expected::Docx => DOCX.to_owned(),
        Expected::Pdf => "application/pdf".to_owned(),
        Expected::Text | Expected::Html => {
            let kind = if expected == Expected::Html {
                "text/html"
            } else {
                "text/plain"
            };
            let full = answer.headers.get(CONTENT_TYPE);
            let full = full.and_then(|value| value.to_str().ok());
            let full = full.filter(|_| told == kind);
            full.map_or_else(|| format!("{kind}; charset=utf-8"), str::to_owned)
        }
        Expected::Anything if told.is_empty() => general(),
        Expected::Anything => told.to_owned(),
    }
}

/// More of the body, up to so many bytes.
async fn read_until(
    operation: &'static str,
    answer: &mut StreamingAnswer,
    mut read: BytesMut,
    size: usize,
) -> Result<BytesMut> {
    while read.len() < size
        && let Some(piece) = answer.body.next().await
    {
        read.extend_from_slice(&piece.map_err(|error| broken(operation, error))?);
    }
    Ok(read)
}

/// The failure that an answer tells instead of a file.
fn failure(
    operation: &'static str,
    answer: &StreamingAnswer,
    body: Bytes,
    context: &CallContext<'_>,
) -> ProviderError {
    let whole = Answer {
        status: answer.status,
        headers: answer.headers.clone(),
        body,
    };
    match parse(operation, &whole, context.now) {
        Err(error) => error,
        Ok(_) => bad_response(operation, "the answer is no file"),
    }
}

fn broken(operation: &'static str, error: TransportError) -> ProviderError {
    error.into_provider_error(VENDOR, operation)
}
