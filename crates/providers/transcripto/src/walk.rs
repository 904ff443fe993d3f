//! A walk over pages that shift while they are read.
//!
//! The vendor sorts by `updated_at`, newest first, and has no snapshot. A task that changes jumps
//! to the front and pushes others down, where they are met twice; a task that is deleted pulls
//! others up, where they could be missed. What is met twice does no harm. Tasks come up by as many
//! places at most as the total went down by, so that the walk steps back by that many and goes on.
//! Where the total goes down again and again, or two pages do not fit together, it proves nothing.

use callweave_provider::number::as_i64;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    error::{Outer, member},
    owned::Place,
};

/// The version of the cursors below.
pub(crate) const VERSION: u32 = 1;

/// Tasks asked for at once.
pub(crate) const PER_PAGE: u64 = 50;

/// Tasks asked for at once where the vendor refuses more: its documented default.
pub(crate) const SMALL_PAGE: u64 = 10;

/// Changes that became visible late are looked for this long before the newest one known.
const OVERLAP_MS: i64 = 15 * 60 * 1_000;

/// A backfill is over after so many walks, proved or not: it promises what the vendor can tell.
pub(crate) const MOST_TRIES: u32 = 2;

/// Pages without anything new before the walk gives up.
const MOST_REPEATS: u32 = 3;

/// Times in a row that the walk steps back before it gives up.
const MOST_STEPS_BACK: u32 = 20;

/// The most pages of one walk.
const MOST_PAGES: u64 = 100_000;

/// Where a walk stands, or where the next one begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub(crate) enum Position {
    /// Between two walks.
    Resume(Resume),
    /// Within a walk.
    Walk(Box<Walk>),
}

/// Where the next incremental walk begins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resume {
    pub(crate) v: u32,
    /// The newest `updated_at` that the last walk knew when it began, in milliseconds.
    #[serde(default)]
    pub(crate) watermark: Option<i64>,
    /// Walks in a row that proved nothing.
    #[serde(default)]
    pub(crate) tries: u32,
    /// The installation answers under the path that only the introduction names.
    #[serde(default)]
    pub(crate) alias: bool,
}

/// A walk under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Walk {
    pub(crate) v: u32,
    /// The page to read next, from 1.
    pub(crate) page: u64,
    pub(crate) per_page: u64,
    #[serde(default)]
    pub(crate) alias: bool,
    /// Only tasks of this type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) only: Option<String>,
    /// First and last day of a backfill.
    #[serde(default)]
    pub(crate) days: Option<(String, String)>,
    /// Where the walk began to look, for the case that it proves nothing.
    #[serde(default)]
    began: Option<i64>,
    /// Tasks older than this were met by the walk before.
    #[serde(default)]
    until: Option<i64>,
    /// The newest `updated_at` at the start of this walk.
    #[serde(default)]
    watermark: Option<i64>,
    /// The second look at the front, for tasks that jumped there while the rest was read.
    #[serde(default)]
    catching_up: bool,
    #[serde(default)]
    previous: Vec<String>,
    #[serde(default)]
    previous_oldest: Option<i64>,
    #[serde(default)]
    total: Option<u64>,
    #[serde(default)]
    met: u64,
    #[serde(default)]
    repeats: u32,
    /// All tasks were met down to the end of this page, but for those that came up since.
    #[serde(default)]
    reached: Option<u64>,
    /// So many may have come up since.
    #[serde(default)]
    came_up: u64,
    /// The last page whose tasks were counted.
    #[serde(default)]
    counted: u64,
    /// Times that the walk stepped back since.
    #[serde(default)]
    steps_back: u32,
    #[serde(default)]
    pub(crate) tries: u32,
    /// The pages do not come in the documented order; nothing is concluded from it.
    #[serde(default)]
    unordered: bool,
}

/// One task on a page, as far as the walk cares.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) code: String,
    pub(crate) updated_at: Option<i64>,
}

