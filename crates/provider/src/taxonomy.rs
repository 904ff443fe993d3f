//! Taxonomies: tags, categories, folders and saved searches.

use async_trait::async_trait;
use callweave_model::owned::{Term, TermChange, TermDraft};

use crate::{
    CallContext, Provider, Result, cannot,
    listing::{ListQuery, Listing},
};

/// Which taxonomy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TermKind {
    /// What a call can be marked with.
    Tag,
    /// A tree of topics.
    Category,
    /// Where calls lie.
    Folder,
    /// A search that is kept under a name.
    SavedSearch,
}

impl TermKind {
    /// The capability's name.
    pub const fn capability(self) -> &'static str {
        match self {
            Self::Tag => "taxonomy.tags",
            Self::Category => "taxonomy.categories",
            Self::Folder => "taxonomy.folders",
            Self::SavedSearch => "taxonomy.saved_searches",
        }
    }
}

/// Which terms a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermFilter {
    /// Only those directly below this term; `Some(None)`: only those at the top.
    pub parent: Option<Option<String>>,
}

/// Reads and changes the terms of taxonomies. A kind the vendor does not have, and a method that
/// it does not have for a kind, answers [`crate::ErrorKind::CapabilityNotSupported`].
#[async_trait]
pub trait Taxonomy: Provider {
    /// The kinds this vendor has.
    fn kinds(&self) -> &'static [TermKind];

    /// One page of terms.
    async fn terms(
        &self,
        context: &CallContext<'_>,
        kind: TermKind,
        filter: &TermFilter,
        query: &ListQuery,
    ) -> Result<Listing<Term>>;

    /// One term.
    async fn term(&self, context: &CallContext<'_>, kind: TermKind, term: &str) -> Result<Term>;

    /// Makes a term.
    async fn create_term(
        &self,
        context: &CallContext<'_>,
        kind: TermKind,
        draft: &TermDraft,
    ) -> Result<Term>;

    /// Changes a term and leaves alone what the change does not name.
    async fn update_term(
        &self,
        _context: &CallContext<'_>,
        _kind: TermKind,
        _term: &str,
        _change: &TermChange,
    ) -> Result<Term> {
        Err(cannot(self, "taxonomy.update"))
    }

    /// Deletes a term.
    async fn delete_term(
        &self,
        _context: &CallContext<'_>,
        _kind: TermKind,
        _term: &str,
    ) -> Result<()> {
        Err(cannot(self, "taxonomy.delete"))
    }
}
