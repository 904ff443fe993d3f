//! Taxonomies of the fake vendor. Folders cannot be changed.

use async_trait::async_trait;
use callweave_model::owned::{Term, TermChange, TermDraft};
use callweave_provider::{
    CallContext, Result, cannot,
    listing::{ListQuery, Listing},
    taxonomy::{Taxonomy, TermFilter, TermKind},
};

use super::{matches, take};
use crate::fake::{operation::TAXONOMY, provider::FakeProvider};

#[async_trait]
impl Taxonomy for FakeProvider {
    fn kinds(&self) -> &'static [TermKind] {
        &[
            TermKind::Tag,
            TermKind::Category,
            TermKind::Folder,
            TermKind::SavedSearch,
        ]
    }

    async fn terms(
        &self,
        context: &CallContext<'_>,
        kind: TermKind,
        filter: &TermFilter,
        query: &ListQuery,
    ) -> Result<Listing<Term>> {
        self.enter(TAXONOMY, context).await?;
        self.owned(TAXONOMY, |owned| {
            let below = |term: &Term| {
                let parent = filter.parent.as_ref();
                parent.is_none_or(|parent| term.parent_remote_id == *parent)
            };
            let found: Vec<Term> = owned
                .terms
                .iter()
                .filter(|(known, term)| *known == kind && below(term))
                .map(|(_, term)| term.clone())
                .filter(|term| matches(query, &term.name))
                .collect();
            owned.page(&found, query)
        })
    }

    async fn term(&self, context: &CallContext<'_>, kind: TermKind, term: &str) -> Result<Term> {
        self.enter(TAXONOMY, context).await?;
        self.owned(TAXONOMY, |owned| {
            let mut terms = owned.terms.iter();
            terms
                .find(|(known, found)| *known == kind && found.remote_id == term)
                .map(|(_, found)| found.clone())
        })
    }

    async fn create_term(
        &self,
        context: &CallContext<'_>,
        kind: TermKind,
        draft: &TermDraft,
    ) -> Result<Term> {
        if kind != TermKind::Category && draft.parent_remote_id.is_some() {
            let detail = "only categories have parents";
            return Err(self.refused(TAXONOMY, "/parent_remote_id", detail));
        }
        self.enter(TAXONOMY, context).await?;
        self.owned(TAXONOMY, |owned| {
            let mut term = Term::new(owned.next_id(), draft.name.clone());
            term.description.clone_from(&draft.description);
            term.parent_remote_id.clone_from(&draft.parent_remote_id);
            term.criteria.clone_from(&draft.criteria);
            owned.terms.push((kind, term.clone()));
            Some(term)
        })
    }

    async fn update_term(
        &self,
        context: &CallContext<'_>,
        kind: TermKind,
        term: &str,
        change: &TermChange,
    ) -> Result<Term> {
        if kind == TermKind::Folder {
            return Err(cannot(self, "taxonomy.folders.update"));
        }
        self.enter(TAXONOMY, context).await?;
        self.owned(TAXONOMY, |owned| {
            let mut terms = owned.terms.iter_mut();
            let (_, found) =
                terms.find(|(known, found)| *known == kind && found.remote_id == term)?;
            if let Some(name) = change.name.value() {
                found.name.clone_from(name);
            }
            if let Some(description) = change.description.change() {
                found.description = description.cloned();
            }
            Some(found.clone())
        })
    }

    async fn delete_term(
        &self,
        context: &CallContext<'_>,
        kind: TermKind,
        term: &str,
    ) -> Result<()> {
        self.enter(TAXONOMY, context).await?;
        self.owned(TAXONOMY, |owned| {
            let is_it =
                |(known, found): &(TermKind, Term)| *known == kind && found.remote_id == term;
            take(&mut owned.terms, is_it).map(drop)
        })
    }
}
