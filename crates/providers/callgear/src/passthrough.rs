//! Requests in the vendor's own words, within what holds for all others: the token of the
//! connection goes to the vendor's base address only, no token is shown whole or made and deleted
//! unseen, and procedures are those that the settings allow.

use async_trait::async_trait;
use bytes::Bytes;
use callweave_provider::{
    CallContext, Result, address,
    http_client::Answer,
    passthrough::{PassRequest, Passthrough},
    tolerant,
};
use http::{Method, header};
use memchr::memmem;
use secrecy::ExposeSecret;

use crate::{
    CallGear,
    client::bad_response,
    error::invalid,
    masking::{hint, mask_access_tokens},
};

const OPERATION: &str = "passthrough";
/// The member of an answer that holds a token.
const TOKEN: &[u8] = b"access_token";

#[async_trait]
impl Passthrough for CallGear {
    async fn forward(&self, context: &CallContext<'_>, request: PassRequest) -> Result<Answer> {
        let base_url = self.client.base_url();
        let address = address_of(base_url, &request)
            .ok_or_else(|| invalid(OPERATION, "/path", "is no path below the base address"))?;
        self.permit(&request)?;
        let mut answer = self
            .client
            .forward(context, OPERATION, &address, request)
            .await?;
        redact(context, &mut answer)?;
        Ok(answer)
    }
}

impl CallGear {
    /// What has a route of its own that guards it does not pass around it.
    fn permit(&self, request: &PassRequest) -> Result<()> {
        let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(&request.method);
        match area(&request.path).as_str() {
            _ if reads => Ok(()),
            "tokens" | "api-login" => {
                let detail = "tokens are made and deleted by the routes for vendor tokens";
                Err(invalid(OPERATION, "/path", detail))
            }
            "rpc" => {
                let body = tolerant::parse(&request.body).unwrap_or_default();
                let method = body.get("method").and_then(serde_json::Value::as_str);
                if method.is_some_and(|method| self.settings.may_call(method)) {
                    return Ok(());
                }
                let detail =
                    "is none of the methods that the connection's setting rpc_methods allows";
                Err(invalid(OPERATION, "/method", detail))
            }
            _ => Ok(()),
        }
    }
}

/// The address below the base URL; `None` for what could leave it.
fn address_of(base_url: &str, request: &PassRequest) -> Option<String> {
    if request.path.contains('?') || request.path.contains("//") {
        return None;
    }
    let query = request.query.as_deref().filter(|query| !query.is_empty());
    let link = match query {
        Some(query) => format!("/{}?{query}", request.path),
        None => format!("/{}", request.path),
    };
    let path = address::same_origin_path(base_url, &link)?;
    Some(format!("{base_url}{path}"))
}

/// The first segment of a path as the vendor reads it.
fn area(path: &str) -> String {
    let segment = path
        .split('/')
        .find(|segment| !segment.is_empty())
        .unwrap_or_default();
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%').then(|| tail.get(..2)).flatten();
        let byte = escaped
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = byte.and_then(|_| tail.get(2..)).unwrap_or(tail);
    }
    String::from_utf8_lossy(&bytes).to_ascii_lowercase()
}

/// Takes tokens out of an answer; the rest of it stays as it came.
fn redact(context: &CallContext<'_>, answer: &mut Answer) -> Result<()> {
    answer.headers.remove(header::SET_COOKIE);
    let ours = context.access_token.map(ExposeSecret::expose_secret);
    let ours = ours.filter(|token| holds(&answer.body, token.as_bytes()));
    if !holds(&answer.body, TOKEN) && ours.is_none() {
        return Ok(());
    }
    let mut redacted = answer.body.clone();
    if holds(&answer.body, TOKEN) {
        let mut document = tolerant::parse(&answer.body).map_err(|_error| {
            bad_response(OPERATION, "the answer holds a token and cannot be read")
        })?;
        if mask_access_tokens(&mut document) {
            redacted = Bytes::from(document.to_string());
        }
    }
    if let Some(token) = ours {
        let text = String::from_utf8_lossy(&redacted).replace(token, &hint(token));
        redacted = Bytes::from(text);
    }
    if redacted != answer.body {
        answer.body = redacted;
        for name in [header::CONTENT_LENGTH, header::ETAG] {
            answer.headers.remove(name);
        }
    }
    Ok(())
}

fn holds(body: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && memmem::find(body, part).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_read_as_the_vendor_reads_it() {
        for path in [
            "tokens",
            "tokens/7",
            "/tokens",
            "%74okens",
            "Tokens/x",
            "t%6Fkens?",
        ] {
            assert!(area(path).starts_with("tokens"), "{path}");
        }
        assert_eq!(
            (area("scenario_result/tokens"), area("%zz%7")),
            ("scenario_result".into(), "%zz%7".into())
        );
        assert_eq!(area(""), "");
    }
}
