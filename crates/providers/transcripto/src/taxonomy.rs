//! Taxonomies: categories, folders and saved searches (TR-19 to TR-28).

use async_trait::async_trait;
use callweave_model::owned::{Term, TermChange, TermDraft};
use callweave_provider::{
    CallContext, ProviderError, Result, cannot,
    listing::{ListQuery, Listing},
    taxonomy::{Taxonomy, TermFilter, TermKind},
};

use crate::{Transcripto, VENDOR, input::no_place};

#[async_trait]
impl Taxonomy for Transcripto {
    fn kinds(&self) -> &'static [TermKind] {
        &[TermKind::Category, TermKind::Folder, TermKind::SavedSearch]
    }

    async fn terms(
        &self,
        context: &CallContext<'_>,
        kind: TermKind,
        filter: &TermFilter,
        query: &ListQuery,
    ) -> Result<Listing<Term>> {
        if filter.parent.is_some() && matches!(kind, TermKind::Folder | TermKind::SavedSearch) {
            return Err(cannot(self, "taxonomy.parent"));
        }
        match kind {
            TermKind::Category => self.categories(context, filter, query).await,
            TermKind::Folder => self.folder_list(context, query).await,
            TermKind::SavedSearch => self.search_list(context, query).await,
            TermKind::Tag => Err(no_kind(kind)),
        }
    }

    /// The vendor has no operation for one term: its lists are read until it shows up.
    async fn term(&self, context: &CallContext<'_>, kind: TermKind, term: &str) -> Result<Term> {
        match kind {
            TermKind::Category => self.category(context, term).await,
            TermKind::Folder => self.folder(context, term).await,
            TermKind::SavedSearch => self.saved_search(context, term).await,
            TermKind::Tag => Err(no_kind(kind)),
        }
    }

    async fn create_term(
        &self,
        context: &CallContext<'_>,
        kind: TermKind,
        draft: &TermDraft,
    ) -> Result<Term> {
        match kind {
            TermKind::Category => self.create_category(context, draft).await,
            TermKind::Folder => self.create_folder(context, draft).await,
            TermKind::SavedSearch => self.create_search(context, draft).await,
            TermKind::Tag => Err(no_kind(kind)),
        }
    }

    async fn update_term(
        &self,
        context: &CallContext<'_>,
        kind: TermKind,
        term: &str,
        change: &TermChange,
    ) -> Result<Term> {
        match kind {
            TermKind::Category => self.edit_category(context, term, change).await,
            TermKind::SavedSearch => self.edit_search(context, term, change).await,
            TermKind::Folder => Err(cannot(self, "taxonomy.folders.update")),
            TermKind::Tag => Err(no_kind(kind)),
        }
    }

    async fn delete_term(
        &self,
        context: &CallContext<'_>,
        kind: TermKind,
        term: &str,
    ) -> Result<()> {
        match kind {
            TermKind::Category => self.delete_category(context, term).await,
            TermKind::Folder => self.delete_folder(context, term).await,
            TermKind::SavedSearch => self.delete_search(context, term).await,
            TermKind::Tag => Err(no_kind(kind)),
        }
    }
}

fn no_kind(kind: TermKind) -> ProviderError {
    ProviderError::not_supported(VENDOR, kind.capability())
}

/// Members of a draft that only tags have, and those that a kind has no place for.
pub(crate) fn only(
    operation: &'static str,
    draft: &TermDraft,
    more: &[(&str, bool)],
) -> Result<()> {
    no_place(
        operation,
        &[
            ("/remote_id", draft.remote_id.is_some()),
            ("/performer", draft.performer.is_some()),
            ("/condition", draft.condition.is_some()),
            ("/color", draft.color.is_some()),
            ("/active", draft.active.is_some()),
            ("/linked_remote_id", draft.linked_remote_id.is_some()),
        ],
    )?;
    no_place(operation, more)
}

/// The same of a change.
pub(crate) fn only_changes(
    operation: &'static str,
    change: &TermChange,
    more: &[(&str, bool)],
) -> Result<()> {
    no_place(
        operation,
        &[
            ("/performer", !change.performer.is_keep()),
            ("/condition", !change.condition.is_keep()),
            ("/color", !change.color.is_keep()),
            ("/active", !change.active.is_keep()),
            ("/linked_remote_id", !change.linked_remote_id.is_keep()),
        ],
    )?;
    no_place(operation, more)
}
