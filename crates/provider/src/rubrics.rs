//! Rubrics: scenarios, checklists and scripts that calls are judged by.

use async_trait::async_trait;
use callweave_model::owned::{
    Rubric, RubricChange, RubricDraft, RubricItem, RubricItemDraft, RubricKind, RubricScore,
};
use serde_json::{Map, Value};

use crate::{
    CallContext, Provider, Result, cannot,
    listing::{ListQuery, Listing},
};

/// Which rubrics a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RubricFilter {
    /// Only of this kind; otherwise the adapter's first kind comes first.
    pub kind: Option<RubricKind>,
    /// Only those in use.
    pub active_only: bool,
}

/// In which form the items of a rubric are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ItemForm {
    /// One entry a point or question, with its id.
    #[default]
    Structured,
    /// The vendor's form in running text.
    Text,
}

/// Reads and changes rubrics. A method that is left out answers
/// [`crate::ErrorKind::CapabilityNotSupported`] with its capability's name.
///
/// A `rubric` is a [`Rubric::remote_id`]; an adapter refuses ids that cannot be its own before it
/// builds an address.
#[async_trait]
pub trait Rubrics: Provider {
    /// The kinds this vendor has.
    fn kinds(&self) -> &'static [RubricKind];

    /// One page of rubrics.
    async fn rubrics(
        &self,
        context: &CallContext<'_>,
        filter: &RubricFilter,
        query: &ListQuery,
    ) -> Result<Listing<Rubric>>;

    /// One rubric.
    async fn rubric(&self, context: &CallContext<'_>, rubric: &str) -> Result<Rubric>;

    /// Makes a rubric.
    async fn create_rubric(
        &self,
        _context: &CallContext<'_>,
        _draft: &RubricDraft,
    ) -> Result<Rubric> {
        Err(cannot(self, "rubrics.create"))
    }

    /// Changes a rubric and leaves alone what the change does not name.
    async fn update_rubric(
        &self,
        _context: &CallContext<'_>,
        _rubric: &str,
        _change: &RubricChange,
    ) -> Result<Rubric> {
        Err(cannot(self, "rubrics.update"))
    }

    /// Deletes a rubric.
    async fn delete_rubric(&self, _context: &CallContext<'_>, _rubric: &str) -> Result<()> {
        Err(cannot(self, "rubrics.delete"))
    }

    /// Sends the vendor's own toggle operation with a body that the caller wrote, and returns what
    /// the vendor answers.
    async fn toggle_rubric(
        &self,
        _context: &CallContext<'_>,
        _rubric: &str,
        _body: &Map<String, Value>,
    ) -> Result<Value> {
        Err(cannot(self, "rubrics.toggle"))
    }

    /// The points or questions of a rubric.
    async fn rubric_items(
        &self,
        _context: &CallContext<'_>,
        _rubric: &str,
        _form: ItemForm,
    ) -> Result<Vec<RubricItem>> {
        Err(cannot(self, "rubrics.items"))
    }

    /// One point or question.
    async fn rubric_item(
        &self,
        _context: &CallContext<'_>,
        _rubric: &str,
        _item: &str,
    ) -> Result<RubricItem> {
        Err(cannot(self, "rubrics.items.get"))
    }

    /// The points or questions of all rubrics.
    async fn all_rubric_items(
        &self,
        _context: &CallContext<'_>,
        _query: &ListQuery,
    ) -> Result<Listing<RubricItem>> {
        Err(cannot(self, "rubrics.items.all"))
    }

    /// Adds a point or question.
    async fn create_rubric_item(
        &self,
        _context: &CallContext<'_>,
        _rubric: &str,
        _draft: &RubricItemDraft,
    ) -> Result<RubricItem> {
        Err(cannot(self, "rubrics.items.create"))
    }

    /// Changes a point or question.
    async fn update_rubric_item(
        &self,
        _context: &CallContext<'_>,
        _rubric: &str,
        _item: &str,
        _draft: &RubricItemDraft,
    ) -> Result<RubricItem> {
        Err(cannot(self, "rubrics.items.update"))
    }

    /// Deletes a point or question.
    async fn delete_rubric_item(
        &self,
        _context: &CallContext<'_>,
        _rubric: &str,
        _item: &str,
    ) -> Result<()> {
        Err(cannot(self, "rubrics.items.delete"))
    }

    /// From which score calls pass a rubric.
    async fn rubric_score(&self, _context: &CallContext<'_>, _rubric: &str) -> Result<RubricScore> {
        Err(cannot(self, "rubrics.score"))
    }

    /// From which scores calls pass, for all rubrics.
    async fn rubric_scores(
        &self,
        _context: &CallContext<'_>,
        _query: &ListQuery,
    ) -> Result<Listing<RubricScore>> {
        Err(cannot(self, "rubrics.scores"))
    }
}
