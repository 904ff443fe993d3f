//! What an agent still has to do, commands over it, and the lists it came from (NN-33 to NN-39).

use std::collections::BTreeSet;

use callweave_model::{
    enums::CallStatus,
    owned::{Campaign, QueuedItem},
};
use callweave_provider::{
    CallContext, ProviderError, Result,
    dialogs::QueueKind,
    listing::{ListQuery, Listing},
    when,
};
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::{
    Neuro, VENDOR,
    agents::checked,
    client::{Call, whatever},
    lookup::is_id,
    map::read_date,
    members::{integer, keep, rest, text, truth},
    settings::NeuroSettings,
    wire::{self, List, Row, id},
    words,
};

/// Rows asked for at once where a queue is read to its end.
const PAGE: u64 = 100;

/// The most pages of a queue that are read.
pub(crate) const MOST_PAGES: u64 = 100;

/// One page of a queue: an offset is always a multiple of its limit, as the vendor demands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) limit: u64,
    pub(crate) offset: u64,
}

/// The operation and the path of a queue.
const fn place(kind: QueueKind) -> (&'static str, &'static str) {
    match kind {
        QueueKind::Dialogs => ("NN-33", "/queue/dialog"),
        QueueKind::Calls => ("NN-34", "/queue/call"),
    }
}

impl Neuro {
    pub(super) async fn list_queue(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        kind: QueueKind,
        batch: Option<&str>,
        query: &ListQuery,
    ) -> Result<Listing<QueuedItem>> {
        let (operation, _) = place(kind);
        let agent = checked(operation, agent)?;
        let refused =
            |pointer, detail| ProviderError::invalid_input(VENDOR, operation, pointer, detail);
        if batch.is_some_and(|batch| !is_id(batch)) {
            return Err(refused("/batch_id", "must be the uuid of a batch"));
        }
        let span = match query.position.as_deref() {
            None => Span {
                limit: u64::from(query.limit.clamp(1, 200)),
                offset: 0,
            },
            Some(position) => read_position(position)
                .ok_or_else(|| refused("/cursor", "is no place in a queue"))?,
        };
        let page = self.queue_page(context, kind, agent, batch, span).await?;
        let read = u64::try_from(page.rows.len() + page.unreadable).unwrap_or(u64::MAX);
        let end = span.offset.saturating_add(span.limit);
        let more = match page.total {
            Some(total) => end < total && read > 0,
            None => read >= span.limit,
        };
        let items = page.rows.into_iter();
        Ok(Listing {
            items: items
                .filter_map(|row| queued_item(kind, row, &self.settings))
                .collect(),
            next: more.then(|| format!("{}:{end}", span.limit)),
            total: page.total,
        })
    }

    /// One page of a queue, bare or with its total.
    pub(crate) async fn queue_page(
        &self,
        context: &CallContext<'_>,
        kind: QueueKind,
        agent: &str,
        batch: Option<&str>,
        span: Span,
    ) -> Result<List> {
        let (operation, path) = place(kind);
        let (limit, offset) = (span.limit.to_string(), span.offset.to_string());
        let mut query = vec![
            ("agent_uuid", agent),
            ("limit", limit.as_str()),
            ("offset", offset.as_str()),
        ];
        query.extend(batch.map(|batch| ("bulk_uuid", batch)));
        let call = Call::read(operation, path, &query);
        let answer = self.client.get(context, call).await?;
        wire::rows(operation, &answer.body)
    }

    /// A queue as far as `most_pages` reach, and whether that is all of it.
    pub(crate) async fn whole_queue(
        &self,
        context: &CallContext<'_>,
        kind: QueueKind,
        agent: &str,
        batch: Option<&str>,
        most_pages: u64,
    ) -> Result<(Vec<Row>, bool)> {
        let (mut rows, mut whole) = (Vec::new(), true);
        for number in 0..most_pages {
            let span = Span {
                limit: PAGE,
                offset: number * PAGE,
            };
            let page = self.queue_page(context, kind, agent, batch, span).await?;
            let read = page.rows.len() + page.unreadable;
            whole &= page.unreadable == 0;
            let before = rows.len();
            rows.extend(page.rows);
            let met = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            if page.total.is_some_and(|total| met >= total) {
                return Ok((rows, whole));
            }
            if read == 0 {
                // Fewer rows than there are said to be: some were not shown.
                return Ok((rows, whole && page.total.is_none_or(|total| met >= total)));
            }
            // A page that is not full must be the last one, or the offsets do not fit.
            whole &= u64::try_from(before) == Ok(span.offset);
        }
        Ok((rows, false))
    }

    /// A queue to its end, and whether that proves what is not in it. Rows that leave a queue move
    /// others over the edge of a page, so one of several pages is read twice and must stand still.
    pub(crate) async fn proved_queue(
        &self,
        context: &CallContext<'_>,
        kind: QueueKind,
        agent: &str,
        batch: Option<&str>,
    ) -> Result<(Vec<Row>, bool)> {
        let read = || self.whole_queue(context, kind, agent, batch, MOST_PAGES);
        let (rows, whole) = read().await?;
        if !whole || u64::try_from(rows.len()).is_ok_and(|length| length <= PAGE) {
            return Ok((rows, whole));
        }
        let (again, whole) = read().await?;
        let still = ids(&again) == ids(&rows);
        Ok((rows, whole && still))
    }

