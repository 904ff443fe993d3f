//! The vendor's own search (TR-10; TR-09 where a query cannot carry it).

use callweave_model::owned::FoundCall;
use callweave_provider::{
    CallContext, ErrorKind, Result,
    listing::{ListQuery, Listing},
};
use serde_json::{Map, Value};

use crate::{
    Transcripto,
    body::Body,
    client::{Call, Fetched},
    criteria::Criteria,
    error::{bad_response, is_unknown_path},
    owned::Place,
    pull::{code_of, is_report, rows},
    walk::{SMALL_PAGE, Totals},
};

/// Where the search is.
const PATH: &str = "/tasks/filter";

/// Where the introduction says that it is.
const ALIAS: &str = "/user/tasks/filter";

impl Transcripto {
    pub(crate) async fn search(
        &self,
        context: &CallContext<'_>,
        criteria: &Map<String, Value>,
        query: &ListQuery,
    ) -> Result<Listing<FoundCall>> {
        let criteria = Criteria::read(criteria)?;
        let mut place = Place::of("TR-10", query)?;
        let fetched = self.found(context, &criteria, &mut place).await?;
        let rows = rows("TR-10", &fetched.members)?;
        let totals = Totals::of(&fetched.members, "tasks");
        let next = place.after(rows.len(), totals).map(Place::text);
        // Tasks that make reports are no calls, unless they are what is asked for.
        let one_type = criteria.text("task_type");
        let mut items = Vec::with_capacity(rows.len());
        for (row, _) in rows {
            let row = row.ok_or_else(|| bad_response("TR-10", "a task cannot be read"))?;
            if one_type.is_none() && is_report(row.get("type")) {
                continue;
            }
            let remote_id =
                code_of(&row).ok_or_else(|| bad_response("TR-10", "a task has no code"))?;
            items.push(FoundCall {
                remote_id,
                call_id: None,
                listed: row,
            });
        }
        Ok(Listing {
            items,
            next,
            total: totals.total.filter(|_| one_type.is_some()),
        })
    }

    /// A page; under the other path where the first is unknown, and a smaller one where the vendor
    /// refuses its size.
    async fn found(
        &self,
        context: &CallContext<'_>,
        criteria: &Criteria,
        place: &mut Place,
    ) -> Result<Fetched> {
        let mut outcome = self.found_once(context, criteria, *place).await;
        if !place.alias && outcome.as_ref().is_err_and(is_unknown_path) {
            place.alias = true;
            let again = self.found_once(context, criteria, *place).await;
            if !again.as_ref().is_err_and(is_unknown_path) {
                outcome = again;
            }
        }
        let refused = outcome
            .as_ref()
            .is_err_and(|error| error.kind == ErrorKind::InvalidRequest);
        if refused && place.page == 1 && place.per_page > SMALL_PAGE {
            let small = Place {
                per_page: SMALL_PAGE,
                ..*place
            };
            let again = self.found_once(context, criteria, small).await;
            if again.is_ok() {
                *place = small;
                return again;
            }
        }
        outcome
    }

    async fn found_once(
        &self,
        context: &CallContext<'_>,
        criteria: &Criteria,
        place: Place,
    ) -> Result<Fetched> {
        let path = if place.alias { ALIAS } else { PATH };
        let Some(pairs) = criteria.pairs() else {
            let body = Body::from(criteria.members())
                .with("page", place.page)
                .with("per_page", place.per_page);
            let call = Call::ask("TR-09", path, body);
            return self.client.fetch(context, call).await;
        };
        let (page, per_page) = (place.page.to_string(), place.per_page.to_string());
        let mut query: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        query.extend([("page", page.as_str()), ("per_page", per_page.as_str())]);
        let call = Call::get("TR-10", path)
            .with_query(&query)
            .with_secret_address();
        self.client.fetch(context, call).await
    }
}
