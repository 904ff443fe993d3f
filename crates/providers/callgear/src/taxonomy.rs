//! Tags (CG-12 to CG-15). The vendor deletes none.

use async_trait::async_trait;
use callweave_model::{
    owned::{Term, TermChange, TermDraft},
    patch::Patch,
};
use callweave_provider::{
    CallContext, ProviderError, Result, cannot,
    listing::{ListQuery, Listing},
    taxonomy::{Taxonomy, TermFilter, TermKind},
};
use serde_json::{Map, Value};

use crate::{
    CallGear,
    client::bad_response,
    error::{invalid, no_such, once},
    live::{List, holds},
    map::tags::{condition, performer},
    members::{Members, as_number, has_id},
};

const TAGS: List<'static> = List {
    operation: "CG-12",
    path: "/tags",
    key: "id",
    filter: "",
};

#[async_trait]
impl Taxonomy for CallGear {
    fn kinds(&self) -> &'static [TermKind] {
        &[TermKind::Tag]
    }

    /// The vendor lists all tags; a search looks at their names and descriptions here.
    async fn terms(
        &self,
        context: &CallContext<'_>,
        kind: TermKind,
        filter: &TermFilter,
        query: &ListQuery,
    ) -> Result<Listing<Term>> {
        self.only_tags(kind)?;
        if let Some(Some(_)) = filter.parent {
            return Ok(Listing::whole(Vec::new())); // No tag lies below another.
        }
        let search = query.search.as_deref();
        self.page(context, &TAGS, query, |value| {
            term(value).filter(|term| {
                let texts = [Some(term.name.as_str()), term.description.as_deref()];
                holds(search, &texts)
            })
        })
        .await
    }

    async fn term(&self, context: &CallContext<'_>, kind: TermKind, id: &str) -> Result<Term> {
        self.only_tags(kind)?;
        translated(Value::Object(self.tag(context, id).await?))
    }

    async fn create_term(
        &self,
        context: &CallContext<'_>,
        kind: TermKind,
        draft: &TermDraft,
    ) -> Result<Term> {
        const OPERATION: &str = "CG-13";
        self.only_tags(kind)?;
        let body = Value::Object(written(draft)?);
        let made = self
            .client
            .post(context, OPERATION, TAGS.path, &body)
            .await?;
        // Where the caller chose the id, what was sent says all that a silent answer leaves out.
        made.and_then(term).or_else(|| term(body)).ok_or_else(|| {
            let told = "the vendor took it and did not tell its id";
            once(bad_response(OPERATION, told))
        })
    }

    /// The vendor replaces a tag as a whole, so it is read first and sent back with what changes.
    async fn update_term(
        &self,
        context: &CallContext<'_>,
        kind: TermKind,
        id: &str,
        change: &TermChange,
    ) -> Result<Term> {
        const OPERATION: &str = "CG-15";
        self.only_tags(kind)?;
        let number = as_number(id).ok_or_else(|| no_such(OPERATION))?;
        let change = changed(change)?;
        let known = self.tag(context, id).await;
        let known = known.map_err(ProviderError::before_sending)?;
        let mut whole = known.clone();
        whole.extend(change);
        if whole == known {
            return translated(Value::Object(known));
        }
        whole.insert("id".to_owned(), Value::from(number));
        let body = Value::Object(whole);
        let path = format!("/tags/{number}");
        let answer = self.client.put(context, OPERATION, &path, &body).await?;
        if let Some(answer) = answer.and_then(term)
            && answer.remote_id == id
            && !answer.name.is_empty()
        {
            return Ok(answer);
        }
        match self.tag(context, id).await {
            Ok(now) => translated(Value::Object(now)),
            // It is written; that it cannot be read again changes nothing about that.
            Err(_) => translated(body),
        }
    }
}

impl CallGear {
    fn only_tags(&self, kind: TermKind) -> Result<()> {
        match kind {
            TermKind::Tag => Ok(()),
            other => Err(cannot(self, other.capability())),
        }
    }

    /// A tag as the vendor shows it.
    async fn tag(&self, context: &CallContext<'_>, id: &str) -> Result<Map<String, Value>> {
        const OPERATION: &str = "CG-14";
        let number = as_number(id).ok_or_else(|| no_such(OPERATION))?;
        let path = format!("/tags/{number}");
        match self.client.one(context, OPERATION, &path).await? {
            Value::Object(members) if has_id(&members, id) => Ok(members),
            _ => Err(bad_response(OPERATION, "the answer is not this tag")),
        }
    }
}

fn translated(tag: Value) -> Result<Term> {
    term(tag).ok_or_else(|| bad_response("CG-14", "the answer is no tag"))
}

/// A tag; `None` where it has no id. The id in the vendor's other product stays in `extra`.
fn term(tag: Value) -> Option<Term> {
    let mut members = Members::of(tag)?;
    let id = members.id("id")?;
    let name = members.text("name").unwrap_or_default();
    let mut term = Term::new(id, name);
    term.description = members.text("description");
    term.color = members.text("color");
    if let Some(word) = members.text("performer") {
        term.performer = Some(performer(&word));
        keep(&mut term, "performer", word);
    }
    if let Some(word) = members.text("condition") {
        term.condition = Some(condition(&word));
        keep(&mut term, "condition", word);
    }
    term.extra = members.rest();
    Some(term)
}

