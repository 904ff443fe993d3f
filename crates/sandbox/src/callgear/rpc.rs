//! The universal method. The document tells its request and nothing else.

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    answer::{Refusal, json as answer},
    auth::Caller,
};

#[derive(Deserialize)]
struct RpcBody {
    id: String,
    method: String,
    #[serde(default)]
    params: Value,
}

/// CG-31. Methods that read give an empty result; all others an error, with status 200 as JSON-RPC
/// has it.
pub(super) async fn call(_caller: Caller, body: Bytes) -> Result<Response, Refusal> {
    let body: RpcBody = serde_json::from_slice(&body)
        .map_err(|_error| Refusal::BadRequest("id, method and params are required".into()))?;
    let read =
        body.method.starts_with("get.") && (body.params.is_object() || body.params.is_null());
    let outcome = if read {
        json!({"id": body.id, "result": {"data": [], "metadata": {}}})
    } else {
        json!({
            "id": body.id,
            "error": {
                "code": -32_601,
                "message": "Method not found",
                "data": {"mnemonic": "method_not_found", "value": body.method},
            },
        })
    };
    Ok(answer(StatusCode::OK, &outcome))
}
