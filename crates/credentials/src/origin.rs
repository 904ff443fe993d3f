//! What a request to a vendor is made for. It travels beside the work, so that whoever carries
//! requests out can tell; adapters neither see nor pass it.

use std::future::Future;

use callweave_model::ConnectionId;

/// What a request is made for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The connection; `None` for what is done for a vendor account, as a token renewal is.
    pub connection: Option<ConnectionId>,
    /// On behalf of which request to the gateway, or which piece of background work.
    pub request_id: Option<String>,
    /// The vendor's id of the record that is asked for.
    pub record: Option<String>,
}

tokio::task_local! {
    static CURRENT: Origin;
}

/// What the work under way is for.
pub fn current() -> Origin {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// Works for a connection, on behalf of a request.
pub(crate) async fn on_behalf<F: Future>(
    connection: ConnectionId,
    request_id: String,
    work: F,
) -> F::Output {
    let origin = Origin {
        connection: Some(connection),
        request_id: Some(request_id),
        ..current()
    };
    CURRENT.scope(origin, work).await
}

/// Works for one record of the vendor.
pub async fn about<F: Future>(record: &str, work: F) -> F::Output {
    let origin = Origin {
        record: Some(record.to_owned()),
        ..current()
    };
    CURRENT.scope(origin, work).await
}
