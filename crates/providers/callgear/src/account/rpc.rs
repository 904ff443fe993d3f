//! The vendor's universal method (CG-31). Its document names no procedure and shows no answer.

use callweave_provider::{CallContext, ErrorKind, ProviderError, Result};
use serde_json::{Map, Value, json};

use crate::{
    CallGear,
    error::{error, invalid},
};

const OPERATION: &str = "CG-31";
/// The code of a refused address, of an exhausted limit and of the vendor's own failure.
const NOT_LISTED: &str = "-32003";
const LIMIT: &str = "-32029";
const INTERNAL: &str = "-32603";

impl CallGear {
    /// Calls a procedure that the settings allow, once. An answer with an `error` is one, whatever
    /// its status says.
    pub(super) async fn procedure(
        &self,
        context: &CallContext<'_>,
        method: &str,
        params: &Map<String, Value>,
    ) -> Result<Value> {
        if !self.settings.may_call(method) {
            let detail = "is none of the methods that the connection's setting rpc_methods allows";
            return Err(invalid(OPERATION, "/method", detail));
        }
        let body = json!({"id": context.request_id, "method": method, "params": params});
        let answer = self.client.post(context, OPERATION, "/rpc", &body).await?;
        let answer = answer.unwrap_or_default();
        match answer.get("error") {
            None | Some(Value::Null) => Ok(answer),
            Some(refusal) => Err(refused(refusal)),
        }
    }
}

/// `{code, message, data: {mnemonic}}`, of which the mnemonic is the stable part; or only a text.
fn refused(refusal: &Value) -> ProviderError {
    let text = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let code = refusal.get("code").and_then(text);
    let mnemonic = refusal.pointer("/data/mnemonic").and_then(text);
    let kind = match code.as_deref() {
        Some(NOT_LISTED) => ErrorKind::Forbidden,
        Some(LIMIT) => ErrorKind::RateLimited,
        Some(INTERNAL) => ErrorKind::VendorFailure,
        _ => ErrorKind::InvalidRequest,
    };
    let message = refusal.get("message").and_then(text);
    let message = message.or_else(|| text(refusal)).unwrap_or_default();
    let refused = error(OPERATION, kind)
        .with_status(http::StatusCode::OK)
        .with_message(message);
    let refused = crate::error::once(refused);
    match mnemonic.or(code) {
        Some(code) => refused.with_vendor_code(code),
        None => refused,
    }
}
