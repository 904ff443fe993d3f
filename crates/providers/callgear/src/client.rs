//! Requests as the vendor wants them.

use std::sync::Arc;

use bytes::Bytes;
use callweave_provider::{
    CallContext, ErrorKind, HttpClient, ProviderError, Result,
    decode::is_cut_off,
    http_client::{Answer, OutgoingRequest, Safety, StreamingAnswer},
};
use http::{
    HeaderName, HeaderValue, Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    error::{error, judge, parse_error, transport},
    settings::{AuthStyle, Settings},
};

/// Speaks HTTP with one account.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: Arc<dyn HttpClient>,
    base_url: String,
    auth_style: AuthStyle,
}

/// What a read brought.
#[derive(Clone, Debug)]
pub(crate) enum Got {
    /// JSON, not parsed yet.
    Json(Bytes),
    /// The vendor has no such thing, or no such operation.
    Nothing(StatusCode),
}

impl Client {
    /// A client for the account that the settings lead to.
    pub(crate) fn new(settings: &Settings, http: Arc<dyn HttpClient>) -> Self {
        Self {
            http,
            base_url: settings.base_url.clone(),
            auth_style: settings.auth_style,
        }
    }

    /// The base URL.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Reads a JSON document; `path` begins with `/` and is encoded already.
    pub(crate) async fn get(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        path: &str,
    ) -> Result<Got> {
        let address = format!("{}{path}", self.base_url);
        let request = self.request(context, operation, Method::GET, &address)?;
        let answer = self
            .http
            .send(outgoing(operation, Safety::Read, request))
            .await
            .map_err(|error| transport(operation, error))?;
        match answer.status {
            StatusCode::NOT_FOUND
            | StatusCode::GONE
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_IMPLEMENTED
            | StatusCode::NO_CONTENT => Ok(Got::Nothing(answer.status)),
            status if status.is_success() => json_of(operation, answer).map(Got::Json),
            _ => Err(parse_error(operation, &answer, context.now)),
        }
    }

    /// Opens a file by its address.
    pub(crate) async fn open(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        address: &str,
    ) -> Result<StreamingAnswer> {
        let mut request = self.request(context, operation, Method::GET, address)?;
        request
            .headers_mut()
            .insert(ACCEPT, HeaderValue::from_static("audio/*, */*;q=0.5"));
        let answer = self
            .http
            .stream(outgoing(operation, Safety::Read, request))
            .await
            .map_err(|error| transport(operation, error))?;
        if answer.status == StatusCode::OK {
            return Ok(answer);
        }
        Err(judge(
            operation,
            answer.status,
            &answer.headers,
            context.now,
        ))
    }

    /// Logs in: the only request without a token.
    pub(crate) async fn login(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        body: Bytes,
    ) -> Result<Bytes> {
        let address = format!("{}/api-login", self.base_url);
        let mut request = plain(context, operation, Method::POST, &address)?;
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = body;
        let answer = self
            .http
            .send(outgoing(operation, Safety::Write, request))
            .await
            .map_err(|error| transport(operation, error))?;
        if answer.status.is_success() {
            return json_of(operation, answer);
        }
        Err(parse_error(operation, &answer, context.now))
    }

    /// Deletes something; that it is gone already is a success.
    pub(crate) async fn delete(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        path: &str,
    ) -> Result<()> {
        let address = format!("{}{path}", self.base_url);
        let request = self.request(context, operation, Method::DELETE, &address)?;
        let answer = self
            .http
            .send(outgoing(operation, Safety::Write, request))
            .await
            .map_err(|error| transport(operation, error))?;
        let gone = matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE);
        if answer.status.is_success() || gone {
            return Ok(());
        }
        Err(parse_error(operation, &answer, context.now))
    }

    fn request(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        method: Method,
        address: &str,
    ) -> Result<http::Request<Bytes>> {
        let token = context
            .access_token
            .ok_or_else(|| error(operation, ErrorKind::Unauthorized))?;
        let (name, value) = self.authentication(operation, token)?;
        let mut request = plain(context, operation, method, address)?;
        request.headers_mut().insert(name, value);
        Ok(request)
    }

    fn authentication(
        &self,
        operation: &'static str,
        token: &SecretString,
    ) -> Result<(HeaderName, HeaderValue)> {
        let token = token.expose_secret();
        let (name, text) = match self.auth_style {
            AuthStyle::Bearer => (AUTHORIZATION, format!("Bearer {token}")),
            AuthStyle::Cookie => (COOKIE, format!("access_token={token}")),
            AuthStyle::AccessToken => (HeaderName::from_static("access_token"), token.to_owned()),
            AuthStyle::Key => (HeaderName::from_static("key"), token.to_owned()),
        };
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_error| error(operation, ErrorKind::Unauthorized))?;
        value.set_sensitive(true);
        Ok((name, value))
    }
}

fn plain(
    context: &CallContext<'_>,
    operation: &'static str,
    method: Method,
    address: &str,
) -> Result<http::Request<Bytes>> {
    let mut request = http::Request::builder()
        .method(method)
        .uri(address)
        .header(ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|source| error(operation, ErrorKind::InvalidRequest).with_source(source))?;
    if let Ok(trace) = HeaderValue::from_str(context.request_id) {
        request.headers_mut().insert("x-trace-id", trace);
    }
    Ok(request)
}

fn outgoing(
    operation: &'static str,
    safety: Safety,
    request: http::Request<Bytes>,
) -> OutgoingRequest {
    OutgoingRequest {
        operation,
        safety,
        request,
    }
}

/// The body, when it begins like JSON; a page of a proxy or nothing at all is no answer.
fn json_of(operation: &'static str, answer: Answer) -> Result<Bytes> {
    let text = answer
        .body
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(&answer.body);
    match text.trim_ascii_start().first() {
        Some(b'{' | b'[' | b'"' | b'n') if is_cut_off(text) => {
            Err(bad_response(operation, "the answer is cut off").with_status(answer.status))
        }
        Some(b'{' | b'[' | b'"' | b'n') => Ok(answer.body),
        _ => Err(bad_response(operation, "the answer is not JSON").with_status(answer.status)),
    }
}

/// An answer came and is not what the documents say.
pub(crate) fn bad_response(operation: &'static str, reason: &str) -> ProviderError {
    error(operation, ErrorKind::BadResponse).with_message(reason)
}
