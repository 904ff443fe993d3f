//! Requests in the vendor's own words. Speech keys in the answers (NN-10, NN-11) are masked, here as
//! on the routes of their own.

use async_trait::async_trait;
use bytes::Bytes;
use callweave_provider::{
    CallContext, ErrorKind, ProviderError, Result,
    http_client::{Answer, Safety},
    passthrough::{PassRequest, Passthrough},
    tolerant,
};
use http::{Method, header};
use memchr::memmem;
use serde_json::Value;

use crate::{Neuro, VENDOR, client::PASSTHROUGH};

/// The member beside the value of a speech key.
const KEY_TYPE: &str = "key_type";
const MASK: &str = "…";

#[async_trait]
impl Passthrough for Neuro {
    /// No `GET` of this vendor changes anything. Its log-ins are refused: an answer would show
    /// tokens, and a refresh would use up the gateway's own.
    async fn forward(&self, context: &CallContext<'_>, request: PassRequest) -> Result<Answer> {
        let safety = if matches!(request.method, Method::GET | Method::HEAD) {
            Safety::Read
        } else {
            Safety::Write
        };
        let mut answer = self.client.forward(context, safety, request).await?;
        mask(&mut answer)?;
        Ok(answer)
    }
}

/// Takes speech keys out of an answer; the rest of it stays as it came.
fn mask(answer: &mut Answer) -> Result<()> {
    if memmem::find(&answer.body, KEY_TYPE.as_bytes()).is_none() {
        return Ok(());
    }
    let mut document = tolerant::parse(&answer.body).map_err(|_error| {
        ProviderError::new(VENDOR, PASSTHROUGH, ErrorKind::BadResponse)
            .with_message("the answer holds a speech key and cannot be read")
    })?;
    if mask_keys(&mut document) {
        answer.body = Bytes::from(document.to_string());
        for name in [header::CONTENT_LENGTH, header::ETAG] {
            answer.headers.remove(name);
        }
    }
    Ok(())
}

/// Masks the values of speech keys, at any depth; whether there were any.
fn mask_keys(document: &mut Value) -> bool {
    match document {
        Value::Array(items) => items
            .iter_mut()
            .fold(false, |any, item| mask_keys(item) | any),
        Value::Object(members) => {
            let mut any = false;
            if members.contains_key(KEY_TYPE)
                && let Some(value) = members.get_mut("value")
                && !value.is_null()
            {
                *value = Value::from(MASK);
                any = true;
            }
            members
                .values_mut()
                .fold(any, |any, member| mask_keys(member) | any)
        }
        _ => false,
    }
}
