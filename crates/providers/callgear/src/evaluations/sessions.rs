//! Parts of the results of one call session.

use async_trait::async_trait;
use callweave_model::owned::EvaluationPart;
use callweave_provider::{
    CallContext, ErrorKind, Result,
    evaluations::Part,
    listing::{ListQuery, Listing},
    tolerant,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    RESULTS, ids_of,
    parts::{TRANSCRIPTIONS, Transcripts, operation, passages_in, read},
    session_filter,
};
use crate::{
    CallGear,
    client::bad_response,
    live::{List, go_on, limit, nested::Entries, place},
    members::id_in,
    settings::TranscriptSource,
};

/// Where a page of an unpaged list ended.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    from: usize,
}

impl CallGear {
    pub(super) async fn parts_of_session(
        &self,
        context: &CallContext<'_>,
        part: Part,
        call: &str,
        query: &ListQuery,
    ) -> Result<Listing<EvaluationPart>> {
        let filter = session_filter(operation(part), Some(call))?;
        // The vendor's lists by session do not tell whose application their entries are of.
        let by_session = self.settings.app_id.is_none();
        match part {
            Part::Summary if by_session => {
                self.summaries_of_session(context, call, &filter, query)
                    .await
            }
            Part::Transcript if by_session => {
                self.passages_of_session(context, call, &filter, query)
                    .await
            }
            _ => {
                let list = List {
                    filter: &filter,
                    ..RESULTS
                };
                let results = Results {
                    account: self,
                    call,
                    part,
                };
                self.nested(context, &list, query, &results).await
            }
        }
    }

    /// CG-22 with its filter: there paging is disabled.
    async fn summaries_of_session(
        &self,
        context: &CallContext<'_>,
        call: &str,
        filter: &str,
        query: &ListQuery,
    ) -> Result<Listing<EvaluationPart>> {
        const OPERATION: &str = "CG-22";
        let path = format!("/scenario_result/summary?_sort=id&_order=asc{filter}");
        let Some(body) = self.client.list(context, OPERATION, &path).await? else {
            return Ok(Listing::whole(Vec::new()));
        };
        let answer =
            tolerant::parse(&body).map_err(|error| bad_response(OPERATION, error.reason()))?;
        if !answer.is_array() {
            return Err(bad_response(OPERATION, "the answer is not a list"));
        }
        let entries = self.of_call(context, call, filter, read(answer)).await?;
        stretch(OPERATION, entries, query)
    }

    /// CG-24, or CG-37 where the account is on the newer edition. What was said in a session is
    /// the same for all its results and comes once.
    async fn passages_of_session(
        &self,
        context: &CallContext<'_>,
        call: &str,
        filter: &str,
        query: &ListQuery,
    ) -> Result<Listing<EvaluationPart>> {
        const OPERATION: &str = "CG-24";
        let newer_first = self.settings.transcript_source == TranscriptSource::Transcription;
        for newer in [newer_first, !newer_first] {
            let passages = if newer {
                self.transcription_of(context, call, filter).await?
            } else {
                let path = format!(
                    "/scenario_result/phrase_and_words?_sort=id&_order=asc&call_session_id__in={call}"
                );
                match self.client.list(context, OPERATION, &path).await {
                    Ok(Some(body)) => passages_in(OPERATION, &body)?,
                    Ok(None) => Vec::new(),
                    Err(error) if error.kind == ErrorKind::Unsupported => Vec::new(),
                    Err(error) => return Err(error),
                }
            };
            if !passages.is_empty() {
                let passages = self.of_call(context, call, filter, passages).await?;
                return stretch(OPERATION, passages, query);
            }
        }
        Ok(Listing::whole(Vec::new()))
    }

    /// CG-37 for one session; nothing where the account has no such operation.
    pub(super) async fn transcription_of(
        &self,
        context: &CallContext<'_>,
        call: &str,
        filter: &str,
    ) -> Result<Vec<EvaluationPart>> {
        let list = List {
            filter,
            ..TRANSCRIPTIONS
        };
        let rows = match self.everything(context, &list).await {
            Err(error) if error.kind == ErrorKind::Unsupported => Vec::new(),
            rows => rows?,
        };
        let mut passages = Vec::new();
        for row in rows {
            if id_in(&row, "call_session_id").as_deref() == Some(call) {
                passages.extend(Transcripts(self).of(context, row).await?);
            }
        }
        Ok(passages)
    }

    /// Says whose the entries of one session are: the call's, and the result's where the session
    /// has one only.
    async fn of_call(
        &self,
        context: &CallContext<'_>,
        call: &str,
        filter: &str,
        mut entries: Vec<EvaluationPart>,
    ) -> Result<Vec<EvaluationPart>> {
        if entries.is_empty() {
            return Ok(entries);
        }
        let list = List { filter, ..RESULTS };
        let rows = self.everything(context, &list).await?;
        let ids: Vec<String> = rows
            .iter()
            .map(ids_of)
            .filter(|(_, session)| session.as_deref().is_none_or(|session| session == call))
            .filter_map(|(id, _)| id)
            .collect();
        let only = match ids.as_slice() {
            [only] => Some(only),
            _ => None,
        };
        for entry in &mut entries {
            entry.evaluation_remote_id = only.cloned();
            entry.call_remote_id = Some(call.to_owned());
        }
        Ok(entries)
    }
}

/// The results of a session, each with one of its parts.
struct Results<'a> {
    account: &'a CallGear,
    call: &'a str,
    part: Part,
}

#[async_trait]
impl Entries for Results<'_> {
    type Entry = EvaluationPart;

    async fn of(&self, context: &CallContext<'_>, row: Value) -> Result<Vec<EvaluationPart>> {
        let (id, session) = ids_of(&row);
        let of_another = session.is_some_and(|session| session != self.call);
        let ours = self
            .account
            .settings
            .is_ours(id_in(&row, "app_id").as_deref());
        let Some(id) = id.filter(|_| ours && !of_another) else {
            return Ok(Vec::new());
        };
        let mut entries = match self.account.part_of(context, &id, self.part).await {
            // It was deleted since it was listed.
            Err(error) if error.kind == ErrorKind::NotFound => Vec::new(),
            entries => entries?,
        };
        for entry in &mut entries {
            entry.call_remote_id = Some(self.call.to_owned());
        }
        Ok(entries)
    }
}

/// A page out of a list that came whole.
fn stretch(
    operation: &'static str,
    mut entries: Vec<EvaluationPart>,
    query: &ListQuery,
) -> Result<Listing<EvaluationPart>> {
    let from = place::<Place>(operation, query)?.map_or(0, |place| place.from);
    let total = entries.len();
    let end = from.saturating_add(limit(query));
    entries.truncate(end);
    entries.drain(..from.min(entries.len()));
    let mut page = if end < total {
        go_on(operation, entries, &Place { from: end })?
    } else {
        Listing::whole(entries)
    };
    page.total = u64::try_from(total).ok();
    Ok(page)
}
