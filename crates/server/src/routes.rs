//! What the process answers over HTTP, by its role.

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::get,
};
use callweave_store::Store;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

/// The path that load balancers ask before they send requests.
const READINESS: &str = "/readyz";

/// What a process without the API answers: whether it lives, whether it can work, its figures.
pub(crate) fn health(store: Store, figures: PrometheusHandle) -> Router {
    let ready = async |State(store): State<Store>| match store.ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database cannot be reached\n",
        ),
    };
    Router::new()
        .route("/livez", get(async || "alive\n"))
        .route(READINESS, get(ready))
        .route("/metrics", get(async move || figures.render()))
        .with_state(store)
}

/// Says "not ready" as soon as the process was told to stop.
pub(crate) fn unready_when_stopping(router: Router, shutdown: CancellationToken) -> Router {
    router.layer(middleware::from_fn_with_state(shutdown, readiness))
}

async fn readiness(
    State(shutdown): State<CancellationToken>,
    request: Request,
    next: Next,
) -> Response {
    if shutdown.is_cancelled() && request.uri().path() == READINESS {
        let headers = [(header::CONNECTION, "close")];
        return (StatusCode::SERVICE_UNAVAILABLE, headers, "stopping\n").into_response();
    }
    next.run(request).await
}
