//! Rubrics: the checklist, which is one set of questions, and scripts (TR-13 to TR-17, TR-29 to
//! TR-32).

use async_trait::async_trait;
use callweave_model::owned::{
    Rubric, RubricChange, RubricDraft, RubricItem, RubricItemDraft, RubricKind,
};
use callweave_provider::{
    CallContext, ProviderError, Result, cannot,
    listing::{ListQuery, Listing},
    rubrics::{ItemForm, RubricFilter, Rubrics},
};

use crate::{
    Transcripto, VENDOR,
    checklist::Asked,
    input::{filled, id, refuse, unknown},
    owned::{self, Place},
};

/// Which rubric an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The questions of the connection's own user.
    Checklist,
    /// The questions of another user.
    ChecklistOf(i64),
    /// A script.
    Script(i64),
}

impl Which {
    fn of(rubric: &str) -> Result<Self> {
        if rubric == "checklist" {
            return Ok(Self::Checklist);
        }
        match rubric.split_once('-') {
            Some(("checklist", user)) => id("TR-14", user).map(Self::ChecklistOf),
            Some(("script", script)) => id("TR-29", script).map(Self::Script),
            _ => Err(unknown("TR-29")),
        }
    }

    /// Whose questions the items of a checklist are; nothing else has items.
    fn questions_of(self) -> Option<Asked> {
        match self {
            Self::Checklist => Some(Asked::Here),
            Self::ChecklistOf(user) => Some(Asked::By(user)),
            Self::Script(_) => None,
        }
    }
}

#[async_trait]
impl Rubrics for Transcripto {
    fn kinds(&self) -> &'static [RubricKind] {
        &[RubricKind::Checklist, RubricKind::Script]
    }

    async fn rubrics(
        &self,
        context: &CallContext<'_>,
        filter: &RubricFilter,
        query: &ListQuery,
    ) -> Result<Listing<Rubric>> {
        match filter.kind {
            Some(RubricKind::Script) => self.scripts(context, filter.active_only, query).await,
            Some(RubricKind::Checklist) => {
                let listed = self.listed_checklist(context, filter, query).await?;
                let (items, next, total) = owned::part("TR-13", listed, query)?;
                Ok(Listing {
                    items,
                    next,
                    total: Some(total),
                })
            }
            Some(_) => Err(ProviderError::not_supported(VENDOR, "rubrics.scenario")),
            None if query.position.is_none() => self.first_rubrics(context, filter, query).await,
            None => {
                let mut scripts = self.scripts(context, filter.active_only, query).await?;
                scripts.total = None;
                Ok(scripts)
            }
        }
    }

    async fn rubric(&self, context: &CallContext<'_>, rubric: &str) -> Result<Rubric> {
        match Which::of(rubric)? {
            Which::Checklist => self.checklist(context, Asked::Here).await,
            Which::ChecklistOf(user) => self.checklist(context, Asked::By(user)).await,
            Which::Script(script) => self.script(context, script).await,
        }
    }

    async fn create_rubric(
        &self,
        context: &CallContext<'_>,
        draft: &RubricDraft,
    ) -> Result<Rubric> {
        match draft.kind {
            RubricKind::Script => self.create_script(context, draft).await,
            RubricKind::Checklist => Err(refuse(
                "TR-15",
                "/kind",
                "there is one checklist and it is there already: add a question to its items",
            )),
            _ => Err(ProviderError::not_supported(VENDOR, "rubrics.scenario")),
        }
    }

    async fn update_rubric(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        change: &RubricChange,
    ) -> Result<Rubric> {
        match Which::of(rubric)? {
            Which::Script(script) => self.edit_script(context, script, change).await,
            Which::Checklist | Which::ChecklistOf(_) => Err(cannot(self, "rubrics.update")),
        }
    }

    async fn delete_rubric(&self, context: &CallContext<'_>, rubric: &str) -> Result<()> {
        match Which::of(rubric)? {
            Which::Script(script) => self.delete_script(context, script).await,
            Which::Checklist | Which::ChecklistOf(_) => Err(cannot(self, "rubrics.delete")),
        }
    }

    async fn rubric_items(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        form: ItemForm,
    ) -> Result<Vec<RubricItem>> {
        let questions = Which::of(rubric)?.questions_of();
        let asked = questions.ok_or_else(|| cannot(self, "rubrics.items"))?;
        if form == ItemForm::Text {
            return Err(cannot(self, "rubrics.items.text"));
        }
        Ok(self.questions(context, asked).await?.items)
    }

    async fn rubric_item(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        item: &str,
    ) -> Result<RubricItem> {
        let questions = Which::of(rubric)?.questions_of();
        let asked = questions.ok_or_else(|| cannot(self, "rubrics.items.get"))?;
        id("TR-13", item)?;
        let questions = self.questions(context, asked).await?.items;
        questions
            .into_iter()
            .find(|question| question.remote_id.as_deref() == Some(item))
            .ok_or_else(|| unknown("TR-13"))
    }

    /// Scripts have no items: all there are stand in the checklist.
    async fn all_rubric_items(
        &self,
        context: &CallContext<'_>,
        query: &ListQuery,
    ) -> Result<Listing<RubricItem>> {
        let mut asked = self.questions(context, Asked::Here).await?.items;
        asked.retain(|question| owned::found(query.search.as_deref(), &[Some(&question.text)]));
        let (items, next, total) = owned::part("TR-13", asked, query)?;
        Ok(Listing {
            items,
            next,
            total: Some(total),
        })
    }

    async fn create_rubric_item(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        draft: &RubricItemDraft,
    ) -> Result<RubricItem> {
        match Which::of(rubric)? {
            Which::Checklist => {
                let text = filled("TR-15", "/text", Some(&draft.text))?;
                self.create_question(context, text).await
            }
            _ => Err(cannot(self, "rubrics.items.create")),
        }
    }

    async fn update_rubric_item(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        item: &str,
        draft: &RubricItemDraft,
    ) -> Result<RubricItem> {
        match Which::of(rubric)? {
            Which::Checklist => {
                let text = filled("TR-16", "/text", Some(&draft.text))?;
                self.edit_question(context, id("TR-16", item)?, text).await
            }
            _ => Err(cannot(self, "rubrics.items.update")),
        }
    }

    /// The vendor only hides a question: answers to it stay.
    async fn delete_rubric_item(
        &self,
        context: &CallContext<'_>,
        rubric: &str,
        item: &str,
    ) -> Result<()> {
        match Which::of(rubric)? {
            Which::Checklist => self.hide_question(context, id("TR-17", item)?).await,
            _ => Err(cannot(self, "rubrics.items.delete")),
        }
    }
}

