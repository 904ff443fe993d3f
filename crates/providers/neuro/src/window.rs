//! Windows of time over the report, cut smaller until one answer holds all of a window.
//!
//! The report's order is not documented, so nothing relies on it: a window counts as read when
//! one answer held all its rows. Times are counted in the connection's local time without zone,
//! because that is what the vendor is asked in: an hour that happens twice is one hour here.

use std::collections::BTreeSet;

use callweave_model::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The version of the cursors below.
pub(crate) const VERSION: u32 = 1;

/// Rows asked for at once.
pub(crate) const LIMIT: u64 = 500;

/// Rows asked for at once where the vendor refuses more: its documented default.
pub(crate) const SMALL_LIMIT: u64 = 100;

/// Fewer rows are never asked for.
const SMALLEST_LIMIT: u64 = 5;

/// Late outcomes are looked for this long after a dialog.
const OVERLAP_S: i64 = 72 * 3_600;

/// A walk looks this far beyond the present: the vendor's clock may count in another zone than
/// the settings say.
const AHEAD_S: i64 = 14 * 3_600;

/// A backfill is over after so many walks, proved or not: it promises what the vendor can tell.
pub(crate) const MOST_TRIES: u32 = 2;

/// A doubtful window is read this many times before it is left for the next walk.
const REREADS: u32 = 2;

/// The same for a full second that takes several pages: every page may come out of an order of its
/// own, so that one reading meets some rows twice and others not at all.
const PAGED_REREADS: u32 = 16;

/// At most this many parts come from one window, so that a cursor stays small.
const MOST_PARTS: i64 = 64;

/// At most this many doubtful windows are remembered one by one.
const MOST_DOUBTED: usize = 32;

/// The most pages that are read of a window that cannot be cut further.
const MOST_PAGES: u64 = 2_000;

/// A span of seconds of local time, counted from 1970 as if it were UTC; the end is exclusive.
pub(crate) type Window = (i64, i64);

/// Where a walk stands, or where the next one begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub(crate) enum Position {
    /// Between two walks.
    Resume(Resume),
    /// Within a walk.
    Walk(Walk),
}

/// Where the next incremental walk begins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resume {
    pub(crate) v: u32,
    /// The start of the last walk.
    pub(crate) since: i64,
    /// Windows that could not be proved to be read whole.
    #[serde(default)]
    pub(crate) doubted: Vec<Window>,
    /// Walks in a row that left something doubtful.
    #[serde(default)]
    pub(crate) tries: u32,
    /// The agent's name, so that it is asked once.
    #[serde(default)]
    pub(crate) name: Option<String>,
}

/// A walk under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Walk {
    pub(crate) v: u32,
    pub(crate) started: i64,
    /// What is still to be read; the last one comes next.
    pub(crate) windows: Vec<Window>,
    pub(crate) limit: u64,
    #[serde(default)]
    pub(crate) offset: u64,
    /// Different rows met so far in a window that is read by offset, each as a hash.
    #[serde(default)]
    pub(crate) met: BTreeSet<u64>,
    #[serde(default)]
    pub(crate) rereads: u32,
    #[serde(default)]
    pub(crate) tries: u32,
    #[serde(default)]
    pub(crate) doubted: Vec<Window>,
    #[serde(default)]
    pub(crate) reason: Option<String>,
    #[serde(default)]
    pub(crate) name: Option<String>,
}

/// What one answer held.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    /// Rows, readable or not.
    pub(crate) rows: u64,
    /// Different dialogs among them: some installations may count these.
    pub(crate) dialogs: u64,
    /// What the vendor says there are.
    pub(crate) total: Option<u64>,
    /// A hash of each row's name.
    pub(crate) keys: Vec<u64>,
}

/// The instant in seconds of local time.
pub(crate) fn local_seconds(instant: Timestamp, zone: &TimeZone) -> i64 {
    let local = instant.as_jiff().to_zoned(zone.clone()).datetime();
    local
        .to_zoned(TimeZone::UTC)
        .map_or(0, |zoned| zoned.timestamp().as_second())
}

