//! `Idempotency-Key`: a POST that is sent again is answered again and not carried out twice.
//!
//! Successful answers are kept for a day, sealed like every secret, because they may hold personal
//! data or a fresh API key. A request that failed had no effect and may simply be sent again, unless
//! the outcome at a vendor is not known: then that is the answer that is kept.
//!
//! A request with a file is told by its fields, the file's name and its type; the file itself is
//! hashed while it goes by, so that a second request is compared once it has been read, not before.

use std::{panic::AssertUnwindSafe, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use callweave_credentials::vault::Place;
use callweave_model::{ApiKeyId, TenantId};
use callweave_store::{
    TenantTx,
    idempotency::{Claim, RequestName},
    sealed::answer_row,
};
use futures::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::openapi::{
    ObjectBuilder, Required,
    path::{Parameter, ParameterBuilder, ParameterIn},
    schema::Type,
};

use crate::{
    ApiState, Caller, admission,
    middleware::{AsItCame, VENDOR_STATUS, header_text},
    problem::{Problem, codes},
    repeat::again,
    trace,
};

mod streamed;

pub(crate) use streamed::{Claimed, RequiredKey, Ticket, is_form, under_way};

/// The largest body of a batch of dialogs.
pub(crate) const BATCH_LIMIT: usize = 16 * 1024 * 1024;

/// The header that names a request.
pub(crate) const HEADER: &str = "Idempotency-Key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The headers of an answer that are kept with it.
const KEPT_HEADERS: [HeaderName; 7] = [
    header::CONTENT_TYPE,
    header::CONTENT_DISPOSITION,
    header::CONTENT_SECURITY_POLICY,
    header::LOCATION,
    header::CONTENT_LOCATION,
    header::ETAG,
    VENDOR_STATUS,
];

/// A request whose process died is taken over after this long.
const LOCK: Duration = Duration::from_secs(90);
/// The same where all that a request does is one transaction of ours, together with its answer: the
/// one who comes second does nothing, so that whoever registers calls need not wait so long.
const SHORT_LOCK: Duration = Duration::from_secs(10);
/// How long answers are kept.
const KEEP: Duration = Duration::from_hours(24);
/// The largest answer that is kept.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;

/// The name of a request, for the handler that keeps its answer together with what it did.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    api_key: ApiKeyId,
    key: String,
}

/// A mark on answers that are kept already.
#[derive(Clone, Copy, Debug)]
struct Kept;

/// A kept answer.
#[derive(Serialize, Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    /// The body in base64, where it is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
    #[serde(default)]
    kind: Kind,
}

/// What was kept.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// An answer of ours.
    #[default]
    Ours,
    /// A vendor's, as it came.
    AsItCame,
    /// That the outcome is not known; the body is the detail.
    Unknown,
}

impl Kind {
    /// How a response is kept; `None` where nothing was done, so that it may be sent again.
    fn of(response: &Response) -> Option<Self> {
        let passed = response.extensions().get::<AsItCame>().is_some();
        let unknown = response
            .extensions()
            .get::<Problem>()
            .is_some_and(|problem| problem.code().code == codes::OUTCOME_UNKNOWN.code);
        let status = response.status();
        match (passed, unknown) {
            (_, true) => Some(Self::Unknown),
            // A vendor that fails may have done it all the same, unless it says that it is busy.
            (true, _) if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE => {
                Some(Self::AsItCame)
            }
            (true, _) => status.is_success().then_some(Self::AsItCame),
            (false, _) => status.is_success().then_some(Self::Ours),
        }
    }
}

