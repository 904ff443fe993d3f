//! Recordings, which come as text inside JSON (NN-31).

use async_trait::async_trait;
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use callweave_model::{call::Media, enums::ArtifactState};
use callweave_provider::{
    CallContext, ErrorKind, ProviderError, Result, Retry,
    media::{MediaBody, MediaContent, MediaSource, sniff},
    tolerant::mend,
};
use serde_json::Value;

use crate::{Neuro, VENDOR, client::Call, error::bad_response};

/// The largest recording that is decoded: beyond ten hours of telephone speech.
const LARGEST: usize = 96 * 1_024 * 1_024;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

#[async_trait]
impl MediaSource for Neuro {
    async fn open(
        &self,
        context: &CallContext<'_>,
        _call_remote_id: &str,
        media: &Media,
    ) -> Result<MediaBody> {
        // The document's own line names `bulk_uuid` here; a recording belongs to a call.
        let query = [("call_uuid", media.remote_key.as_str())];
        let call = Call::read("NN-31", "/statistic/download/call", &query);
        let answer = self
            .client
            .get(context, call)
            .await
            .map_err(|error| never(error, media))?;
        if sniff(&answer.body).is_some() {
            return Ok(body(answer.body, None));
        }
        let value: Value = serde_json::from_slice(&mend(&answer.body))
            .map_err(|_error| bad_response("NN-31", "the answer is not JSON"))?;
        let data = match value.get("data").unwrap_or(&Value::Null) {
            Value::String(data) if !data.trim().is_empty() => data,
            Value::String(_) | Value::Null => {
                let error = ProviderError::new(VENDOR, "NN-31", ErrorKind::NotReady);
                return Err(never(error, media));
            }
            _ => return Err(bad_response("NN-31", "the recording is no text")),
        };
        let (declared, bytes) = decode(data)?;
        Ok(body(bytes, declared))
    }
}

/// "Not ready" is what the vendor says of a call that nobody answered, too, and of one that it has
/// not kept. Where it is known that nothing will come, that is said.
fn never(error: ProviderError, media: &Media) -> ProviderError {
    let awaited = matches!(
        media.availability,
        ArtifactState::Pending | ArtifactState::Processing | ArtifactState::Ready
    );
    if error.kind != ErrorKind::NotReady || awaited {
        return error;
    }
    ProviderError {
        kind: ErrorKind::NotFound,
        retry: Retry::Never,
        ..error
    }
    .with_message("the vendor has no recording of this attempt")
}

fn body(bytes: Bytes, declared: Option<String>) -> MediaBody {
    let content_type = declared
        .or_else(|| sniff(&bytes).map(str::to_owned))
        .unwrap_or_else(|| "application/octet-stream".to_owned());
    MediaBody {
        content_type,
        length: u64::try_from(bytes.len()).ok(),
        content: MediaContent::Whole(bytes),
    }
}

/// Decodes a recording: Base64 with either alphabet, with or without padding, broken into lines
/// or not, with a `data:` address around it or not; and bytes that stand in the text as they are.
fn decode(data: &str) -> Result<(Option<String>, Bytes)> {
    if data.len() / 4 * 3 > LARGEST {
        return Err(bad_response("NN-31", "the recording is too large"));
    }
    let (declared, payload) = match data.trim().strip_prefix("data:") {
        Some(address) => {
            let (kind, payload) = address.split_once(',').unwrap_or(("", address));
            let kind = kind
                .split(';')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            let playable = kind.starts_with("audio/") || kind.starts_with("video/");
            (playable.then_some(kind), payload)
        }
        None => (None, data),
    };
    let compact: String = payload
        .chars()
        .filter(|character| !character.is_whitespace())
        .collect();
    let decoded = STANDARD
        .decode(&compact)
        .or_else(|_error| URL_SAFE.decode(&compact));
    if let Ok(bytes) = decoded {
        return Ok((declared, bytes.into()));
    }
    let plain: Option<Vec<u8>> = data
        .chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect();
    match plain {
        Some(bytes) if sniff(&bytes).is_some() => Ok((declared, bytes.into())),
        _ => Err(bad_response("NN-31", "the recording is not Base64")),
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose};

    use super::decode;

    #[test]
    fn trap_n42_a_recording_is_decoded_in_every_form() {
        let wave = b"RIFF\xfb\xff\xbe\x00WAVEfmt ".as_slice();
        let standard = general_purpose::STANDARD.encode(wave);
        let folded = format!("{}\r\n{}\n", &standard[..8], &standard[8..]);
        for text in [
            standard.clone(),
            folded,
            general_purpose::URL_SAFE_NO_PAD.encode(wave),
            general_purpose::STANDARD_NO_PAD.encode(wave),
            format!("data:audio/wav;base64,{standard}"),
            wave.iter().copied().map(char::from).collect(),
        ] {
            let (_, bytes) = decode(&text).unwrap();
            assert_eq!(&bytes[..], wave, "{text}");
        }
        let (declared, _) = decode(&format!("data:audio/x-wav;base64,{standard}")).unwrap();
        assert_eq!(declared.as_deref(), Some("audio/x-wav"));
    }

    #[test]
    fn case_039_what_is_no_recording_is_refused() {
        assert!(decode("not base64 at all!").is_err());
    }
}