/// Seconds of local time as the vendor reads them.
pub(crate) fn text(seconds: i64) -> String {
    let instant = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    instant.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

impl Walk {
    /// A walk over everything since `history_s` seconds ago.
    pub(crate) fn whole(now: i64, history_s: i64) -> Self {
        Self::over(now, vec![(now - history_s, now + AHEAD_S)])
    }

    /// A walk over what may be new or late since the last one, and over what was left doubtful.
    pub(crate) fn since(now: i64, resume: &Resume) -> Self {
        let mut windows = resume.doubted.clone();
        windows.push((resume.since.min(now) - OVERLAP_S, now + AHEAD_S));
        Self {
            name: resume.name.clone(),
            tries: resume.tries,
            ..Self::over(now, windows)
        }
    }

    /// A walk over nothing but what was left doubtful.
    pub(crate) fn doubted(now: i64, resume: &Resume) -> Self {
        Self {
            name: resume.name.clone(),
            tries: resume.tries,
            ..Self::over(now, resume.doubted.clone())
        }
    }

    /// A walk over one span.
    pub(crate) fn span(now: i64, from: i64, to: i64) -> Self {
        Self::over(now, vec![(from, to.max(from + 1))])
    }

    fn over(now: i64, windows: Vec<Window>) -> Self {
        Self {
            v: VERSION,
            started: now,
            windows,
            limit: LIMIT,
            ..Self::default()
        }
    }

    /// The window that is to be read next.
    pub(crate) fn window(&self) -> Option<Window> {
        self.windows.last().copied()
    }

    /// Takes note of an answer for the window that was next.
    pub(crate) fn take(&mut self, counted: Counted) {
        let Some(window) = self.windows.pop() else {
            return;
        };
        if self.offset > 0 {
            self.take_page(window, &counted);
            return;
        }
        let Counted { rows, total, .. } = counted;
        if rows < self.limit {
            let agrees = total.is_none_or(|total| total == rows || total == counted.dialogs);
            if agrees {
                self.rereads = 0;
            } else if total > Some(rows) && rows >= 10 && rows.is_multiple_of(10) {
                // The vendor cuts pages shorter than asked: go on with what it gives.
                self.limit = rows;
                self.windows.push(window);
            } else {
                self.doubt(window, "the vendor's total disagrees with its rows");
            }
            return;
        }
        if window.1 - window.0 > 1 {
            self.rereads = 0;
            self.cut(window, total.unwrap_or(0).max(rows));
        } else {
            self.offset = self.limit;
            self.met.extend(counted.keys);
            self.windows.push(window);
        }
    }

    /// The report answered a page of a window that cannot be cut further.
    fn take_page(&mut self, window: Window, counted: &Counted) {
        self.met.extend(&counted.keys);
        let met = u64::try_from(self.met.len()).unwrap_or(u64::MAX);
        let missing = counted.total.is_some_and(|total| total > met);
        let full = counted.rows >= self.limit;
        if full && self.offset / self.limit.max(1) < MOST_PAGES {
            // The offset has to be a multiple of the limit.
            self.offset += self.limit;
            self.windows.push(window);
            return;
        }
        self.offset = 0;
        if !missing && !full {
            self.met.clear();
            self.rereads = 0;
        } else if self.rereads < PAGED_REREADS {
            // Pages of another size are cut out of another order.
            self.rereads += 1;
            self.limit = (self.limit - self.limit / 8).max(SMALLEST_LIMIT);
            self.windows.push(window);
        } else {
            self.met.clear();
            self.give_up(window, "the pages of a full second do not add up");
        }
    }

    /// Cuts a window into parts, the newest next.
    fn cut(&mut self, (from, to): Window, rows: u64) {
        let wanted = rows.saturating_mul(2) / self.limit.max(1) + 1;
        let parts = i64::try_from(wanted)
            .unwrap_or(MOST_PARTS)
            .clamp(2, MOST_PARTS)
            .min(to - from);
        let edge = |part: i64| from + (to - from) * part / parts;
        for part in 0..parts {
            self.windows.push((edge(part), edge(part + 1)));
        }
    }

    fn doubt(&mut self, window: Window, reason: &str) {
        if self.rereads < REREADS {
            self.rereads += 1;
            self.windows.push(window);
            return;
        }
        self.give_up(window, reason);
    }

    fn give_up(&mut self, window: Window, reason: &str) {
        self.rereads = 0;
        self.reason = Some(reason.to_owned());
        if self.doubted.len() < MOST_DOUBTED {
            self.doubted.push(window);
        } else if let Some(last) = self.doubted.last_mut() {
            *last = (last.0.min(window.0), last.1.max(window.1));
        }
    }

    /// Where the next walk begins.
    pub(crate) fn resume(&self) -> Resume {
        Resume {
            v: VERSION,
            since: self.started,
            doubted: self.doubted.clone(),
            tries: if self.doubted.is_empty() {
                0
            } else {
                self.tries + 1
            },
            name: self.name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::{Counted, LIMIT, Resume, Walk, local_seconds, text};

    fn counted(rows: u64, total: u64) -> Counted {
        page(0..rows, total)
    }

    fn page(keys: std::ops::Range<u64>, total: u64) -> Counted {
        let rows = keys.end - keys.start;
        Counted {
            rows,
            dialogs: rows,
            total: Some(total),
            keys: keys.collect(),
        }
    }

    #[test]
    fn trap_n34_local_time_is_asked_for() {
        let instant = "2026-03-02T09:15:00Z".parse().unwrap();
        let moscow = TimeZone::get("Europe/Moscow").unwrap();
        assert_eq!(text(local_seconds(instant, &moscow)), "2026-03-02 12:15:00");
        assert_eq!(
            text(local_seconds(instant, &TimeZone::UTC)),
            "2026-03-02 09:15:00"
        );
    }

    #[test]
    fn trap_n35_a_window_is_cut_until_one_answer_holds_it_and_newest_come_first() {
        // One row every ten seconds for a day.
        let row_count = |(from, to): (i64, i64)| {
            u64::try_from(
                (0..8_640)
                    .filter(|n| (from..to).contains(&(n * 10)))
                    .count(),
            )
            .unwrap()
        };
        let mut walk = Walk::span(0, 0, 86_400);
        let (mut read, mut answers, mut last) = (0, 0, i64::MAX);
        while let Some(window) = walk.window() {
            answers += 1;
            assert!(answers < 100, "too many answers");
            let total = row_count(window);
            if total < LIMIT {
                read += total;
                assert!(window.1 <= last, "newest first");
                last = window.0;
            }
            walk.take(counted(total.min(LIMIT), total));
        }
        assert_eq!(read, 8_640);
        assert!(walk.doubted.is_empty());
        assert!(answers < 40, "{answers} answers");
    }

    #[test]
    fn trap_n35_a_silent_page_cap_is_found_out() {
        let mut walk = Walk::span(0, 0, 1_000);
        walk.take(counted(100, 250));
        assert_eq!((walk.limit, walk.windows.len()), (100, 1));
        walk.take(counted(100, 250));
        assert!(walk.windows.len() > 1, "cut");
    }

    #[test]
    fn trap_n36_a_full_second_is_read_by_offsets_that_are_multiples_of_the_limit() {
        let mut walk = Walk::span(0, 7, 8);
        walk.take(page(0..LIMIT, 1_100));
        assert_eq!(walk.offset, LIMIT);
        walk.take(page(LIMIT..2 * LIMIT, 1_100));
        assert_eq!(walk.offset, 2 * LIMIT);
        walk.take(page(1_000..1_100, 1_100));
        assert_eq!((walk.offset, walk.window()), (0, None));
        assert!(walk.doubted.is_empty());
    }

    #[test]
    fn case_065_rows_that_pages_show_twice_do_not_stand_in_for_others() {
        let mut walk = Walk::span(0, 7, 8);
        walk.take(page(0..LIMIT, 600));
        walk.take(page(0..100, 600));
        assert_eq!(
            (walk.offset, walk.window()),
            (0, Some((7, 8))),
            "the second is read again"
        );
        assert!(walk.limit < LIMIT, "in other pages");
        walk.take(page(50..50 + walk.limit, 600));
        walk.take(page(460..600, 600));
        assert_eq!(walk.window(), None);
        assert!(walk.doubted.is_empty() && walk.met.is_empty());

        let mut hopeless = Walk::span(0, 7, 8);
        let mut answers = 0;
        while hopeless.window().is_some() {
            let rows = if hopeless.offset == 0 {
                hopeless.limit
            } else {
                1
            };
            hopeless.take(page(0..rows, 5_000));
            answers += 1;
            assert!(answers < 100, "no endless loop");
        }
        assert_eq!(hopeless.doubted, [(7, 8)]);
    }

    #[test]
    fn case_033_a_total_that_disagrees_is_read_again_and_then_left_for_the_next_walk() {
        let mut walk = Walk::span(1_000, 0, 1_000);
        for _ in 0..3 {
            assert_eq!(walk.window(), Some((0, 1_000)));
            walk.take(counted(3, 4));
        }
        assert_eq!(walk.window(), None);
        assert_eq!(walk.doubted, [(0, 1_000)]);
        let next = Walk::since(90_000, &walk.resume());
        assert_eq!(next.windows.len(), 2, "the doubtful window and the news");
    }

    #[test]
    fn case_060_late_outcomes_of_three_days_are_seen() {
        let resume = Resume {
            since: 1_000_000,
            ..Resume::default()
        };
        let walk = Walk::since(1_000_060, &resume);
        let (from, to) = walk.window().unwrap();
        assert_eq!(from, 1_000_000 - 72 * 3_600);
        assert!(to > 1_000_060);
    }
}
