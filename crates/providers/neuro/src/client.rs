//! Requests of the documented operations, and their answers.

use std::sync::Arc;

use bytes::Bytes;
use callweave_provider::{
    CallContext, ErrorKind, HttpClient, ProviderError, Result, address,
    http_client::{Answer, OutgoingRequest, Safety},
};
use http::{HeaderValue, Method, Request, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::{VENDOR, error::parse_error};

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
                let token = context.access_token.ok_or_else(|| {
                    ProviderError::new(VENDOR, operation, ErrorKind::Unauthorized)
                })?;
                builder = builder.header(header::AUTHORIZATION, bearer(operation, token)?);
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

fn bearer(operation: &'static str, token: &SecretString) -> Result<HeaderValue> {
    let text = format!("Bearer {}", token.expose_secret());
    let mut value = HeaderValue::from_str(&text).map_err(|_error| {
        ProviderError::new(VENDOR, operation, ErrorKind::Unauthorized)
            .with_source("the token cannot stand in a header")
    })?;
    value.set_sensitive(true);
    Ok(value)
}
