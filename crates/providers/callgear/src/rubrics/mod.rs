//! Scenarios, their points and their scores (CG-01 to CG-11).

use std::collections::HashSet;

use async_trait::async_trait;
use callweave_model::owned::{
    Rubric, RubricChange, RubricDraft, RubricItem, RubricKind, RubricScore,
};
use callweave_provider::{
    CallContext, ProviderError, Result, cannot,
    listing::{ListQuery, Listing},
    rubrics::{ItemForm, RubricFilter, Rubrics},
};
use serde_json::{Map, Value};

use crate::{
    CallGear,
    client::bad_response,
    error::{no_such, once},
    live::{
        List, holds,
        nested::Entries,
        no_search, paged,
        windows::{Bare, flatten, rows_of},
    },
    members::{as_number, has_id, id_in},
};

mod words;

use words::{changed, item, one_group_flat, rubric, score, translated, written};

/// How many points of a scenario are asked for at once, and how often.
const PAGE: u64 = 100;
const MOST_PAGES: usize = 20;
const SCENARIOS: List<'static> = List {
    operation: "CG-01",
    path: "/scenarios",
    key: "id",
    filter: "",
};
const SCORES: Bare = Bare {
    operation: "CG-11",
    path: "/scenarios/scenario_score",
    one_each: true,
};

#[async_trait]
impl Rubrics for CallGear {
    fn kinds(&self) -> &'static [RubricKind] {
        &[RubricKind::Scenario]
    }

    /// The vendor lists all scenarios; what they are filtered by is looked at here.
    async fn rubrics(
        &self,
        context: &CallContext<'_>,
        filter: &RubricFilter,
        query: &ListQuery,
    ) -> Result<Listing<Rubric>> {
        self.only_scenarios(filter.kind)?;
        let search = query.search.as_deref();
        self.page(context, &SCENARIOS, query, |value| {
            rubric(value).filter(|rubric| {
                let texts = [Some(rubric.name.as_str()), rubric.text.as_deref()];
                (!filter.active_only || rubric.active == Some(true)) && holds(search, &texts)
            })
        })
        .await
    }

    async fn rubric(&self, context: &CallContext<'_>, rubric: &str) -> Result<Rubric> {
        let known = self.scenario(context, rubric).await?;
        translated(Value::Object(known))
    }

    async fn create_rubric(
        &self,
        context: &CallContext<'_>,
        draft: &RubricDraft,
    ) -> Result<Rubric> {
        const OPERATION: &str = "CG-02";
        self.only_scenarios(Some(draft.kind))?;
        let body = Value::Object(written(draft)?);
        let made = self
            .client
            .post(context, OPERATION, SCENARIOS.path, &body)
            .await?;
        made.and_then(rubric).ok_or_else(|| {
            let told = "the vendor took it and did not tell its id";
            once(bad_response(OPERATION, told))
        })
    }

    /// The vendor replaces a scenario as a whole, so it is read first and sent back with what
    /// changes. A change that changes nothing is not sent.
    async fn update_rubric(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        change: &RubricChange,
    ) -> Result<Rubric> {
        const OPERATION: &str = "CG-04";
        let number = as_number(rubric).ok_or_else(|| no_such(OPERATION))?;
        let change = changed(change)?;
        let known = self.scenario(context, rubric).await;
        let known = known.map_err(ProviderError::before_sending)?;
        let mut whole = known.clone();
        whole.extend(change.clone());
        if whole == known {
            return translated(Value::Object(known));
        }
        if let (Some(filters), None) = (whole.get_mut("filters"), change.get("filters")) {
            one_group_flat(filters);
        }
        // The address names it; the body that the document shows (callgear.txt L160-185) has no id.
        let mut body = whole.clone();
        body.remove("id");
        let body = Value::Object(body);
        whole.insert("id".to_owned(), Value::from(number));
        let path = format!("/scenarios/{number}");
        let answer = self.client.put(context, OPERATION, &path, &body).await?;
        if let Some(answer) = answer.and_then(words::rubric)
            && answer.remote_id == rubric
            && !answer.name.is_empty()
        {
            return Ok(answer);
        }
        match self.scenario(context, rubric).await {
            Ok(now) => translated(Value::Object(now)),
            // It is written; that it cannot be read again changes nothing about that.
            Err(_) => translated(Value::Object(whole)),
        }
    }

    /// Sends what the caller wrote and nothing else: the document tells neither a body nor where
    /// the scenario is named.
    async fn toggle_rubric(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        body: &Map<String, Value>,
    ) -> Result<Value> {
        const OPERATION: &str = "CG-05";
        as_number(rubric).ok_or_else(|| no_such(OPERATION))?;
        let body = Value::Object(body.clone());
        let answer = self
            .client
            .post(context, OPERATION, "/toggle_scenario", &body);
        Ok(answer.await?.unwrap_or_default())
    }

    async fn rubric_items(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        form: ItemForm,
    ) -> Result<Vec<RubricItem>> {
        let (operation, part) = match form {
            ItemForm::Structured => ("CG-06", "points"),
            ItemForm::Text => ("CG-08", "text_points"),
        };
        let number = as_number(rubric).ok_or_else(|| no_such(operation))?;
        let path = format!("/scenarios/{number}/{part}");
        let answer = self.client.one(context, operation, &path).await?;
        let mut points = Vec::new();
        flatten(answer, &mut points);
        Ok(points
            .into_iter()
            .map(|value| item(value, rubric))
            .collect())
    }

    async fn rubric_item(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        item: &str,
    ) -> Result<RubricItem> {
        const OPERATION: &str = "CG-07";
        let ids = as_number(rubric).zip(as_number(item));
        let (number, point) = ids.ok_or_else(|| no_such(OPERATION))?;
        let path = format!("/scenarios/{number}/points/{point}");
        let answer = self.client.one(context, OPERATION, &path).await?;
        if id_in(&answer, "id").is_some_and(|told| told != item) {
            return Err(bad_response(OPERATION, "the answer is another point"));
        }
        if !answer.is_object() {
            return Err(bad_response(OPERATION, "the answer is no point"));
        }
        Ok(words::item(answer, rubric))
    }

    /// The list of all points names no scenario, so it is asked for one scenario after the other.
    async fn all_rubric_items(
        &self,
        context: &CallContext<'_>,
        query: &ListQuery,
    ) -> Result<Listing<RubricItem>> {
        no_search("CG-09", query)?;
        self.nested(context, &SCENARIOS, query, &Points(self)).await
    }

    async fn rubric_score(&self, context: &CallContext<'_>, rubric: &str) -> Result<RubricScore> {
        const OPERATION: &str = "CG-10";
        let number = as_number(rubric).ok_or_else(|| no_such(OPERATION))?;
        let path = format!("/scenarios/{number}/scenario_score");
        let answer = self.client.one(context, OPERATION, &path).await?;
        Ok(score(&answer, Some(rubric.to_owned())))
    }

    /// The list tells scores and no scenarios. A score is given to the scenario at its place in
    /// the list of scenarios where that one tells the same score.
    async fn rubric_scores(
        &self,
        context: &CallContext<'_>,
        query: &ListQuery,
    ) -> Result<Listing<RubricScore>> {
        no_search(SCORES.operation, query)?;
        self.windows(context, (&SCENARIOS, SCORES), query, |row, scenario| {
            let told = ["id", "scenario_id"]
                .into_iter()
                .find_map(|name| id_in(row, name));
            let at_its_place = || {
                let scenario = scenario?;
                let same = scenario.get("scenario_score")? == row.get("scenario_score")?;
                id_in(scenario, "id").filter(|_| same)
            };
            let rubric = told.or_else(at_its_place);
            score(row, rubric)
        })
        .await
    }
}