fn keep(term: &mut Term, name: &str, word: String) {
    term.vendor_values
        .insert(name.to_owned(), Value::from(word));
}

/// A new tag in the vendor's words. An id is only sent where the caller chose one: the vendor's
/// own example takes over another tag that way.
fn written(draft: &TermDraft) -> Result<Map<String, Value>> {
    const OPERATION: &str = "CG-13";
    for (pointer, given) in [
        ("/parent_remote_id", draft.parent_remote_id.is_some()),
        ("/criteria", draft.criteria.is_some()),
    ] {
        if given {
            return Err(invalid(OPERATION, pointer, "a tag has no place for it"));
        }
    }
    let mut body = Map::new();
    let texts = [
        ("name", "/name", Some(&draft.name)),
        ("performer", "/performer", draft.performer.as_ref()),
        ("condition", "/condition", draft.condition.as_ref()),
    ];
    for (name, pointer, text) in texts {
        if let Some(text) = text {
            body.insert(name.to_owned(), needed(OPERATION, pointer, text)?);
        }
    }
    for (name, text) in [("description", &draft.description), ("color", &draft.color)] {
        if let Some(text) = text {
            body.insert(name.to_owned(), Value::from(text.as_str()));
        }
    }
    for (name, pointer, id) in [
        ("id", "/remote_id", &draft.remote_id),
        (
            "comagic_tag_id",
            "/linked_remote_id",
            &draft.linked_remote_id,
        ),
    ] {
        if let Some(id) = id {
            body.insert(name.to_owned(), number_of(OPERATION, pointer, id)?);
        }
    }
    if let Some(active) = draft.active {
        body.insert("is_active".to_owned(), Value::from(active));
    }
    Ok(body)
}

/// The members that a change sets, in the vendor's words. `is_active` can be written and is never
/// shown, so it goes along only where the caller says so.
fn changed(change: &TermChange) -> Result<Map<String, Value>> {
    const OPERATION: &str = "CG-15";
    for (pointer, kept) in [
        ("/parent_remote_id", change.parent_remote_id.is_keep()),
        ("/criteria", change.criteria.is_keep()),
    ] {
        if !kept {
            return Err(invalid(OPERATION, pointer, "a tag has no place for it"));
        }
    }
    let cleared = |pointer| invalid(OPERATION, pointer, "cannot be cleared");
    let mut members = Map::new();
    for (name, pointer, text) in [
        ("name", "/name", &change.name),
        ("performer", "/performer", &change.performer),
        ("condition", "/condition", &change.condition),
        ("color", "/color", &change.color),
    ] {
        match text {
            Patch::Keep => {}
            Patch::Set(text) => {
                members.insert(name.to_owned(), needed(OPERATION, pointer, text)?);
            }
            Patch::Clear => return Err(cleared(pointer)),
        }
    }
    if let Some(text) = change.description.change() {
        let text = text.map_or("", String::as_str);
        members.insert("description".to_owned(), Value::from(text));
    }
    match &change.linked_remote_id {
        Patch::Keep => {}
        Patch::Set(id) => {
            let id = number_of(OPERATION, "/linked_remote_id", id)?;
            members.insert("comagic_tag_id".to_owned(), id);
        }
        Patch::Clear => return Err(cleared("/linked_remote_id")),
    }
    match &change.active {
        Patch::Keep => {}
        Patch::Set(active) => {
            members.insert("is_active".to_owned(), Value::from(*active));
        }
        Patch::Clear => return Err(cleared("/active")),
    }
    Ok(members)
}

fn needed(operation: &'static str, pointer: &str, text: &str) -> Result<Value> {
    if text.trim().is_empty() {
        return Err(invalid(operation, pointer, "must not be empty"));
    }
    Ok(Value::from(text))
}

fn number_of(operation: &'static str, pointer: &str, id: &str) -> Result<Value> {
    as_number(id)
        .map(Value::from)
        .ok_or_else(|| invalid(operation, pointer, "must be a positive integer"))
}

#[cfg(test)]
mod tests {
    use callweave_model::enums::{Condition, Performer};
    use serde_json::json;

    use super::*;

    #[test]
    fn trap_c42_words_of_a_tag_are_open_and_kept() {
        let read = |performer: &str, condition: &str| {
            let tag = json!({
                "id": 181, "comagic_tag_id": 3745, "performer": performer, "condition": condition,
                "name": "offer", "description": "An offer was made", "color": "special-9",
            });
            term(tag).unwrap()
        };
        let known = read("operator", "not discuss");
        assert_eq!(known.performer, Some(Performer::Agent));
        assert_eq!(known.condition, Some(Condition::NotDiscussed));
        assert_eq!(known.color.as_deref(), Some("special-9"));
        assert_eq!(Value::Object(known.extra), json!({"comagic_tag_id": 3745}));
        let unknown = read("robot", "maybe");
        assert_eq!(unknown.performer, Some(Performer::Other));
        assert_eq!(unknown.condition, Some(Condition::Other));
        assert_eq!(unknown.vendor_values["performer"], "robot");
        assert_eq!(unknown.vendor_values["condition"], "maybe");
    }
}
