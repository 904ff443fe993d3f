//! Playing a fault.

use std::{
    convert::Infallible,
    io::{self, Write as _},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

use super::spec::FaultKind;
use crate::{edit, operation::Operation, vendors};

const PIECE: usize = 64 * 1024;
/// Longer than any client waits, and still an end.
const FOR_EVER: Duration = Duration::from_mins(10);

const LOGIN_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>\
    <h1>Sign in to continue</h1><form method=\"post\"><input name=\"login\"></form></body></html>\n";

/// Marks an answer that must not be sent: the accept loop closes the connection instead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CloseConnection;

/// Answers a request as the fault wants it; `next` is run only by the faults that let the vendor
/// do its work.
pub(crate) async fn play(
    fault: FaultKind,
    operation: Operation,
    request: Request,
    next: Next,
) -> Response {
    match fault {
        FaultKind::RateLimited { retry_after } => rate_limited(operation, retry_after.as_ref()),
        FaultKind::Status { status } => vendor_error(operation, status),
        FaultKind::Close { after_bytes: None } => closed(),
        FaultKind::Close {
            after_bytes: Some(sent),
        } => cut(next.run(request).await, sent).await,
        FaultKind::Slow { ms } => {
            tokio::time::sleep(Duration::from_millis(ms).min(FOR_EVER)).await;
            next.run(request).await
        }
        FaultKind::Stall => stall(next.run(request).await).await,
        FaultKind::Drip { bytes_per_second } => {
            drip(next.run(request).await, bytes_per_second).await
        }
        FaultKind::Truncated { correct_length } => {
            truncate(next.run(request).await, correct_length).await
        }
        FaultKind::Html => plain(StatusCode::OK, "text/html; charset=utf-8", LOGIN_PAGE),
        FaultKind::Empty => plain(StatusCode::OK, "application/json", ""),
        FaultKind::SuccessShaped { status } => {
            let mut response = next.run(request).await;
            *response.status_mut() = status_of(status);
            response
        }
        FaultKind::LostResponse => {
            drop(next.run(request).await);
            closed()
        }
        FaultKind::Redirect { location, status } => redirect(&location, status),
        FaultKind::Huge { bytes } => huge(bytes),
        FaultKind::Edit { set, remove } => edit(next.run(request).await, &set, &remove).await,
        FaultKind::Swap { find, base64 } => swap(next.run(request).await, &find, &base64).await,
        FaultKind::Bomb { bytes } => bomb(bytes).await,
        FaultKind::Replace {
            status,
            body,
            base64,
            content_type,
        } => replace(status, body, base64, content_type.as_deref()),
    }
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn plain(status: StatusCode, content_type: &str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

fn vendor_error(operation: Operation, status: u16) -> Response {
    let (content_type, body) = vendors::error_body(operation.vendor, status);
    plain(status_of(status), content_type, body)
}

fn rate_limited(operation: Operation, retry_after: Option<&Value>) -> Response {
    let mut response = vendor_error(operation, 429);
    let text = retry_after.map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

fn closed() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(CloseConnection);
    response
}

/// The whole body of an answer; our own, so that its size needs no cap.
async fn body_of(response: Response) -> (http::response::Parts, Bytes) {
    let (parts, body) = response.into_parts();
    (parts, to_bytes(body, usize::MAX).await.unwrap_or_default())
}

fn with_length(mut parts: http::response::Parts, length: usize, body: Body) -> Response {
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Response::from_parts(parts, body)
}

/// Says the full length, sends a part and drops the connection.
async fn cut(response: Response, sent: usize) -> Response {
    let (parts, bytes) = body_of(response).await;
    let part = bytes.slice(..sent.min(bytes.len()));
    let pieces = stream::iter([Ok(part)]).chain(stream::once(async {
        // Gives the part time to leave, otherwise the reset overtakes it.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    }));
    with_length(parts, bytes.len().max(1), Body::from_stream(pieces))
}

async fn stall(response: Response) -> Response {
    let (parts, bytes) = body_of(response).await;
    let late = stream::once(async move {
        tokio::time::sleep(FOR_EVER).await;
        Err::<Bytes, _>(io::Error::from(io::ErrorKind::TimedOut))
    });
    with_length(parts, bytes.len().max(1), Body::from_stream(late))
}

async fn drip(response: Response, bytes_per_second: u64) -> Response {
    let (parts, bytes) = body_of(response).await;
    let length = bytes.len();
    let rate = usize::try_from(bytes_per_second.max(1)).unwrap_or(usize::MAX);
    let pieces = stream::unfold(bytes, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let piece = rest.split_to(rate.min(rest.len()));
        Some((Ok::<_, Infallible>(piece), rest))
    });
    with_length(parts, length, Body::from_stream(pieces))
}

/// The first half of the body. With the old length the client waits for more and loses the
/// connection; with the new one it gets a valid answer that is no valid document.
async fn truncate(response: Response, correct_length: bool) -> Response {
    let half = response.into_parts();
    let bytes = to_bytes(half.1, usize::MAX).await.unwrap_or_default();
    let part = bytes.slice(..bytes.len() / 2);
    if correct_length {
        let length = part.len();
        return with_length(half.0, length, Body::from(part));
    }
    let whole = Response::from_parts(half.0, Body::from(bytes));
    cut(whole, part.len()).await
}

fn redirect(location: &str, status: u16) -> Response {
    let mut response = plain(status_of(status), "text/html", "");
    if let Ok(value) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// An array of zeros, made while it is sent, so that it costs the sandbox nothing.
fn huge(bytes: u64) -> Response {
    let piece = Bytes::from("0,".repeat(PIECE / 2));
    let pieces = usize::try_from(bytes / PIECE as u64 + 1).unwrap_or(usize::MAX);
    let body = stream::iter([Bytes::from_static(b"[")])
        .chain(stream::iter(std::iter::repeat_n(piece, pieces)))
        .chain(stream::iter([Bytes::from_static(b"0]")]))
        .map(Ok::<_, Infallible>);
    plain(StatusCode::OK, "application/json", Body::from_stream(body))
}

/// The vendor's own answer, changed. What is no JSON stays as it is.
async fn edit(response: Response, set: &Map<String, Value>, remove: &[String]) -> Response {
    let (parts, bytes) = body_of(response).await;
    let Ok(mut document) = serde_json::from_slice(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    edit::apply(&mut document, set, remove);
    let text = document.to_string();
    with_length(parts, text.len(), Body::from(text))
}

/// The vendor's own answer with a text replaced by bytes.
async fn swap(response: Response, find: &str, base64: &str) -> Response {
    let (parts, bytes) = body_of(response).await;
    let by = STANDARD.decode(base64).unwrap_or_default();
    let mut swapped = Vec::with_capacity(bytes.len());
    let mut rest = bytes.as_ref();
    while let Some(at) = rest
        .windows(find.len().max(1))
        .position(|window| window == find.as_bytes())
    {
        let (before, from) = rest.split_at(at);
        swapped.extend_from_slice(before);
        swapped.extend_from_slice(&by);
        rest = from.get(find.len().max(1)..).unwrap_or_default();
    }
    swapped.extend_from_slice(rest);
    with_length(parts, swapped.len(), Body::from(swapped))
}

/// Packs an array of zeros. It takes a moment for gigabytes, so it is done aside.
async fn bomb(bytes: u64) -> Response {
    let packing = tokio::task::spawn_blocking(move || {
        let piece = "0,".repeat(PIECE / 2);
        let mut encoder = zstd::Encoder::new(Vec::new(), 1)?;
        encoder.write_all(b"[")?;
        for _ in 0..=bytes / PIECE as u64 {
            encoder.write_all(piece.as_bytes())?;
        }
        encoder.write_all(b"0]")?;
        encoder.finish()
    });
    match packing.await {
        Ok(Ok(packed)) => {
            let mut response = plain(StatusCode::OK, "application/json", packed);
            let encoding = HeaderValue::from_static("zstd");
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, encoding);
            response
        }
        _ => closed(),
    }
}

fn replace(status: u16, body: Value, base64: bool, content_type: Option<&str>) -> Response {
    let (bytes, kind) = match body {
        Value::String(text) if base64 => (
            STANDARD.decode(text).unwrap_or_default(),
            "application/octet-stream",
        ),
        Value::String(text) => (text.into_bytes(), "text/plain; charset=utf-8"),
        other => (other.to_string().into_bytes(), "application/json"),
    };
    plain(status_of(status), content_type.unwrap_or(kind), bytes)
}
