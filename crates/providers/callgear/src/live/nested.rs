//! Pages of entries of which every row of a list has several: the points of all scenarios, the
//! parts of the results of a session, the passages of all transcripts.

use async_trait::async_trait;
use callweave_provider::{
    CallContext, Result,
    listing::{ListQuery, Listing},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{List, MOST_REQUESTS, Row, go_on, limit, place, position_of};
use crate::{CallGear, client::bad_response};

/// The most rows that are looked at once.
const ROWS: usize = 20;
/// The most rows whose entries are fetched for one page.
const MOST_FETCHED: usize = 60;

/// The entries of a row.
#[async_trait]
pub(crate) trait Entries: Sync {
    /// What the caller sees.
    type Entry: Send;

    /// All entries of a row, in the vendor's order.
    async fn of(&self, context: &CallContext<'_>, row: Value) -> Result<Vec<Self::Entry>>;
}

/// Where a page ended.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    /// The position of the rows.
    rows: Value,
    /// The last of them whose entries are all told.
    told: Option<u64>,
    /// The one after it, of which some are.
    inside: Option<u64>,
    /// How many.
    skip: usize,
}

impl CallGear {
    /// A page of the entries of a list's rows.
    pub(crate) async fn nested<E: Entries>(
        &self,
        context: &CallContext<'_>,
        list: &List<'_>,
        query: &ListQuery,
        entries: &E,
    ) -> Result<Listing<E::Entry>> {
        let most = limit(query);
        let mut at: Place = place(list.operation, query)?.unwrap_or_default();
        let mut position = match &at.rows {
            Value::Null => self.beginning(),
            known => position_of(list.operation, known)?,
        };
        let (mut items, mut fetched) = (Vec::new(), 0);
        for _ in 0..MOST_REQUESTS {
            at.rows = serde_json::to_value(&position).map_err(|source| {
                bad_response(list.operation, "no position").with_source(source)
            })?;
            let stepped = self.step(context, list, position.clone(), ROWS).await?;
            let told = told(&stepped.rows, at.told);
            for row in stepped.rows.into_iter().skip(told) {
                if items.len() >= most || fetched >= MOST_FETCHED {
                    return go_on(list.operation, items, &at);
                }
                fetched += 1;
                let number = row.key.number;
                let skip = if at.inside == number { at.skip } else { 0 };
                let room = most - items.len();
                let of_row = row_entries(context, entries, row).await?;
                let more = of_row.len() > skip + room;
                items.extend(of_row.into_iter().skip(skip).take(room));
                if more {
                    (at.inside, at.skip) = (number, skip + room);
                    return go_on(list.operation, items, &at);
                }
                at.told = number.or(at.told);
            }
            let Some(next) = stepped.next else {
                return Ok(Listing::whole(items));
            };
            (position, at) = (next, Place::default());
        }
        at.rows = serde_json::to_value(&position)
            .map_err(|source| bad_response(list.operation, "no position").with_source(source))?;
        go_on(list.operation, items, &at)
    }
}

/// How many of the rows are told already; the last told one may be gone by now.
fn told(rows: &[Row], last: Option<u64>) -> usize {
    let Some(last) = last else { return 0 };
    let itself = rows.iter().position(|row| row.key.number == Some(last));
    itself.map_or_else(
        || {
            let before = |row: &&Row| row.key.number.is_some_and(|number| number < last);
            rows.iter().take_while(before).count()
        },
        |at| at + 1,
    )
}

async fn row_entries<E: Entries>(
    context: &CallContext<'_>,
    entries: &E,
    row: Row,
) -> Result<Vec<E::Entry>> {
    match row.value {
        Some(value) => entries.of(context, value).await,
        None => Ok(Vec::new()),
    }
}
