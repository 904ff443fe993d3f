//! How a call grows from what the vendor says of it, record by record.

use crate::{
    AnalysisId, CallId, MediaId,
    call::{AnalyzedCall, Attempt, Party},
    enums::{ArtifactState, CallStatus},
    rollup::Rollup,
    transcript::Transcript,
};

/// How much of a call one vendor record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// The record is the whole call; it replaces what was known.
    Whole,
    /// The record is one analysis of the call (CallGear: one scenario result of a session); the
    /// call's other analyses stay.
    OneAnalysis,
    /// The record is one dial attempt of the call (Neuro: one call of a dialog); the call's other
    /// attempts stay.
    OneAttempt,
}

/// The call after one more record: `known` with `news` taken in.
///
/// The outcome does not depend on the order in which the records of a call arrive.
pub fn absorb(known: Option<AnalyzedCall>, news: AnalyzedCall, share: Share) -> AnalyzedCall {
    let mut call = match (known, share) {
        (Some(known), Share::OneAnalysis) => join(known, news),
        (Some(known), Share::OneAttempt) => join_attempt(known, news),
        (_, _) => news,
    };
    settle(&mut call);
    call
}

/// The call without the analysis that came from the vendor record `analysis_remote_id`; `None`
/// when nothing is left of it.
pub fn without_analysis(mut call: AnalyzedCall, analysis_remote_id: &str) -> Option<AnalyzedCall> {
    call.analyses
        .retain(|analysis| analysis.remote_id != analysis_remote_id);
    if call.analyses.is_empty() {
        return None;
    }
    settle(&mut call);
    Some(call)
}

/// Writes the derived ids of the parts of a stored call.
pub fn assign_ids(call: &mut AnalyzedCall, id: CallId) {
    for analysis in &mut call.analyses {
        analysis.id = AnalysisId::derive(id, &analysis.remote_id).0;
    }
    for media in &mut call.media {
        media.id = MediaId::derive(id, &media.remote_key).0;
    }
}

fn join(mut known: AnalyzedCall, news: AnalyzedCall) -> AnalyzedCall {
    for analysis in news.analyses {
        known
            .analyses
            .retain(|existing| existing.remote_id != analysis.remote_id);
        known.analyses.push(analysis);
    }
    for media in news.media {
        known
            .media
            .retain(|existing| existing.remote_key != media.remote_key);
        known.media.push(media);
    }
    known
        .media
        .sort_by(|left, right| left.remote_key.cmp(&right.remote_key));
    let takes_transcript = match (&known.transcript, &news.transcript) {
        (Some(old), Some(new)) => speaks_for(new, old),
        (None, new) => new.is_some(),
        (Some(_), None) => false,
    };
    if takes_transcript {
        known.transcript = news.transcript;
        known.stats = news.stats;
        known.parties = news.parties;
        known.duration_ms = news.duration_ms.or(known.duration_ms);
        known.duration_source = news.duration_source;
        known.estimated_fields = news.estimated_fields;
    } else if known.parties.is_empty() {
        known.parties = news.parties;
    }
    known.flags.extend(news.flags);
    known.remote_refs.extend(news.remote_refs);
    for (name, status) in news.artifacts {
        let better = known
            .artifacts
            .get(&name)
            .is_none_or(|existing| existing.state != ArtifactState::Ready);
        if better {
            known.artifacts.insert(name, status);
        }
    }
    known
}

/// Facts of the whole dialog come from the record that saw the later state of it, attempts and
/// media from both, the transcript from the attempt in which most was said.
fn join_attempt(known: AnalyzedCall, news: AnalyzedCall) -> AnalyzedCall {
    let attempts = joined_attempts(&known, &news);
    let mut media = news.media.clone();
    media.extend(
        known
            .media
            .iter()
            .filter(|old| {
                !news
                    .media
                    .iter()
                    .any(|new| new.remote_key == old.remote_key)
            })
            .cloned(),
    );
    media.sort_by(|left, right| left.remote_key.cmp(&right.remote_key));
    let keeps_known = match (&known.transcript, &news.transcript) {
        (Some(old), Some(new)) => {
            let said = |transcript: &Transcript| {
                let id = transcript.source_remote_id.clone();
                (std::cmp::Reverse(transcript.utterances.len()), id)
            };
            old.source_remote_id != new.source_remote_id && said(old) < said(new)
        }
        (old, None) => old.is_some(),
        (None, Some(_)) => false,
    };
    let transcript = if keeps_known {
        known.transcript.clone()
    } else {
        news.transcript.clone()
    };
    let (mut call, other) = if news.vendor_updated_at >= known.vendor_updated_at {
        (news, known)
    } else {
        (known, news)
    };
    call.attempts = attempts;
    call.media = media;
    call.transcript = transcript;
    fill_from(&mut call, other);
    call
}

