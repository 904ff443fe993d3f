//! `GET /v1/calls/{id}/transcript`.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use callweave_model::{Transcript, Utterance, enums::ArtifactState};
use callweave_store::calls::StoredCall;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use uuid::Uuid;

use super::{
    format::{Format, WORDS},
    render,
};
use crate::{
    ApiState,
    extract::{
        ApiPath, ApiQuery, Authorized, Conditions, ETag,
        query::{FromQuery, Kind, Param, Query, document_query},
    },
    problem::{BadQuery, NotAcceptable, NotFound, Problem, Secured, codes},
    respond,
    routes::calls::find,
    scope::TranscriptsRead,
    wire::{call_parts::TranscriptDocument, vendor_values},
};

const STATE: HeaderName = HeaderName::from_static("x-transcript-state");

/// In which form, and what besides.
#[derive(Debug)]
pub(crate) struct TranscriptQuery {
    format: Option<Format>,
    vendor_values: bool,
    limit: Option<usize>,
    after: Option<usize>,
}

/// The most utterances that may be asked for at once.
const MOST: i64 = 10_000;
/// The most utterances that any transcript is paged through; one is never so long.
const FARTHEST: i64 = 100_000_000;

impl FromQuery for TranscriptQuery {
    const PARAMS: &'static [Param] = &[
        Param::new(
            "format",
            Kind::Word(WORDS),
            "The form; else `Accept` decides.",
        ),
        Param::new(
            "include",
            Kind::Words(&["vendor_values"]),
            "What to show besides: `vendor_values` (all vendor words, not only untranslated ones).",
        ),
        Param::new(
            "limit",
            Kind::Integer(1, MOST),
            "How many utterances to show at most; without it all. With JSON only.",
        ),
        Param::new(
            "after",
            Kind::Integer(0, FARTHEST),
            "The place (`seq`) after which to begin: the `next_after` of the page before. With JSON only.",
        ),
    ];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        let place = |name| query.integer(name).and_then(|place| place.try_into().ok());
        Ok(Self {
            limit: place("limit"),
            after: place("after"),
            format: query.text("format").as_deref().and_then(Format::from_word),
            vendor_values: query.has("include", "vendor_values"),
        })
    }
}
document_query!(TranscriptQuery);

impl TranscriptQuery {
    /// Whether a part of the transcript is asked for.
    fn is_page(&self) -> bool {
        self.limit.is_some() || self.after.is_some()
    }

    /// What tells two answers about one version of a call apart.
    fn form(&self, format: Format) -> Vec<u8> {
        let mut form = vec![format as u8, u8::from(self.vendor_values)];
        if self.is_page() {
            for place in [self.limit, self.after.map(|after| after + 1)] {
                form.extend(place.unwrap_or(0).to_be_bytes());
            }
        }
        form
    }

    /// The page of the utterances that is asked for, and where the next one begins.
    fn page(&self, mut utterances: Vec<Utterance>) -> (Vec<Utterance>, Option<usize>) {
        let total = utterances.len();
        let begin = self.after.map_or(0, |after| after + 1).min(total);
        let end = total.min(begin.saturating_add(self.limit.unwrap_or(total)));
        utterances.truncate(end);
        let next = (end < total).then(|| end.saturating_sub(1));
        (utterances.split_off(begin), next)
    }
}

