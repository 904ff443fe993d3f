//! `GET /v1/calls/{id}/media/{media_id}`.

use std::time::Duration;

use axum::{body::Body, extract::State, response::Response};
use callweave_model::call::Media;
use callweave_provider::media::{MediaBody, MediaContent};
use callweave_store::{calls::StoredCall, connections::Connection};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use uuid::Uuid;

use super::range::{Part, cut, part};
use crate::{
    ApiState,
    extract::{ApiPath, ApiQuery, Authorized, RequestId, query::NoQuery},
    file::disposition,
    middleware::header_text,
    problem::{BadQuery, Conflict, NotFound, OptionalFeature, Problem, Secured, Vendor, codes},
    routes::calls::find,
    scope::MediaRead,
    wire::bytes::Bytes,
};

/// How long the vendor may take to begin with the bytes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Gets the bytes of a recording or file.
///
/// They come from the vendor while the caller reads; nothing is kept. `Range` is honoured where
/// the vendor tells the length, and `HEAD` answers the same headers.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}/media/{media_id}",
    tag = "calls",
    params(
        ("id" = Uuid, Path, description = "The id of the call."),
        ("media_id" = Uuid, Path, description = "The id of the recording or file."),
        ("Range" = Option<String>, Header, description = "The bytes that are wanted: one range.", pattern = "^.*$"),
    ),
    responses(
        (status = 200, description = "The bytes.",
            content((Bytes = "audio/*"), (Bytes = "video/*"), (Bytes = "application/octet-stream")),
            headers(("Accept-Ranges" = String, description = "`bytes`, where ranges are honoured."))),
        (status = 206, description = "The range.",
            content((Bytes = "audio/*"), (Bytes = "video/*"), (Bytes = "application/octet-stream")),
            headers(("Content-Range" = String, description = "Which bytes, of how many."))),
        (status = 304, description = "`If-None-Match` names these bytes."),
        (status = 416, description = "The file does not have these bytes.", body = crate::problem::ProblemDocument, content_type = "application/problem+json",
            headers(("Content-Range" = String, description = "How many bytes there are."))),
        Secured,
        BadQuery,
        NotFound,
        Conflict,
        OptionalFeature,
        Vendor,
    ),
    security(("bearer" = ["media:read"])),
)]
pub(crate) async fn get_call_media(
    authorized: Authorized<MediaRead>,
    State(state): State<ApiState>,
    ApiPath((id, media_id)): ApiPath<(Uuid, Uuid)>,
    _query: ApiQuery<NoQuery>,
    RequestId(request_id): RequestId,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let stored = find(&mut tx, id, false).await?;
    let media = stored
        .call
        .media
        .iter()
        .find(|media| media.id == media_id)
        .cloned()
        .ok_or_else(|| Problem::not_found("recording"))?;
    let connection = tx
        .find_connection(stored.connection_id)
        .await?
        .ok_or_else(|| {
            Problem::new(
                codes::CONFLICT,
                "the connection of this call was removed, and with it the way to its recordings",
            )
        })?;
    tx.commit().await?;
    let body = open(&state, &connection, &stored, &media, &request_id).await?;
    answer(&media, body, &headers)
}

async fn open(
    state: &ApiState,
    connection: &Connection,
    stored: &StoredCall,
    media: &Media,
    request_id: &str,
) -> Result<MediaBody, Problem> {
    let open = state.connector().open(connection)?;
    if open.provider().media().is_none() {
        return Err(Problem::new(
            codes::CAPABILITY_NOT_SUPPORTED,
            "this vendor hands out no recordings (capability `media`)",
        ));
    }
    let opened = open.run(request_id, |access| {
        let provider = open.provider().clone();
        let (remote_id, media) = (stored.call.remote_id.clone(), media.clone());
        Box::pin(async move {
            match provider.media() {
                Some(source) => source.open(&access.context(), &remote_id, &media).await,
                None => Err(callweave_provider::ProviderError::new(
                    provider.manifest().vendor,
                    "media",
                    callweave_provider::ErrorKind::Unsupported,
                )),
            }
        })
    });
    match tokio::time::timeout(PATIENCE, opened).await {
        Ok(body) => Ok(body?),
        Err(_elapsed) => Err(Problem::new(
            codes::VENDOR_UNREACHABLE,
            "the vendor did not hand the recording out in time",
        )),
    }
}

fn answer(media: &Media, body: MediaBody, request: &HeaderMap) -> Result<Response, Problem> {
    let length = match &body.content {
        MediaContent::Whole(bytes) => Some(bytes.len() as u64),
        MediaContent::Stream(_) => body.length,
    };
    let tag = length.map(|length| format!("\"{}-{length}\"", media.id.simple()));
    let known = header_text(request, header::IF_NONE_MATCH);
    let has_already = tag.as_deref().is_some_and(|tag| {
        known.is_some_and(|known| known.split(',').any(|given| given.trim() == tag))
    });
    if has_already {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        describe(&mut response, media, &body.content_type, tag.as_deref());
        return Ok(response);
    }
    let range = header_text(request, header::RANGE).filter(|_| {
        // A range of another file than the one the caller began with would not fit together.
        header_text(request, header::IF_RANGE).is_none_or(|given| Some(given) == tag.as_deref())
    });
    let wanted = length.map_or(Part::Whole, |length| part(range, length));
    let mut response = Response::new(Body::empty());
    let mut content = body.content;
    let mut sent = length;
    match (wanted, length) {
        (Part::Unsatisfiable, Some(length)) => return Err(unsatisfiable(length)),
        (Part::Range { first, last }, Some(length)) => {
            content = cut(content, first, last);
            sent = Some(last - first + 1);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            insert(
                &mut response,
                header::CONTENT_RANGE,
                &format!("bytes {first}-{last}/{length}"),
            );
        }
        _ => {}
    }
    *response.body_mut() = match content {
        MediaContent::Whole(bytes) => Body::from(bytes),
        MediaContent::Stream(stream) => Body::from_stream(stream),
    };
    if let Some(sent) = sent {
        insert(&mut response, header::CONTENT_LENGTH, &sent.to_string());
        insert(&mut response, header::ACCEPT_RANGES, "bytes");
    }
    describe(&mut response, media, &body.content_type, tag.as_deref());
    Ok(response)
}

/// Headers that do not depend on the range.
fn describe(response: &mut Response, media: &Media, content_type: &str, tag: Option<&str>) {
    let safe = content_type.starts_with("audio/") || content_type.starts_with("video/");
    // Anything else could be a page that a browser runs.
    let content_type = if safe {
        content_type
    } else {
        "application/octet-stream"
    };
    insert(response, header::CONTENT_TYPE, content_type);
    insert(
        response,
        header::CACHE_CONTROL,
        "private, max-age=86400, immutable",
    );
    if let Some(tag) = tag {
        insert(response, header::ETAG, tag);
    }
    insert(
        response,
        header::CONTENT_DISPOSITION,
        &disposition(
            if safe { "inline" } else { "attachment" },
            media.file_name.as_deref(),
        ),
    );
}

fn unsatisfiable(length: u64) -> Problem {
    let problem = Problem::new(
        codes::RANGE_NOT_SATISFIABLE,
        format!("the file has {length} bytes"),
    );
    match HeaderValue::from_str(&format!("bytes */{length}")) {
        Ok(value) => problem.with_header(header::CONTENT_RANGE, value),
        Err(_) => problem,
    }
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