fn joined_attempts(known: &AnalyzedCall, news: &AnalyzedCall) -> Vec<Attempt> {
    let mut attempts = news.attempts.clone();
    for old in &known.attempts {
        if !attempts.iter().any(|new| new.remote_id == old.remote_id) {
            attempts.push(old.clone());
        }
    }
    // An attempt without an id is one of those that have one, seen before the ids were known.
    if attempts.iter().any(|attempt| attempt.remote_id.is_some()) {
        attempts.retain(|attempt| attempt.remote_id.is_some());
    } else {
        attempts.clone_from(&news.attempts);
    }
    attempts.sort_by(|left, right| {
        (left.started_at, &left.remote_id).cmp(&(right.started_at, &right.remote_id))
    });
    attempts
}

/// What the leading view of a dialog leaves open comes from the other one.
fn fill_from(call: &mut AnalyzedCall, other: AnalyzedCall) {
    if call.started_at.is_none() {
        call.started_at = other.started_at;
        call.started_at_source = other.started_at_source;
    }
    if call.status == CallStatus::Unknown {
        call.status = other.status;
    }
    if call.parties.len() < other.parties.len() {
        call.parties = other.parties;
    } else {
        for (party, known) in call.parties.iter_mut().zip(other.parties) {
            if party.role == known.role {
                fill_party(party, known);
            }
        }
    }
    fill(&mut call.batch_remote_id, other.batch_remote_id);
    fill(&mut call.campaign_remote_id, other.campaign_remote_id);
    fill(&mut call.folder_remote_id, other.folder_remote_id);
    for (name, value) in other.remote_refs {
        call.remote_refs.entry(name).or_insert(value);
    }
    for analysis in other.analyses {
        if !call
            .analyses
            .iter()
            .any(|existing| existing.remote_id == analysis.remote_id)
        {
            call.analyses.push(analysis);
        }
    }
    for (name, status) in other.artifacts {
        let better = call
            .artifacts
            .get(&name)
            .is_none_or(|existing| existing.state != ArtifactState::Ready)
            && status.state == ArtifactState::Ready;
        if better || !call.artifacts.contains_key(&name) {
            call.artifacts.insert(name, status);
        }
    }
    call.flags.extend(other.flags);
    call.estimated_fields.extend(other.estimated_fields);
    call.estimated_fields.sort_unstable();
    call.estimated_fields.dedup();
}

fn fill<T>(open: &mut Option<T>, known: Option<T>) {
    if open.is_none() {
        *open = known;
    }
}

/// One view of a dialog names the agent, another knows only its id.
fn fill_party(party: &mut Party, known: Party) {
    fill(&mut party.name, known.name);
    fill(&mut party.remote_id, known.remote_id);
    if party.phone_raw.is_none() {
        party.phone = known.phone;
        party.phone_raw = known.phone_raw;
    }
}

/// Among the transcripts of one call's records the one of the smallest record id speaks.
fn speaks_for(new: &Transcript, old: &Transcript) -> bool {
    let key = |transcript: &Transcript| {
        let id = transcript.source_remote_id.clone();
        (transcript.utterances.is_empty(), id.len(), id)
    };
    new.source_remote_id == old.source_remote_id || key(new) < key(old)
}

