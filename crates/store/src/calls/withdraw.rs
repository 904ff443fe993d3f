//! What stays of a call when one of its records goes.

use callweave_model::{AnalyzedCall, enums::ArtifactState, rollup::Rollup};

/// The call without the share of one record; `None` when nothing of another record is left.
///
/// `others` tells that other records of the call stand. Parts of records that were not looked at
/// again since the account was connected anew count as well, where a record is not the whole call.
pub(super) fn withdraw(
    mut call: AnalyzedCall,
    remote_id: &str,
    others: bool,
) -> Option<AnalyzedCall> {
    let of_others = |id: &str| id != remote_id && id != call.remote_id;
    let parts_of_others = remote_id != call.remote_id
        && (call.analyses.iter().any(|part| of_others(&part.remote_id))
            || call
                .attempts
                .iter()
                .any(|part| part.remote_id.as_deref().is_some_and(of_others)));
    if !others && !parts_of_others {
        return None;
    }
    // An analysis that is named as the call is belongs to all of its records.
    let whole = call.remote_id.clone();
    call.analyses
        .retain(|part| part.remote_id != remote_id || part.remote_id == whole);
    call.rollup = Rollup::of(&call.analyses);
    let attempts = call.attempts.len();
    call.attempts
        .retain(|part| part.remote_id.as_deref() != Some(remote_id));
    if call.attempts.len() < attempts {
        call.media.retain(|part| part.remote_key != remote_id);
        let of_record = call
            .transcript
            .as_ref()
            .is_some_and(|transcript| transcript.source_remote_id == remote_id);
        if of_record {
            call.transcript = None;
            call.set_artifact("transcript", ArtifactState::NotSupported);
        }
    }
    Some(call)
}
