//! Scenario results as the vendor keeps them, read and written live (CG-16 to CG-20); their parts
//! stand in [`parts`].

use async_trait::async_trait;
use callweave_model::owned::{Evaluation, EvaluationDraft, EvaluationPart};
use callweave_provider::{
    CallContext, ErrorKind, ProviderError, Result,
    evaluations::{Evaluations, Part},
    listing::{ListQuery, Listing},
};
use serde_json::{Map, Value, json};

use crate::{
    CallGear,
    client::{Got, bad_response},
    error::{error, invalid, may_have_happened, no_such, once},
    list::is_id,
    live::{List, no_search},
    members::{Members, as_number, id_in},
};

mod entry;
mod parts;
mod sessions;

const RESULTS: List<'static> = List {
    operation: "CG-16",
    path: "/scenario_result",
    key: "id",
    filter: "",
};

/// Members that only the innermost of nested results has.
const INNER: [&str; 11] = [
    "hold",
    "scenario",
    "silences",
    "profanity",
    "tag_events",
    "phrase_list",
    "audio_sources",
    "dialog_summary",
    "scenario_score",
    "employees_metrics",
    "call_segments",
];
/// How deep results are nested at most.
const DEEPEST: usize = 3;

#[async_trait]
impl Evaluations for CallGear {
    async fn evaluations(
        &self,
        context: &CallContext<'_>,
        call: Option<&str>,
        query: &ListQuery,
    ) -> Result<Listing<Evaluation>> {
        no_search(RESULTS.operation, query)?;
        let filter = session_filter(RESULTS.operation, call)?;
        let list = List {
            filter: &filter,
            ..RESULTS
        };
        self.page(context, &list, query, |row| {
            evaluation(row).filter(|found| {
                self.settings
                    .is_ours(found.application_remote_id.as_deref())
                    && is_of(found, call)
            })
        })
        .await
    }

    async fn evaluation(&self, context: &CallContext<'_>, id: &str) -> Result<Evaluation> {
        const OPERATION: &str = "CG-18";
        let number = as_number(id).ok_or_else(|| no_such(OPERATION))?;
        let path = format!("/scenario_result/{number}");
        let found = evaluation(self.client.one(context, OPERATION, &path).await?)
            .filter(|found| found.remote_id == id)
            .ok_or_else(|| bad_response(OPERATION, "the answer is not this result"))?;
        if self
            .settings
            .is_ours(found.application_remote_id.as_deref())
        {
            Ok(found)
        } else {
            Err(foreign(OPERATION))
        }
    }

    /// The writer chooses the id, and an id in use is written over; so none is made up here.
    async fn create_evaluation(
        &self,
        context: &CallContext<'_>,
        draft: &EvaluationDraft,
    ) -> Result<Evaluation> {
        const OPERATION: &str = "CG-17";
        let id = draft.remote_id.as_deref().ok_or_else(|| {
            invalid(
                OPERATION,
                "/remote_id",
                "this vendor lets the writer choose it",
            )
        })?;
        let body = self.written(OPERATION, id, draft)?;
        let path = RESULTS.path;
        let made = self.client.post(context, OPERATION, path, &body).await?;
        made.and_then(evaluation)
            .or_else(|| evaluation(body))
            .ok_or_else(|| once(bad_response(OPERATION, "the answer is no result")))
    }

    async fn replace_evaluation(
        &self,
        context: &CallContext<'_>,
        id: &str,
        draft: &EvaluationDraft,
    ) -> Result<Evaluation> {
        const OPERATION: &str = "CG-19";
        let number = as_number(id).ok_or_else(|| no_such(OPERATION))?;
        let body = self.written(OPERATION, id, draft)?;
        self.only_ours(context, id).await?;
        let path = format!("/scenario_result/{number}");
        let answer = self.client.put(context, OPERATION, &path, &body).await?;
        // What comes back is left open, so only an answer that is this result counts.
        answer
            .and_then(evaluation)
            .filter(|answer| answer.remote_id == id)
            .or_else(|| evaluation(body))
            .ok_or_else(|| bad_response(OPERATION, "the answer is no result"))
    }

    /// Where the outcome is not known it is looked up: what is not there any more is deleted.
    /// Nothing is deleted twice.
    async fn delete_evaluation(&self, context: &CallContext<'_>, id: &str) -> Result<()> {
        const OPERATION: &str = "CG-20";
        let number = as_number(id).ok_or_else(|| no_such(OPERATION))?;
        self.only_ours(context, id).await?;
        let path = format!("/scenario_result/{number}");
        match self.client.delete(context, OPERATION, &path).await {
            Err(error) if may_have_happened(&error) => {
                let left = self.client.get(context, "CG-18", &path).await;
                match left {
                    Ok(Got::Nothing(status)) if matches!(status.as_u16(), 404 | 410) => Ok(()),
                    _ => Err(error),
                }
            }
            outcome => outcome,
        }
    }

