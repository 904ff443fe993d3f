//! How far the artifacts of a dialog have come, and whether more may come of it.

use std::time::Duration;

use callweave_model::{
    AnalyzedCall, Timestamp,
    call::Attempt,
    enums::{ArtifactState, CallStatus},
};

use crate::words;

/// Logs and recordings are awaited this long after a dialog.
const YOUNG: Duration = Duration::from_hours(24);

/// Writes the states down; true when the dialog should be looked at again. `unnamed`: its calls are
/// not known yet. `now` is `None` where old documents are read.
pub(crate) fn settle(call: &mut AnalyzedCall, unnamed: bool, now: Option<Timestamp>) -> bool {
    if call.analyses.is_empty() {
        // Nothing came of it yet.
        for artifact in ["analysis", "transcript", "recording"] {
            call.set_artifact(artifact, ArtifactState::Pending);
        }
        return true;
    }
    call.set_artifact("analysis", ArtifactState::Ready);
    let young = match (now, call.vendor_updated_at.or(call.started_at)) {
        (Some(now), Some(changed)) => now.since(changed) < YOUNG,
        _ => false,
    };
    let open = matches!(
        call.status,
        CallStatus::Queued | CallStatus::Dialing | CallStatus::InProgress
    );
    let held = unnamed || !call.media.is_empty();
    let missing = call.transcript.is_none() && held && !is_silent(call);
    let transcript = if call.transcript.is_some() {
        ArtifactState::Ready
    } else if missing && young {
        ArtifactState::Pending
    } else {
        ArtifactState::NotSupported
    };
    call.set_artifact("transcript", transcript);
    let awaited = open || (missing && young);
    recordings(call, awaited);
    (missing || open) && young
}

/// Each attempt has a recording of its own, unless nobody spoke in it; the call's state is that of
/// the one that has come farthest.
fn recordings(call: &mut AnalyzedCall, awaited: bool) {
    let expected = if awaited {
        ArtifactState::Pending
    } else {
        ArtifactState::Ready
    };
    for place in 0..call.media.len() {
        // The container and its channels are told by the bytes alone.
        call.estimated_fields.push(format!("/media/{place}/kind"));
    }
    let mut whole = if call.media.is_empty() && awaited && !is_silent(call) {
        ArtifactState::Pending
    } else {
        ArtifactState::NotSupported
    };
    for media in &mut call.media {
        let key = Some(&media.remote_key);
        let mut attempts = call.attempts.iter();
        let attempt = attempts.find(|attempt| attempt.remote_id.as_ref() == key);
        media.availability = if words::without_talk(status(attempt, call.status)) {
            ArtifactState::NotSupported
        } else {
            whole = expected;
            expected
        };
    }
    call.set_artifact("recording", whole);
}

/// Nobody spoke in any attempt that is told here.
fn is_silent(call: &AnalyzedCall) -> bool {
    let quiet = |attempt| words::without_talk(status(attempt, call.status));
    if call.attempts.is_empty() {
        return quiet(None);
    }
    call.attempts.iter().all(|attempt| quiet(Some(attempt)))
}

/// What became of an attempt, or of the dialog where that is all there is.
fn status(attempt: Option<&Attempt>, of_dialog: CallStatus) -> CallStatus {
    match attempt.map(|attempt| attempt.status) {
        None | Some(CallStatus::Unknown) => of_dialog,
        Some(status) => status,
    }
}

#[cfg(test)]
mod tests {
    use callweave_model::{
        Analysis, AnalyzedCall,
        call::{Attempt, Media},
        enums::{AnalysisKind, ArtifactState, CallStatus, FetchMode, MediaKind},
    };

    use super::settle;

    fn dialog(status: CallStatus, attempts: &[(&str, CallStatus)]) -> AnalyzedCall {
        let mut call = AnalyzedCall::new("d");
        call.status = status;
        call.analyses
            .push(Analysis::new("d", AnalysisKind::DialogOutcome));
        call.started_at = "2026-03-02T09:00:00Z".parse().ok();
        for (id, status) in attempts {
            let mut attempt = Attempt::new(Some((*id).to_owned()));
            attempt.status = *status;
            call.attempts.push(attempt);
            let (kind, mode) = (MediaKind::RecordingMono, FetchMode::InlineBase64);
            call.media.push(Media::new(*id, kind, mode));
        }
        call
    }

    fn settled(mut call: AnalyzedCall, now: &str) -> (Vec<ArtifactState>, ArtifactState, bool) {
        let again = settle(&mut call, false, now.parse().ok());
        let media = call.media.iter().map(|media| media.availability).collect();
        (media, call.artifact_state("recording"), again)
    }

    #[test]
    fn an_attempt_that_nobody_answered_has_no_recording_whatever_became_of_the_dialog() {
        use ArtifactState::{NotSupported, Pending, Ready};
        use CallStatus::{Busy, Completed, NoAnswer, Unknown};
        let both = dialog(Completed, &[("a", Busy), ("b", Completed)]);
        let later = "2026-03-05T09:00:00Z";
        assert_eq!(
            settled(both.clone(), later),
            (vec![NotSupported, Ready], Ready, false)
        );
        let soon = "2026-03-02T10:00:00Z";
        assert_eq!(
            settled(both, soon),
            (vec![NotSupported, Pending], Pending, true)
        );
        // A record of one attempt knows how the dialog ended, and waits for nothing all the same.
        let one = dialog(Completed, &[("a", NoAnswer)]);
        assert_eq!(
            settled(one, soon),
            (vec![NotSupported], NotSupported, false)
        );
        // One whose own end is not told goes by the dialog's.
        let untold = dialog(Busy, &[("a", Unknown)]);
        assert_eq!(
            settled(untold, soon),
            (vec![NotSupported], NotSupported, false)
        );
    }
}
