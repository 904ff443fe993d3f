//! What a dialog is started with and what it brings back (NN-16 to NN-27). Inputs and outputs
//! differ in a few words only.

use callweave_model::owned::{AgentField, AgentFieldChange, AgentFieldDraft, BulkOutcome};
use callweave_provider::{CallContext, ProviderError, Result, agents::FieldSide};
use serde_json::{Value, json};

use crate::{
    Neuro, VENDOR,
    client::{Call, object},
    error::{bad_response, not_there},
    members::{integer, rest, text, truth},
    wire::{self, Row},
};

/// The vendor's words for one side.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) list: &'static str,
    pub(super) add: &'static str,
    pub(super) add_many: &'static str,
    pub(super) change: &'static str,
    pub(super) delete: &'static str,
    pub(super) delete_many: &'static str,
    path: &'static str,
    add_many_path: &'static str,
    delete_many_path: &'static str,
    id: &'static str,
    ids: &'static str,
    /// Of inputs, whether they are spoken; else their type.
    spoken: bool,
}

const INPUTS: Words = Words {
    list: "NN-16",
    add: "NN-17",
    add_many: "NN-18",
    change: "NN-19",
    delete: "NN-20",
    delete_many: "NN-21",
    path: "/initial-entity",
    add_many_path: "/initial-entity/bulk",
    delete_many_path: "/initial-entity/bulk-delete",
    id: "initial_entity_uuid",
    ids: "initial_entities_uuid",
    spoken: true,
};

/// The curl lines of the document write `/output_entity`; its tables write the hyphen.
const OUTPUTS: Words = Words {
    list: "NN-22",
    add: "NN-23",
    add_many: "NN-24",
    change: "NN-25",
    delete: "NN-26",
    delete_many: "NN-27",
    path: "/output-entity",
    add_many_path: "/output-entity/bulk",
    // As documented: the path of adding many. The body and the answer tell the two apart.
    delete_many_path: "/output-entity/bulk",
    id: "output_entity_uuid",
    ids: "output_entities_uuid",
    spoken: false,
};

/// The words of a side.
pub(super) const fn words(side: FieldSide) -> &'static Words {
    match side {
        FieldSide::Input => &INPUTS,
        FieldSide::Output => &OUTPUTS,
    }
}

impl Neuro {
    pub(super) async fn list_fields(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        words: &Words,
    ) -> Result<Vec<AgentField>> {
        let query = [("agent_uuid", agent)];
        let call = Call::read(words.list, words.path, &query);
        let answer = self.client.get(context, call).await?;
        let list = wire::rows(words.list, &answer.body)?;
        Ok(list
            .rows
            .into_iter()
            .filter_map(|row| field(words, row))
            .collect())
    }

    pub(super) async fn add_field(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        words: &Words,
        draft: &AgentFieldDraft,
    ) -> Result<AgentField> {
        let body = written(words, words.add, "", draft)?;
        let query = [("agent_uuid", agent)];
        let call = Call::write(words.add, words.path, &query, Value::Object(body));
        let answer = self.client.post(context, call).await?;
        field(words, object(words.add, &answer)?)
            .ok_or_else(|| bad_response(words.add, "the new field has no id"))
    }

    pub(super) async fn add_fields(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        words: &Words,
        drafts: &[AgentFieldDraft],
    ) -> Result<BulkOutcome> {
        let mut entities = Vec::with_capacity(drafts.len());
        for (place, draft) in drafts.iter().enumerate() {
            let at = format!("/items/{place}");
            if draft.position.is_some() {
                let detail = "can be given for a single field only";
                let pointer = format!("{at}/position");
                return Err(refused(words.add_many, pointer, detail));
            }
            entities.push(written(words, words.add_many, &at, draft)?);
        }
        if entities.is_empty() {
            return Err(refused(words.add_many, "/items", "must not be empty"));
        }
        let query = [("agent_uuid", agent)];
        let body = json!({ "entities": entities });
        let call = Call::write(words.add_many, words.add_many_path, &query, body);
        let answer = self.client.post(context, call).await?;
        let answer = object(words.add_many, &answer)?;
        outcome(words, answer, "added_entities")
            .ok_or_else(|| bad_response(words.add_many, "the answer does not say what was added"))
    }

