//! Folders, which the vendor calls directories (TR-19 to TR-21).

use callweave_model::owned::{Term, TermDraft};
use callweave_provider::{
    CallContext, Result,
    listing::{ListQuery, Listing},
};
use http::Method;
use serde_json::json;

use crate::{
    Transcripto,
    client::Call,
    input::{filled, id, unknown},
    members::Members,
    owned::{self, found, id_of, rows},
    taxonomy::only,
};

impl Transcripto {
    /// A part of the folders; the vendor gives them all at once and searches none.
    pub(crate) async fn folder_list(
        &self,
        context: &CallContext<'_>,
        query: &ListQuery,
    ) -> Result<Listing<Term>> {
        let mut all = self.folders(context).await?;
        all.retain(|folder| found(query.search.as_deref(), &[Some(&folder.name)]));
        let (items, next, total) = owned::part("TR-19", all, query)?;
        Ok(Listing {
            items,
            next,
            total: Some(total),
        })
    }

    pub(crate) async fn folder(&self, context: &CallContext<'_>, term: &str) -> Result<Term> {
        id("TR-19", term)?;
        let all = self.folders(context).await?;
        all.into_iter()
            .find(|folder| folder.remote_id == term)
            .ok_or_else(|| unknown("TR-19"))
    }

    async fn folders(&self, context: &CallContext<'_>) -> Result<Vec<Term>> {
        let call = Call::get("TR-19", "/user/directories");
        let fetched = self.client.fetch(context, call).await?;
        rows("TR-19", &fetched.members, "directories")?
            .into_iter()
            .map(|row| folder_of("TR-19", row))
            .collect()
    }

    pub(crate) async fn create_folder(
        &self,
        context: &CallContext<'_>,
        draft: &TermDraft,
    ) -> Result<Term> {
        const OPERATION: &str = "TR-20";
        only(
            OPERATION,
            draft,
            &[
                ("/description", draft.description.is_some()),
                ("/parent_remote_id", draft.parent_remote_id.is_some()),
                ("/criteria", draft.criteria.is_some()),
            ],
        )?;
        let body = json!({"name": filled(OPERATION, "/name", Some(&draft.name))?});
        let call = Call::change(OPERATION, "/user/directories", body);
        let fetched = self.client.fetch(context, call).await?;
        let row = owned::object(OPERATION, &fetched.members, "directory")?;
        folder_of(OPERATION, row)
    }

    /// The one deletion with the method of that name.
    pub(crate) async fn delete_folder(&self, context: &CallContext<'_>, term: &str) -> Result<()> {
        let path = format!("/user/directories/delete/{}", id("TR-21", term)?);
        let call = Call::act("TR-21", Method::DELETE, path);
        self.client.fetch(context, call).await?;
        Ok(())
    }
}

fn folder_of(operation: &'static str, mut row: Members) -> Result<Term> {
    let id = id_of(operation, &mut row)?;
    let mut folder = Term::new(id, row.verbatim("name").unwrap_or_default());
    folder.extra = row.extra();
    Ok(folder)
}
