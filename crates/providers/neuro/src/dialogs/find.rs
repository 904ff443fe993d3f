//! Looking for a dialog whose start had no known outcome.
//!
//! The vendor takes no key of ours and shows no inputs, so a dialog is known again by its agent,
//! its phone and the time it came up: in the queue, or in the statistic once it was held. What the
//! vendor shows may be less than it has, so "it is not there" needs a queue and a report that were
//! read whole, and time for the vendor to have worked the request off.

use std::{collections::BTreeMap, time::Duration};

use callweave_model::{Timestamp, owned::DialogRequest};
use callweave_provider::{
    CallContext, ProviderError, RecordRef, Result,
    dialogs::{DialogTarget, QueueKind, StartedDialog},
    submit::Found,
};

use super::queue;
use crate::{
    Neuro, VENDOR,
    map::read_date,
    phone,
    pull::DIALOG,
    wire::{self, Row, Started, id},
};

/// The clocks of the vendor and of the gateway may stand so far apart.
const SKEW: Duration = Duration::from_mins(2);

/// Within so much time a request that reached the vendor shows in its queue, or was held and
/// counted.
const SETTLED: Duration = Duration::from_hours(1);

/// A time without a zone may be wrong by so much, if the connection's zone is.
const ZONES: Duration = Duration::from_hours(15);

/// The most dialogs whose statistics are asked for one by one.
const MOST_ASKED: usize = 100;

/// Dialogs to the phone, each with the time it first came up, where that is known.
#[derive(Debug, Default)]
struct Sightings {
    dialogs: BTreeMap<String, Option<Timestamp>>,
    /// Everything that could show the dialog was read.
    whole: bool,
}

impl Sightings {
    fn note(&mut self, dialog: String, at: Option<Timestamp>) {
        let known = self.dialogs.entry(dialog).or_default();
        *known = match (*known, at) {
            (Some(known), Some(at)) => Some(known.min(at)),
            (known, at) => known.or(at),
        };
    }

    /// What they say of a request that was sent at `sent_at`.
    fn judge(&self, sent_at: Timestamp, now: Timestamp) -> Found<String> {
        let (from, to) = (sent_at.minus(SKEW), now.plus(SKEW));
        let fresh: Vec<&String> = self
            .dialogs
            .iter()
            .filter(|(_, at)| at.is_some_and(|at| (from..=to).contains(&at)))
            .map(|(dialog, _)| dialog)
            .collect();
        let unclear = |at: &&Option<Timestamp>| !at.is_some_and(|at| at <= to);
        if let [dialog] = fresh.as_slice()
            && self.dialogs.values().filter(unclear).count() == 0
        {
            return Found::Yes((*dialog).clone());
        }
        let long_ago = sent_at.minus(ZONES);
        let none_near = self
            .dialogs
            .values()
            .all(|at| at.is_some_and(|at| at < long_ago));
        if none_near && self.whole && now.since(sent_at) >= SETTLED {
            return Found::No;
        }
        Found::Unknown
    }
}

impl Neuro {
    pub(super) async fn search(
        &self,
        context: &CallContext<'_>,
        target: &DialogTarget,
        request: &DialogRequest,
        sent_at: Timestamp,
    ) -> Result<Found<StartedDialog>> {
        let wanted = self
            .settings
            .phones
            .write(&request.phone)
            .map_err(|detail| ProviderError::invalid_input(VENDOR, "NN-33", "/phone", detail))?;
        let mut sightings = Sightings {
            whole: true,
            ..Sightings::default()
        };
        let others = self
            .look_into_queues(context, target, &wanted, &mut sightings)
            .await?;
        match target.batch.as_deref() {
            Some(batch) => {
                self.look_into_group(context, batch, &wanted, &mut sightings)
                    .await?;
            }
            None => {
                self.look_into_statistics(
                    context,
                    target,
                    &wanted,
                    sent_at,
                    &others,
                    &mut sightings,
                )
                .await?;
            }
        }
        Ok(match sightings.judge(sent_at, context.now) {
            Found::Yes(dialog) => Found::Yes(StartedDialog {
                record: RecordRef::new(DIALOG, dialog),
                hint: Started::at(sent_at, &target.agent, target.batch.as_deref()).hint(),
            }),
            Found::No => Found::No,
            Found::Unknown => Found::Unknown,
        })
    }

