//! What came in at the vendor since an instant, and whether that is all of it.

use std::{collections::BTreeMap, time::Duration};

use callweave_model::Timestamp;
use callweave_provider::{CallContext, Result, when};
use serde_json::{Map, Value};

use crate::{
    Transcripto,
    pull::{code_of, is_beyond, rows, seen, unreadable},
    walk::{Step, Totals, Walk},
};

/// How far the vendor's clock may stand from ours.
const CLOCKS_DIFFER: Duration = Duration::from_secs(5 * 60);

/// A request whose answer was lost may take effect this long after it was sent.
const SETTLES: Duration = Duration::from_secs(5 * 60);

/// The most pages of one look.
const MOST_PAGES: u32 = 40;

/// The most looks: what jumps to the front while pages are read is met by the next one.
const MOST_LOOKS: u32 = 4;

/// Tasks that came in since an instant.
#[derive(Debug, Default)]
pub(crate) struct CameIn {
    /// Their rows, by code.
    pub(crate) tasks: BTreeMap<String, Map<String, Value>>,
    /// There are no others.
    complete: bool,
}

impl CameIn {
    /// Whether what is not among the tasks did not come in, and will not any more.
    pub(crate) fn is_proof(&self, context: &CallContext<'_>, sent_at: Timestamp) -> bool {
        self.complete && context.now.since(sent_at) >= SETTLES
    }
}

/// How a look ended.
enum Look {
    /// With one page, which nothing can shift.
    AtOnce,
    /// With several pages, between which a task may have jumped to the front.
    InPieces,
    /// Without a proof.
    Doubtful,
}

impl Transcripto {
    /// The tasks of a type that came in since an instant.
    pub(crate) async fn came_in(
        &self,
        context: &CallContext<'_>,
        task_type: &str,
        since: Timestamp,
    ) -> Result<CameIn> {
        let mut came = CameIn::default();
        let (mut until, mut alias) = (since.minus(CLOCKS_DIFFER).as_millis(), false);
        for _ in 0..MOST_LOOKS {
            let mut walk = Walk::back_to(until, task_type, alias);
            match self.look(context, &mut walk, since, &mut came).await? {
                Look::AtOnce => {
                    came.complete = true;
                    break;
                }
                // What jumped to the front meanwhile stands before what stood there first.
                Look::InPieces => {
                    until = walk.resume(true).watermark.unwrap_or(until);
                    alias = walk.alias;
                }
                Look::Doubtful => break,
            }
        }
        Ok(came)
    }

    async fn look(
        &self,
        context: &CallContext<'_>,
        walk: &mut Walk,
        since: Timestamp,
        came: &mut CameIn,
    ) -> Result<Look> {
        let (mut pages, mut readable) = (0, true);
        loop {
            let asked = walk.page;
            let (rows, totals) = match self.tasks(context, walk).await {
                Ok(fetched) => (
                    rows("TR-09", &fetched.members)?,
                    Totals::of(&fetched.members, "tasks"),
                ),
                Err(error) if asked > 1 && is_beyond(&error) => (Vec::new(), Totals::default()),
                Err(error) => return Err(error),
            };
            pages += u32::from(!rows.is_empty());
            let mut met = Vec::with_capacity(rows.len());
            for (row, bytes) in rows {
                let coded = row.and_then(|row| Some((code_of(&row)?, row)));
                let Some((code, row)) = coded else {
                    readable = false;
                    met.push(unreadable(&bytes));
                    continue;
                };
                met.push(seen(&row, code.clone(), &self.settings.zone));
                if self.is_since(&row, since) {
                    came.tasks.insert(code, row);
                }
            }
            match walk.take(&met, totals) {
                Step::More if pages < MOST_PAGES => {}
                Step::Done if readable && pages <= 1 => return Ok(Look::AtOnce),
                Step::Done if readable => return Ok(Look::InPieces),
                Step::More | Step::Done | Step::Unproved(_) => return Ok(Look::Doubtful),
            }
        }
    }

    /// Whether a task may have been made after an instant.
    fn is_since(&self, row: &Map<String, Value>, since: Timestamp) -> bool {
        let created_at = row
            .get("created_at")
            .and_then(Value::as_str)
            .and_then(|text| when::read(text, &self.settings.zone));
        created_at.is_none_or(|read| read.instant >= since.minus(CLOCKS_DIFFER))
    }
}
