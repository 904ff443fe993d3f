//! `GET /v1/audit-log`.

use axum::{extract::State, response::Response};
use callweave_store::{audit::AuditFilter, calls::Order};

use crate::{
    ApiState,
    cursor::{List, Place},
    extract::{
        ApiQuery, Authorized,
        query::{CURSOR, FromQuery, Kind, LIMIT, Param, Query, document_query},
    },
    problem::{BadQuery, Problem, Secured},
    respond,
    scope::AuditRead,
    wire::audit::AuditList,
};

/// Which entries are listed, and how.
#[derive(Debug)]
pub(crate) struct AuditQuery {
    filter: AuditFilter,
    order: Order,
    limit: i64,
    cursor: Option<String>,
    fingerprint: String,
}

impl FromQuery for AuditQuery {
    const PARAMS: &'static [Param] = &[
        Param::new("actor", Kind::Uuids, "By one of these API keys."),
        Param::new(
            "action",
            Kind::Texts(100),
            "Any of these actions; repeat the parameter.",
        ),
        Param::new(
            "resource",
            Kind::Text(300),
            "About the thing with this address, e.g. `/v1/connections/{id}`.",
        ),
        Param::new("after", Kind::Instant, "At or after."),
        Param::new("before", Kind::Instant, "Before."),
        Param::new(
            "order",
            Kind::Word(&["asc", "desc"]),
            "By time; `desc` unless told.",
        ),
        LIMIT,
        CURSOR,
    ];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            filter: AuditFilter {
                actors: query.uuids("actor"),
                actions: query.all("action"),
                resource: query.text("resource"),
                after: query.instant("after"),
                before: query.instant("before"),
            },
            order: match query.text("order").as_deref() {
                Some("asc") => Order::Asc,
                _ => Order::Desc,
            },
            limit: query.limit(),
            cursor: query.text("cursor"),
            fingerprint: query.fingerprint(),
        })
    }
}
document_query!(AuditQuery);

/// Lists what was done.
///
/// Who, when, what, to what, and what came of it: every change, everything asked of vendors beyond
/// reading, every export, and failed tries with the tenant's own keys. Entries are never changed;
/// they hold no secret and nothing of what was said.
#[utoipa::path(
    get,
    path = "/v1/audit-log",
    tag = "audit",
    params(AuditQuery),
    responses((status = 200, description = "A page of entries.", body = AuditList), Secured, BadQuery),
    security(("bearer" = ["audit:read"])),
)]
pub(crate) async fn list_audit_log(
    authorized: Authorized<AuditRead>,
    State(state): State<ApiState>,
    ApiQuery(query): ApiQuery<AuditQuery>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let list = List {
        tenant,
        name: "audit-log",
        query: &query.fingerprint,
    };
    let after = state
        .cursor_key()
        .begin(list, query.cursor.as_deref())?
        .map(|place| (place.at, place.id));
    let mut tx = state.store().tenant(tenant).await?;
    let mut entries = tx
        .list_audit(&query.filter, query.order, after, query.limit + 1)
        .await?;
    tx.commit().await?;
    let next_cursor = state
        .cursor_key()
        .cut(list, &mut entries, query.limit, |last| Place {
            at: last.at(),
            id: last.id,
        });
    respond::ok(&AuditList {
        data: entries.into_iter().map(Into::into).collect(),
        next_cursor,
    })
}