/// What the vendor says about its pages; hints, no proof.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) total: Option<u64>,
    pub(crate) pages: Option<u64>,
    pub(crate) per_page: Option<u64>,
}

impl Totals {
    /// Reads what an answer says beside its list.
    pub(crate) fn of(answer: &Outer, list: &str) -> Self {
        if let Some(Value::Object(pagination)) = member(answer, "pagination") {
            return Self::read(&pagination);
        }
        let beside = answer
            .keys()
            .filter(|name| *name != list)
            .filter_map(|name| Some((name.clone(), member(answer, name)?)))
            .collect();
        Self::read(&beside)
    }

    /// Reads the `pagination` object, or the members of another of the vendor's page shapes.
    pub(crate) fn read(members: &Map<String, Value>) -> Self {
        let number = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| as_i64(members.get(*name)?))
                .and_then(|number| u64::try_from(number).ok())
        };
        Self {
            total: number(&["total_tasks", "total", "total_items", "count"]),
            pages: number(&["total_pages", "pages"]),
            per_page: number(&["per_page", "page_size"]).filter(|size| *size > 0),
        }
    }
}

/// What follows a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    More,
    Done,
    Unproved(&'static str),
}

impl Walk {
    /// A walk over everything.
    pub(crate) fn whole(resume: &Resume) -> Self {
        Self {
            v: VERSION,
            page: 1,
            per_page: PER_PAGE,
            alias: resume.alias,
            tries: resume.tries,
            ..Self::default()
        }
    }

    /// One page of the tasks of one type.
    pub(crate) fn at(place: Place, only: &str) -> Self {
        Self {
            v: VERSION,
            page: place.page,
            per_page: place.per_page,
            alias: place.alias,
            only: Some(only.to_owned()),
            ..Self::default()
        }
    }

    /// The page to read next.
    pub(crate) fn place(&self) -> Place {
        Place {
            page: self.page,
            per_page: self.per_page,
            alias: self.alias,
        }
    }

    /// A walk over the tasks of one type that changed at an instant or after it.
    pub(crate) fn back_to(instant: i64, only: &str, alias: bool) -> Self {
        Self {
            began: Some(instant),
            until: Some(instant),
            watermark: Some(instant),
            only: Some(only.to_owned()),
            ..Self::whole(&Resume {
                alias,
                ..Resume::default()
            })
        }
    }

    /// A walk over what changed since the last one.
    pub(crate) fn since(resume: &Resume) -> Self {
        Self {
            began: resume.watermark,
            until: resume.watermark.map(|watermark| watermark - OVERLAP_MS),
            watermark: resume.watermark,
            ..Self::whole(resume)
        }
    }

    /// A walk over the calls of some days.
    pub(crate) fn days(first: String, last: String, resume: &Resume) -> Self {
        Self {
            days: Some((first, last)),
            ..Self::whole(resume)
        }
    }

    /// How many tasks there are, as the vendor last said.
    pub(crate) fn total(&self) -> Option<u64> {
        self.total
    }

    /// Takes note of a page.
    pub(crate) fn take(&mut self, rows: &[Seen], totals: Totals) -> Step {
        if let Some(step) = self.step_back(totals) {
            return step;
        }
        let further = self.page > self.counted;
        if further {
            self.counted = self.page;
            self.steps_back = 0;
        }
        self.total = totals.total.or(self.total);
        if rows.is_empty() {
            return self.end();
        }
        if self.page == 1 && !self.catching_up {
            let newest = rows.iter().filter_map(|row| row.updated_at).max();
            self.watermark = self.watermark.max(newest);
        }
        self.check_order(rows);
        if let Some(broken) = self.check_seam(rows) {
            return broken;
        }
        let fresh: Vec<&Seen> = rows
            .iter()
            .filter(|row| !self.previous.contains(&row.code))
            .collect();
        let counted = fresh
            .iter()
            .filter(|row| !self.catching_up || row.updated_at > self.until);
        // On a page that is read again, what came up is as many as what went.
        if further {
            self.met += u64::try_from(counted.count()).unwrap_or(u64::MAX);
        }
        self.repeats = if fresh.is_empty() {
            self.repeats + 1
        } else {
            0
        };
        if self.repeats > 0 && self.is_complete() {
            return self.end();
        }
        if self.repeats >= MOST_REPEATS || self.page >= MOST_PAGES {
            return Step::Unproved("pages repeat themselves");
        }
        if self.has_met_the_known(rows) {
            return self.stop();
        }
        let size = self.size_of_pages(totals);
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let last = totals.pages.is_some_and(|pages| self.page >= pages);
        if last && count < size {
            return self.end();
        }
        self.previous = rows.iter().map(|row| row.code.clone()).collect();
        self.previous_oldest = rows.last().and_then(|row| row.updated_at);
        self.page += 1;
        Step::More
    }

