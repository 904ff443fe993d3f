//! One request, handed on to the vendor and back.

use axum::{
    body::{Bytes, to_bytes},
    extract::Request,
    response::Response,
};
use callweave_provider::passthrough::PassRequest;
use http::{HeaderValue, header, request::Parts};

use super::{answer, path};
use crate::{
    live::{Live, needs},
    problem::{Problem, codes},
    scope::Passthrough,
};

/// Hands a request on: its method, path, query, body, and the headers that describe them. Nothing
/// else of it leaves: no key, no cookie. Sent once.
pub(super) async fn forward(
    live: Live<Passthrough, needs::Passthrough>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let path = path::of(parts.uri.path())?;
    let body = to_bytes(body, live.state().options().body_limit)
        .await
        .map_err(|_error| {
            Problem::new(
                codes::BODY_TOO_LARGE,
                "the body is larger than the gateway takes, or ended early",
            )
        })?;
    let outgoing = outgoing(&parts, path, body);
    let passthrough = live.passthrough()?;
    let request = &outgoing;
    let answered = live
        .try_ask(|access| {
            Box::pin(async move {
                passthrough
                    .forward(&access.context(), request.clone())
                    .await
            })
        })
        .await;
    let vendor_status = match &answered {
        Ok(Ok(answer)) => Some(answer.status.as_u16()),
        Ok(Err(error)) => error.status,
        Err(_problem) => None,
    };
    tracing::info!(
        connection.id = %live.connection().id,
        vendor = live.provider().manifest().vendor,
        api_key.id = %live.caller().key,
        http.method = %parts.method,
        vendor.status = vendor_status,
        "Passed a request through"
    );
    let answer = answered?.map_err(|error| live.problem(&error))?;
    let redactor = live.redactor().await?;
    Ok(answer::hand_back(answer, &redactor))
}

fn outgoing(parts: &Parts, path: &str, body: Bytes) -> PassRequest {
    let header = |name: header::HeaderName| -> Option<HeaderValue> {
        let value = parts.headers.get(name)?;
        // One line of text; what else it could be helps no vendor.
        value.to_str().is_ok().then(|| value.clone())
    };
    PassRequest {
        method: parts.method.clone(),
        path: path.to_owned(),
        query: parts
            .uri
            .query()
            .filter(|query| !query.is_empty())
            .map(str::to_owned),
        content_type: header(header::CONTENT_TYPE),
        accept_language: header(header::ACCEPT_LANGUAGE),
        body,
    }
}
