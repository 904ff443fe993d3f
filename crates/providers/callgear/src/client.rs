//! Requests as the vendor wants them.

use std::sync::Arc;

use bytes::Bytes;
use callweave_provider::{
    CallContext, ErrorKind, HttpClient, ProviderError, Result, Retry,
    decode::is_cut_off,
    http_client::{Answer, OutgoingRequest, Safety, StreamingAnswer},
    passthrough::PassRequest,
    tolerant,
};
use http::{
    HeaderName, HeaderValue, Method, StatusCode,
    header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, COOKIE},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::{
    error::{error, judge, once, parse_error, transport},
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
        let answer = self.read(context, operation, path).await?;
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

    /// Reads one thing by its id; that it is not there is an error.
    pub(crate) async fn one(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        path: &str,
    ) -> Result<Value> {
        let answer = self.read(context, operation, path).await?;
        if !answer.status.is_success() {
            return Err(parse_error(operation, &answer, context.now));
        }
        let body = json_of(operation, answer)?;
        tolerant::parse(&body).map_err(|error| bad_response(operation, error.reason()))
    }

    /// Reads a list; `None` where the vendor answers 404, which it also does where a filter names
    /// nothing.
    pub(crate) async fn list(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        path: &str,
    ) -> Result<Option<Bytes>> {
        let answer = self.read(context, operation, path).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            status if status.is_success() => json_of(operation, answer).map(Some),
            _ => Err(parse_error(operation, &answer, context.now)),
        }
    }

    async fn read(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        path: &str,
    ) -> Result<Answer> {
        let address = format!("{}{path}", self.base_url);
        let request = self.request(context, operation, Method::GET, &address)?;
        self.send(operation, Safety::Read, request).await
    }

    async fn send(
        &self,
        operation: &'static str,
        safety: Safety,
        request: http::Request<Bytes>,
    ) -> Result<Answer> {
        self.http
            .send(outgoing(operation, safety, request))
            .await
            .map_err(|error| transport(operation, error))
    }

    /// Makes something, once: after an outcome that is not known the error says never to try
    /// again.
    pub(crate) async fn post(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        path: &str,
        body: &Value,
    ) -> Result<Option<Value>> {
        self.write(context, operation, Method::POST, path, body)
            .await
            .map_err(once)
    }

    /// Writes something over that has an id.
    pub(crate) async fn put(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        path: &str,
        body: &Value,
    ) -> Result<Option<Value>> {
        self.write(context, operation, Method::PUT, path, body)
            .await
    }

    async fn write(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Option<Value>> {
        let address = format!("{}{path}", self.base_url);
        let mut request = self.request(context, operation, method, &address)?;
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Bytes::from(body.to_string());
        let answer = self.send(operation, Safety::Write, request).await?;
        if answer.status.is_success() {
            return written(operation, &answer);
        }
        Err(parse_error(operation, &answer, context.now))
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
        let answer = self.send(operation, Safety::Write, request).await?;
        if answer.status.is_success() {
            return json_of(operation, answer);
        }
        Err(parse_error(operation, &answer, context.now))
    }

    /// Deletes something. The answer has no body, and one that comes is not looked at.
    pub(crate) async fn delete(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        path: &str,
    ) -> Result<()> {
        let address = format!("{}{path}", self.base_url);
        let request = self.request(context, operation, Method::DELETE, &address)?;
        let answer = self.send(operation, Safety::Write, request).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        Err(parse_error(operation, &answer, context.now))
    }

    /// Sends a request of the caller's own making.
    pub(crate) async fn forward(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        address: &str,
        pass: PassRequest,
    ) -> Result<Answer> {
        let safety = match pass.method {
            Method::GET | Method::HEAD => Safety::Read,
            _ => Safety::Write,
        };
        let mut request = self.request(context, operation, pass.method, address)?;
        let headers = request.headers_mut();
        if let Some(content_type) = pass.content_type {
            headers.insert(CONTENT_TYPE, content_type);
        }
        if let Some(languages) = pass.accept_language {
            headers.insert(ACCEPT_LANGUAGE, languages);
        }
        *request.body_mut() = pass.body;
        let answer = self.send(operation, safety, request).await;
        match (answer, safety) {
            (Err(error), Safety::Write) => Err(once(error)),
            (Ok(answer), _) if answer.status == StatusCode::UNAUTHORIZED => {
                Err(parse_error(operation, &answer, context.now))
            }
            (answer, _) => answer,
        }
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
            .ok_or_else(|| error(operation, ErrorKind::Unauthorized).before_sending())?;
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
        // A score may come without anything around it.
        Some(_) if serde_json::from_slice::<f64>(text).is_ok() => Ok(answer.body),
        _ => Err(bad_response(operation, "the answer is not JSON").with_status(answer.status)),
    }
}

/// What came back for a write. The documents leave open what that is, so nothing at all, or what
/// cannot be read, tells no more than the status does; a page for people is somebody else's answer.
fn written(operation: &'static str, answer: &Answer) -> Result<Option<Value>> {
    let page = answer.body.trim_ascii_start().first() == Some(&b'<');
    if page || answer.content_type() == "text/html" {
        let error = bad_response(operation, "the answer is a page").with_status(answer.status);
        return Err(error.with_retry(Retry::Never));
    }
    Ok(tolerant::parse(&answer.body)
        .ok()
        .filter(|value| !value.is_null()))
}

/// An answer came and is not what the documents say.
pub(crate) fn bad_response(operation: &'static str, reason: &str) -> ProviderError {
    error(operation, ErrorKind::BadResponse).with_message(reason)
}