    /// Steps back where tasks may have come up that no page has shown, beyond the one just read.
    fn step_back(&mut self, totals: Totals) -> Option<Step> {
        let reached = self.reached.unwrap_or(self.page.saturating_sub(1));
        if let (Some(old), Some(new)) = (self.total, totals.total) {
            self.came_up += old.saturating_sub(new);
            self.total = Some(new);
        }
        let pages = self.came_up.div_ceil(self.size_of_pages(totals).max(1));
        let first = (reached + 1).saturating_sub(pages).max(1);
        if self.page <= first {
            self.reached = Some(self.page);
            self.came_up = 0;
            return None;
        }
        self.steps_back += 1;
        if self.steps_back > MOST_STEPS_BACK {
            let reason = "the number of tasks went down while pages were read";
            return Some(Step::Unproved(reason));
        }
        self.reached = Some(reached);
        self.page = first;
        self.previous = Vec::new();
        self.previous_oldest = None;
        self.repeats = 0;
        Some(Step::More)
    }

    fn size_of_pages(&self, totals: Totals) -> u64 {
        totals.per_page.unwrap_or(self.per_page).min(self.per_page)
    }

    /// Where the next incremental walk begins.
    pub(crate) fn resume(&self, proved: bool) -> Resume {
        Resume {
            v: VERSION,
            watermark: if proved { self.watermark } else { self.began },
            tries: if proved { 0 } else { self.tries + 1 },
            alias: self.alias,
        }
    }

    /// The vendor's page is beyond the last one.
    pub(crate) fn end(&mut self) -> Step {
        if self.catching_up || self.is_complete() {
            return self.stop();
        }
        // Fewer than the total were met: some jumped to the front while the rest was read.
        self.catching_up = true;
        self.page = 1;
        self.reached = None;
        self.counted = 0;
        self.previous = Vec::new();
        self.previous_oldest = None;
        self.repeats = 0;
        self.until = self.watermark;
        Step::More
    }

    /// Nothing more is to be read.
    fn stop(&self) -> Step {
        if self.catching_up && !self.is_complete() {
            Step::Unproved("fewer tasks were met than the vendor counts")
        } else {
            Step::Done
        }
    }

    /// As many tasks were met as there are, or nobody says how many there are.
    fn is_complete(&self) -> bool {
        self.total.is_none_or(|total| self.met >= total)
    }

    /// The order of the page tells that all that follows was met by the walk before.
    fn has_met_the_known(&self, rows: &[Seen]) -> bool {
        let oldest = rows.last().and_then(|row| row.updated_at);
        match (oldest, self.until) {
            (Some(oldest), Some(until)) => !self.unordered && oldest < until,
            _ => false,
        }
    }

    fn check_order(&mut self, rows: &[Seen]) {
        let rising = rows.windows(2).any(|pair| match pair {
            [first, second] => {
                matches!((first.updated_at, second.updated_at), (Some(a), Some(b)) if b > a)
            }
            _ => false,
        });
        self.unordered |= rising;
    }