    /// Sends a command to an agent's queue: an empty object, and whatever comes back.
    pub(super) async fn command(
        &self,
        context: &CallContext<'_>,
        operation: &'static str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Value> {
        let call = Call::write(operation, path, query, Value::Object(Row::new()));
        let answer = self.client.post(context, call).await?;
        whatever(operation, &answer)
    }

    pub(super) async fn selections(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        completed: Option<bool>,
    ) -> Result<Vec<Campaign>> {
        let mut query = vec![("agent_uuid", checked("NN-39", agent)?)];
        query.extend(completed.map(|completed| {
            let word = if completed { "true" } else { "false" };
            ("is_completed", word)
        }));
        let call = Call::read("NN-39", "/selection", &query);
        let answer = self.client.get(context, call).await?;
        let rows = wire::rows("NN-39", &answer.body)?.rows;
        Ok(rows
            .into_iter()
            .filter_map(|row| campaign(row, &self.settings.zone))
            .collect())
    }
}

fn ids(rows: &[Row]) -> BTreeSet<Option<String>> {
    rows.iter().map(|row| id(Some(row), &["uuid"])).collect()
}

fn read_position(position: &str) -> Option<Span> {
    let (limit, offset) = position.split_once(':')?;
    let (limit, offset): (u64, u64) = (limit.parse().ok()?, offset.parse().ok()?);
    let fits = (1..=200).contains(&limit) && offset % limit == 0;
    fits.then_some(Span { limit, offset })
}

/// A row of a queue; `None` where it has no id.
fn queued_item(kind: QueueKind, mut row: Row, settings: &NeuroSettings) -> Option<QueuedItem> {
    let remote_id = text(&mut row, "uuid")?;
    let dialog = row.get("dialog").and_then(Value::as_object);
    let dialog_remote_id = match kind {
        QueueKind::Dialogs => None,
        QueueKind::Calls => {
            id(dialog, &["uuid", "dialog_uuid"]).or_else(|| id(Some(&row), &["dialog_uuid"]))
        }
    };
    let phone_raw = phone(&row);
    let status_raw = text(&mut row, "result");
    let added_at = instant(&mut row, "date_added", &settings.zone);
    for name in ["msisdn", "msisnd", "phone", "dialog_uuid"] {
        if row.get(name).is_some_and(Value::is_string) {
            row.remove(name);
        }
    }
    if dialog_remote_id.is_some() {
        take_dialog(&mut row);
    }
    Some(QueuedItem {
        remote_id,
        dialog_remote_id,
        phone: phone_raw
            .as_deref()
            .and_then(|raw| settings.phones.international(raw)),
        phone_raw,
        status: words::queue_status(status_raw.as_deref()),
        status_raw,
        added_at,
        extra: rest(row),
    })
}

/// The dialog of a queued call says its id and its phone once more; what else it says stays.
fn take_dialog(row: &mut Row) {
    let Some(Value::Object(mut dialog)) = row.remove("dialog") else {
        return;
    };
    for name in ["uuid", "dialog_uuid", "msisdn", "msisnd", "phone"] {
        dialog.remove(name);
    }
    if !dialog.is_empty() {
        row.insert("dialog".to_owned(), Value::Object(dialog));
    }
}

/// Whom a row is about.
pub(super) fn phone(row: &Row) -> Option<String> {
    let of_dialog = || {
        id(
            row.get("dialog")?.as_object(),
            &["msisdn", "msisnd", "phone"],
        )
    };
    id(Some(row), &["msisdn", "msisnd", "phone"]).or_else(of_dialog)
}

/// An instant without a zone. The vendor's word stays beside it, for the zone is the connection's.
fn instant(row: &mut Row, name: &str, zone: &TimeZone) -> Option<callweave_model::Timestamp> {
    let written = row.get(name)?;
    let read = read_date(written, zone);
    let whole = read.is_some_and(|read: when::Read| !read.zone_assumed);
    if whole || written.is_null() {
        row.remove(name);
    }
    read.map(|read| read.instant)
}

/// A selection; `None` where it has no id.
fn campaign(mut row: Row, zone: &TimeZone) -> Option<Campaign> {
    let remote_id = text(&mut row, "uuid")?;
    let started_at = instant(&mut row, "started_on", zone);
    let dialogs_count = integer(&mut row, "dialogs_count");
    if let Some(odd) = dialogs_count.filter(|count| *count < 0) {
        keep(&mut row, "dialogs_count", Value::from(odd));
    }
    Some(Campaign {
        remote_id,
        name: text(&mut row, "name"),
        started_at,
        completed: truth(&mut row, "is_completed"),
        dialogs_count: dialogs_count.filter(|count| *count >= 0),
        extra: rest(row),
    })
}

/// The row of a dialog in the queue, and how far it is.
pub(crate) fn state_of(row: &Row) -> (CallStatus, Option<String>) {
    let raw = id(Some(row), &["result"]);
    (words::queue_status(raw.as_deref()), raw)
}

#[cfg(test)]
mod tests {
    use super::read_position;

    #[test]
    fn trap_n36_a_place_in_a_queue_keeps_its_limit() {
        let span = read_position("25:75").unwrap();
        assert_eq!((span.limit, span.offset), (25, 75));
        for odd in ["", "25", "25:80", "0:0", "201:0", "-1:0", "a:b", "25:75:1"] {
            assert!(read_position(odd).is_none(), "{odd}");
        }
    }
}
