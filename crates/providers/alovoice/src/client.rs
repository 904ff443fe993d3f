//! Requests as the vendor wants them: with the token in the path, and nowhere else.

use std::sync::Arc;

use bytes::Bytes;
use callweave_provider::{
    CallContext, ErrorKind, HttpClient, ProviderError, Result, address,
    decode::is_cut_off,
    http_client::{Answer, OutgoingRequest, Safety, SecretAddress, StreamingAnswer},
    passthrough::PassRequest,
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{self, ACCEPT},
};
use memchr::memmem;
use secrecy::ExposeSecret;

use crate::{
    VENDOR,
    error::{bad_response, error, judge, message, transport},
    settings::Settings,
};

/// The operation that has a call analysed.
pub(crate) const SEND: &str = "AV-01";
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

/// The operation of requests in the caller's own words.
pub(crate) const PASSTHROUGH: &str = "passthrough";

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
        let request = request(RESULT, Safety::Read, &address, "application/json")?;
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

    /// Has a call analysed. The vendor takes that as a GET and begins anew each time, so it is a
    /// write: sent once, and nothing on the way may repeat it. Gives the answer's body.
    pub(crate) async fn send(&self, context: &CallContext<'_>, call_id: &str) -> Result<Bytes> {
        let token = token(context, SEND)?;
        let address = format!(
            "{}/callsendai/{}/{}",
            self.base_url,
            address::encode(token),
            address::encode(call_id)
        );
        let request = request(SEND, Safety::Write, &address, "application/json")?;
        let answer = self
            .http
            .send(request)
            .await
            .map_err(|error| transport(SEND, error))?;
        let body = redact(&answer.body, token);
        if answer.status.is_success() {
            return Ok(body);
        }
        Err(judge(SEND, answer.status, &answer.headers, context.now).with_message(message(&body)))
    }

    /// Forwards a request of the caller's own words, with the token where the path says
    /// [`TOKEN_MARK`]. Any status is an answer; the token is cut out of it.
    pub(crate) async fn forward(
        &self,
        context: &CallContext<'_>,
        pass: PassRequest,
    ) -> Result<Answer> {
        let token = token(context, PASSTHROUGH)?;
        let (path, query) = checked(&self.base_url, &pass)?;
        let path = path.replace(TOKEN_MARK, &address::encode(token));
        let address = format!("{}{path}{query}", self.base_url);
        let mut builder = http::Request::builder().method(pass.method).uri(address);
        for (name, value) in [
            (header::CONTENT_TYPE, pass.content_type),
            (header::ACCEPT_LANGUAGE, pass.accept_language),
        ] {
            if let Some(value) = value {
                builder = builder.header(name, value);
            }
        }
        let mut request = builder
            .body(pass.body)
            // The source would quote the address, and the token with it.
            .map_err(|_source| error(PASSTHROUGH, ErrorKind::InvalidRequest).before_sending())?;
        let reads = matches!(*request.method(), Method::GET | Method::HEAD) && reads(&path);
        request.extensions_mut().insert(SecretAddress);
        let outgoing = OutgoingRequest {
            operation: PASSTHROUGH,
            safety: if reads { Safety::Read } else { Safety::Write },
            request,
        };
        let sent = self.http.send(outgoing).await;
        let answer = sent.map_err(|error| transport(PASSTHROUGH, error))?;
        if answer.status == StatusCode::UNAUTHORIZED {
            let refused = judge(PASSTHROUGH, answer.status, &answer.headers, context.now);
            return Err(refused);
        }
        Ok(Answer {
            status: answer.status,
            headers: redact_headers(&answer.headers, token),
            body: redact(&answer.body, token),
        })
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
        let request = request(AUDIO, Safety::Read, &address, "audio/*, */*;q=0.5")?;
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

/// A GET. It carries no trace id and no conditional header: the vendor documents neither, and a
/// 304 would have no body.
fn request(
    operation: &'static str,
    safety: Safety,
    address: &str,
    accept: &'static str,
) -> Result<OutgoingRequest> {
    let mut request = http::Request::builder()
        .method(Method::GET)
        .uri(address)
        .body(Bytes::new())
        // The source would quote the address, and the token with it.
        .map_err(|_source| error(operation, ErrorKind::InvalidRequest).before_sending())?;
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static(accept));
    request.extensions_mut().insert(SecretAddress);
    Ok(OutgoingRequest {
        operation,
        safety,
        request,
    })
}

/// Path and query of a forwarded request: below the connection's address, whatever they say.
fn checked(base_url: &str, pass: &PassRequest) -> Result<(String, String)> {
    let refused =
        |pointer, detail| ProviderError::invalid_input(VENDOR, PASSTHROUGH, pointer, detail);
    let path = pass.path.trim_start_matches('/');
    // Braces come percent-encoded from most clients.
    let path = path.replace("%7Btoken%7D", TOKEN_MARK);
    let path = path.replace("%7btoken%7d", TOKEN_MARK);
    let path = address::same_origin_path(base_url, &format!("/{path}"))
        .filter(|path| !path.contains('?'))
        .ok_or_else(|| {
            refused(
                "/path",
                "must be a path below the address of the connection",
            )
        })?;
    let query = pass.query.as_deref().unwrap_or_default();
    if !query.is_ascii() || query.contains(['#', ' ', '\\']) || query.contains(char::is_control) {
        return Err(refused("/query", "must be percent-encoded"));
    }
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{query}")
    };
    Ok((path, query))
}

/// The paths whose GET is known to change nothing.
fn reads(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next();
    matches!(first, Some("callgetairesult" | "stereo"))
}

/// Headers without the token; one that cannot be read is left out.
fn redact_headers(headers: &HeaderMap, token: &str) -> HeaderMap {
    let mut clean = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let redacted = redact(&Bytes::copy_from_slice(value.as_bytes()), token);
        if let Ok(value) = HeaderValue::from_bytes(&redacted) {
            clean.append(name.clone(), value);
        }
    }
    clean
}

/// The bytes with the token replaced, as it is and percent-encoded: servers like to repeat the
/// path they were asked for.
fn redact(body: &Bytes, token: &str) -> Bytes {
    let encoded = address::encode(token);
    let holds = |needle: &str| memmem::find(body, needle.as_bytes()).is_some();
    // A few letters would be found in any text; such a token guards nothing.
    if token.len() < 6 || !(holds(token) || holds(&encoded)) {
        return body.clone();
    }
    let redacted = replace(body, token.as_bytes());
    Bytes::from(replace(&redacted, encoded.as_bytes()))
}

fn replace(body: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut redacted = Vec::with_capacity(body.len());
    let mut end = 0;
    for at in memmem::find_iter(body, secret) {
        redacted.extend_from_slice(body.get(end..at).unwrap_or_default());
        redacted.extend_from_slice(TOKEN_MARK.as_bytes());
        end = at + secret.len();
    }
    redacted.extend_from_slice(body.get(end..).unwrap_or_default());
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
