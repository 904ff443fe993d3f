//! How a call grows from what the vendor says of it, record by record.

use crate::{
    AnalysisId, CallId, MediaId, call::AnalyzedCall, enums::ArtifactState, rollup::Rollup,
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
}

/// The call after one more record: `known` with `news` taken in.
///
/// The outcome does not depend on the order in which the records of a call arrive.
pub fn absorb(known: Option<AnalyzedCall>, news: AnalyzedCall, share: Share) -> AnalyzedCall {
    let mut call = match (known, share) {
        (Some(known), Share::OneAnalysis) => join(known, news),
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
        enums::AnalysisKind,
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
}
