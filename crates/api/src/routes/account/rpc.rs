//! `POST /v1/connections/{id}/rpc`.

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    live::{ConnectionPath, Live, OwnedJson, ask, needs},
    problem::{BadBody, Live as LiveProblems, Problem, Secured},
    respond,
    scope::Passthrough,
    wire::live::VendorAnswer,
};

/// A procedure of the vendor to be called.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RpcInput {
    /// Its name; `settings.rpc_methods` of the connection must allow it.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$",
        example = "get.settings"
    )]
    method: String,
    /// What it is given.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    params: Map<String, Value>,
}

/// Calls a procedure of the vendor.
///
/// The vendor documents neither what methods there are nor what they do, so a connection allows
/// only those that its owner lists in `settings.rpc_methods`. Sent once; the vendor's answer comes
/// back as it is.
#[utoipa::path(
    post,
    path = "/v1/connections/{id}/rpc",
    tag = "vendor-account",
    params(ConnectionPath),
    request_body(content = RpcInput, example = json!({"method": "get.settings", "params": {}})),
    responses((status = 200, description = "What the vendor answered.", body = VendorAnswer), Secured, BadBody, LiveProblems),
    security(("bearer" = ["passthrough"])),
)]
pub(crate) async fn call_rpc(
    live: Live<Passthrough, needs::Account>,
    OwnedJson(input): OwnedJson<RpcInput>,
) -> Result<Response, Problem> {
    let vendor_answer = ask!(live, account.rpc(&input.method, &input.params));
    respond::ok(&VendorAnswer { vendor_answer })
}