impl Transcripto {
    /// The first page of a list of both kinds: the checklist, and as many scripts as still fit.
    async fn first_rubrics(
        &self,
        context: &CallContext<'_>,
        filter: &RubricFilter,
        query: &ListQuery,
    ) -> Result<Listing<Rubric>> {
        let mut items = self.listed_checklist(context, filter, query).await?;
        let before = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let left = query.limit.saturating_sub(before);
        if left == 0 {
            return Ok(Listing {
                items,
                next: Some(Place::first(query.limit).text()),
                total: None,
            });
        }
        let rest = ListQuery {
            limit: left,
            ..query.clone()
        };
        let scripts = self.scripts(context, filter.active_only, &rest).await?;
        items.extend(scripts.items);
        Ok(Listing {
            items,
            next: scripts.next,
            total: scripts.total.map(|total| total + u64::from(before)),
        })
    }

    /// The checklist as an entry of a list, or nothing where it is not asked for.
    async fn listed_checklist(
        &self,
        context: &CallContext<'_>,
        filter: &RubricFilter,
        query: &ListQuery,
    ) -> Result<Vec<Rubric>> {
        let checklist = self.checklist(context, Asked::Here).await?;
        let questions = checklist.items.iter().flatten();
        let texts: Vec<Option<&str>> = questions
            .map(|question| Some(question.text.as_str()))
            .chain([Some(checklist.name.as_str())])
            .collect();
        let asked_for = owned::found(query.search.as_deref(), &texts)
            && (!filter.active_only || checklist.active == Some(true));
        Ok(asked_for.then_some(checklist).into_iter().collect())
    }
}
