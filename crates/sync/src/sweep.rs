//! Full walks: what two of them did not meet is asked for by id, and what the vendor then denies is
//! gone. Too much missing at once is never believed, unless its owner approves it.

use std::time::Duration;

use callweave_model::Timestamp;
use callweave_provider::Pull;
use callweave_store::{
    StoreError,
    events::Event,
    sweeps::{Missing, Reach},
};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    failure,
    run::{Run, Stop},
    walk::Pass,
};

/// Fewer missing records than this are believed whatever their share.
const BELIEVED: i64 = 10;

/// A call so near to where a walk stopped looking is not missed: its vendor may count its time in
/// another zone.
const MARGIN: Duration = Duration::from_hours(48);

/// How long a full walk rests that could not be proved.
const REST: Duration = Duration::from_hours(1);

/// What is done about what a full walk did not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The vendor is asked for each of them.
    Ask,
    /// There are too many: only those are asked for of which nothing would be deleted here.
    Withhold,
}

impl Run<'_> {
    /// The number of the full walk that is due or under way.
    pub(crate) fn full_walk_due(&self) -> Option<i64> {
        let now = self.now();
        let due = self
            .state
            .full_walk_at
            .is_none_or(|at| now.since(at) >= self.engine.options.full_walk_interval);
        let rests = self
            .state
            .full_walk_not_before
            .is_some_and(|until| now < until);
        (due && !rests).then_some(self.state.full_walk + 1)
    }

    /// Goes on with the full walk that is due, if one is.
    pub(crate) async fn sweep(
        &mut self,
        pull: &dyn Pull,
        streams: &[String],
        shutdown: &CancellationToken,
    ) -> Result<(), Stop> {
        let Some(number) = self.full_walk_due() else {
            return Ok(());
        };
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        tx.begin_full_walk(self.connection.id, self.now()).await?;
        tx.commit().await?;
        let (mut complete, mut unproved) = (true, false);
        for stream in streams {
            match self.walk_stream(stream, Pass::Full(number), shutdown).await {
                Ok(true) => {}
                Ok(false) => unproved = true,
                Err(Stop::Vendor(error)) if !failure::concerns_connection(error.kind) => {
                    self.note_stream_trouble(stream, &error).await?;
                    self.progress.note_trouble(error);
                    complete = false;
                }
                Err(stop) => return Err(stop),
            }
        }
        if unproved {
            let rest = REST.min(self.engine.options.full_walk_interval);
            let mut tx = self.tenant().await?;
            tx.hold_lease(&self.lease, self.engine.options.lease)
                .await?;
            tx.rest_full_walk(self.connection.id, self.now().plus(rest))
                .await?;
            tx.commit().await?;
        } else if complete {
            self.end_full_walk(number, pull).await?;
        }
        Ok(())
    }

    /// Ends a full walk over all streams; candidates for deletion become due.
    async fn end_full_walk(&mut self, number: i64, pull: &dyn Pull) -> Result<(), StoreError> {
        let now = self.now();
        let depth = pull.full_walk_depth();
        let began = self.state.full_walk_began_at.unwrap_or(now);
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        let mut withheld = 0;
        if pull.full_walk_proves_absence() {
            let reach = Reach {
                walk: number,
                // A walk that began earlier looked no further back than one that began later.
                since: depth.map(|depth| now.minus(depth).plus(MARGIN)),
                kept_since: self.kept_since(),
            };
            let missing = tx.count_missing(self.connection.id, reach).await?;
            let verdict = judge(missing, self.state.deletions_ceiling);
            if verdict == Verdict::Withhold {
                withheld = i32::try_from(missing.missing).unwrap_or(i32::MAX);
                warn!(
                    sync.missing = missing.missing,
                    sync.live = missing.live,
                    "Deletions are withheld: too many at once"
                );
                if withheld != self.state.deletions_withheld {
                    tx.insert_events(&[self.withheld(missing)], now).await?;
                }
            }
            let harmless_only = verdict == Verdict::Withhold;
            tx.want_missing(self.connection.id, reach, harmless_only, now)
                .await?;
        }
        let since = match depth {
            Some(depth) => Some(began.minus(depth)),
            None => tx.oldest_start(self.connection.id).await?,
        };
        if let Some(since) = since {
            tx.note_history(self.connection.id, since).await?;
        }
        tx.end_full_walk(self.connection.id, number, withheld, now)
            .await?;
        tx.commit().await?;
        self.state.full_walk = number;
        self.state.full_walk_at = Some(now);
        self.state.deletions_withheld = withheld;
        self.state.deletions_ceiling = None;
        self.state.full_walk_began_at = None;
        Ok(())
    }

    fn withheld(&self, missing: Missing) -> Event {
        Event {
            event_type: "sync.deletions_withheld",
            connection: Some(self.connection.id),
            subject: Some(self.connection.id.0),
            data: json!({
                "vendor": self.scope.vendor, "missing": missing.missing, "live": missing.live,
            }),
        }
    }

    /// Calls before that are older than what vendors keep.
    pub(crate) fn kept_since(&self) -> Option<Timestamp> {
        self.engine
            .options
            .vendor_retention
            .map(|kept| self.now().minus(kept))
    }
}

/// Too much missing at once is believed only up to what was approved.
fn judge(missing: Missing, ceiling: Option<i32>) -> Verdict {
    let share_exceeded = missing.missing.saturating_mul(10) > missing.live;
    let approved = ceiling.is_some_and(|ceiling| missing.missing <= i64::from(ceiling));
    if missing.missing > BELIEVED && share_exceeded && !approved {
        Verdict::Withhold
    } else {
        Verdict::Ask
    }
}

#[cfg(test)]
mod tests {
    use super::{Missing, Verdict, judge};

    #[test]
    fn more_than_ten_and_more_than_a_tenth_need_an_approval() {
        let verdict = |missing, live, ceiling| {
            let missing = Missing {
                missing,
                aged: 0,
                live,
            };
            judge(missing, ceiling)
        };
        assert_eq!(verdict(10, 10, None), Verdict::Ask);
        assert_eq!(verdict(50, 1_000, None), Verdict::Ask);
        assert_eq!(verdict(11, 100, None), Verdict::Withhold);
        assert_eq!(verdict(11, 100, Some(11)), Verdict::Ask);
        assert_eq!(verdict(12, 100, Some(11)), Verdict::Withhold);
    }
}
