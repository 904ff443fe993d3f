//! `Range` requests over bytes at once and over bytes that come as a stream.

use bytes::Bytes;
use callweave_provider::{http_client::TransportError, media::MediaContent};
use futures::{StreamExt as _, stream::BoxStream};

/// What part of a file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// From one byte up to another, both included.
    Range {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
    },
    /// Bytes that the file does not have.
    Unsatisfiable,
}

/// Reads a `Range` header against a length. Several ranges, other units and nonsense mean the
/// whole file, as the standard has it.
pub(super) fn part(range: Option<&str>, length: u64) -> Part {
    let Some(range) = range.and_then(|text| text.trim().strip_prefix("bytes=")) else {
        return Part::Whole;
    };
    let Some((from, to)) = range.split_once('-') else {
        return Part::Whole;
    };
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    let (from, to) = (from.trim(), to.trim());
    let last_byte = length.saturating_sub(1);
    match (number(from), number(to)) {
        (None, Some(suffix)) if from.is_empty() => {
            if suffix == 0 || length == 0 {
                Part::Unsatisfiable
            } else {
                Part::Range {
                    first: length.saturating_sub(suffix),
                    last: last_byte,
                }
            }
        }
        (Some(first), None) if to.is_empty() => satisfiable(first, last_byte, length),
        (Some(first), Some(last)) if first <= last => {
            satisfiable(first, last.min(last_byte), length)
        }
        _ => Part::Whole,
    }
}

const fn satisfiable(first: u64, last: u64, length: u64) -> Part {
    if first < length {
        Part::Range { first, last }
    } else {
        Part::Unsatisfiable
    }
}

/// The bytes of a part.
pub(super) fn cut(content: MediaContent, first: u64, last: u64) -> MediaContent {
    match content {
        MediaContent::Whole(bytes) => {
            let end = usize::try_from(last.saturating_add(1)).unwrap_or(usize::MAX);
            let end = end.min(bytes.len());
            let start = usize::try_from(first).unwrap_or(usize::MAX).min(end);
            MediaContent::Whole(bytes.slice(start..end))
        }
        MediaContent::Stream(stream) => {
            MediaContent::Stream(cut_stream(stream, first, last - first + 1))
        }
    }
}

/// Passes over `skip` bytes and ends after `take` more.
fn cut_stream(
    stream: BoxStream<'static, Result<Bytes, TransportError>>,
    skip: u64,
    take: u64,
) -> BoxStream<'static, Result<Bytes, TransportError>> {
    futures::stream::unfold(
        (stream, skip, take),
        |(mut stream, mut skip, take)| async move {
            if take == 0 {
                return None;
            }
            loop {
                let mut bytes = match stream.next().await? {
                    Ok(bytes) => bytes,
                    Err(error) => return Some((Err(error), (stream, skip, 0))),
                };
                let passed = skip.min(bytes.len() as u64);
                skip -= passed;
                let _ = bytes.split_to(usize::try_from(passed).unwrap_or(bytes.len()));
                if bytes.is_empty() {
                    continue;
                }
                let wanted = usize::try_from(take).unwrap_or(usize::MAX).min(bytes.len());
                bytes.truncate(wanted);
                return Some((Ok(bytes), (stream, skip, take - wanted as u64)));
            }
        },
    )
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_against_the_length() {
        let range = |first, last| Part::Range { first, last };
        let cases = [
            ("bytes=0-3", range(0, 3)),
            ("bytes=8-", range(8, 9)),
            ("bytes=-3", range(7, 9)),
            ("bytes=-99", range(0, 9)),
            ("bytes=5-99", range(5, 9)),
            ("bytes=0-18446744073709551616", range(0, 9)),
            ("bytes=10-", Part::Unsatisfiable),
            ("bytes=10-12", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=3-1", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=-", Part::Whole),
            ("items=0-3", Part::Whole),
        ];
        for (text, expected) in cases {
            assert_eq!(part(Some(text), 10), expected, "{text}");
        }
        assert_eq!(part(None, 10), Part::Whole);
        assert_eq!(part(Some("bytes=0-"), 0), Part::Unsatisfiable);
    }

    #[tokio::test]
    async fn a_stream_is_cut_at_any_seam() {
        let pieces = ["ab", "", "cde", "f", "ghij"];
        for first in 0..10_usize {
            for last in first..10 {
                let stream = futures::stream::iter(pieces)
                    .map(|piece| Ok(Bytes::from_static(piece.as_bytes())))
                    .boxed();
                let content = MediaContent::Stream(stream);
                let MediaContent::Stream(cut) = cut(content, first as u64, last as u64) else {
                    panic!("a stream stays a stream")
                };
                let bytes: Vec<Bytes> = cut.map(Result::unwrap).collect().await;
                let expected = &b"abcdefghij"[first..=last];
                assert_eq!(bytes.concat(), expected, "{first}-{last}");
            }
        }
    }
}
