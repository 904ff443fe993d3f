//! `GET /v1/calls/export`.

use axum::{body::Body, extract::State, response::Response};
use callweave_store::calls::{CallFilter, Order};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Map, Value, json};

use super::{
    pages::{self, Export},
    rows::Format,
};
use crate::{
    ApiState, admission,
    audit::Effect,
    extract::{
        ApiQuery, Authorized,
        query::{FromQuery, Param, Query, document_query},
    },
    middleware::header_text,
    problem::{BadQuery, Problem, Secured},
    routes::calls::{
        filter::{authorize, filter, filter_params, order},
        include::{INCLUDE, Include},
    },
    scope::CallsRead,
};

/// Which calls are exported, and how.
#[derive(Debug)]
pub(crate) struct ExportQuery {
    filter: CallFilter,
    include: Include,
    order: Order,
    format: Option<Format>,
    /// The names of the filters that are set; what they hold may be personal.
    named: Vec<&'static str>,
}

impl FromQuery for ExportQuery {
    const PARAMS: &'static [Param] = filter_params![
        Param::new(
            "format",
            Kind::Word(&["ndjson", "csv"]),
            "`ndjson`: one call a line, as the list shows it. `csv`: one row a call, its main members \
             only. Goes before `Accept`; `ndjson` unless told.",
        ),
        INCLUDE,
    ];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let include = Include::read(query);
        Ok(Self {
            filter: filter(query, include),
            include,
            order: order(query),
            format: query.text("format").as_deref().map(|word| match word {
                "csv" => Format::Csv,
                _ => Format::Ndjson,
            }),
            named: Self::PARAMS
                .iter()
                .map(|param| param.name)
                .filter(|name| query.text(name).is_some())
                .collect(),
        })
    }
}
document_query!(ExportQuery);

/// Exports calls.
///
/// Every call that the filters match, streamed: the answer begins at once and needs no paging. It is
/// no snapshot: a call that changes meanwhile is told as it was when it was reached. An answer that
/// breaks off before its end is not complete. A tenant may have a few exports under way at a time.
/// Cells of a CSV that a spreadsheet would take for a formula begin with an apostrophe.
#[utoipa::path(
    get,
    path = "/v1/calls/export",
    tag = "calls",
    params(ExportQuery),
    responses(
        (status = 200, description = "The calls.", content((String = "application/x-ndjson"), (String = "text/csv")),
            headers(("Content-Disposition" = String, description = "A name for the file."))),
        Secured,
        BadQuery,
    ),
    security(("bearer" = ["calls:read"])),
)]
pub(crate) async fn export_calls(
    authorized: Authorized<CallsRead>,
    State(state): State<ApiState>,
    method: Method,
    headers: HeaderMap,
    effect: Effect,
    ApiQuery(query): ApiQuery<ExportQuery>,
) -> Result<Response, Problem> {
    let caller = authorized.caller;
    query.include.authorize(&caller)?;
    authorize(&query.filter, &caller)?;
    let format = query.format.unwrap_or_else(|| accepted(&headers));
    let head = head(format);
    if method == Method::HEAD {
        return Ok(head);
    }
    let account = state.limiter().account(state.store(), caller.tenant).await;
    let permit = account.export().ok_or_else(admission::too_many_exports)?;
    let about = about(format, &query);
    let mut tx = state.store().tenant(caller.tenant).await?;
    effect
        .note(
            &mut tx,
            "calls.export_begun",
            "/v1/calls",
            Value::Object(about.clone()),
        )
        .await?;
    let head = effect.clone().commit(tx, head).await?;
    let export = Export {
        state,
        caller,
        filter: query.filter,
        include: query.include,
        order: query.order,
        format,
    };
    let calls = pages::stream(export, permit, effect, about);
    let (parts, _empty) = head.into_parts();
    Ok(Response::from_parts(parts, Body::from_stream(calls)))
}

fn accepted(headers: &HeaderMap) -> Format {
    match header_text(headers, header::ACCEPT) {
        Some(kinds) if kinds.contains("text/csv") => Format::Csv,
        _ => Format::Ndjson,
    }
}

fn head(format: Format) -> Response {
    let mut head = Response::new(Body::empty());
    let (kind, name) = match format {
        Format::Ndjson => (
            "application/x-ndjson",
            "attachment; filename=\"calls.ndjson\"",
        ),
        Format::Csv => (
            "text/csv; charset=utf-8; header=present",
            "attachment; filename=\"calls.csv\"",
        ),
    };
    let headers = head.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    head
}

/// What the audit log says of an export: what was asked for, not what it held.
fn about(format: Format, query: &ExportQuery) -> Map<String, Value> {
    [
        ("format", json!(format.as_str())),
        ("parameters", json!(query.named)),
        ("transcripts", json!(query.include.shown.transcript)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect()
}
