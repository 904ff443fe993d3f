//! Requests of the documented operations, and their answers.

use std::sync::Arc;

use bytes::Bytes;
use callweave_provider::{
    CallContext, ErrorKind, HttpClient, ProviderError, Result, address,
    http_client::{Answer, OutgoingRequest, Safety},
    passthrough::PassRequest,
    tolerant,
};
use http::{HeaderValue, Method, Request, StatusCode, header};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::{
    VENDOR,
    error::{bad_response, parse_error},
    wire::Row,
};

/// The operation of requests in the caller's own words.
pub(crate) const PASSTHROUGH: &str = "passthrough";

/// The part of every path that the connection's address holds already.
const OWN_PREFIX: &str = "api/v2/ext/";

/// Speaks to one account.
#[derive(Debug)]
pub(crate) struct Client {
    base_url: String,
    http: Arc<dyn HttpClient>,
}

/// What stands in the `Authorization` header.
pub(crate) enum Authorization {
    Bearer,
    Value(HeaderValue),
    None,
}

/// One request of a documented operation.
pub(crate) struct Call<'a> {
    pub(crate) operation: &'static str,
    pub(crate) safety: Safety,
    pub(crate) path: &'a str,
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<Value>,
    pub(crate) authorization: Authorization,
}

impl<'a> Call<'a> {
    /// A read with the access token.
    pub(crate) fn read(
        operation: &'static str,
        path: &'a str,
        query: &'a [(&'a str, &'a str)],
    ) -> Self {
        Self {
            operation,
            safety: Safety::Read,
            path,
            query,
            body: None,
            authorization: Authorization::Bearer,
        }
    }

    /// A change with the access token. The vendor is always sent a body, if only an empty object.
    pub(crate) fn write(
        operation: &'static str,
        path: &'a str,
        query: &'a [(&'a str, &'a str)],
        body: Value,
    ) -> Self {
        Self {
            operation,
            safety: Safety::Write,
            path,
            query,
            body: Some(body),
            authorization: Authorization::Bearer,
        }
    }
}

impl Client {
    pub(crate) fn new(base_url: &str, http: Arc<dyn HttpClient>) -> Self {
        Self {
            base_url: base_url.to_owned(),
            http,
        }
    }

    /// Fetches with GET.
    pub(crate) async fn get(&self, context: &CallContext<'_>, call: Call<'_>) -> Result<Answer> {
        self.send(context, Method::GET, call).await
    }

    /// Sends with POST.
    pub(crate) async fn post(&self, context: &CallContext<'_>, call: Call<'_>) -> Result<Answer> {
        self.send(context, Method::POST, call).await
    }

    /// Sends with PUT.
    pub(crate) async fn put(&self, context: &CallContext<'_>, call: Call<'_>) -> Result<Answer> {
        self.send(context, Method::PUT, call).await
    }

    /// Sends with DELETE, and with the body in which this vendor names what is to go.
    pub(crate) async fn delete(&self, context: &CallContext<'_>, call: Call<'_>) -> Result<Answer> {
        self.send(context, Method::DELETE, call).await
    }

    /// Forwards a request of the caller's own words; any status is an answer.
    pub(crate) async fn forward(
        &self,
        context: &CallContext<'_>,
        safety: Safety,
        request: PassRequest,
    ) -> Result<Answer> {
        let operation = PASSTHROUGH;
        let address = forward_address(&self.base_url, &request)?;
        let mut builder = Request::builder().method(request.method).uri(address);
        for (name, value) in [
            (header::CONTENT_TYPE, request.content_type),
            (header::ACCEPT_LANGUAGE, request.accept_language),
        ] {
            if let Some(value) = value {
                builder = builder.header(name, value);
            }
        }
        let request = builder
            .header(header::AUTHORIZATION, bearer(operation, context)?)
            .body(request.body)
            .map_err(|source| {
                ProviderError::new(VENDOR, operation, ErrorKind::InvalidRequest)
                    .with_source(source)
                    .before_sending()
            })?;
        let outgoing = OutgoingRequest {
            operation,
            safety,
            request,
        };
        let sent = self.http.send(outgoing).await;
        let answer = sent.map_err(|error| error.into_provider_error(VENDOR, operation))?;
        if answer.status == StatusCode::UNAUTHORIZED {
            return Err(parse_error(operation, &answer, context.now));
        }
        Ok(answer)
    }

