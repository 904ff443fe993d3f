//! Which vendor words an answer shows.

use callweave_model::{
    Analysis, Utterance, VendorValues,
    call::Party,
    enums::{
        Affiliation, AnalysisKind, AnalyzedAtSource, Condition, DetectionScope, DetectionType,
        PartyRole, PartyType, Performer, SentimentLabel, SentimentScope,
    },
};

/// Takes away the vendor words of parties whose translation says it all: those whose member is not `other`.
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
