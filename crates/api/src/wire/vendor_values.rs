//! Which vendor words an answer shows.

use callweave_model::{
    Analysis, AnalyzedCall, Utterance, VendorValues,
    call::Party,
    enums::{
        Affiliation, AnalysisKind, AnalyzedAtSource, CallKind, CallStatus, Channel, Condition,
        DetectionScope, DetectionType, Direction, DurationSource, PartyRole, PartyType, Performer,
        SentimentLabel, SentimentScope, StartedAtSource,
    },
};

/// Takes away the vendor words whose translation says it all: those whose member is not `other`.
pub(crate) fn prune(call: &mut AnalyzedCall) {
    let untranslated = [
        ("channel", call.channel == Channel::Other),
        ("kind", call.kind == CallKind::Other),
        ("direction", call.direction == Direction::Other),
        ("status", call.status == CallStatus::Other),
        (
            "started_at_source",
            call.started_at_source == StartedAtSource::Other,
        ),
        (
            "duration_source",
            call.duration_source == DurationSource::Other,
        ),
    ];
    keep(&mut call.vendor_values, &untranslated);
    prune_parties(&mut call.parties);
    if let Some(transcript) = &mut call.transcript {
        prune_utterances(&mut transcript.utterances);
    }
    prune_analyses(&mut call.analyses);
}

/// The same for parties.
pub(crate) fn prune_parties(parties: &mut [Party]) {
    for party in parties {
        let untranslated = [
            ("role", party.role == PartyRole::Other),
            ("affiliation", party.affiliation == Affiliation::Other),
            ("type", party.party_type == PartyType::Other),
        ];
        keep(&mut party.vendor_values, &untranslated);
    }
}

/// The same for utterances.
pub(crate) fn prune_utterances(utterances: &mut [Utterance]) {
    for utterance in utterances {
        let untranslated = [(
            "sentiment",
            utterance.sentiment == Some(SentimentLabel::Other),
        )];
        keep(&mut utterance.vendor_values, &untranslated);
    }
}

/// The same for analyses.
pub(crate) fn prune_analyses(analyses: &mut [Analysis]) {
    for analysis in analyses {
        let untranslated = [
            ("kind", analysis.kind == AnalysisKind::Other),
            (
                "analyzed_at_source",
                analysis.analyzed_at_source == AnalyzedAtSource::Other,
            ),
        ];
        keep(&mut analysis.vendor_values, &untranslated);
        for detection in &mut analysis.detections {
            let untranslated = [
                ("type", detection.detection_type == DetectionType::Other),
                ("performer", detection.performer == Performer::Other),
                ("condition", detection.condition == Some(Condition::Other)),
                ("scope", detection.scope == DetectionScope::Other),
            ];
            keep(&mut detection.vendor_values, &untranslated);
        }
        for sentiment in &mut analysis.sentiments {
            let untranslated = [
                ("scope", sentiment.scope == SentimentScope::Other),
                ("label", sentiment.label == Some(SentimentLabel::Other)),
            ];
            keep(&mut sentiment.vendor_values, &untranslated);
        }
    }
}

fn keep(words: &mut VendorValues, untranslated: &[(&str, bool)]) {
    words.retain(|name, _| {
        untranslated
            .iter()
            .any(|(member, is_other)| *is_other && member == name)
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_untranslated_words_stay() {
        let mut call = AnalyzedCall::new("1");
        call.direction = Direction::Inbound;
        call.status = CallStatus::Other;
        let words = [("direction", "in"), ("status", "odd"), ("updated_at", "x")];
        call.vendor_values = words
            .into_iter()
            .map(|(name, word)| (name.to_owned(), json!(word)))
            .collect();
        let mut party = Party::new(0, PartyRole::Other);
        party.vendor_values.insert("role".to_owned(), json!("King"));
        party.vendor_values.insert("type".to_owned(), json!("man"));
        call.parties.push(party);
        prune(&mut call);
        assert_eq!(call.vendor_values.keys().collect::<Vec<_>>(), ["status"]);
        assert_eq!(
            call.parties[0].vendor_values.keys().collect::<Vec<_>>(),
            ["role"]
        );
    }
}