    /// Sends a request; everything but a status of success is an error.
    async fn send(
        &self,
        context: &CallContext<'_>,
        method: Method,
        call: Call<'_>,
    ) -> Result<Answer> {
        let operation = call.operation;
        let request = self.request(context, method, call)?;
        let sent = self.http.send(request).await;
        let answer = sent.map_err(|error| error.into_provider_error(VENDOR, operation))?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(parse_error(operation, &answer, context.now))
        }
    }

    fn request(
        &self,
        context: &CallContext<'_>,
        method: Method,
        call: Call<'_>,
    ) -> Result<OutgoingRequest> {
        let operation = call.operation;
        let mut address = format!("{}{}", self.base_url, call.path);
        if !call.query.is_empty() {
            address.push('?');
            address.push_str(&address::query(call.query));
        }
        let mut builder = Request::builder()
            .method(method)
            .uri(address)
            .header(header::ACCEPT, "application/json");
        match call.authorization {
            Authorization::Bearer => {
                builder = builder.header(header::AUTHORIZATION, bearer(operation, context)?);
            }
            Authorization::Value(value) => builder = builder.header(header::AUTHORIZATION, value),
            Authorization::None => {}
        }
        // The document's login names a type although it has no body.
        if call.body.is_some() || operation == "NN-01" {
            builder = builder.header(header::CONTENT_TYPE, "application/json");
        }
        let body = call
            .body
            .map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let request = builder.body(body).map_err(|source| {
            ProviderError::new(VENDOR, operation, ErrorKind::InvalidRequest).with_source(source)
        })?;
        Ok(OutgoingRequest {
            operation,
            safety: call.safety,
            request,
        })
    }
}

/// The address of a forwarded request: below the connection's address, whatever the path says.
fn forward_address(base_url: &str, request: &PassRequest) -> Result<String> {
    let refused = |detail| ProviderError::invalid_input(VENDOR, PASSTHROUGH, "/path", detail);
    let path = request.path.trim_start_matches('/');
    let path = path.strip_prefix(OWN_PREFIX).unwrap_or(path);
    let path = address::same_origin_path(base_url, &format!("/{path}"))
        .filter(|path| !path.contains('?'))
        .ok_or_else(|| refused("must be a path below the address of the connection"))?;
    if path == "/auth" || path.starts_with("/auth/") {
        return Err(refused(
            "logs in: the gateway keeps the tokens of a connection itself",
        ));
    }
    let query = request.query.as_deref().unwrap_or_default();
    if !query.is_ascii() || query.contains(['#', ' ', '\\']) || query.contains(char::is_control) {
        return Err(ProviderError::invalid_input(
            VENDOR,
            PASSTHROUGH,
            "/query",
            "must be percent-encoded",
        ));
    }
    let mark = if query.is_empty() { "" } else { "?" };
    Ok(format!("{base_url}{path}{mark}{query}"))
}

fn bearer(operation: &'static str, context: &CallContext<'_>) -> Result<HeaderValue> {
    let refused = || ProviderError::new(VENDOR, operation, ErrorKind::Unauthorized);
    let token = context.access_token.ok_or_else(refused)?;
    let text = format!("Bearer {}", token.expose_secret());
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_error| refused().with_source("the token cannot stand in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The JSON of an answer with a status of success.
pub(crate) fn json(operation: &'static str, answer: &Answer) -> Result<Value> {
    tolerant::parse(&answer.body)
        .map_err(|_error| bad_response(operation, "the answer is not JSON"))
}

/// The JSON object of an answer with a status of success.
pub(crate) fn object(operation: &'static str, answer: &Answer) -> Result<Row> {
    match json(operation, answer)? {
        Value::Object(members) => Ok(members),
        _ => Err(bad_response(operation, "the answer is no object")),
    }
}

/// What a command answers: mostly `null`, and nothing at all is as good.
pub(crate) fn whatever(operation: &'static str, answer: &Answer) -> Result<Value> {
    if answer.body.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    json(operation, answer)
}