impl CallGear {
    fn only_scenarios(&self, kind: Option<RubricKind>) -> Result<()> {
        match kind {
            None | Some(RubricKind::Scenario) => Ok(()),
            Some(RubricKind::Checklist) => Err(cannot(self, "rubrics.checklist")),
            Some(RubricKind::Script) => Err(cannot(self, "rubrics.script")),
            Some(_) => Err(cannot(self, "rubrics.kind")),
        }
    }

    /// A scenario as the vendor shows it.
    async fn scenario(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
    ) -> Result<Map<String, Value>> {
        const OPERATION: &str = "CG-03";
        let number = as_number(rubric).ok_or_else(|| no_such(OPERATION))?;
        let path = format!("/scenarios/{number}");
        let answer = self.client.one(context, OPERATION, &path).await?;
        match answer {
            Value::Object(members) if has_id(&members, rubric) => Ok(members),
            _ => Err(bad_response(OPERATION, "the answer is not this scenario")),
        }
    }
}

/// The points of one scenario, out of the list of all (CG-09).
struct Points<'a>(&'a CallGear);

#[async_trait]
impl Entries for Points<'_> {
    type Entry = RubricItem;

    async fn of(&self, context: &CallContext<'_>, row: Value) -> Result<Vec<RubricItem>> {
        const OPERATION: &str = "CG-09";
        let Some(scenario) = id_in(&row, "id").filter(|id| as_number(id).is_some()) else {
            return Ok(Vec::new());
        };
        let filter = format!("&id__eq={scenario}");
        let start = self.0.settings.start_base.unwrap_or(0);
        let (mut points, mut met) = (Vec::new(), HashSet::new());
        for _ in 0..MOST_PAGES {
            // Points are counted, or scenarios where they come as lists of their own: either way
            // a page without a new point is the end.
            let at = start + points.len() as u64;
            let path = paged("/scenarios/points", (at, at + PAGE), &filter);
            let Some(body) = self.0.client.list(context, OPERATION, &path).await? else {
                break;
            };
            let known = points.len();
            let page = rows_of(OPERATION, &body)?;
            points.extend(
                page.into_iter()
                    .filter(|point| met.insert(point.to_string())),
            );
            if points.len() == known {
                break;
            }
        }
        Ok(points
            .into_iter()
            .map(|point| item(point, &scenario))
            .collect())
    }
}