/// Carries a named request out once.
pub(crate) async fn replay(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Response {
    let named = request.method() == Method::POST && request.headers().contains_key(HEADER);
    // A file is not read here: its own route names the request.
    if !named || is_form(request.headers()) {
        return next.run(request).await;
    }
    // Without a key in force the handler says no; its word is not kept.
    let Some(caller) = admission::caller(request.extensions()).cloned() else {
        return next.run(request).await;
    };
    match named_request(&state, &caller, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn named_request(
    state: &ApiState,
    caller: &Caller,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = key_of(request.headers())?;
    let name = RequestName {
        api_key: caller.key,
        key: &key,
    };
    let (parts, body) = request.into_parts();
    let limit = body_limit(state, parts.uri.path());
    let body = to_bytes(body, limit).await.map_err(|_error| {
        Problem::new(
            codes::BODY_TOO_LARGE,
            "the body is larger than the gateway takes, or ended early",
        )
    })?;
    let target = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let hash = request_hash(target, &body);
    let lock = lock_of(parts.uri.path());
    let claim = claim(state, caller.tenant, name, &hash, lock).await?;
    match claim {
        Claim::Ours => {}
        Claim::UnderWay => return Err(under_way()),
        Claim::Differs => return Err(reused()),
        Claim::Unreadable => return Err(unreadable()),
        Claim::Answered(sealed) => return answered(state, caller.tenant, name, &sealed),
    }
    let mut request = Request::from_parts(parts, Body::from(body));
    request.extensions_mut().insert(Named {
        api_key: caller.key,
        key: key.clone(),
    });
    let (state, tenant, api_key) = (state.clone(), caller.tenant, caller.key);
    let tasks = state.tasks().clone();
    // In a task of its own: a caller who leaves does not stop it half-way, and finds the answer
    // when it comes back.
    let carried_out = tasks.spawn(trace::carry(async move {
        let name = RequestName { api_key, key: &key };
        carry_out(&state, tenant, name, request, next).await
    }));
    match carried_out.await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_canceled) => Err(Problem::new(
                codes::UNAVAILABLE,
                "the gateway is shutting down",
            )),
        },
    }
}

/// The largest body that a path takes.
pub(crate) fn body_limit(state: &ApiState, path: &str) -> usize {
    let limit = state.options().body_limit;
    if path == "/v1/dialog-batches" {
        limit.max(BATCH_LIMIT)
    } else {
        limit
    }
}

/// The header, for the documentation.
pub(crate) fn parameter(required: Required) -> Parameter {
    ParameterBuilder::new()
        .name(HEADER)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(
            "Names the request: sent again with the same key and body within 24 hours, it gets the \
             first answer and is not carried out twice.",
        ))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some("^[\\x21-\\x7E]{1,255}$")),
        ))
        .build()
}

async fn carry_out(
    state: &ApiState,
    tenant: TenantId,
    name: RequestName<'_>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let outcome = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    match outcome {
        Ok(response) if response.extensions().get::<Kept>().is_some() => Ok(response),
        Ok(response) => {
            if let Some(kind) = Kind::of(&response) {
                return keep(state, tenant, name, kind, response).await;
            }
            release(state, tenant, name).await;
            Ok(response)
        }
        Err(panic) => {
            release(state, tenant, name).await;
            std::panic::resume_unwind(panic)
        }
    }
}

/// After how long a request is taken over whose process died.
fn lock_of(path: &str) -> Duration {
    if path == "/v1/calls" {
        SHORT_LOCK
    } else {
        LOCK
    }
}

/// Takes a request on, unless it is under way or answered.
async fn claim(
    state: &ApiState,
    tenant: TenantId,
    name: RequestName<'_>,
    hash: &[u8],
    lock: Duration,
) -> Result<Claim, Problem> {
    again(|| async {
        let mut tx = state.store().tenant(tenant).await?;
        let claim = tx.claim_request(name, hash, lock, KEEP).await?;
        tx.commit().await?;
        Ok(claim)
    })
    .await
}

/// A request that had no effect may be sent again at once.
async fn release(state: &ApiState, tenant: TenantId, name: RequestName<'_>) {
    let released = again(|| async {
        let mut tx = state.store().tenant(tenant).await?;
        tx.release_request(name).await?;
        tx.commit().await
    });
    if let Err(error) = released.await {
        // It frees itself when its lock ends.
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "A failed request could not be released"
        );
    }
}

/// Keeps the answer, and gives it.
async fn keep(
    state: &ApiState,
    tenant: TenantId,
    name: RequestName<'_>,
    kind: Kind,
    response: Response,
) -> Result<Response, Problem> {
    let (sealed, response) = seal(state, tenant, name, kind, response).await?;
    let resource = resource_of(response.headers());
    again(|| async {
        let mut tx = state.store().tenant(tenant).await?;
        tx.keep_answer(name, &sealed, resource).await?;
        tx.commit().await
    })
    .await?;
    Ok(response)
}

/// Keeps the answer in the transaction of what it tells, so that neither is there without the
/// other: a process that dies in between leaves nothing that would be done a second time.
pub(crate) async fn keep_with(
    state: &ApiState,
    tx: &mut TenantTx,
    named: &Named,
    response: Response,
) -> Result<Response, Problem> {
    let name = RequestName {
        api_key: named.api_key,
        key: &named.key,
    };
    let tenant = tx.tenant();
    let (sealed, mut response) = seal(state, tenant, name, Kind::Ours, response).await?;
    let resource = resource_of(response.headers());
    if !tx.keep_answer(name, &sealed, resource).await? {
        // It took so long that somebody else was let at it, and has done it.
        return Err(under_way());
    }
    response.extensions_mut().insert(Kept);
    Ok(response)
}

