//! Scripts that calls are checked against (TR-29 to TR-32).

use callweave_model::{
    owned::{Rubric, RubricChange, RubricDraft, RubricKind},
    patch::Patch,
};
use callweave_provider::{
    CallContext, Result,
    listing::{ListQuery, Listing},
};
use http::Method;

use crate::{
    Transcripto,
    body::Body,
    client::Call,
    input::{filled, no_place, number, refuse},
    members::Members,
    owned::{self, MOST_PAGES, Place, id_of, rows},
    walk::Totals,
};

impl Transcripto {
    /// One page of scripts.
    pub(crate) async fn scripts(
        &self,
        context: &CallContext<'_>,
        active_only: bool,
        query: &ListQuery,
    ) -> Result<Listing<Rubric>> {
        let place = Place::of("TR-29", query)?;
        let mut body = Body::page(place.page, place.per_page);
        body.set_some("q", query.search.as_deref());
        body.set_some("only_active", active_only.then_some(true));
        let (items, totals) = self.script_page(context, body).await?;
        Ok(Listing {
            next: place.after(items.len(), totals).map(Place::text),
            items,
            total: totals.total,
        })
    }

    /// One script. The vendor has no operation for it: its list is read until it shows up.
    pub(crate) async fn script(&self, context: &CallContext<'_>, id: i64) -> Result<Rubric> {
        let wanted = remote_id(&id.to_string());
        let (mut place, mut met) = (Place::first(u32::MAX), 0);
        loop {
            let body = Body::page(place.page, place.per_page);
            let (page, totals) = self.script_page(context, body).await?;
            let count = page.len();
            met += u64::try_from(count).unwrap_or(0);
            if let Some(found) = page.into_iter().find(|script| script.remote_id == wanted) {
                return Ok(found);
            }
            match place.after(count, totals) {
                Some(next) if next.page <= MOST_PAGES => place = next,
                _ => return Err(owned::missing("TR-29", met, totals.total)),
            }
        }
    }

    async fn script_page(
        &self,
        context: &CallContext<'_>,
        body: Body,
    ) -> Result<(Vec<Rubric>, Totals)> {
        let call = Call::ask("TR-29", "/user/call_check_scripts/list", body);
        let fetched = self.client.fetch(context, call).await?;
        let items = rows("TR-29", &fetched.members, "items")?
            .into_iter()
            .map(|row| self.script_of("TR-29", row))
            .collect::<Result<_>>()?;
        Ok((items, Totals::of(&fetched.members, "items")))
    }

    pub(crate) async fn create_script(
        &self,
        context: &CallContext<'_>,
        draft: &RubricDraft,
    ) -> Result<Rubric> {
        const OPERATION: &str = "TR-30";
        no_place(
            OPERATION,
            &[
                ("/pass_threshold_pct", draft.pass_threshold_pct.is_some()),
                ("/tags", draft.tags.is_some()),
                ("/filters", draft.filters.is_some()),
            ],
        )?;
        let mut body = Body::default();
        for (member, pointer, text) in [
            ("identifier", "/identifier", draft.identifier.as_deref()),
            ("title", "/name", Some(draft.name.as_str())),
            ("script_body", "/text", draft.text.as_deref()),
        ] {
            body.set(member, filled(OPERATION, pointer, text)?);
        }
        body.set_some("description", draft.description.as_deref());
        body.set_some("is_active", draft.active);
        if let Some(version) = &draft.version {
            body.set("version", number(OPERATION, "/version", version)?);
        }
        let call = Call::change(OPERATION, "/user/call_check_scripts/create", body);
        let fetched = self.client.fetch(context, call).await?;
        let row = owned::object(OPERATION, &fetched.members, "data")?;
        self.script_of(OPERATION, row)
    }

    /// The body never names a script: the vendor would prefer it to the one in the address.
    pub(crate) async fn edit_script(
        &self,
        context: &CallContext<'_>,
        id: i64,
        change: &RubricChange,
    ) -> Result<Rubric> {
        let body = edit_body(change)?;
        if body.is_empty() {
            return self.script(context, id).await;
        }
        let path = format!("/user/call_check_scripts/edit/{id}");
        let call = Call::change("TR-31", path, body);
        let fetched = self.client.fetch(context, call).await?;
        let row = owned::object("TR-31", &fetched.members, "data")?;
        self.script_of("TR-31", row)
    }

    pub(crate) async fn delete_script(&self, context: &CallContext<'_>, id: i64) -> Result<()> {
        let path = format!("/user/call_check_scripts/delete/{id}");
        let call = Call::act("TR-32", Method::POST, path);
        self.client.fetch(context, call).await?;
        Ok(())
    }

    fn script_of(&self, operation: &'static str, mut row: Members) -> Result<Rubric> {
        let zone = &self.settings.zone;
        let id = remote_id(&id_of(operation, &mut row)?);
        let title = row.verbatim("title").unwrap_or_default();
        let mut script = Rubric::new(id, RubricKind::Script, title);
        script.identifier = row.verbatim("identifier");
        script.text = row.verbatim("script_body");
        script.description = row.verbatim("description");
        script.version = row.text("version");
        script.active = row.boolean("is_active");
        script.created_at = row.instant("created_at", zone);
        script.updated_at = row.instant("updated_at", zone);
        script.extra = row.extra();
        Ok(script)
    }
}

fn remote_id(id: &str) -> String {
    format!("script-{id}")
}

/// What an edit sends: what the change names, `null` where it clears.
fn edit_body(change: &RubricChange) -> Result<Body> {
    const OPERATION: &str = "TR-31";
    no_place(
        OPERATION,
        &[
            ("/pass_threshold_pct", !change.pass_threshold_pct.is_keep()),
            ("/tags", !change.tags.is_keep()),
            ("/filters", !change.filters.is_keep()),
        ],
    )?;
    let kept = |pointer| refuse(OPERATION, pointer, "cannot be cleared");
    let mut body = Body::default();
    for (pointer, member, text) in [
        ("/name", "title", &change.name),
        ("/identifier", "identifier", &change.identifier),
        ("/text", "script_body", &change.text),
    ] {
        match text {
            Patch::Keep => {}
            Patch::Clear => return Err(kept(pointer)),
            Patch::Set(text) => {
                body.set(member, filled(OPERATION, pointer, Some(text))?);
            }
        }
    }
    body.set_patch("description", &change.description);
    match &change.version {
        Patch::Keep => {}
        Patch::Clear => return Err(kept("/version")),
        Patch::Set(version) => {
            body.set("version", number(OPERATION, "/version", version)?);
        }
    }
    match change.active {
        Patch::Keep => {}
        Patch::Clear => return Err(kept("/active")),
        Patch::Set(active) => body.set("is_active", active),
    }
    Ok(body)
}