fn settle(call: &mut AnalyzedCall) {
    let order = |id: &str| (id.len(), id.to_owned());
    call.analyses
        .sort_by_key(|analysis| order(&analysis.remote_id));
    call.rollup = Rollup::of(&call.analyses);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::{Analysis, Scorecard},
        enums::{AnalysisKind, PartyRole},
        transcript::Utterance,
    };

    fn result(id: &str, score: f64, words: &str) -> AnalyzedCall {
        let mut call = AnalyzedCall::new("5139032004");
        let mut analysis = Analysis::new(id, AnalysisKind::ScenarioScoring);
        analysis.scorecards.push(Scorecard {
            score_pct: Some(score),
            ..Scorecard::default()
        });
        call.analyses.push(analysis);
        let utterance = Utterance {
            text: words.to_owned(),
            ..Utterance::default()
        };
        call.transcript = Some(Transcript::of_utterances(id, vec![utterance]));
        call
    }

    #[test]
    fn records_of_one_call_give_the_same_call_in_any_order() {
        let (a, b, c) = (
            result("9", 80.0, "nine"),
            result("10", 40.0, "ten"),
            result("11", 60.0, "x"),
        );
        let fold = |records: [&AnalyzedCall; 3]| {
            records.into_iter().fold(None, |known, news| {
                Some(absorb(known, news.clone(), Share::OneAnalysis))
            })
        };
        let one = fold([&a, &b, &c]).unwrap();
        let two = fold([&c, &b, &a]).unwrap();
        assert_eq!(one, two);
        assert_eq!(one.rollup.score_pct, Some(60.0));
        assert_eq!(one.transcript.unwrap().source_remote_id, "9");
        assert_eq!(one.analyses.len(), 3);
    }

    #[test]
    fn a_removed_record_takes_only_its_analysis_along() {
        let call = absorb(
            Some(result("9", 80.0, "a")),
            result("10", 40.0, "b"),
            Share::OneAnalysis,
        );
        let left = without_analysis(call, "9").unwrap();
        assert_eq!(left.rollup.score_pct, Some(40.0));
        assert!(without_analysis(left, "10").is_none());
    }
    fn attempt(id: &str, minute: u32, words: usize) -> AnalyzedCall {
        let mut call = AnalyzedCall::new("dialog");
        let at = format!("2026-03-02T09:{minute:02}:00Z").parse().ok();
        let mut attempt = Attempt::new(Some(id.to_owned()));
        attempt.started_at = at;
        call.attempts.push(attempt);
        call.vendor_updated_at = at;
        let utterances = vec![Utterance::default(); words];
        call.transcript = Some(Transcript::of_utterances(id, utterances));
        call
    }

    #[test]
    fn attempts_of_one_dialog_meet_in_any_order() {
        let (a, b, c) = (
            attempt("a", 30, 0),
            attempt("b", 10, 4),
            attempt("c", 20, 2),
        );
        let fold = |records: [&AnalyzedCall; 4]| {
            records.into_iter().fold(None, |known, news| {
                Some(absorb(known, news.clone(), Share::OneAttempt))
            })
        };
        let one = fold([&a, &b, &c, &a]).unwrap();
        let two = fold([&c, &a, &b, &b]).unwrap();
        assert_eq!(one, two);
        let ids: Vec<_> = one
            .attempts
            .iter()
            .filter_map(|known| known.remote_id.as_deref())
            .collect();
        assert_eq!(ids, ["b", "c", "a"], "by time");
        assert_eq!(
            one.transcript.unwrap().source_remote_id,
            "b",
            "most was said there"
        );
    }

    #[test]
    fn the_batch_that_only_one_view_of_a_dialog_names_stays() {
        let (mut started, later) = (attempt("a", 10, 0), attempt("b", 20, 0));
        started.batch_remote_id = Some("group".to_owned());
        started.campaign_remote_id = Some("queue".to_owned());
        for (first, second) in [
            (started.clone(), later.clone()),
            (later.clone(), started.clone()),
        ] {
            let known = absorb(Some(first), second, Share::OneAttempt);
            let call = absorb(Some(known), later.clone(), Share::OneAttempt);
            assert_eq!(call.batch_remote_id.as_deref(), Some("group"));
            assert_eq!(call.campaign_remote_id.as_deref(), Some("queue"));
        }
    }

    #[test]
    fn what_one_view_of_a_dialog_does_not_know_of_its_parties_comes_from_another() {
        let (mut named, mut later) = (attempt("a", 10, 0), attempt("b", 20, 0));
        let mut bot = Party::new(0, PartyRole::Bot);
        bot.remote_id = Some("agent-1".to_owned());
        later.parties = vec![bot.clone()];
        bot.name = Some("Reminder".to_owned());
        named.parties = vec![bot];
        for (first, second) in [(&named, &later), (&later, &named)] {
            let known = absorb(None, first.clone(), Share::OneAttempt);
            let call = absorb(Some(known), second.clone(), Share::OneAttempt);
            assert_eq!(call.parties[0].name.as_deref(), Some("Reminder"));
        }
    }
}
