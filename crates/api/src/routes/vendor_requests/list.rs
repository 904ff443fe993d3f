//! `GET /v1/vendor-requests`.

use axum::{extract::State, response::Response};
use callweave_store::{calls::Order, vendor_requests::VendorRequestFilter};

use crate::{
    ApiState,
    cursor::{List, Place},
    extract::{
        ApiQuery, Authorized,
        query::{CURSOR, FromQuery, Kind, LIMIT, Param, Query, document_query},
    },
    problem::{BadQuery, Problem, Secured},
    respond,
    scope::ConnectionsRead,
    wire::vendor_request::{VendorRequestDocument, VendorRequestList},
};

/// Which requests are listed, and how.
#[derive(Debug)]
pub(crate) struct VendorRequestQuery {
    filter: VendorRequestFilter,
    order: Order,
    limit: i64,
    cursor: Option<String>,
    fingerprint: String,
}

impl FromQuery for VendorRequestQuery {
    const PARAMS: &'static [Param] = &[
        Param::new(
            "connection_id",
            Kind::Uuids,
            "Made for one of these connections, or for its vendor account (token renewals).",
        ),
        Param::new("vendor", Kind::Keys, "To one of these vendors."),
        Param::new(
            "operation",
            Kind::Texts(50),
            "One of these operations, as the coverage table names them; repeat the parameter.",
        ),
        Param::new(
            "request_id",
            Kind::Text(200),
            "On behalf of this request, as a problem's `request_id` says.",
        ),
        Param::new(
            "remote_id",
            Kind::Text(200),
            "Made for the record with this id at the vendor.",
        ),
        Param::new(
            "failed",
            Kind::Boolean,
            "Without an answer or with a status of 400 and more, or not.",
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
            filter: VendorRequestFilter {
                connections: query.uuids("connection_id"),
                vendors: query.all("vendor"),
                operations: query.all("operation"),
                request_id: query.text("request_id"),
                record: query.text("remote_id"),
                failed: query.boolean("failed"),
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
document_query!(VendorRequestQuery);

/// Lists what was asked of vendors lately.
///
/// When, which operation, for which connection and record, how it went and how long it took.
/// Neither addresses, headers nor contents are kept. Of each tenant the newest requests that went
/// well and the newest that did not stay, none longer than seven days; a request shows here within
/// a second or two after it ended.
#[utoipa::path(
    get,
    path = "/v1/vendor-requests",
    tag = "connections",
    params(VendorRequestQuery),
    responses((status = 200, description = "A page of requests.", body = VendorRequestList), Secured, BadQuery),
    security(("bearer" = ["connections:read"])),
)]
pub(crate) async fn list_vendor_requests(
    authorized: Authorized<ConnectionsRead>,
    State(state): State<ApiState>,
    ApiQuery(query): ApiQuery<VendorRequestQuery>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    let list = List {
        tenant,
        name: "vendor-requests",
        query: &query.fingerprint,
    };
    let after = state
        .cursor_key()
        .begin(list, query.cursor.as_deref())?
        .map(|place| (place.at, place.id));
    let mut tx = state.store().tenant(tenant).await?;
    let mut requests = tx
        .list_vendor_requests(&query.filter, query.order, after, query.limit + 1)
        .await?;
    tx.commit().await?;
    let next_cursor = state
        .cursor_key()
        .cut(list, &mut requests, query.limit, |last| Place {
            at: last.at(),
            id: last.id,
        });
    let registry = state.connector().registry();
    respond::ok(&VendorRequestList {
        data: requests
            .into_iter()
            .map(|request| VendorRequestDocument::new(request, registry))
            .collect(),
        next_cursor,
    })
}
