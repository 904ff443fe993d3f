//! The months that calls lie in: made before they are needed, dropped when nothing lies in them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
    time::Duration,
};

use callweave_model::Timestamp;

use crate::{Result, Store};

/// How long a month is taken to be there. Well below [`RESTS`], or rows would go into the default
/// partition.
const KNOWN: Duration = Duration::from_mins(5);
/// How long a month must have been empty, with nobody making sure of it, before it is dropped.
pub const RESTS: Duration = Duration::from_mins(15);
/// From anywhere in a month into the next one, and never beyond it.
const MONTH: Duration = Duration::from_hours(24 * 31);

/// Months that are known to be there, and when they were made sure of.
pub(crate) type KnownMonths = BTreeMap<String, Timestamp>;

/// The name of the month of an instant: its first day.
fn month(instant: Timestamp) -> String {
    instant.as_jiff().strftime("%Y-%m-01").to_string()
}

impl Store {
    /// Makes the partitions of the months of these instants, as far as they are plausible (up to
    /// twenty years back, one ahead); the rest goes into the default partition.
    pub(crate) async fn ensure_months(
        &self,
        instants: impl Iterator<Item = Timestamp>,
        now: Timestamp,
    ) -> Result<()> {
        let year_of =
            |instant: Timestamp| instant.as_jiff().to_zoned(jiff::tz::TimeZone::UTC).year();
        let this_year = year_of(now);
        let months: BTreeSet<String> = instants
            .filter(|instant| (this_year - 20..=this_year + 1).contains(&year_of(*instant)))
            .map(month)
            .collect();
        let missing = self.unknown_months(months, now);
        if missing.is_empty() {
            return Ok(());
        }
        let mut tx = self.system().await?;
        sqlx::query("SELECT ensure_call_partition(month::date) FROM UNNEST($1::text[]) AS month")
            .bind(&missing)
            .execute(tx.executor())
            .await?;
        tx.commit().await?;
        let mut known = self.months().lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(missing.into_iter().map(|month| (month, now)));
        Ok(())
    }

    fn unknown_months(&self, months: BTreeSet<String>, now: Timestamp) -> Vec<String> {
        let known = self.months().lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |since: &Timestamp| *since <= now && now.minus(KNOWN) < *since;
        months
            .into_iter()
            .filter(|month| !known.get(month).is_some_and(fresh))
            .collect()
    }

    /// Makes the partitions of this month and the next, before there is anything to write.
    pub async fn open_months(&self, now: Timestamp) -> Result<()> {
        self.ensure_months([now, now.plus(MONTH)].into_iter(), now)
            .await
    }

    /// Drops the months before this one in which nothing lies any more, of any tenant, and has not
    /// for as long as `rest`; returns which. One in which somebody works is left for the next time.
    pub async fn drop_empty_months(&self, rest: Duration) -> Result<Vec<String>> {
        let mut tx = self.system().await?;
        let months: Vec<String> = sqlx::query_scalar(
            "SELECT to_char(to_date(right(part.relname, 6), 'YYYYMM'), 'YYYY-MM-DD') \
             FROM pg_inherits AS tree JOIN pg_class AS part ON part.oid = tree.inhrelid \
             WHERE tree.inhparent = 'public.calls'::regclass AND part.relname ~ '^calls_[0-9]{6}$' \
             ORDER BY part.relname",
        )
        .fetch_all(tx.executor())
        .await?;
        tx.commit().await?;
        let mut dropped = Vec::new();
        for month in months {
            // Each on its own: while one is dropped, readers wait.
            let mut tx = self.system().await?;
            let became: String = sqlx::query_scalar(
                "SELECT retire_call_partition($1::date, make_interval(secs => $2))",
            )
            .bind(&month)
            .bind(rest.as_secs_f64())
            .fetch_one(tx.executor())
            .await?;
            tx.commit().await?;
            if became == "dropped" {
                dropped.push(month);
            }
        }
        Ok(dropped)
    }
}
