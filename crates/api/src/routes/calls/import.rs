//! An analysed call from elsewhere.

use callweave_model::{AnalyzedCall, CallId, Timestamp, merge::Share};
use callweave_provider::decode::decode_value;
use callweave_store::{
    TenantTx,
    calls::ConnectionScope,
    records::{Fetched, News},
};
use serde_json::{Map, Value};

use crate::{
    extract::undecodable,
    problem::{FieldError, Problem, codes},
    wire::input::Check,
};

/// The kind of record that stands for an imported call.
const KIND: &str = "import";

/// The record of an imported call. Members that are missing are unknown.
pub(super) fn record(members: Map<String, Value>, now: Timestamp) -> Result<Fetched, Problem> {
    let mut check = Check::default();
    let remote_id = members.get("remote_id").and_then(Value::as_str);
    let remote_id = remote_id.unwrap_or_default().to_owned();
    check.text("/call/remote_id", &remote_id, 200);
    if members
        .get("media")
        .is_some_and(|media| media.as_array().is_none_or(|media| !media.is_empty()))
    {
        check.fail(
            "/call/media",
            "recordings cannot be imported; leave it empty",
        );
    }
    check.finish()?;
    let mut whole =
        serde_json::to_value(AnalyzedCall::new(remote_id.clone())).map_err(|error| {
            tracing::error!(error = %error, "A call could not be written");
            Problem::new(codes::INTERNAL, "the call could not be read")
        })?;
    if let Value::Object(known) = &mut whole {
        known.extend(members);
    }
    let decoded = decode_value::<AnalyzedCall>(&whole).map_err(|error| {
        undecodable(format!("/call{}", error.pointer), &error.source.to_string())
    })?;
    if !decoded.unmapped.is_empty() {
        let errors: Vec<FieldError> = decoded
            .unmapped
            .iter()
            .take(20)
            .map(|pointer| {
                let pointer = format!("/call{pointer}");
                FieldError::body(pointer, "unknown_member", "a call has no such member")
            })
            .collect();
        let detail = "the call has members that a call does not have";
        return Err(Problem::new(codes::INVALID_BODY, detail).with_errors(errors));
    }
    check_times(&decoded.value)?;
    Ok(Fetched {
        kind: KIND.to_owned(),
        remote_id,
        observed_at: now,
        fingerprint: None,
        news: News::Upsert {
            call: Box::new(decoded.value),
            share: Share::Whole,
            unmapped: Vec::new(),
            due_at: None,
        },
        documents: Vec::new(),
    })
}

/// Instants can be kept; utterances begin before they end.
fn check_times(call: &AnalyzedCall) -> Result<(), Problem> {
    let mut check = Check::default();
    if let Some(at) = call.started_at {
        check.instant("/call/started_at", at);
    }
    let utterances = call.transcript.iter().flat_map(|known| &known.utterances);
    for (index, utterance) in utterances.enumerate() {
        let (start, end) = (utterance.start_ms, utterance.end_ms);
        let negative = start.is_some_and(|start| start < 0);
        if negative || start.zip(end).is_some_and(|(start, end)| end < start) {
            let pointer = format!("/call/transcript/utterances/{index}");
            check.fail(
                &pointer,
                "must not end before it begins, nor begin before 0",
            );
            break;
        }
    }
    check.finish()
}

/// The id of the call that a record tells of.
pub(super) fn call_id(scope: &ConnectionScope, record: &Fetched) -> CallId {
    CallId::derive(scope.namespace, &record.remote_id)
}

/// An import replaces an earlier import, never what a vendor told.
pub(super) async fn refuse_foreign(tx: &mut TenantTx, id: CallId) -> Result<(), Problem> {
    let foreign = tx
        .records_of_call(id)
        .await?
        .into_iter()
        .any(|(kind, _)| kind != KIND);
    if foreign {
        return Err(Problem::new(
            codes::CONFLICT,
            "the call is known from its vendor; an import does not replace it",
        ));
    }
    Ok(())
}
