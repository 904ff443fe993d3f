//! Requests as the vendor wants them: with the token in the path, and nowhere else.

use std::sync::Arc;

use bytes::Bytes;
use callweave_provider::{
    CallContext, ErrorKind, HttpClient, Result, address,
    decode::is_cut_off,
    http_client::{OutgoingRequest, Safety, SecretAddress, StreamingAnswer},
};
use http::{HeaderValue, Method, StatusCode, header::ACCEPT};
use secrecy::ExposeSecret;

use crate::{
    error::{bad_response, error, judge, message, transport},
    settings::Settings,
};

/// The operation that gives a result.
pub(crate) const RESULT: &str = "AV-02";
/// The operation that gives a recording.
pub(crate) const AUDIO: &str = "AV-03";
/// What stands in place of the token in whatever is kept.
pub(crate) const TOKEN_MARK: &str = "{token}";

/// Speaks HTTP with one account.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: Arc<dyn HttpClient>,
    base_url: String,
}

/// What a read brought.
#[derive(Clone, Debug)]
pub(crate) enum Got {
    /// JSON, not parsed yet, without the token.
    Json(Bytes),
    /// Nothing that says more than "not now": an unknown call looks like one not analysed yet.
    Nothing,
}

impl Client {
    /// A client for the account that the settings lead to.
    pub(crate) fn new(settings: &Settings, http: Arc<dyn HttpClient>) -> Self {
        Self {
            http,
            base_url: settings.base_url.clone(),
        }
    }

    /// Reads the result of a call.
    pub(crate) async fn result(&self, context: &CallContext<'_>, call_id: &str) -> Result<Got> {
        let token = token(context, RESULT)?;
        let address = format!(
            "{}/callgetairesult/{}/{}",
            self.base_url,
            address::encode(token),
            address::encode(call_id)
        );
        let request = request(RESULT, &address, "application/json")?;
        let answer = self
            .http
            .send(request)
            .await
            .map_err(|error| transport(RESULT, error))?;
        let body = redact(&answer.body, token);
        match answer.status.as_u16() {
            // No error is documented. These speak of the one call, and may speak otherwise later.
            202 | 204 | 400 | 404 | 409 | 410 | 422 | 425 => Ok(Got::Nothing),
            200..=299 if is_json(&body) => Ok(Got::Json(body)),
            200..=299 => {
                Err(bad_response(RESULT, "the answer is not JSON").with_status(answer.status))
            }
            _ => Err(judge(RESULT, answer.status, &answer.headers, context.now)
                .with_message(message(&body))),
        }
    }

    /// Opens a recording by its path, which may hold [`TOKEN_MARK`].
    pub(crate) async fn open(
        &self,
        context: &CallContext<'_>,
        path: &str,
    ) -> Result<StreamingAnswer> {
        let token = token(context, AUDIO)?;
        let path = address::same_origin_path(&self.base_url, path)
            .ok_or_else(|| error(AUDIO, ErrorKind::NotFound))?;
        let address =
            address::join(&self.base_url, &path).replace(TOKEN_MARK, &address::encode(token));
        let request = request(AUDIO, &address, "audio/*, */*;q=0.5")?;
        let answer = self
            .http
            .stream(request)
            .await
            .map_err(|error| transport(AUDIO, error))?;
        if answer.status == StatusCode::OK {
            return Ok(answer);
        }
        Err(judge(AUDIO, answer.status, &answer.headers, context.now))
    }
}

/// The connection's token.
pub(crate) fn token<'a>(context: &CallContext<'a>, operation: &'static str) -> Result<&'a str> {
    context
        .credentials
        .get("token")
        .map(|token| token.expose_secret().trim())
        .filter(|token| !token.is_empty())
        .ok_or_else(|| {
            error(operation, ErrorKind::InvalidCredentials).with_message("a token is needed")
        })
}

/// A read. It carries no trace id and no conditional header: the vendor documents neither, and a
/// 304 would have no body.
fn request(
    operation: &'static str,
    address: &str,
    accept: &'static str,
) -> Result<OutgoingRequest> {
    let mut request = http::Request::builder()
        .method(Method::GET)
        .uri(address)
        .body(Bytes::new())
        // The source would quote the address, and the token with it.
        .map_err(|_source| error(operation, ErrorKind::InvalidRequest))?;
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static(accept));
    request.extensions_mut().insert(SecretAddress);
    Ok(OutgoingRequest {
        operation,
        safety: Safety::Read,
        request,
    })
}

/// The bytes with the token replaced, as it is and percent-encoded: servers like to repeat the
/// path they were asked for.
fn redact(body: &Bytes, token: &str) -> Bytes {
    let encoded = address::encode(token);
    let holds = |needle: &str| {
        let needle = needle.as_bytes();
        body.windows(needle.len()).any(|window| window == needle)
    };
    // A few letters would be found in any text; such a token guards nothing.
    if token.len() < 6 || !(holds(token) || holds(&encoded)) {
        return body.clone();
    }
    let redacted = replace(body, token.as_bytes());
    Bytes::from(replace(&redacted, encoded.as_bytes()))
}

fn replace(body: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut redacted = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest
        .windows(secret.len())
        .position(|window| window == secret)
    {
        let (before, from) = rest.split_at(at);
        redacted.extend_from_slice(before);
        redacted.extend_from_slice(TOKEN_MARK.as_bytes());
        rest = from.get(secret.len()..).unwrap_or_default();
    }
    redacted.extend_from_slice(rest);
    redacted
}

/// Begins like JSON, whatever its type says, and does not end in the middle.
fn is_json(body: &[u8]) -> bool {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let begins = matches!(
        text.trim_ascii_start().first(),
        Some(b'{' | b'[' | b'"' | b'n' | b't' | b'f' | b'0'..=b'9')
    );
    begins && !is_cut_off(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trap_a01_the_token_is_cut_out_of_whatever_is_kept() {
        let body = Bytes::from_static(b"Cannot GET /callgetairesult/se/cret/1 or se%2Fcret");
        assert_eq!(
            &redact(&body, "se/cret")[..],
            b"Cannot GET /callgetairesult/{token}/1 or {token}"
        );
        assert_eq!(redact(&body, "other"), body);
    }
}
