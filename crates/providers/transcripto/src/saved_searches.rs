//! Saved searches (TR-26 to TR-28).
//!
//! The vendor saves by name: a name that is there is written over, and the answer does not tell
//! which of the two happened, nor an id.

use callweave_model::{
    owned::{Term, TermChange, TermDraft},
    patch::Patch,
};
use callweave_provider::{
    CallContext, ErrorKind, ProviderError, Result,
    listing::{ListQuery, Listing},
};
use http::Method;
use serde_json::{Value, json};

use crate::{
    Transcripto, VENDOR,
    client::Call,
    error::bad_response,
    input::{filled, id, refuse, unknown},
    members::Members,
    owned::{self, found, id_of, rows},
    taxonomy::{only, only_changes},
};

const SAVE: &str = "TR-26";

impl Transcripto {
    /// A part of the saved searches; the vendor gives them all at once.
    pub(crate) async fn search_list(
        &self,
        context: &CallContext<'_>,
        query: &ListQuery,
    ) -> Result<Listing<Term>> {
        let mut all = self.saved_searches(context).await?;
        all.retain(|saved| found(query.search.as_deref(), &[Some(&saved.name)]));
        let (items, next, total) = owned::part("TR-27", all, query)?;
        Ok(Listing {
            items,
            next,
            total: Some(total),
        })
    }

    pub(crate) async fn saved_search(&self, context: &CallContext<'_>, term: &str) -> Result<Term> {
        id("TR-27", term)?;
        let all = self.saved_searches(context).await?;
        all.into_iter()
            .find(|saved| saved.remote_id == term)
            .ok_or_else(|| unknown("TR-27"))
    }

    async fn saved_searches(&self, context: &CallContext<'_>) -> Result<Vec<Term>> {
        let call = Call::get("TR-27", "/tasks/filters/list");
        let fetched = self.client.fetch(context, call).await?;
        rows("TR-27", &fetched.members, "filters")?
            .into_iter()
            .map(|row| self.search_of(row))
            .collect()
    }

    /// A name that is taken is refused: saving it would write over what is there.
    pub(crate) async fn create_search(
        &self,
        context: &CallContext<'_>,
        draft: &TermDraft,
    ) -> Result<Term> {
        only(
            SAVE,
            draft,
            &[
                ("/description", draft.description.is_some()),
                ("/parent_remote_id", draft.parent_remote_id.is_some()),
            ],
        )?;
        let name = filled(SAVE, "/name", Some(&draft.name))?.trim();
        let criteria = criteria_of(draft.criteria.as_ref())?;
        let known = self.saved_searches(context).await?;
        // How the vendor compares names is not told: what it might take for the same is refused.
        let same = |saved: &Term| saved.name.trim().to_lowercase() == name.to_lowercase();
        if known.iter().any(same) {
            return Err(
                ProviderError::new(VENDOR, SAVE, ErrorKind::Conflict).with_message(
                    "a saved search of this name is there; change that one, or choose another name",
                ),
            );
        }
        self.save(context, name, criteria).await
    }

    /// The vendor cannot rename: a new name would be a new search beside the old one.
    pub(crate) async fn edit_search(
        &self,
        context: &CallContext<'_>,
        term: &str,
        change: &TermChange,
    ) -> Result<Term> {
        only_changes(
            SAVE,
            change,
            &[
                ("/description", !change.description.is_keep()),
                ("/parent_remote_id", !change.parent_remote_id.is_keep()),
            ],
        )?;
        let known = self.saved_search(context, term).await?;
        let renamed = match &change.name {
            Patch::Keep => false,
            Patch::Clear => true,
            Patch::Set(name) => *name != known.name,
        };
        if renamed {
            return Err(refuse(
                SAVE,
                "/name",
                "this vendor cannot rename a saved search: make one with the new name and delete the old one",
            ));
        }
        match &change.criteria {
            Patch::Keep => Ok(known),
            Patch::Clear => Err(refuse(SAVE, "/criteria", "cannot be cleared")),
            Patch::Set(criteria) => {
                let criteria = criteria_of(Some(criteria))?;
                self.save(context, &known.name, criteria).await
            }
        }
    }

    pub(crate) async fn delete_search(&self, context: &CallContext<'_>, term: &str) -> Result<()> {
        let path = format!("/tasks/filters/delete/{}", id("TR-28", term)?);
        let call = Call::act("TR-28", Method::POST, path);
        self.client.fetch(context, call).await?;
        Ok(())
    }

    /// Saves, and reads what came of it.
    async fn save(&self, context: &CallContext<'_>, name: &str, criteria: &Value) -> Result<Term> {
        let body = json!({"name": name, "criteria": criteria});
        let call = Call::change(SAVE, "/tasks/filters/save", body);
        self.client.fetch(context, call).await?;
        let all = self.saved_searches(context).await?;
        all.into_iter()
            .find(|saved| saved.name == name)
            .ok_or_else(|| bad_response("TR-27", "what was saved is not listed"))
    }

    fn search_of(&self, mut row: Members) -> Result<Term> {
        let id = id_of("TR-27", &mut row)?;
        let mut saved = Term::new(id, row.verbatim("name").unwrap_or_default());
        saved.criteria = row.take("criteria");
        saved.created_at = row.instant("created_at", &self.settings.zone);
        saved.updated_at = row.instant("updated_at", &self.settings.zone);
        saved.extra = row.extra();
        Ok(saved)
    }
}

/// Criteria are the vendor's own JSON, kept as they are.
fn criteria_of(criteria: Option<&Value>) -> Result<&Value> {
    criteria
        .filter(|criteria| criteria.is_object())
        .ok_or_else(|| {
            refuse(
                SAVE,
                "/criteria",
                "must be an object of the vendor's criteria",
            )
        })
}
