//! The control surface: not a vendor, but the hand that moves them. JSON in, JSON out.
//!
//! | method and path | what it does |
//! |---|---|
//! | `GET /control/health` | tells that the sandbox is up, its seed and how many calls each vendor has |
//! | `GET /control/credentials` | the four accounts, with base URLs made of the host that was asked |
//! | `GET`, `POST`, `DELETE /control/faults` | lists, adds, clears faults; see [`FaultSpec`] |
//! | `POST /control/tokens` | `{vendor, lifetime_s?, refresh_lifetime_s?}`: how long tokens live from now on |
//! | `POST /control/tokens/expire` | `{vendor, refresh?}`: lets access tokens run out, and refresh tokens too |
//! | `GET`, `POST /control/options` | how the vendors behave; see [`crate::Options`] |
//! | `POST /control/clock` | `{offset_ms}`: the vendors' clock goes wrong |
//! | `POST /control/records/{vendor}` | adds a call; see [`CallPatch`] |
//! | `GET`, `PATCH`, `DELETE /control/records/{vendor}/{id}` | the truth about a call, by any of the vendor's ids; changes it; deletes it |
//! | `POST /control/records/{vendor}/{id}/restore` | brings a deleted call back |
//! | `GET /control/ledger?vendor=&after=&limit=` | the ledger; read on with `next_after` |
//! | `GET`, `DELETE /control/requests?vendor=&operation=&limit=` | counts and the latest requests; forgets them |

use std::fmt;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, patch, post},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    call::patch::CallPatch,
    faults::spec::FaultSpec,
    vendor::Vendor,
    world::{Shared, requests::RequestReport, tokens::TokenLifetimes},
};

const LEDGER_PAGE: usize = 500;
const LEDGER_PAGE_LIMIT: usize = 5_000;
const REQUESTS_SHOWN: usize = 100;

/// The control surface without its prefix.
pub(crate) fn router(world: &Shared) -> Router {
    Router::new()
        .route(
            "/faults",
            get(list_faults).post(add_fault).delete(clear_faults),
        )
        .route("/tokens", post(set_tokens))
        .route("/tokens/expire", post(expire_tokens))
        .route(
            "/options",
            get(get_options).post(set_options).patch(set_options),
        )
        .route("/clock", post(set_clock))
        .route("/records/{vendor}", post(add_record))
        .route(
            "/records/{vendor}/{id}",
            patch(change_record).get(get_record).delete(delete_record),
        )
        .route("/records/{vendor}/{id}/restore", post(restore_record))
        .route("/ledger", get(get_ledger))
        .route("/requests", get(get_requests).delete(clear_requests))
        .route("/credentials", get(get_credentials))
        .route("/health", get(get_health))
        .with_state(world.clone())
}

/// A request to the control surface that cannot be done.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"message": self.1}))).into_response()
    }
}

fn vendor_of(text: &str) -> Result<Vendor, Refusal> {
    text.parse()
        .map_err(|error| Refusal(StatusCode::NOT_FOUND, format!("{error}")))
}

fn unknown_record(vendor: Vendor, id: &str) -> Refusal {
    Refusal(
        StatusCode::NOT_FOUND,
        format!("{vendor} has no record {id:?}"),
    )
}

async fn get_health(State(world): State<Shared>) -> Json<Value> {
    let calls = Vendor::ALL.map(|vendor| {
        (
            vendor.key().to_owned(),
            json!(world.live_calls(vendor).len()),
        )
    });
    Json(json!({
        "status": "ok",
        "seed": world.config.seed,
        "now": world.now(),
        "calls": Value::Object(calls.into_iter().collect()),
    }))
}

async fn list_faults(State(world): State<Shared>) -> Json<Value> {
    Json(json!({"faults": world.faults.list()}))
}

/// A misspelt member would play another fault than the one that was meant, so it is refused; serde
/// cannot do that for a flattened type, hence the look at what a well-read fault would say.
async fn add_fault(
    State(world): State<Shared>,
    Json(asked): Json<Map<String, Value>>,
) -> Result<StatusCode, Refusal> {
    let refused = |error: &dyn fmt::Display| {
        Refusal(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("read the fault: {error}"),
        )
    };
    let fault: FaultSpec =
        serde_json::from_value(Value::Object(asked.clone())).map_err(|error| refused(&error))?;
    let known = json!(fault);
    if let Some(name) = asked.keys().find(|name| known.get(name.as_str()).is_none()) {
        return Err(refused(&format_args!("unknown member {name:?}")));
    }
    world.add_fault(fault);
    Ok(StatusCode::NO_CONTENT)
}

async fn clear_faults(State(world): State<Shared>) -> StatusCode {
    world.clear_faults();
    StatusCode::NO_CONTENT
}

/// How long tokens live from now on; what is left out stays as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokensBody {
    vendor: Vendor,
    lifetime_s: Option<i64>,
    refresh_lifetime_s: Option<i64>,
}

