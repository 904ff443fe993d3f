//! Evaluations of the fake vendor.

use async_trait::async_trait;
use callweave_model::owned::{Evaluation, EvaluationDraft, EvaluationPart};
use callweave_provider::{
    CallContext, Result,
    evaluations::{Evaluations, Part},
    listing::{ListQuery, Listing},
};
use serde_json::{Map, Value};

use super::take;
use crate::fake::{operation::EVALUATIONS, provider::FakeProvider};

fn written(id: &str, draft: &EvaluationDraft) -> Evaluation {
    Evaluation {
        remote_id: id.to_owned(),
        call_remote_id: Some(draft.call_remote_id.clone()),
        rubric_remote_id: Some(draft.rubric_remote_id.clone()),
        rubric_name: Some(draft.rubric_name.clone()),
        application_remote_id: Some(draft.application_remote_id.clone()),
        result: Value::Object(draft.result.clone()),
        extra: Map::new(),
    }
}

fn entry(evaluation: &Evaluation, part: Part) -> EvaluationPart {
    EvaluationPart {
        evaluation_remote_id: Some(evaluation.remote_id.clone()),
        name: Some(format!("{part:?}")),
        ..EvaluationPart::default()
    }
}

#[async_trait]
impl Evaluations for FakeProvider {
    async fn evaluations(
        &self,
        context: &CallContext<'_>,
        call: Option<&str>,
        query: &ListQuery,
    ) -> Result<Listing<Evaluation>> {
        self.enter(EVALUATIONS, context).await?;
        self.owned(EVALUATIONS, |owned| {
            let found: Vec<Evaluation> = owned
                .evaluations
                .iter()
                .filter(|known| call.is_none() || known.call_remote_id.as_deref() == call)
                .cloned()
                .collect();
            owned.page(&found, query)
        })
    }

    async fn evaluation(&self, context: &CallContext<'_>, evaluation: &str) -> Result<Evaluation> {
        self.enter(EVALUATIONS, context).await?;
        self.owned(EVALUATIONS, |owned| {
            let mut known = owned.evaluations.iter();
            known.find(|known| known.remote_id == evaluation).cloned()
        })
    }

    async fn create_evaluation(
        &self,
        context: &CallContext<'_>,
        draft: &EvaluationDraft,
    ) -> Result<Evaluation> {
        self.enter(EVALUATIONS, context).await?;
        self.owned(EVALUATIONS, |owned| {
            let id = draft.remote_id.clone().unwrap_or_else(|| owned.next_id());
            let evaluation = written(&id, draft);
            owned.evaluations.push(evaluation.clone());
            Some(evaluation)
        })
    }

    async fn replace_evaluation(
        &self,
        context: &CallContext<'_>,
        evaluation: &str,
        draft: &EvaluationDraft,
    ) -> Result<Evaluation> {
        self.enter(EVALUATIONS, context).await?;
        self.owned(EVALUATIONS, |owned| {
            let mut known = owned.evaluations.iter_mut();
            let found = known.find(|known| known.remote_id == evaluation)?;
            *found = written(evaluation, draft);
            Some(found.clone())
        })
    }

    async fn delete_evaluation(&self, context: &CallContext<'_>, evaluation: &str) -> Result<()> {
        self.enter(EVALUATIONS, context).await?;
        self.owned(EVALUATIONS, |owned| {
            take(&mut owned.evaluations, |known| {
                known.remote_id == evaluation
            })
            .map(drop)
        })
    }

    async fn part(
        &self,
        context: &CallContext<'_>,
        evaluation: &str,
        part: Part,
    ) -> Result<Vec<EvaluationPart>> {
        let found = self.evaluation(context, evaluation).await?;
        Ok(vec![entry(&found, part)])
    }

    async fn parts(
        &self,
        context: &CallContext<'_>,
        part: Part,
        call: Option<&str>,
        query: &ListQuery,
    ) -> Result<Listing<EvaluationPart>> {
        let listing = self.evaluations(context, call, query).await?;
        Ok(Listing {
            items: listing
                .items
                .iter()
                .map(|known| entry(known, part))
                .collect(),
            next: listing.next,
            total: listing.total,
        })
    }
}
