//! What the analysis of a call finds: met points, tags, a summary.

use super::{
    Domain, Emotion, Language, Point, Summary, TagHit,
    phrases::Analyst,
    script::{PHASES, Phase, Script},
};
use crate::{random::Random, vendor::Vendor, world::CallHead};

/// What the analysis says of the agent. A later version has looked again: it judges one point in
/// another way, so that a change of a call is a change somebody can see.
pub(super) fn judge(
    script: &Script,
    analyst: &Analyst,
    seed: u64,
    vendor: Vendor,
    head: CallHead,
) -> Vec<Point> {
    let mut points: Vec<Point> = PHASES
        .iter()
        .zip(analyst.points)
        .zip(1..)
        .map(|((phase, name), number)| {
            let line = script
                .met
                .iter()
                .find(|(met, _)| met == phase)
                .map(|(_, line)| *line);
            Point {
                number,
                name: name.to_owned(),
                met: line.is_some(),
                line,
            }
        })
        .collect();
    for version in 2..=head.version {
        let key = [
            seed,
            vendor.number(),
            u64::from(head.index),
            u64::from(version),
        ];
        let chosen = Random::new(&key).index(points.len());
        if let Some(point) = points.get_mut(chosen) {
            point.met = !point.met;
            point.line = point.met.then_some(0);
        }
    }
    points
}

/// What the analysis tags.
pub(super) fn tags_of(script: &Script, language: Language) -> Vec<TagHit> {
    let (objection, negative, done, silence, absent) = match language {
        Language::En => (
            "operator's objection",
            "negative client",
            "record summed up",
            "word parasites",
            "no introduction",
        ),
        Language::Ru | Language::Uz => (
            "возражение оператора",
            "негатив клиент",
            "запись подытоживания",
            "слова паразиты",
            "нет представления",
        ),
    };
    let met = |phase| {
        script
            .met
            .iter()
            .find(|(met, _)| *met == phase)
            .map(|(_, line)| *line)
    };
    let hit = |name: &str, line| TagHit {
        name: name.to_owned(),
        line,
    };
    let mut tags = Vec::new();
    tags.extend(met(Phase::Objection).map(|line| hit(objection, Some(line))));
    tags.extend(met(Phase::Recap).map(|line| hit(done, Some(line))));
    let negative_line = script
        .lines
        .iter()
        .position(|line| line.emotion == Emotion::Negative);
    tags.extend(negative_line.map(|line| hit(negative, Some(line))));
    if script.lines.len().is_multiple_of(4) {
        tags.push(hit(silence, Some(script.lines.len() / 2)));
    }
    if met(Phase::Introduction).is_none() {
        tags.push(hit(absent, None));
    }
    tags
}

/// What the analysis writes about the call.
pub(super) fn summarize(script: &Script, analyst: &Analyst, domain: Domain, score: u8) -> Summary {
    let [clinic, telecom, bank, delivery, real_estate] = analyst.topics;
    let topic = match domain {
        Domain::Clinic => clinic,
        Domain::Telecom => telecom,
        Domain::Bank => bank,
        Domain::Delivery => delivery,
        Domain::RealEstate => real_estate,
    };
    let [agreed, open, lost] = analyst.results;
    let result = match score {
        70.. => agreed,
        40..70 => open,
        _ => lost,
    };
    let [sale, inquiry, complaint] = analyst.interactions;
    let negative = script
        .lines
        .iter()
        .any(|line| line.emotion == Emotion::Negative);
    let sold = script.met.iter().any(|(phase, _)| *phase == Phase::Offer);
    let interaction = match (negative, sold) {
        (true, _) => complaint,
        (false, true) => sale,
        (false, false) => inquiry,
    };
    let brief = analyst
        .briefs
        .get(script.lines.len() % analyst.briefs.len().max(1))
        .map(|brief| {
            script
                .fill(brief)
                .replace("{topic}", topic)
                .replace("{result}", result)
        })
        .unwrap_or_default();
    Summary {
        topic: topic.to_owned(),
        result: result.to_owned(),
        interaction: interaction.to_owned(),
        brief,
    }
}
