//! The merged view of a call's analyses, for list screens.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    analysis::{Analysis, Outcome},
    enums::{Condition, DetectionType, ScoreName, SentimentLabel, SentimentScope, SummaryType},
    stats::round4,
};

/// One view over all analyses of a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rollup {
    /// 0-100: the mean over the scorecards that have one.
    pub score_pct: Option<f64>,
    /// False as soon as one scorecard failed; `null` when none says.
    pub passed: Option<bool>,
    /// The tone of the call, only where a vendor told one for the whole call.
    pub sentiment: Option<SentimentLabel>,
    /// Customer satisfaction, 0-100.
    pub csat_pct: Option<f64>,
    /// The names of detected tags and rules, each once, sorted. Absences are left out.
    pub tags: Vec<String>,
    /// The first summary.
    pub summary: Option<String>,
    /// What came out of it.
    pub outcome: Option<Outcome>,
    /// The number of analyses.
    pub analyses_count: i32,
}

impl Rollup {
    /// Computes the view. Pure: the same analyses give the same view.
    pub fn of(analyses: &[Analysis]) -> Self {
        let scorecards = || analyses.iter().flat_map(|analysis| &analysis.scorecards);
        let scores: Vec<f64> = scorecards().filter_map(|card| card.score_pct).collect();
        let judgements: Vec<bool> = scorecards().filter_map(|card| card.passed).collect();
        Self {
            score_pct: mean(&scores),
            passed: (!judgements.is_empty()).then(|| judgements.iter().all(|passed| *passed)),
            sentiment: sentiment(analyses),
            csat_pct: analyses
                .iter()
                .flat_map(|analysis| &analysis.scores)
                .find(|score| score.name == ScoreName::Csat && score.normalized_pct.is_some())
                .and_then(|score| score.normalized_pct),
            tags: tags(analyses),
            summary: analyses
                .iter()
                .flat_map(|analysis| &analysis.summaries)
                .find(|summary| summary.summary_type != SummaryType::Title)
                .map(|summary| summary.text.clone()),
            outcome: analyses
                .iter()
                .find_map(|analysis| analysis.outcome.clone()),
            analyses_count: i32::try_from(analyses.len()).unwrap_or(i32::MAX),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a call has a handful of scorecards"
)]
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| round4(values.iter().sum::<f64>() / values.len() as f64))
}

fn sentiment(analyses: &[Analysis]) -> Option<SentimentLabel> {
    let mut labels = analyses
        .iter()
        .flat_map(|analysis| &analysis.sentiments)
        .filter(|sentiment| sentiment.scope == SentimentScope::Call)
        .filter_map(|sentiment| sentiment.label);
    let first = labels.next()?;
    if labels.all(|label| label == first) {
        Some(first)
    } else {
        Some(SentimentLabel::Mixed)
    }
}

fn tags(analyses: &[Analysis]) -> Vec<String> {
    let mut names: Vec<String> = analyses
        .iter()
        .flat_map(|analysis| &analysis.detections)
        .filter(|detection| {
            matches!(
                detection.detection_type,
                DetectionType::Tag | DetectionType::Rule | DetectionType::Keyword
            ) && detection.condition != Some(Condition::NotDiscussed)
                && detection
                    .state_raw
                    .as_deref()
                    .is_none_or(|state| state == "active")
        })
        .map(|detection| detection.name.clone())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
