//! Requests to vendors as they are served.

use callweave_model::Timestamp;
use callweave_provider::Registry;
use callweave_store::vendor_requests::VendorRequest;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The address of the requests that were made on behalf of a request.
pub(crate) fn of_request(request_id: &str) -> String {
    let id = callweave_provider::address::encode(request_id);
    format!("/v1/vendor-requests?request_id={id}")
}

/// A request to a vendor: when, what, how it went. Neither its address nor what was said in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VendorRequest)]
pub(crate) struct VendorRequestDocument {
    /// Its id.
    id: Uuid,
    /// When it began.
    at: Timestamp,
    /// The connection it was made for; `null` for what is done for the vendor account, as a token
    /// renewal is.
    connection_id: Option<Uuid>,
    /// The vendor's key.
    vendor: String,
    /// The operation, as the coverage table names it.
    #[schema(example = "CG-16")]
    operation: String,
    /// The vendor's method and path, without values; `null` where the coverage table has none.
    #[schema(example = "GET /scenario_results/{id}")]
    vendor_route: Option<&'static str>,
    /// The method.
    #[schema(example = "GET")]
    method: String,
    /// The vendor's HTTP status; `null` where there was no answer. Some vendors tell failures in an
    /// answer of 200.
    status: Option<i32>,
    /// `2xx`, `3xx`, `4xx`, `429`, `5xx`; without an answer `connect`, `timeout`, `broken`,
    /// `truncated`, `too_large`, `redirect`, `egress_denied`; not sent at all: `rate_limited` (no turn
    /// came in time, or the vendor is left alone for a while) and `circuit_open` (it failed again and again).
    #[schema(example = "2xx")]
    outcome: String,
    /// Without an answer, or with a status of 400 and more.
    failed: bool,
    /// How long it took in milliseconds, with the wait for the account's turn and short repeats.
    #[schema(minimum = 0)]
    elapsed_ms: f64,
    /// Size of the request's body in bytes; `null` where it was not known ahead.
    #[schema(minimum = 0)]
    sent_bytes: Option<i64>,
    /// Size of the answer's body in bytes, decompressed; `null` where it is not known.
    #[schema(minimum = 0)]
    received_bytes: Option<i64>,
    /// On behalf of which request to the gateway, or which piece of its own work.
    request_id: Option<String>,
    /// The vendor's id of the record that was asked for, where it was one.
    remote_id: Option<String>,
}

impl VendorRequestDocument {
    pub(crate) fn new(request: VendorRequest, registry: &Registry) -> Self {
        let vendor_route = registry.get(&request.vendor).and_then(|factory| {
            let coverage = factory.manifest().coverage;
            let row = coverage
                .iter()
                .find(|row| row.operation == request.operation);
            row.map(|row| row.vendor_route)
        });
        Self {
            id: request.id,
            at: request.at(),
            connection_id: request.connection_id,
            vendor: request.vendor,
            operation: request.operation,
            vendor_route,
            method: request.method,
            status: request.status,
            outcome: request.outcome,
            failed: request.failed,
            elapsed_ms: request.elapsed_ms,
            sent_bytes: request.sent_bytes,
            received_bytes: request.received_bytes,
            request_id: request.request_id,
            remote_id: request.record,
        }
    }
}

/// A page of requests to vendors.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VendorRequestList {
    /// The requests.
    pub(crate) data: Vec<VendorRequestDocument>,
    /// What to ask for next, as `cursor`.
    pub(crate) next_cursor: Option<String>,
}
