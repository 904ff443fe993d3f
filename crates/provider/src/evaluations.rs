//! Evaluations: a vendor's own records of how calls did by a rubric, read and written live.

use async_trait::async_trait;
use callweave_model::owned::{Evaluation, EvaluationDraft, EvaluationPart};

use crate::{
    CallContext, Provider, Result,
    listing::{ListQuery, Listing},
};

/// A part of an evaluation that the vendor serves on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The summary of the dialogue.
    Summary,
    /// What was said.
    Transcript,
    /// The points that were met.
    SuccessPoints,
    /// The tags that were found.
    Tags,
    /// Metrics of the agent's talk.
    AgentMetrics,
}

/// Reads and writes evaluations.
#[async_trait]
pub trait Evaluations: Provider {
    /// One page of evaluations; `call` is the vendor's id of a call.
    async fn evaluations(
        &self,
        context: &CallContext<'_>,
        call: Option<&str>,
        query: &ListQuery,
    ) -> Result<Listing<Evaluation>>;

    /// One evaluation.
    async fn evaluation(&self, context: &CallContext<'_>, evaluation: &str) -> Result<Evaluation>;

    /// Writes one. Sends one request, once.
    async fn create_evaluation(
        &self,
        context: &CallContext<'_>,
        draft: &EvaluationDraft,
    ) -> Result<Evaluation>;

    /// Replaces one as a whole.
    async fn replace_evaluation(
        &self,
        context: &CallContext<'_>,
        evaluation: &str,
        draft: &EvaluationDraft,
    ) -> Result<Evaluation>;

    /// Deletes one.
    async fn delete_evaluation(&self, context: &CallContext<'_>, evaluation: &str) -> Result<()>;

    /// A part of one evaluation.
    async fn part(
        &self,
        context: &CallContext<'_>,
        evaluation: &str,
        part: Part,
    ) -> Result<Vec<EvaluationPart>>;

    /// A part over many evaluations, or of the evaluations of one call.
    async fn parts(
        &self,
        context: &CallContext<'_>,
        part: Part,
        call: Option<&str>,
        query: &ListQuery,
    ) -> Result<Listing<EvaluationPart>>;
}