    /// Either something of the page before shows up again, or the order goes on where it stopped.
    fn check_seam(&self, rows: &[Seen]) -> Option<Step> {
        if self.unordered || self.previous.is_empty() {
            return None;
        }
        let meets = rows.iter().any(|row| self.previous.contains(&row.code));
        let first = rows.first().and_then(|row| row.updated_at);
        let rises = matches!((first, self.previous_oldest), (Some(new), Some(old)) if new > old);
        (!meets && rises).then_some(Step::Unproved("two pages do not fit together"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Resume, Seen, Step, Totals, Walk};

    fn rows(times: impl IntoIterator<Item = i64>) -> Vec<Seen> {
        times
            .into_iter()
            .map(|time| Seen {
                code: format!("t{time}"),
                updated_at: Some(time * 60_000),
            })
            .collect()
    }

    fn totals(total: u64) -> Totals {
        Totals {
            total: Some(total),
            pages: Some(total.div_ceil(50)),
            per_page: Some(50),
        }
    }

    #[test]
    fn trap_t36_a_walk_ends_with_a_short_last_page_or_an_empty_one() {
        let mut walk = Walk::whole(&Resume::default());
        assert_eq!(walk.take(&rows((71..=120).rev()), totals(70)), Step::More);
        assert_eq!(walk.take(&rows((51..=70).rev()), totals(70)), Step::Done);
        assert_eq!(walk.resume(true).watermark, Some(120 * 60_000));
        let mut silent = Walk::whole(&Resume::default());
        assert_eq!(silent.take(&rows([3, 2]), Totals::default()), Step::More);
        assert_eq!(silent.take(&[], Totals::default()), Step::Done);
    }

    #[test]
    fn trap_t37_what_shifts_down_is_met_twice_and_does_no_harm() {
        let mut walk = Walk::whole(&Resume::default());
        assert_eq!(walk.take(&rows((51..=100).rev()), totals(100)), Step::More);
        // One task came in: the last of the page before shows up again.
        assert_eq!(walk.take(&rows((2..=51).rev()), totals(101)), Step::More);
        assert_eq!(
            walk.take(&rows([1]), totals(101)),
            Step::More,
            "one is missing: look again"
        );
        // It stands at the front now.
        assert_eq!(walk.take(&rows((52..=101).rev()), totals(101)), Step::Done);
    }

    #[test]
    fn case_062_a_task_that_jumped_to_the_front_unmet_is_caught_up() {
        let mut walk = Walk::whole(&Resume::default());
        assert_eq!(walk.take(&rows((51..=100).rev()), totals(100)), Step::More);
        // Task 10 changes and becomes 101: 49 others follow, and the last of the first page.
        let second = (1..=51).rev().filter(|time| *time != 10);
        assert_eq!(walk.take(&rows(second), totals(100)), Step::More);
        assert_eq!(walk.take(&[], totals(100)), Step::More);
        assert_eq!(walk.take(&rows((52..=101).rev()), totals(100)), Step::Done);
    }

    #[test]
    fn case_063_what_came_up_into_a_page_that_was_read_is_met_on_it() {
        let mut walk = Walk::whole(&Resume::default());
        assert_eq!(walk.take(&rows((71..=120).rev()), totals(120)), Step::More);
        assert_eq!(walk.page, 2);
        // One of the first page went: 70 stands on it now, and is not among these.
        assert_eq!(walk.take(&rows((20..=69).rev()), totals(119)), Step::More);
        assert_eq!(walk.page, 1, "it is read again");
        assert_eq!(walk.take(&rows((70..=119).rev()), totals(119)), Step::More);
        assert_eq!(walk.take(&rows((20..=69).rev()), totals(119)), Step::More);
        assert_eq!(walk.take(&rows((1..=19).rev()), totals(119)), Step::Done);
    }

    #[test]
    fn case_062_case_063_a_walk_over_a_shifting_list_meets_all_that_stays() {
        let mut number = 7_u64;
        let mut below = |limit: u64| {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (number >> 33) % limit
        };
        let mut proved = 0;
        for _ in 0..200 {
            let mut list = rows((1..=700).rev());
            let mut stayed: BTreeSet<String> = list.iter().map(|row| row.code.clone()).collect();
            let (mut met, mut newest) = (BTreeSet::new(), 700);
            let mut walk = Walk::whole(&Resume::default());
            let step = loop {
                let start = usize::try_from((walk.page - 1) * 50).unwrap();
                let end = (start + 50).min(list.len());
                let page = list.get(start..end).unwrap_or_default();
                met.extend(page.iter().map(|row| row.code.clone()));
                match walk.take(page, totals(list.len() as u64)) {
                    Step::More => {}
                    step => break step,
                }
                for _ in 0..below(4) {
                    let place = usize::try_from(below(list.len() as u64)).unwrap();
                    newest += 1;
                    match below(4) {
                        0 => list.splice(0..0, rows([newest])).for_each(drop),
                        // Changed: it jumps to the front.
                        1 => {
                            let mut row = list.remove(place);
                            row.updated_at = Some(newest * 60_000);
                            stayed.remove(&row.code);
                            list.insert(0, row);
                        }
                        _ => drop(stayed.remove(&list.remove(place).code)),
                    }
                }
            };
            if step == Step::Done {
                proved += 1;
                let missed: Vec<&String> = stayed.difference(&met).collect();
                assert!(missed.is_empty(), "{missed:?}");
            }
        }
        assert!(proved > 100, "{proved} of 200 walks");
    }

    #[test]
    fn case_063_a_total_that_falls_again_and_again_leaves_the_walk_unproved() {
        let mut walk = Walk::since(&Resume {
            watermark: Some(0),
            ..Resume::default()
        });
        assert_eq!(walk.take(&rows((51..=100).rev()), totals(100)), Step::More);
        let step = (1..=99).rev().find_map(|total| {
            let page = if walk.page == 1 { 51..=100 } else { 1..=49 };
            let step = walk.take(&rows(page.rev()), totals(total));
            (step != Step::More).then_some(step)
        });
        assert!(matches!(step, Some(Step::Unproved(_))), "{step:?}");
        assert_eq!(
            walk.resume(false).watermark,
            Some(0),
            "begin again where it began"
        );
    }

    #[test]
    fn case_064_pages_that_repeat_end_the_walk() {
        let mut walk = Walk::whole(&Resume::default());
        let page = rows((51..=100).rev());
        let mut steps = Vec::new();
        for _ in 0..5 {
            steps.push(walk.take(&page, totals(500)));
        }
        assert!(matches!(steps[3], Step::Unproved(_)), "{steps:?}");
    }

    #[test]
    fn case_064_pages_out_of_order_do_not_fit_together() {
        let mut walk = Walk::whole(&Resume::default());
        assert_eq!(walk.take(&rows((1..=50).rev()), totals(100)), Step::More);
        assert!(matches!(
            walk.take(&rows((51..=100).rev()), totals(100)),
            Step::Unproved(_)
        ));
    }

    #[test]
    fn an_incremental_walk_stops_at_what_is_known() {
        let mut walk = Walk::since(&Resume {
            watermark: Some(90 * 60_000),
            ..Resume::default()
        });
        assert_eq!(
            walk.take(&rows((51..=100).rev()), totals(1_000)),
            Step::Done
        );
        assert_eq!(walk.resume(true).watermark, Some(100 * 60_000));
    }

    #[test]
    fn without_the_documented_order_an_incremental_walk_reads_on() {
        let mut walk = Walk::since(&Resume {
            watermark: Some(90 * 60_000),
            ..Resume::default()
        });
        let totals = Totals {
            total: Some(5),
            pages: Some(2),
            per_page: Some(3),
        };
        assert_eq!(walk.take(&rows([20, 10, 95]), totals), Step::More);
        assert_eq!(walk.take(&rows([99, 5]), totals), Step::Done);
    }
}
