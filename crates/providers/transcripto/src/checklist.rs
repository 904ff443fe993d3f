//! The questions of the checklist (TR-13 to TR-17).
//!
//! `/checklist/{n}` is a user when it is read and a question when it is written.

use callweave_model::owned::{Extra, Rubric, RubricItem, RubricKind};
use callweave_provider::{CallContext, Result};
use http::Method;
use serde_json::json;

use crate::{
    Transcripto,
    client::Call,
    members::Members,
    owned::{self, id_of, rows},
};

/// The rubric of the connection's own user.
const OWN: &str = "checklist";

/// Whose questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Those of the connection's own user.
    Here,
    /// Those of a user that an administrator names.
    By(i64),
}

/// The questions that are asked.
pub(crate) struct Questions {
    pub(crate) items: Vec<RubricItem>,
    /// What the answer says besides.
    extra: Extra,
}

impl Transcripto {
    /// The questions that are asked.
    pub(crate) async fn questions(
        &self,
        context: &CallContext<'_>,
        asked: Asked,
    ) -> Result<Questions> {
        let (operation, call) = match asked {
            Asked::Here => ("TR-13", Call::get("TR-13", "/checklist")),
            Asked::By(user) => ("TR-14", Call::get("TR-14", format!("/checklist/{user}"))),
        };
        let fetched = self.client.fetch(context, call).await?;
        let rubric = rubric_of(asked);
        let items = rows(operation, &fetched.members, "data")?
            .into_iter()
            .map(|row| question(operation, row, &rubric))
            .collect::<Result<_>>()?;
        let mut answer = Members::of(owned::outer(operation, &fetched.body)?, operation);
        answer.drop(&["success", "error_code", "message", "data"]);
        Ok(Questions {
            items,
            extra: answer.extra(),
        })
    }

    /// The questions of a user as one rubric.
    pub(crate) async fn checklist(
        &self,
        context: &CallContext<'_>,
        asked: Asked,
    ) -> Result<Rubric> {
        let questions = self.questions(context, asked).await?;
        let name = match asked {
            Asked::Here => "Checklist".to_owned(),
            Asked::By(user) => format!("Checklist of user {user}"),
        };
        Ok(Rubric {
            // Only questions that are asked are told.
            active: Some(!questions.items.is_empty()),
            items: Some(questions.items),
            extra: questions.extra,
            ..Rubric::new(rubric_of(asked), RubricKind::Checklist, name)
        })
    }

    pub(crate) async fn create_question(
        &self,
        context: &CallContext<'_>,
        text: &str,
    ) -> Result<RubricItem> {
        let call = Call::change("TR-15", "/checklist", json!({"question": text}));
        let fetched = self.client.fetch(context, call).await?;
        let row = owned::object("TR-15", &fetched.members, "data")?;
        question("TR-15", row, OWN)
    }

    pub(crate) async fn edit_question(
        &self,
        context: &CallContext<'_>,
        id: i64,
        text: &str,
    ) -> Result<RubricItem> {
        let path = format!("/checklist/{id}");
        let call = Call::change("TR-16", path, json!({"question": text}));
        let fetched = self.client.fetch(context, call).await?;
        let row = owned::object("TR-16", &fetched.members, "data")?;
        question("TR-16", row, OWN)
    }

    pub(crate) async fn hide_question(&self, context: &CallContext<'_>, id: i64) -> Result<()> {
        let path = format!("/checklist/delete/{id}");
        let call = Call::act("TR-17", Method::POST, path);
        self.client.fetch(context, call).await?;
        Ok(())
    }
}

fn rubric_of(asked: Asked) -> String {
    match asked {
        Asked::Here => OWN.to_owned(),
        Asked::By(user) => format!("{OWN}-{user}"),
    }
}

fn question(operation: &'static str, mut row: Members, rubric: &str) -> Result<RubricItem> {
    Ok(RubricItem {
        remote_id: Some(id_of(operation, &mut row)?),
        rubric_remote_id: Some(rubric.to_owned()),
        text: row.verbatim("question").unwrap_or_default(),
        active: row.boolean("is_active"),
        extra: row.extra(),
    })
}
