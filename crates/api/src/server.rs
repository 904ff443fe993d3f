//! The router with everything around it.

use std::time::Duration;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    response::Redirect,
    routing,
};
use bytes::Bytes;
use http::{HeaderName, Method, header};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{NotForContentType, Predicate as _, SizeAbove},
    },
    cors::{AllowOrigin, CorsLayer},
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi, Url};

use crate::{
    ApiOptions, ApiState, admission, audit, conditional, idempotency, middleware, openapi, repeat,
    routes,
    strict::{self, WithoutQuery},
};

/// The gateway's router.
pub fn router(state: ApiState) -> Router {
    let (versioned, mut document) = OpenApiRouter::with_openapi(openapi::skeleton())
        .merge(routes::versioned())
        .split_for_parts();
    let (beside, other) = routes::beside().split_for_parts();
    document.merge(other);
    let without_query = WithoutQuery::of(&document);
    let written = Bytes::from(openapi::finish(document).to_json().unwrap_or_default());
    let openapi_json = routing::get(move || {
        let kind = [(header::CONTENT_TYPE, "application/json")];
        async move { (kind, written.clone()) }
    });
    let versioned = versioned
        .layer(from_fn_with_state(state.clone(), repeat::repeat))
        .layer(from_fn(conditional::tag))
        .layer(from_fn_with_state(state.clone(), audit::follow))
        .layer(from_fn_with_state(state.clone(), idempotency::replay))
        .layer(from_fn_with_state(without_query, strict::refuse))
        .layer(from_fn_with_state(state.clone(), admission::admit))
        .layer(from_fn_with_state(state.clone(), middleware::shed));
    let router = Router::new()
        .merge(versioned)
        .merge(beside)
        .route(
            "/",
            routing::get(|| async { Redirect::temporary("/docs/") }),
        )
        .route("/openapi.json", openapi_json)
        .merge(swagger());
    surround(router, &state).with_state(state)
}

fn swagger() -> Router<ApiState> {
    let config = Config::new([Url::from("/openapi.json")])
        .persist_authorization(true)
        .try_it_out_enabled(true)
        .display_request_duration(true)
        .display_operation_id(true)
        .deep_linking(true)
        .filter(true)
        .doc_expansion("list")
        .default_models_expand_depth(0)
        // The badge would be fetched from a foreign host.
        .validator_url("none");
    SwaggerUi::new("/docs").config(config).into()
}

/// Puts the layers around every route; the last one is the outermost.
fn surround(router: Router<ApiState>, state: &ApiState) -> Router<ApiState> {
    let options = state.options();
    // Recordings are compressed already, and a range of them must stay a range. Events must not
    // wait until there are enough of them.
    let compressible = SizeAbove::new(1024)
        .and(NotForContentType::SSE)
        .and(NotForContentType::const_new("audio/"))
        .and(NotForContentType::const_new("video/"))
        .and(NotForContentType::const_new("application/octet-stream"));
    let router = router
        .layer(DefaultBodyLimit::max(options.body_limit))
        .layer(CatchPanicLayer::custom(middleware::panicked))
        .layer(from_fn(middleware::measure))
        .layer(CompressionLayer::new().compress_when(compressible));
    // No origin may call unless the operator names it.
    let router = if options.cors_origins.is_empty() {
        router
    } else {
        router.layer(cors(options))
    };
    router
        .layer(from_fn(middleware::protect))
        .layer(from_fn_with_state(state.clone(), middleware::identify))
}

/// What browser applications of the named origins may do.
fn cors(options: &ApiOptions) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(options.cors_origins.clone()))
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            header::RANGE,
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("traceparent"),
        ])
        .expose_headers([
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            header::CONTENT_DISPOSITION,
            header::CONTENT_RANGE,
            HeaderName::from_static("data-fresh-as-of"),
            HeaderName::from_static("idempotency-replayed"),
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
            HeaderName::from_static("traceparent"),
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("x-vendor-status"),
        ])
        .max_age(Duration::from_secs(600))
}