    /// The vendor takes a field as a whole, so what the change leaves alone is sent as it is known.
    pub(super) async fn change_field(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        words: &Words,
        id: &str,
        change: &AgentFieldChange,
    ) -> Result<AgentField> {
        let known = self
            .own_field(context, agent, words, words.change, id)
            .await?;
        // What a list does not show (the type of an output) is left out, as in the document's
        // own request.
        let merged = AgentFieldDraft {
            name: change.name.clone().unwrap_or(known.name),
            synthesized: change
                .synthesized
                .or(known.synthesized.filter(|_| words.spoken)),
            field_type: change
                .field_type
                .clone()
                .or(known.field_type.filter(|_| !words.spoken)),
            position: None,
        };
        let mut body = written(words, words.change, "", &merged)?;
        body.insert(words.id.to_owned(), json!(id));
        let call = Call::write(words.change, words.path, &[], Value::Object(body));
        let answer = self.client.put(context, call).await?;
        field(words, object(words.change, &answer)?)
            .ok_or_else(|| bad_response(words.change, "the changed field has no id"))
    }

    pub(super) async fn remove_field(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        words: &Words,
        id: &str,
    ) -> Result<()> {
        self.own_field(context, agent, words, words.delete, id)
            .await?;
        self.delete_one(context, words, id).await
    }

    /// Deletes the given fields of the agent. Ids that the agent does not have are not sent.
    ///
    /// The vendor documents the deletion of many outputs at the path of adding many (NN-27). Where
    /// it refuses that, nothing was deleted, and the outputs are deleted one by one; where the
    /// outcome is not known, or the answer does not say what was deleted, that is an error.
    pub(super) async fn remove_fields(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        words: &Words,
        ids: &[String],
    ) -> Result<BulkOutcome> {
        let known = self
            .list_fields(context, agent, words)
            .await
            .map_err(ProviderError::before_sending)?;
        let (mut own, mut foreign) = (Vec::new(), Vec::new());
        for id in ids {
            match known.iter().find(|field| field.remote_id == *id) {
                Some(field) if own.contains(field) => {}
                Some(field) => own.push(field.clone()),
                None => foreign.push(skipped(id, "the agent has no such field")),
            }
        }
        let mut outcome = if own.is_empty() {
            BulkOutcome {
                done: Vec::new(),
                skipped: Vec::new(),
                one_by_one: false,
            }
        } else {
            self.delete_many(context, agent, words, own).await?
        };
        outcome.skipped.extend(foreign);
        Ok(outcome)
    }

    async fn delete_many(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        words: &Words,
        fields: Vec<AgentField>,
    ) -> Result<BulkOutcome> {
        let ids: Vec<&str> = fields
            .iter()
            .map(|field| field.remote_id.as_str())
            .collect();
        let query = [("agent_uuid", agent)];
        // The deletion of inputs is documented without the agent.
        let query = if words.spoken { &[][..] } else { &query[..] };
        let mut body = Row::new();
        body.insert(words.ids.to_owned(), json!(ids));
        let operation = words.delete_many;
        let call = Call::write(
            operation,
            words.delete_many_path,
            query,
            Value::Object(body),
        );
        match self.client.post(context, call).await {
            Ok(answer) => outcome(words, object(operation, &answer)?, "deleted_entities")
                .ok_or_else(|| bad_response(operation, "the answer does not say what was deleted")),
            Err(error) if was_refused(&error) => self.delete_each(context, words, fields).await,
            Err(error) => Err(error),
        }
    }

