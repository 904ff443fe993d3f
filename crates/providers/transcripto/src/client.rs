//! Requests of the documented operations, and their answers.

use std::sync::Arc;

use bytes::Bytes;
use callweave_provider::{
    CallContext, ErrorKind, HttpClient, ProviderError, Result, address,
    http_client::{Answer, OutgoingRequest, Safety, StreamingAnswer},
};
use http::{HeaderValue, Method, Request, header};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::{
    VENDOR,
    error::{Outer, parse},
    settings::TranscriptoSettings,
};

/// Speaks to one account.
#[derive(Debug)]
pub(crate) struct Client {
    base_url: String,
    language: Option<HeaderValue>,
    http: Arc<dyn HttpClient>,
}

/// One request of a documented operation.
#[derive(Clone)]
pub(crate) struct Call<'a> {
    pub(crate) operation: &'static str,
    pub(crate) safety: Safety,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<Value>,
    pub(crate) authorized: bool,
}

impl<'a> Call<'a> {
    /// A read.
    pub(crate) fn get(operation: &'static str, path: impl Into<String>) -> Self {
        Self {
            operation,
            safety: Safety::Read,
            method: Method::GET,
            path: path.into(),
            query: &[],
            body: None,
            authorized: true,
        }
    }

    /// A read through POST.
    pub(crate) fn ask(operation: &'static str, path: impl Into<String>, body: Value) -> Self {
        Self {
            method: Method::POST,
            body: Some(body),
            ..Self::get(operation, path)
        }
    }

    /// The same with a query.
    pub(crate) fn with_query(mut self, query: &'a [(&'a str, &'a str)]) -> Self {
        self.query = query;
        self
    }
}

/// An answer that is none of the documented failures.
pub(crate) struct Fetched {
    /// The outermost members.
    pub(crate) members: Outer,
    /// The answer as it came.
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) fn new(settings: &TranscriptoSettings, http: Arc<dyn HttpClient>) -> Self {
        Self {
            base_url: settings.base_url.clone(),
            language: settings.language.clone(),
            http,
        }
    }

    /// Sends a request and tells its answer from a failure.
    pub(crate) async fn fetch(&self, context: &CallContext<'_>, call: Call<'_>) -> Result<Fetched> {
        let operation = call.operation;
        let request = self.request(context, call)?;
        let sent = self.http.send(request).await;
        let answer: Answer = sent.map_err(|error| error.into_provider_error(VENDOR, operation))?;
        let members = parse(operation, &answer, context.now)?;
        Ok(Fetched {
            members,
            body: answer.body,
        })
    }

    /// Sends a request whose answer is a file.
    pub(crate) async fn stream(
        &self,
        context: &CallContext<'_>,
        call: Call<'_>,
    ) -> Result<StreamingAnswer> {
        let operation = call.operation;
        let request = self.request(context, call)?;
        let sent = self.http.stream(request).await;
        sent.map_err(|error| error.into_provider_error(VENDOR, operation))
    }

    fn request(&self, context: &CallContext<'_>, call: Call<'_>) -> Result<OutgoingRequest> {
        let operation = call.operation;
        let mut address = format!("{}{}", self.base_url, call.path);
        if !call.query.is_empty() {
            address.push('?');
            address.push_str(&address::query(call.query));
        }
        let mut builder = Request::builder().method(call.method).uri(address);
        if call.authorized {
            builder = builder.header(header::AUTHORIZATION, bearer(operation, context)?);
        }
        if let Some(language) = &self.language {
            builder = builder.header(header::ACCEPT_LANGUAGE, language.clone());
        }
        let body = match call.body {
            Some(body) => {
                builder = builder.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
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

fn bearer(operation: &'static str, context: &CallContext<'_>) -> Result<HeaderValue> {
    let unauthorized = || ProviderError::new(VENDOR, operation, ErrorKind::Unauthorized);
    let token = context.access_token.ok_or_else(unauthorized)?;
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
        .map_err(|_error| unauthorized().with_source("the token cannot stand in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}