    /// Notes the dialogs to the phone that wait or waited; gives those to other phones.
    async fn look_into_queues(
        &self,
        context: &CallContext<'_>,
        target: &DialogTarget,
        wanted: &str,
        sightings: &mut Sightings,
    ) -> Result<Vec<String>> {
        let (agent, batch) = (target.agent.as_str(), target.batch.as_deref());
        let (rows, whole) = self
            .proved_queue(context, QueueKind::Dialogs, agent, batch)
            .await?;
        sightings.whole &= whole;
        let mut others = Vec::new();
        for row in rows {
            let Some(dialog) = id(Some(&row), &["uuid", "dialog_uuid"]) else {
                sightings.whole = false;
                continue;
            };
            match queue::phone(&row) {
                Some(phone) if !phone::same(&phone, wanted) => others.push(dialog),
                _ => sightings.note(dialog, None),
            }
        }
        if sightings.dialogs.is_empty() {
            return Ok(others);
        }
        // The queue of calls says when a dialog came up, where it names the dialog at all.
        let calls = QueueKind::Calls;
        let (rows, _) = self
            .whole_queue(context, calls, agent, batch, queue::MOST_PAGES)
            .await?;
        for row in rows {
            let dialog = id(
                row.get("dialog").and_then(serde_json::Value::as_object),
                &["uuid", "dialog_uuid"],
            );
            let known = dialog.filter(|dialog| sightings.dialogs.contains_key(dialog));
            let at = row
                .get("date_added")
                .and_then(|date| read_date(date, &self.settings.zone));
            if let (Some(dialog), Some(at)) = (known, at) {
                sightings.note(dialog, Some(at.instant));
            }
        }
        Ok(others)
    }

    /// Notes the dialogs of a batch that were held already.
    async fn look_into_group(
        &self,
        context: &CallContext<'_>,
        batch: &str,
        wanted: &str,
        sightings: &mut Sightings,
    ) -> Result<()> {
        let rows = self.group_rows(context, batch).await?.unwrap_or_default();
        self.note_rows(&rows, wanted, sightings);
        Ok(())
    }

    /// Notes the dialogs of the agent that were held since. The report names no phones, so the
    /// statistic of each dialog is asked for.
    async fn look_into_statistics(
        &self,
        context: &CallContext<'_>,
        target: &DialogTarget,
        wanted: &str,
        sent_at: Timestamp,
        others: &[String],
        sightings: &mut Sightings,
    ) -> Result<()> {
        let (from, to) = (sent_at.minus(SKEW), context.now.plus(SKEW));
        let (rows, whole) = self
            .report_between(context, &target.agent, from, to)
            .await?;
        sightings.whole &= whole;
        let mut held: Vec<String> = rows
            .iter()
            .filter_map(|row| id(Some(row), &["dialog_uuid"]))
            .filter(|dialog| !others.contains(dialog))
            .chain(sightings.dialogs.keys().cloned())
            .collect();
        held.sort_unstable();
        held.dedup();
        sightings.whole &= held.len() <= MOST_ASKED;
        for dialog in held.iter().take(MOST_ASKED) {
            let Some(statistic) = self.statistic(context, dialog).await? else {
                continue;
            };
            match wire::statistic("NN-28", &statistic.body) {
                Ok((rows, _)) => self.note_rows(&rows, wanted, sightings),
                Err(_unreadable) => sightings.whole = false,
            }
        }
        Ok(())
    }

    fn note_rows(&self, rows: &[Row], wanted: &str, sightings: &mut Sightings) {
        for row in rows {
            let Some(dialog) = id(Some(row), &["dialog_uuid"]) else {
                sightings.whole = false;
                continue;
            };
            let told = queue::phone(row);
            if told.is_some_and(|told| phone::same(&told, wanted)) {
                let date = row.get("date");
                let at = date.and_then(|date| read_date(date, &self.settings.zone));
                sightings.note(dialog, at.map(|read| read.instant));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use callweave_model::Timestamp;
    use callweave_provider::submit::Found;

    use super::Sightings;

    fn at(text: &str) -> Timestamp {
        format!("2026-03-02T{text}:00Z").parse().unwrap()
    }

    fn judged(dialogs: &[(&str, Option<&str>)], whole: bool, now: &str) -> Found<String> {
        let mut sightings = Sightings {
            whole,
            ..Sightings::default()
        };
        for (dialog, seen) in dialogs {
            sightings.note((*dialog).to_owned(), seen.map(at));
        }
        sightings.judge(at("12:00"), at(now))
    }

    #[test]
    fn trap_n09_one_dialog_that_came_up_since_is_the_one() {
        let yes = || Found::Yes("d".to_owned());
        assert_eq!(judged(&[("d", Some("12:01"))], false, "12:05"), yes());
        assert_eq!(
            judged(
                &[("d", Some("12:01")), ("old", Some("09:00"))],
                true,
                "12:05"
            ),
            yes(),
            "an earlier dialog to the same phone"
        );
    }

    #[test]
    fn trap_n09_what_could_be_it_or_another_one_is_left_open() {
        for dialogs in [
            &[("d", None)][..],
            &[("d", Some("12:01")), ("e", Some("12:02"))],
            &[("d", Some("12:01")), ("e", None)],
            &[("d", Some("15:00"))],
            &[("d", Some("09:00"))],
        ] {
            assert_eq!(
                judged(dialogs, true, "13:30"),
                Found::Unknown,
                "{dialogs:?}"
            );
        }
    }

    #[test]
    fn trap_n09_nothing_at_all_is_proof_only_after_a_while_and_where_all_was_read() {
        assert_eq!(judged(&[], true, "12:59"), Found::Unknown);
        assert_eq!(judged(&[], true, "13:00"), Found::No);
        assert_eq!(judged(&[], false, "18:00"), Found::Unknown);
    }
}
