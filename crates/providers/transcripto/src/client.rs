//! Requests of the documented operations, and their answers.

use std::sync::Arc;

use bytes::Bytes;
use callweave_provider::{
    CallContext, ErrorKind, HttpClient, ProviderError, Result, address,
    http_client::{
        Answer, OutgoingRequest, OutgoingUpload, Safety, SecretAddress, StreamingAnswer, UploadBody,
    },
    passthrough::PassRequest,
};
use http::{HeaderValue, Method, Request, header, request::Builder};
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
    /// The address holds what opens something, or what a person said.
    pub(crate) secret_address: bool,
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
            secret_address: false,
        }
    }

    /// A read through POST.
    pub(crate) fn ask(
        operation: &'static str,
        path: impl Into<String>,
        body: impl Into<Value>,
    ) -> Self {
        Self {
            method: Method::POST,
            body: Some(body.into()),
            ..Self::get(operation, path)
        }
    }

    /// A change, sent once.
    pub(crate) fn change(
        operation: &'static str,
        path: impl Into<String>,
        body: impl Into<Value>,
    ) -> Self {
        Self {
            safety: Safety::Write,
            ..Self::ask(operation, path, body)
        }
    }

    /// A change that is told by its address alone, sent once.
    pub(crate) fn act(operation: &'static str, method: Method, path: impl Into<String>) -> Self {
        Self {
            safety: Safety::Write,
            method,
            ..Self::get(operation, path)
        }
    }

    /// The same without the token: the address is the key.
    pub(crate) fn without_token(mut self) -> Self {
        self.authorized = false;
        self.secret_address = true;
        self
    }

    /// The same with an address that stands in no log.
    pub(crate) fn with_secret_address(mut self) -> Self {
        self.secret_address = true;
        self
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

    /// Sends a form with a file, once.
    pub(crate) async fn upload(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        path: &str,
        (content_type, body): (HeaderValue, UploadBody),
    ) -> Result<Fetched> {
        let builder = self
            .authorized(operation, context, Method::POST, path)?
            .header(header::CONTENT_TYPE, content_type);
        let upload = OutgoingUpload {
            operation,
            request: builder.body(()).map_err(unsendable(operation))?,
            body,
        };
        let sent = self.http.upload(upload).await;
        let answer = sent.map_err(|error| error.into_provider_error(VENDOR, operation))?;
        let members = parse(operation, &answer, context.now)?;
        Ok(Fetched {
            members,
            body: answer.body,
        })
    }

    /// Sends a request in the vendor's own words and gives the answer as it came.
    pub(crate) async fn forward(
        &self,
        context: &CallContext<'_>,
        request: PassRequest,
    ) -> Result<Answer> {
        const OPERATION: &str = "passthrough";
        let below = format!("/{}", request.path);
        let mut target = address::same_origin_path(&self.base_url, &below).ok_or_else(|| {
            ProviderError::invalid_input(
                VENDOR,
                OPERATION,
                "/path",
                "must be a path below the vendor's address",
            )
        })?;
        if let Some(query) = &request.query {
            target.push('?');
            target.push_str(query);
        }
        let safety = if matches!(request.method, Method::GET | Method::HEAD) {
            Safety::Read
        } else {
            Safety::Write
        };
        let language = request.accept_language.or_else(|| self.language.clone());
        let mut builder = Request::builder()
            .method(request.method)
            .uri(format!("{}{target}", self.base_url))
            .header(header::AUTHORIZATION, bearer(OPERATION, context)?);
        let headers = [
            (header::CONTENT_TYPE, request.content_type),
            (header::ACCEPT_LANGUAGE, language),
        ];
        for (name, value) in headers {
            if let Some(value) = value {
                builder = builder.header(name, value);
            }
        }
        let mut request = builder.body(request.body).map_err(unsendable(OPERATION))?;
        // What a caller writes into the vendor's addresses is not ours to log.
        request.extensions_mut().insert(SecretAddress);
        let sent = self
            .http
            .send(OutgoingRequest {
                operation: OPERATION,
                safety,
                request,
            })
            .await;
        sent.map_err(|error| error.into_provider_error(VENDOR, OPERATION))
    }

    fn request(&self, context: &CallContext<'_>, call: Call<'_>) -> Result<OutgoingRequest> {
        let operation = call.operation;
        let mut path = call.path;
        if !call.query.is_empty() {
            path.push('?');
            path.push_str(&address::query(call.query));
        }
        let mut builder = if call.authorized {
            self.authorized(operation, context, call.method, &path)?
        } else {
            self.anonymous(call.method, &path)
        };
        let body = match call.body {
            Some(body) => {
                builder = builder.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        let mut request = builder.body(body).map_err(unsendable(operation))?;
        if call.secret_address {
            request.extensions_mut().insert(SecretAddress);
        }
        Ok(OutgoingRequest {
            operation,
            safety: call.safety,
            request,
        })
    }

    fn authorized(
        &self,
        operation: &'static str,
        context: &CallContext<'_>,
        method: Method,
        path: &str,
    ) -> Result<Builder> {
        let token = bearer(operation, context)?;
        Ok(self
            .anonymous(method, path)
            .header(header::AUTHORIZATION, token))
    }

    fn anonymous(&self, method: Method, path: &str) -> Builder {
        let builder = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base_url));
        match &self.language {
            Some(language) => builder.header(header::ACCEPT_LANGUAGE, language.clone()),
            None => builder,
        }
    }
}

fn unsendable(operation: &'static str) -> impl Fn(http::Error) -> ProviderError {
    move |source| {
        ProviderError::new(VENDOR, operation, ErrorKind::InvalidRequest).with_source(source)
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
