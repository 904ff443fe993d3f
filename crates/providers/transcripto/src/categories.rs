//! Categories, a tree of topics (TR-22 to TR-25).

use callweave_model::{
    owned::{Term, TermChange, TermDraft},
    patch::Patch,
};
use callweave_provider::{
    CallContext, Result,
    listing::{ListQuery, Listing},
    number::as_i64,
    taxonomy::TermFilter,
};
use http::Method;
use serde_json::Value;

use crate::{
    Transcripto,
    body::Body,
    client::Call,
    input::{filled, id, number, refuse},
    members::Members,
    owned::{self, MOST_PAGES, Place, id_of, rows},
    taxonomy::{only, only_changes},
    walk::Totals,
};

impl Transcripto {
    /// One page of categories.
    pub(crate) async fn categories(
        &self,
        context: &CallContext<'_>,
        filter: &TermFilter,
        query: &ListQuery,
    ) -> Result<Listing<Term>> {
        let place = Place::of("TR-22", query)?;
        let mut body = Body::page(place.page, place.per_page);
        body.set_some("q", query.search.as_deref());
        match &filter.parent {
            None => {}
            Some(None) => body.set("parent_id", Value::Null),
            Some(Some(parent)) => body.set("parent_id", id("TR-22", parent)?),
        }
        let (mut items, totals) = self.category_page(context, body).await?;
        let count = items.len();
        let mut total = totals.total;
        if filter.parent == Some(None) {
            // The document does not say whether `null` asks for the top or for everything.
            items.retain(|category| category.parent_remote_id.is_none());
            total = total.filter(|_| items.len() == count);
        }
        Ok(Listing {
            items,
            next: place.after(count, totals).map(Place::text),
            total,
        })
    }

    pub(crate) async fn category(&self, context: &CallContext<'_>, term: &str) -> Result<Term> {
        id("TR-22", term)?;
        let (mut place, mut met) = (Place::first(u32::MAX), 0);
        loop {
            let body = Body::page(place.page, place.per_page);
            let (page, totals) = self.category_page(context, body).await?;
            let count = page.len();
            met += u64::try_from(count).unwrap_or(0);
            if let Some(found) = page.into_iter().find(|category| category.remote_id == term) {
                return Ok(found);
            }
            match place.after(count, totals) {
                Some(next) if next.page <= MOST_PAGES => place = next,
                _ => return Err(owned::missing("TR-22", met, totals.total)),
            }
        }
    }

    async fn category_page(
        &self,
        context: &CallContext<'_>,
        body: Body,
    ) -> Result<(Vec<Term>, Totals)> {
        let call = Call::ask("TR-22", "/user/call_categories/list", body);
        let fetched = self.client.fetch(context, call).await?;
        let items = rows("TR-22", &fetched.members, "items")?
            .into_iter()
            .map(|row| self.category_of("TR-22", row))
            .collect::<Result<_>>()?;
        Ok((items, Totals::of(&fetched.members, "items")))
    }

    pub(crate) async fn create_category(
        &self,
        context: &CallContext<'_>,
        draft: &TermDraft,
    ) -> Result<Term> {
        const OPERATION: &str = "TR-23";
        only(OPERATION, draft, &[("/criteria", draft.criteria.is_some())])?;
        let name = filled(OPERATION, "/name", Some(&draft.name))?;
        let mut body = Body::default().with("name", name);
        body.set_some("description", draft.description.as_deref());
        if let Some(parent) = &draft.parent_remote_id {
            let parent = number(OPERATION, "/parent_remote_id", parent)?;
            body.set("parent_id", parent);
        }
        let call = Call::change(OPERATION, "/user/call_categories/create", body);
        let fetched = self.client.fetch(context, call).await?;
        let row = owned::object(OPERATION, &fetched.members, "data")?;
        self.category_of(OPERATION, row)
    }

    /// The body never names a category: the vendor would prefer it to the one in the address.
    pub(crate) async fn edit_category(
        &self,
        context: &CallContext<'_>,
        term: &str,
        change: &TermChange,
    ) -> Result<Term> {
        const OPERATION: &str = "TR-24";
        let id = id(OPERATION, term)?;
        let body = edit_body(OPERATION, change)?;
        if body.is_empty() {
            return self.category(context, term).await;
        }
        let path = format!("/user/call_categories/edit/{id}");
        let call = Call::change(OPERATION, path, body);
        let fetched = self.client.fetch(context, call).await?;
        let row = owned::object(OPERATION, &fetched.members, "data")?;
        self.category_of(OPERATION, row)
    }

    pub(crate) async fn delete_category(
        &self,
        context: &CallContext<'_>,
        term: &str,
    ) -> Result<()> {
        let path = format!("/user/call_categories/delete/{}", id("TR-25", term)?);
        let call = Call::act("TR-25", Method::POST, path);
        self.client.fetch(context, call).await?;
        Ok(())
    }

    fn category_of(&self, operation: &'static str, mut row: Members) -> Result<Term> {
        let zone = &self.settings.zone;
        let id = id_of(operation, &mut row)?;
        let mut category = Term::new(id, row.verbatim("name").unwrap_or_default());
        category.description = row.verbatim("description");
        category.parent_remote_id = row.id("parent_id");
        category.children_count = row.read("children_count", as_i64);
        category.created_at = row.instant("created_at", zone);
        category.updated_at = row.instant("updated_at", zone);
        category.extra = row.extra();
        Ok(category)
    }
}

/// What an edit sends: what the change names, `null` where it clears.
fn edit_body(operation: &'static str, change: &TermChange) -> Result<Body> {
    only_changes(
        operation,
        change,
        &[("/criteria", !change.criteria.is_keep())],
    )?;
    let mut body = Body::default();
    match &change.name {
        Patch::Keep => {}
        Patch::Clear => return Err(refuse(operation, "/name", "cannot be cleared")),
        Patch::Set(name) => {
            body.set("name", filled(operation, "/name", Some(name))?);
        }
    }
    body.set_patch("description", &change.description);
    match &change.parent_remote_id {
        Patch::Keep => {}
        Patch::Clear => body.set("parent_id", Value::Null),
        Patch::Set(parent) => {
            let parent = number(operation, "/parent_remote_id", parent)?;
            body.set("parent_id", parent);
        }
    }
    Ok(body)
}