    /// Deletes fields with a request each. Once one went, what happens to the others is told and
    /// is no error.
    async fn delete_each(
        &self,
        context: &CallContext<'_>,
        words: &Words,
        fields: Vec<AgentField>,
    ) -> Result<BulkOutcome> {
        let mut outcome = BulkOutcome {
            done: Vec::new(),
            skipped: Vec::new(),
            one_by_one: true,
        };
        for field in fields {
            match self.delete_one(context, words, &field.remote_id).await {
                Ok(()) => outcome.done.push(field),
                Err(error) if outcome.done.is_empty() => return Err(error),
                Err(error) => {
                    let reason = error
                        .message
                        .unwrap_or_else(|| error.kind.code().to_owned());
                    outcome.skipped.push(skipped(&field.remote_id, &reason));
                }
            }
        }
        Ok(outcome)
    }

    async fn delete_one(&self, context: &CallContext<'_>, words: &Words, id: &str) -> Result<()> {
        let mut body = Row::new();
        body.insert(words.id.to_owned(), json!(id));
        let call = Call::write(words.delete, words.path, &[], Value::Object(body));
        self.client.delete(context, call).await?;
        Ok(())
    }

    /// A field of this agent, and of no other one.
    async fn own_field(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        words: &Words,
        operation: &'static str,
        id: &str,
    ) -> Result<AgentField> {
        self.list_fields(context, agent, words)
            .await
            .map_err(ProviderError::before_sending)?
            .into_iter()
            .find(|field| field.remote_id == id)
            .ok_or_else(|| not_there(operation, "the agent has no such field"))
    }
}

/// The vendor understood the request as another one, or does not have it: it changed nothing.
fn was_refused(error: &ProviderError) -> bool {
    matches!(error.status, Some(400 | 404 | 405 | 409 | 422 | 501))
}

fn skipped(id: &str, reason: &str) -> Value {
    json!({ "remote_id": id, "reason": reason })
}

/// What came of a change of many; `None` where the answer lacks the list that tells.
fn outcome(words: &Words, mut answer: Row, list: &str) -> Option<BulkOutcome> {
    let Some(Value::Array(done)) = answer.remove(list) else {
        return None;
    };
    let skipped = match answer.remove("skipped") {
        Some(Value::Array(skipped)) => skipped,
        _ => Vec::new(),
    };
    let rows = done.into_iter().filter_map(|entity| match entity {
        Value::Object(row) => field(words, row),
        _ => None,
    });
    Some(BulkOutcome {
        done: rows.collect(),
        skipped,
        one_by_one: false,
    })
}

/// A field; `None` where it has no id.
fn field(words: &Words, mut row: Row) -> Option<AgentField> {
    Some(AgentField {
        remote_id: text(&mut row, words.id)?,
        name: text(&mut row, "name").unwrap_or_default(),
        agent_remote_id: text(&mut row, "agent_uuid"),
        synthesized: truth(&mut row, "synthesis"),
        field_type: text(&mut row, "entity_type"),
        position: integer(&mut row, "number_cell"),
        extra: rest(row),
    })
}

/// A field as the vendor takes it; `at` is where it stands in the caller's body.
fn written(
    words: &Words,
    operation: &'static str,
    at: &str,
    draft: &AgentFieldDraft,
) -> Result<Row> {
    let refused = |member: &str, detail: &str| refused(operation, format!("{at}/{member}"), detail);
    if draft.name.trim().is_empty() {
        return Err(refused("name", "must not be empty"));
    }
    let mut body = Row::new();
    body.insert("name".to_owned(), json!(draft.name));
    if words.spoken {
        if draft.field_type.is_some() {
            return Err(refused("field_type", "inputs have no type at this vendor"));
        }
        if draft.position.is_some() {
            return Err(refused("position", "inputs take no position"));
        }
        let spoken = draft.synthesized.unwrap_or(false);
        body.insert("synthesis".to_owned(), json!(spoken));
    } else {
        if draft.synthesized.is_some() {
            return Err(refused("synthesized", "outputs are not spoken"));
        }
        if let Some(kind) = &draft.field_type {
            body.insert("entity_type".to_owned(), json!(kind));
        }
        if let Some(position) = draft.position {
            body.insert("number_cell".to_owned(), json!(position));
        }
    }
    Ok(body)
}

fn refused(operation: &'static str, pointer: impl Into<String>, detail: &str) -> ProviderError {
    ProviderError::invalid_input(VENDOR, operation, pointer, detail)
}