    async fn part(
        &self,
        context: &CallContext<'_>,
        id: &str,
        part: Part,
    ) -> Result<Vec<EvaluationPart>> {
        as_number(id).ok_or_else(|| no_such(parts::operation(part)))?;
        self.only_ours(context, id).await?;
        self.part_of(context, id, part).await
    }

    /// The lists of parts name no results. So the parts of one call are fetched result by result,
    /// or from a list of the vendor that is asked for this call alone; the parts of all calls come
    /// without the evaluation they belong to.
    async fn parts(
        &self,
        context: &CallContext<'_>,
        part: Part,
        call: Option<&str>,
        query: &ListQuery,
    ) -> Result<Listing<EvaluationPart>> {
        no_search(parts::operation(part), query)?;
        match call {
            Some(call) => self.parts_of_session(context, part, call, query).await,
            None => self.parts_of_all(context, part, query).await,
        }
    }
}

impl CallGear {
    /// Where the settings name an application, looks up whose result it is before it is touched.
    async fn only_ours(&self, context: &CallContext<'_>, id: &str) -> Result<()> {
        if self.settings.app_id.is_some() {
            let found = self.evaluation(context, id).await;
            found.map_err(ProviderError::before_sending)?;
        }
        Ok(())
    }

    /// A result in the vendor's words, whole, with the id it is to have.
    fn written(&self, operation: &'static str, id: &str, draft: &EvaluationDraft) -> Result<Value> {
        let number = |pointer: &str, id: &str| {
            as_number(id).ok_or_else(|| invalid(operation, pointer, "must be a positive integer"))
        };
        let app_id = draft.application_remote_id.as_str();
        if !self.settings.is_ours(Some(app_id)) {
            let detail = "is not the application that this connection is for";
            return Err(invalid(operation, "/application_remote_id", detail));
        }
        Ok(json!({
            "call_session_id": number("/call_remote_id", &draft.call_remote_id)?,
            "scenario_id": number("/rubric_remote_id", &draft.rubric_remote_id)?,
            "scenario_name": draft.rubric_name,
            "result": draft.result,
            "id": number("/remote_id", id)?,
            "app_id": number("/application_remote_id", app_id)?,
        }))
    }
}

fn foreign(operation: &'static str) -> ProviderError {
    error(operation, ErrorKind::Forbidden).with_message("a result of another application")
}

/// The part of a query that asks for one session.
fn session_filter(operation: &'static str, call: Option<&str>) -> Result<String> {
    match call {
        None => Ok(String::new()),
        Some(call) if is_id(call) => Ok(format!("&call_session_id__eq={call}")),
        Some(_) => {
            let detail = "must be a call session id: a positive integer";
            Err(invalid(operation, "/call_remote_id", detail))
        }
    }
}

/// Whether a result is of the call that was asked for, also where the vendor ignores the filter.
fn is_of(found: &Evaluation, call: Option<&str>) -> bool {
    match (call, found.call_remote_id.as_deref()) {
        (Some(asked), Some(told)) => asked == told,
        _ => true,
    }
}

/// A result; `None` where it has no id. It has one shape, whether it is listed or read by id.
fn evaluation(result: Value) -> Option<Evaluation> {
    let mut members = Members::of(result)?;
    Some(Evaluation {
        remote_id: members.id("id")?,
        call_remote_id: members.id("call_session_id"),
        rubric_remote_id: members.id("scenario_id"),
        rubric_name: members.text("scenario_name"),
        application_remote_id: members.id("app_id"),
        result: members.any("result").map(innermost).unwrap_or_default(),
        extra: members.rest(),
    })
}

/// What came of a result without the wrappings that one edition puts around it.
fn innermost(mut result: Value) -> Value {
    for _ in 0..DEEPEST {
        let Value::Object(members) = &mut result else {
            break;
        };
        let known = INNER.iter().any(|name| members.contains_key(*name));
        let nested = members.get("result").is_some_and(Value::is_object);
        if known || !nested {
            break;
        }
        let Some(Value::Object(inner)) = members.remove("result") else {
            break;
        };
        let outer: Map<String, Value> = std::mem::replace(members, inner);
        // What else stood around it says nothing against what is inside.
        for (name, member) in outer {
            members.entry(name).or_insert(member);
        }
    }
    result
}

/// The id of a listed result and of its session, where the row tells them.
fn ids_of(row: &Value) -> (Option<String>, Option<String>) {
    let id = id_in(row, "id").filter(|id| is_id(id));
    (id, id_in(row, "call_session_id"))
}
