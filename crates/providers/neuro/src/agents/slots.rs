//! When an agent may call (NN-12 to NN-15). Day 0 is Monday. An empty list means at any time.

use callweave_model::owned::{TimeSlot, TimeSlotChange, TimeSlotDraft};
use callweave_provider::{CallContext, ProviderError, Result, agents::LastSlot};
use serde_json::{Value, json};

use crate::{
    Neuro, VENDOR,
    client::{Call, object},
    error::{bad_response, not_there},
    members::{integer, keep, rest, text},
    wire::{self, Row},
};

const PATH: &str = "/agent-settings/time-slot";

impl Neuro {
    /// The rules of an agent, each with its row.
    pub(super) async fn slots(
        &self,
        context: &CallContext<'_>,
        agent: &str,
    ) -> Result<Vec<(TimeSlot, Row)>> {
        let query = [("agent_uuid", agent)];
        let call = Call::read("NN-12", PATH, &query);
        let answer = self.client.get(context, call).await?;
        let list = wire::rows("NN-12", &answer.body)?;
        Ok(list
            .rows
            .into_iter()
            .filter_map(|row| Some((time_slot(row.clone())?, row)))
            .collect())
    }

    pub(super) async fn add_slot(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        draft: &TimeSlotDraft,
    ) -> Result<TimeSlot> {
        let query = [("agent_uuid", agent)];
        let body = json!({
            "day": day("NN-13", draft.day)?,
            "not_before": time("NN-13", "/not_before", &draft.not_before)?,
            "not_after": time("NN-13", "/not_after", &draft.not_after)?,
        });
        let call = Call::write("NN-13", PATH, &query, body);
        let answer = self.client.post(context, call).await?;
        time_slot(object("NN-13", &answer)?)
            .ok_or_else(|| bad_response("NN-13", "the new rule has no id"))
    }

    /// The vendor takes a rule as a whole, so what the change leaves alone is sent as it was.
    pub(super) async fn change_slot(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        slot: &str,
        change: &TimeSlotChange,
    ) -> Result<TimeSlot> {
        let row = self
            .slots(context, agent)
            .await
            .map_err(ProviderError::before_sending)?
            .into_iter()
            .find(|(known, _)| known.remote_id == slot)
            .ok_or_else(|| not_there("NN-14", "the agent has no such rule"))?
            .1;
        let kept = |name: &str| row.get(name).cloned().unwrap_or_default();
        let written = |pointer, changed: Option<&String>, name: &str| match changed {
            Some(text) => Ok(json!(time("NN-14", pointer, text)?)),
            None => Ok::<Value, ProviderError>(kept(name)),
        };
        let body = json!({
            "time_slot_uuid": slot,
            "day": match change.day {
                Some(changed) => json!(day("NN-14", changed)?),
                None => kept("day"),
            },
            "not_before": written("/not_before", change.not_before.as_ref(), "not_before")?,
            "not_after": written("/not_after", change.not_after.as_ref(), "not_after")?,
        });
        let answer = self
            .client
            .put(context, Call::write("NN-14", PATH, &[], body))
            .await?;
        let changed = time_slot(object("NN-14", &answer)?);
        changed.ok_or_else(|| bad_response("NN-14", "the changed rule has no id"))
    }

    pub(super) async fn remove_slot(
        &self,
        context: &CallContext<'_>,
        agent: &str,
        slot: &str,
        last: LastSlot,
    ) -> Result<()> {
        let slots = self
            .slots(context, agent)
            .await
            .map_err(ProviderError::before_sending)?;
        if !slots.iter().any(|(known, _)| known.remote_id == slot) {
            return Err(not_there("NN-15", "the agent has no such rule"));
        }
        if slots.len() == 1 && last == LastSlot::Keep {
            return Err(ProviderError::invalid_input(
                VENDOR,
                "NN-15",
                "/confirm",
                "this is the agent's last rule: without any, it may call at any time; \
                 confirm=last deletes it all the same",
            ));
        }
        let body = json!({ "time_slot_uuid": slot });
        let call = Call::write("NN-15", PATH, &[], body);
        self.client.delete(context, call).await?;
        Ok(())
    }
}

/// A rule; `None` where it has no id. What its canonical members cannot tell stays as it came.
fn time_slot(mut row: Row) -> Option<TimeSlot> {
    let remote_id = text(&mut row, "time_slot_uuid")?;
    let number = integer(&mut row, "day");
    let known = number.and_then(|number| i32::try_from(number).ok());
    let day = known.filter(|day| (0..=6).contains(day));
    if let Some(odd) = number.filter(|_| day.is_none()) {
        keep(&mut row, "day", json!(odd));
    }
    let not_before = clock(&mut row, "not_before");
    let not_after = clock(&mut row, "not_after");
    Some(TimeSlot {
        remote_id,
        day,
        not_before,
        not_after,
        extra: rest(row),
    })
}

/// A time as `HH:MM`; where it is finer than that, or none at all, the vendor's word stays.
fn clock(row: &mut Row, name: &str) -> Option<String> {
    let written = text(row, name)?;
    let read: Option<jiff::civil::Time> = written.parse().ok();
    if read.is_none_or(|time| time.second() != 0) {
        keep(row, name, json!(written));
    }
    read.map(|time| time.strftime("%H:%M").to_string())
}

fn day(operation: &'static str, day: i32) -> Result<i32> {
    if (0..=6).contains(&day) {
        return Ok(day);
    }
    let detail = "must be 0 (Monday) to 6 (Sunday)";
    Err(ProviderError::invalid_input(
        VENDOR, operation, "/day", detail,
    ))
}

fn time<'a>(operation: &'static str, pointer: &'static str, text: &'a str) -> Result<&'a str> {
    let fits = text.len() == 5
        && text.as_bytes().get(2) == Some(&b':')
        && text.parse::<jiff::civil::Time>().is_ok();
    if fits {
        return Ok(text);
    }
    let detail = "must be a time of day, HH:MM";
    Err(ProviderError::invalid_input(
        VENDOR, operation, pointer, detail,
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{time, time_slot};
    use crate::wire::Row;

    fn row(value: Value) -> Row {
        match value {
            Value::Object(row) => row,
            _ => Row::new(),
        }
    }

    #[test]
    fn trap_n19_n20_days_and_times_are_read_in_every_spelling() {
        let slot = time_slot(row(json!({
            "time_slot_uuid": "s", "day": "0", "not_before": "09:00", "not_after": "18:30:00",
        })));
        let slot = slot.unwrap();
        assert_eq!(slot.day, Some(0));
        assert_eq!(slot.not_before.as_deref(), Some("09:00"));
        assert_eq!(slot.not_after.as_deref(), Some("18:30"));
        assert!(slot.extra.is_empty());
        let odd = time_slot(row(json!({
            "time_slot_uuid": "s", "day": 7, "not_before": "10:01:01", "not_after": "noon",
        })));
        let odd = odd.unwrap();
        assert_eq!((odd.day, odd.not_after), (None, None));
        assert_eq!(odd.not_before.as_deref(), Some("10:01"));
        assert_eq!(
            Value::Object(odd.extra),
            json!({"day": 7, "not_before": "10:01:01", "not_after": "noon"})
        );
    }

    #[test]
    fn times_are_sent_as_hours_and_minutes() {
        assert!(time("NN-13", "/not_before", "09:00").is_ok());
        for odd in ["9:00", "09:00:00", "24:00", "0900", "", "ab:cd"] {
            assert!(time("NN-13", "/not_before", odd).is_err(), "{odd}");
        }
    }
}