/// The address of the thing that an answer shows.
fn resource_of(headers: &HeaderMap) -> Option<&str> {
    header_text(headers, header::LOCATION)
        .or_else(|| header_text(headers, header::CONTENT_LOCATION))
}

/// An answer as it is kept, and the answer.
async fn seal(
    state: &ApiState,
    tenant: TenantId,
    name: RequestName<'_>,
    kind: Kind,
    response: Response,
) -> Result<(Vec<u8>, Response), Problem> {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, ANSWER_LIMIT)
        .await
        .map_err(|_error| internal("an answer is too large to be kept"))?;
    let text = match kind {
        Kind::Unknown => parts
            .extensions
            .get::<Problem>()
            .map(|problem| problem.detail().to_owned()),
        Kind::Ours | Kind::AsItCame => String::from_utf8(body.to_vec()).ok(),
    };
    let answer = Answer {
        status: parts.status.as_u16(),
        headers: KEPT_HEADERS
            .iter()
            .filter_map(|name| {
                let value = parts.headers.get(name)?.to_str().ok()?;
                Some((name.to_string(), value.to_owned()))
            })
            .collect(),
        bytes: text.is_none().then(|| STANDARD.encode(&body)),
        body: text.unwrap_or_default(),
        kind,
    };
    let written =
        serde_json::to_vec(&answer).map_err(|_error| internal("an answer could not be written"))?;
    let sealed = state
        .connector()
        .vault()
        .seal(&place(tenant, name), &written)
        .map_err(|_error| internal("an answer could not be sealed"))?;
    Ok((sealed, Response::from_parts(parts, Body::from(body))))
}

/// The answer that was kept.
fn answered(
    state: &ApiState,
    tenant: TenantId,
    name: RequestName<'_>,
    sealed: &[u8],
) -> Result<Response, Problem> {
    let answer: Option<Answer> = state
        .connector()
        .vault()
        .open(&place(tenant, name), sealed)
        .ok()
        .and_then(|written| serde_json::from_slice(&written).ok());
    let answer = answer.ok_or_else(unreadable)?;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    if answer.kind == Kind::Unknown {
        return Err(Problem::new(codes::OUTCOME_UNKNOWN, answer.body)
            .with_status(status)
            .with_header(REPLAYED, HeaderValue::from_static("true")));
    }
    let bytes = answer
        .bytes
        .map(|encoded| STANDARD.decode(encoded))
        .transpose()
        .map_err(|_error| internal("a kept answer is no base64"))?;
    let mut response = Response::new(bytes.map_or_else(|| Body::from(answer.body), Body::from));
    *response.status_mut() = status;
    if answer.kind == Kind::AsItCame {
        response.extensions_mut().insert(AsItCame);
    }
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

fn key_of(headers: &HeaderMap) -> Result<String, Problem> {
    let mut given = headers.get_all(HEADER).iter();
    let key = match (given.next(), given.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    };
    key.filter(|key| (1..=255).contains(&key.len()))
        .filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()))
        .map(str::to_owned)
        .ok_or_else(|| {
            Problem::new(
                codes::BAD_REQUEST,
                "Idempotency-Key must be given once: 1 to 255 visible ASCII characters",
            )
        })
}

fn reused() -> Problem {
    let detail = "the Idempotency-Key was used for another operation or another body";
    Problem::new(codes::IDEMPOTENCY_KEY_REUSED, detail)
}

fn unreadable() -> Problem {
    let detail = "the request was carried out, and its answer cannot be read any more";
    Problem::new(codes::CONFLICT, detail)
}

fn request_hash(target: &str, body: &Bytes) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update((target.len() as u64).to_be_bytes());
    hash.update(target.as_bytes());
    hash.update(body);
    hash.finalize().to_vec()
}

fn place(tenant: TenantId, name: RequestName<'_>) -> Place {
    Place {
        table: "idempotency_keys",
        column: "sealed_answer",
        tenant,
        row: answer_row(name.api_key, name.key),
    }
}

fn internal(what: &'static str) -> Problem {
    tracing::error!("{what}");
    Problem::new(codes::INTERNAL, "the request could not be carried out")
}
