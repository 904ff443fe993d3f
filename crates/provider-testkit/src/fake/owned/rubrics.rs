//! Rubrics of the fake vendor.

use async_trait::async_trait;
use callweave_model::owned::{
    Rubric, RubricChange, RubricDraft, RubricItem, RubricItemDraft, RubricKind, RubricScore,
};
use callweave_provider::{
    CallContext, Result,
    listing::{ListQuery, Listing},
    rubrics::{ItemForm, RubricFilter, Rubrics},
};
use serde_json::{Map, Value, json};

use super::{matches, take};
use crate::fake::{operation::RUBRICS, provider::FakeProvider};

#[async_trait]
impl Rubrics for FakeProvider {
    fn kinds(&self) -> &'static [RubricKind] {
        &[RubricKind::Scenario, RubricKind::Script]
    }

    async fn rubrics(
        &self,
        context: &CallContext<'_>,
        filter: &RubricFilter,
        query: &ListQuery,
    ) -> Result<Listing<Rubric>> {
        self.enter(RUBRICS, context).await?;
        self.owned(RUBRICS, |owned| {
            let found: Vec<Rubric> = owned
                .rubrics
                .iter()
                .map(|(rubric, _)| rubric)
                .filter(|rubric| filter.kind.is_none_or(|kind| rubric.kind == kind))
                .filter(|rubric| !filter.active_only || rubric.active == Some(true))
                .filter(|rubric| matches(query, &rubric.name))
                .cloned()
                .collect();
            owned.page(&found, query)
        })
    }

    async fn rubric(&self, context: &CallContext<'_>, rubric: &str) -> Result<Rubric> {
        self.enter(RUBRICS, context).await?;
        self.owned(RUBRICS, |owned| {
            let mut rubrics = owned.rubrics.iter();
            rubrics
                .find(|(known, _)| known.remote_id == rubric)
                .map(|(known, _)| known.clone())
        })
    }

    async fn create_rubric(
        &self,
        context: &CallContext<'_>,
        draft: &RubricDraft,
    ) -> Result<Rubric> {
        if draft.kind == RubricKind::Checklist {
            return Err(self.refused(RUBRICS, "/kind", "this vendor has no checklists"));
        }
        self.enter(RUBRICS, context).await?;
        self.owned(RUBRICS, |owned| {
            let mut rubric = Rubric::new(owned.next_id(), draft.kind, draft.name.clone());
            rubric.text.clone_from(&draft.text);
            rubric.active = Some(draft.active.unwrap_or(true));
            rubric.pass_threshold_pct = draft.pass_threshold_pct;
            rubric.filters.clone_from(&draft.filters);
            owned.rubrics.push((rubric.clone(), Vec::new()));
            Some(rubric)
        })
    }

    async fn update_rubric(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        change: &RubricChange,
    ) -> Result<Rubric> {
        self.enter(RUBRICS, context).await?;
        self.owned(RUBRICS, |owned| {
            let mut rubrics = owned.rubrics.iter_mut();
            let (known, _) = rubrics.find(|(known, _)| known.remote_id == rubric)?;
            if let Some(name) = change.name.value() {
                known.name.clone_from(name);
            }
            if let Some(active) = change.active.value() {
                known.active = Some(*active);
            }
            if let Some(text) = change.text.change() {
                known.text = text.cloned();
            }
            Some(known.clone())
        })
    }

    async fn delete_rubric(&self, context: &CallContext<'_>, rubric: &str) -> Result<()> {
        self.enter(RUBRICS, context).await?;
        self.owned(RUBRICS, |owned| {
            take(&mut owned.rubrics, |(known, _)| known.remote_id == rubric).map(drop)
        })
    }

    async fn toggle_rubric(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        body: &Map<String, Value>,
    ) -> Result<Value> {
        self.enter(RUBRICS, context).await?;
        Ok(json!({"toggled": rubric, "by": body}))
    }

    async fn rubric_items(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        form: ItemForm,
    ) -> Result<Vec<RubricItem>> {
        self.enter(RUBRICS, context).await?;
        self.owned(RUBRICS, |owned| {
            let mut rubrics = owned.rubrics.iter();
            let (_, items) = rubrics.find(|(known, _)| known.remote_id == rubric)?;
            Some(match form {
                ItemForm::Structured => items.clone(),
                ItemForm::Text => items
                    .iter()
                    .map(|item| RubricItem {
                        remote_id: None,
                        ..item.clone()
                    })
                    .collect(),
            })
        })
    }

    async fn rubric_item(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        item: &str,
    ) -> Result<RubricItem> {
        let items = self
            .rubric_items(context, rubric, ItemForm::Structured)
            .await?;
        self.owned(RUBRICS, |_owned| {
            items
                .into_iter()
                .find(|known| known.remote_id.as_deref() == Some(item))
        })
    }

    async fn all_rubric_items(
        &self,
        context: &CallContext<'_>,
        query: &ListQuery,
    ) -> Result<Listing<RubricItem>> {
        self.enter(RUBRICS, context).await?;
        self.owned(RUBRICS, |owned| {
            let all: Vec<RubricItem> = owned
                .rubrics
                .iter()
                .flat_map(|(_, items)| items.clone())
                .collect();
            owned.page(&all, query)
        })
    }

    async fn create_rubric_item(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        draft: &RubricItemDraft,
    ) -> Result<RubricItem> {
        self.enter(RUBRICS, context).await?;
        self.owned(RUBRICS, |owned| {
            let item = RubricItem {
                remote_id: Some(owned.next_id()),
                rubric_remote_id: Some(rubric.to_owned()),
                text: draft.text.clone(),
                active: Some(true),
                extra: Map::new(),
            };
            let mut rubrics = owned.rubrics.iter_mut();
            let (_, items) = rubrics.find(|(known, _)| known.remote_id == rubric)?;
            items.push(item.clone());
            Some(item)
        })
    }

    async fn update_rubric_item(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        item: &str,
        draft: &RubricItemDraft,
    ) -> Result<RubricItem> {
        self.enter(RUBRICS, context).await?;
        self.owned(RUBRICS, |owned| {
            let mut rubrics = owned.rubrics.iter_mut();
            let (_, items) = rubrics.find(|(known, _)| known.remote_id == rubric)?;
            let mut items = items.iter_mut();
            let known = items.find(|known| known.remote_id.as_deref() == Some(item))?;
            known.text.clone_from(&draft.text);
            Some(known.clone())
        })
    }

    async fn delete_rubric_item(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        item: &str,
    ) -> Result<()> {
        self.enter(RUBRICS, context).await?;
        self.owned(RUBRICS, |owned| {
            let mut rubrics = owned.rubrics.iter_mut();
            let (_, items) = rubrics.find(|(known, _)| known.remote_id == rubric)?;
            take(items, |known| known.remote_id.as_deref() == Some(item)).map(drop)
        })
    }

    async fn rubric_score(&self, context: &CallContext<'_>, rubric: &str) -> Result<RubricScore> {
        Ok(score(&self.rubric(context, rubric).await?))
    }

    async fn rubric_scores(
        &self,
        context: &CallContext<'_>,
        query: &ListQuery,
    ) -> Result<Listing<RubricScore>> {
        let filter = RubricFilter::default();
        let listing = self.rubrics(context, &filter, query).await?;
        Ok(Listing {
            items: listing.items.iter().map(score).collect(),
            next: listing.next,
            total: listing.total,
        })
    }
}

fn score(rubric: &Rubric) -> RubricScore {
    RubricScore {
        rubric_remote_id: Some(rubric.remote_id.clone()),
        pass_threshold_pct: rubric.pass_threshold_pct,
        score_raw: json!(rubric.pass_threshold_pct),
    }
}
