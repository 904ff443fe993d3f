//! What the process answers over HTTP, by its role.

use std::sync::Arc;

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use callweave_api::{ApiOptions, ApiState, CursorKey, FeedOptions, GuessLimits, TenantLimits};
use callweave_store::Store;
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    gateway::{Gateway, job_options},
    telemetry,
};

/// The state of the REST API.
pub(crate) fn api_state(gateway: &Gateway, config: &Config, figures: PrometheusHandle) -> ApiState {
    let (server, events, limits) = (&config.server, &config.events, &config.limits);
    let options = ApiOptions {
        body_limit: server.max_body_bytes,
        concurrency: server.max_requests,
        cors_origins: server
            .cors_origins
            .iter()
            .map(|origin| origin.0.clone())
            .collect(),
        token_life: config.auth.token_life,
        metrics: Some(Arc::new(move || figures.render())),
        upload_limit: config.jobs.max_upload_bytes,
        jobs: job_options(&config.jobs),
        feed: FeedOptions {
            max_streams: events.max_streams,
            max_streams_per_tenant: events.max_streams_per_tenant,
            poll_interval: events.poll_interval,
            heartbeat: events.heartbeat,
        },
        limits: TenantLimits {
            requests: limits.requests,
            window: limits.window,
            concurrency: limits.concurrency,
            exports: limits.exports,
            ..TenantLimits::default()
        },
        guesses: GuessLimits {
            failures: config.auth.max_failures,
            window: config.auth.failure_window,
        },
        trusted_proxies: server.trusted_proxies.clone(),
        span_link: Some(telemetry::span_link()),
        ..ApiOptions::default()
    };
    ApiState::new(
        gateway.store.clone(),
        gateway.connector.clone(),
        gateway.clock.clone(),
        gateway.ids.clone(),
        CursorKey::new(gateway.cursor_key.clone()),
        gateway.verifier.clone(),
        options,
    )
}

/// What a process without the API answers: whether it lives, whether it can work, its figures.
pub(crate) fn health(
    store: Store,
    figures: PrometheusHandle,
    shutdown: CancellationToken,
) -> Router {
    let ready = async |State((store, shutdown)): State<(Store, CancellationToken)>| {
        if shutdown.is_cancelled() {
            return unready("the worker is shutting down");
        }
        match store.ping().await {
            Ok(()) if store.refuses_changes() => {
                let detail = Store::REFUSES_CHANGES;
                (
                    StatusCode::OK,
                    Json(json!({"status": "ok", "detail": detail})),
                )
            }
            Ok(()) => (StatusCode::OK, Json(json!({"status": "ok"}))),
            Err(_) => unready("the database cannot be reached"),
        }
    };
    Router::new()
        .route("/livez", get(async || Json(json!({"status": "ok"}))))
        .route("/readyz", get(ready))
        .route("/metrics", get(async move || figures.render()))
        .with_state((store, shutdown))
}

fn unready(detail: &str) -> (StatusCode, Json<Value>) {
    let body = json!({"status": "unavailable", "detail": detail});
    (StatusCode::SERVICE_UNAVAILABLE, Json(body))
}