async fn set_tokens(
    State(world): State<Shared>,
    Json(body): Json<TokensBody>,
) -> Json<TokenLifetimes> {
    let known = world.tokens.lifetimes(body.vendor);
    let lifetimes = TokenLifetimes {
        lifetime_s: body.lifetime_s.unwrap_or(known.lifetime_s),
        refresh_lifetime_s: body.refresh_lifetime_s.unwrap_or(known.refresh_lifetime_s),
    };
    world.set_token_lifetimes(body.vendor, lifetimes);
    Json(lifetimes)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpireBody {
    vendor: Vendor,
    /// Refresh tokens too, not the access tokens alone.
    #[serde(default)]
    refresh: bool,
}

async fn expire_tokens(State(world): State<Shared>, Json(body): Json<ExpireBody>) -> Json<Value> {
    Json(json!({"expired": world.expire_tokens(body.vendor, body.refresh)}))
}

async fn get_options(State(world): State<Shared>) -> Json<Value> {
    Json(json!(world.options()))
}

async fn set_options(
    State(world): State<Shared>,
    Json(changes): Json<Map<String, Value>>,
) -> Result<Json<Value>, Refusal> {
    let options = world.set_options(changes).map_err(|error| {
        let reason = std::error::Error::source(&error)
            .map(ToString::to_string)
            .unwrap_or_default();
        Refusal(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("{error}: {reason}"),
        )
    })?;
    Ok(Json(json!(options)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockBody {
    offset_ms: i64,
}

async fn set_clock(State(world): State<Shared>, Json(body): Json<ClockBody>) -> Json<Value> {
    world.set_clock_offset_ms(body.offset_ms);
    Json(json!({"now": world.now()}))
}

async fn add_record(
    State(world): State<Shared>,
    Path(vendor): Path<String>,
    body: Option<Json<CallPatch>>,
) -> Result<Response, Refusal> {
    let vendor = vendor_of(&vendor)?;
    let ids = world.add_record(vendor, body.map(|Json(patch)| patch).unwrap_or_default());
    Ok((StatusCode::CREATED, Json(json!({"ids": ids}))).into_response())
}

async fn change_record(
    State(world): State<Shared>,
    Path((vendor, id)): Path<(String, String)>,
    body: Option<Json<CallPatch>>,
) -> Result<Json<Value>, Refusal> {
    let vendor = vendor_of(&vendor)?;
    let patch = body.map(|Json(patch)| patch).unwrap_or_default();
    if !world.change_record(vendor, &id, patch) {
        return Err(unknown_record(vendor, &id));
    }
    world
        .record(vendor, &id)
        .map(Json)
        .ok_or_else(|| unknown_record(vendor, &id))
}

async fn get_record(
    State(world): State<Shared>,
    Path((vendor, id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let vendor = vendor_of(&vendor)?;
    world
        .record(vendor, &id)
        .map(Json)
        .ok_or_else(|| unknown_record(vendor, &id))
}

async fn delete_record(
    State(world): State<Shared>,
    Path((vendor, id)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let vendor = vendor_of(&vendor)?;
    if world.delete_record(vendor, &id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(unknown_record(vendor, &id))
    }
}

async fn restore_record(
    State(world): State<Shared>,
    Path((vendor, id)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let vendor = vendor_of(&vendor)?;
    if world.restore_record(vendor, &id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(unknown_record(vendor, &id))
    }
}

#[derive(Debug, Deserialize)]
struct LedgerQuery {
    vendor: String,
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

async fn get_ledger(
    State(world): State<Shared>,
    Query(query): Query<LedgerQuery>,
) -> Result<Json<Value>, Refusal> {
    let vendor = vendor_of(&query.vendor)?;
    let limit = query.limit.unwrap_or(LEDGER_PAGE).min(LEDGER_PAGE_LIMIT);
    Ok(Json(json!(world.ledger_page(vendor, query.after, limit))))
}

#[derive(Debug, Deserialize)]
struct RequestsQuery {
    vendor: Option<String>,
    operation: Option<String>,
    limit: Option<usize>,
}

async fn get_requests(
    State(world): State<Shared>,
    Query(query): Query<RequestsQuery>,
) -> Result<Json<RequestReport>, Refusal> {
    let vendor = query.vendor.as_deref().map(vendor_of).transpose()?;
    let limit = query.limit.unwrap_or(REQUESTS_SHOWN);
    Ok(Json(world.requests.report(
        vendor,
        query.operation.as_deref(),
        limit,
    )))
}

async fn clear_requests(State(world): State<Shared>) -> StatusCode {
    world.clear_requests();
    StatusCode::NO_CONTENT
}

/// The base URLs are made of the host the caller reached us by: only that one surely works for it.
async fn get_credentials(State(world): State<Shared>, headers: HeaderMap) -> Json<Value> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost");
    Json(world.credentials(&format!("http://{host}")))
}