/// Shows the transcript of a call.
///
/// As JSON, as text, or as subtitles (VTT, SRT) where the vendor gives times: by `format`, else by
/// `Accept`. A long one can be read in pages: `limit` utterances at a time, each page from the
/// `next_after` of the one before. How long a transcript may be is bounded by the size of the
/// vendor's answer alone (32 MiB). A transcript that is not ready answers 200 with its state, in `state` or in the header
/// `X-Transcript-State`.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}/transcript",
    tag = "calls",
    params(("id" = Uuid, Path, description = "The id of the call."), TranscriptQuery),
    responses(
        (status = 200, description = "The transcript.",
            headers(("ETag" = String, description = "Its version."), ("X-Transcript-State" = String, description = "How far it has come.")),
            content(
                (TranscriptDocument = "application/json"),
                (String = "text/plain"),
                (String = "text/vtt"),
                (String = "application/x-subrip"),
            )),
        (status = 304, description = "`If-None-Match` names this version."),
        Secured,
        BadQuery,
        NotFound,
        NotAcceptable,
    ),
    security(("bearer" = ["transcripts:read"])),
)]
pub(crate) async fn get_call_transcript(
    authorized: Authorized<TranscriptsRead>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    ApiQuery(query): ApiQuery<TranscriptQuery>,
    conditions: Conditions,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let format = match query.format {
        Some(format) => format,
        None => Format::negotiate(&headers)?,
    };
    if !matches!(format, Format::Json) && query.is_page() {
        return Err(Problem::new(
            codes::INVALID_QUERY,
            "`limit` and `after` are for application/json only; other forms come whole",
        ));
    }
    let mut tx = state.store().tenant(authorized.caller.tenant).await?;
    let stored = find(&mut tx, id, false).await?;
    let transcript = tx.find_transcript(stored.id).await?.flatten();
    tx.commit().await?;
    let tag = ETag::new(stored.version, &query.form(format));
    let progress = match transcript {
        Some(_) => ArtifactState::Ready,
        None => stored.call.artifact_state("transcript"),
    };
    let mut response = match format {
        Format::Json => json(&conditions, &tag, &query, stored, progress, transcript)?,
        _ if conditions.already_has(&tag) => StatusCode::NOT_MODIFIED.into_response(),
        _ => words(format, &stored, transcript.as_ref())?,
    };
    respond::set_tag(&mut response, &tag);
    let headers = response.headers_mut();
    headers.insert(STATE, HeaderValue::from_static(progress.as_str()));
    headers.insert(
        header::VARY,
        HeaderValue::from_static("accept, authorization"),
    );
    Ok(response)
}

fn json(
    conditions: &Conditions,
    tag: &ETag,
    query: &TranscriptQuery,
    mut stored: StoredCall,
    state: ArtifactState,
    mut transcript: Option<Transcript>,
) -> Result<Response, Problem> {
    if !query.vendor_values {
        vendor_values::prune_parties(&mut stored.call.parties);
        if let Some(transcript) = &mut transcript {
            vendor_values::prune_utterances(&mut transcript.utterances);
        }
    }
    let error = stored
        .call
        .artifacts
        .get("transcript")
        .and_then(|status| status.error.clone());
    let all = transcript
        .as_mut()
        .map(|known| std::mem::take(&mut known.utterances))
        .unwrap_or_default();
    let utterances_total = all.len();
    let (utterances, next_after) = query.page(all);
    let known = transcript.as_ref();
    let document = TranscriptDocument {
        call_id: stored.id,
        state,
        error,
        source_remote_id: known.map(|known| known.source_remote_id.clone()),
        language: known.and_then(|known| known.language.clone()),
        source: known.map(|known| known.source),
        format: known.map(|known| known.format),
        text: known.and_then(|known| known.text.clone()),
        normalized_text: known.and_then(|known| known.normalized_text.clone()),
        turns: known.and_then(|known| known.turns),
        confidence: known.and_then(|known| known.confidence),
        derived: known.is_some_and(|known| known.derived),
        parties: stored.call.parties,
        utterances_total,
        next_after,
        utterances,
    };
    respond::resource(conditions, tag, &document)
}

fn words(
    format: Format,
    stored: &StoredCall,
    transcript: Option<&Transcript>,
) -> Result<Response, Problem> {
    let parties = &stored.call.parties;
    let body = match (format, transcript) {
        (Format::Vtt, None) => "WEBVTT\n".to_owned(),
        (_, None) => String::new(),
        (Format::Vtt | Format::Srt, Some(transcript)) if !render::is_timed(transcript) => {
            return Err(Problem::new(
                codes::NO_TIMED_TRANSCRIPT,
                "the vendor gave no times with this transcript; ask for application/json or text/plain",
            ));
        }
        (Format::Vtt, Some(transcript)) => render::vtt(transcript, parties).unwrap_or_default(),
        (Format::Srt, Some(transcript)) => render::srt(transcript, parties).unwrap_or_default(),
        (_, Some(transcript)) => render::text(transcript, parties),
    };
    Ok(([(header::CONTENT_TYPE, format.content_type())], body).into_response())
}
