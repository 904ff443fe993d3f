//! How a walk through an offset-paged list stays honest while the list changes under it.
//!
//! Rows are asked for by position, and positions shift when rows are deleted. So every page asks
//! for some rows again that the page before ended with: where they are met, nothing was skipped;
//! where they are not, the walk goes back and looks for the seam. The end is where a page shows
//! nothing but those rows. Whether the vendor counts from 0 or from 1, caps pages or ignores
//! `_end`, positions follow from the rows that really came.

use serde::{Deserialize, Serialize};

/// The version of [`Position`]; a cursor of another version starts the walk anew.
const VERSION: u32 = 1;
/// How many rows a page asks for again.
pub(crate) const OVERLAP: u64 = 5;
/// How often a walk may go back or meet the same page before it gives up.
const MOST_STALLS: u32 = 24;
/// How often the same page may come in place of the next one.
const MOST_REPEATS: u32 = 3;

/// Where a walk stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    v: u32,
    /// The position to ask for next.
    pub(crate) at: u64,
    /// The position of the first row: 0, or 1 where the vendor counts so.
    pub(crate) base: u64,
    /// Rows expected again; `None` where that is not known: at a resumed or searching walk.
    overlap: Option<u64>,
    /// The last ids of the page before.
    anchors: Vec<String>,
    /// The greatest id met, while ids ascend.
    last: Option<u64>,
    /// The last id of the page before, while ids ascend.
    page_last: Option<u64>,
    /// Ids were met in ascending order only.
    ascending: bool,
    /// The vendor takes `_end` for a page size.
    pub(crate) end_is_size: bool,
    /// How far the walk last went back.
    back: u64,
    stalls: u32,
    repeats: u32,
    /// The next page is only to find out whether the vendor pages at all.
    probing: bool,
}

/// A row as far as the walk cares.
#[derive(Clone, Debug)]
pub(crate) struct RowKey {
    /// The vendor's id, or a made-up one where it cannot be read.
    pub(crate) id: String,
    /// The vendor's id as a number; `None` where it cannot be read.
    pub(crate) number: Option<u64>,
}

/// What follows a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    More(Position),
    Done(Position),
    Unproved(Position, &'static str),
}

/// The sizes a walk goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Rows a page.
    pub(crate) page: u64,
    /// Rows at the end of the list that the next incremental walk reads again.
    pub(crate) reread: u64,
}

impl Position {
    /// The beginning of a list whose first row stands at `base`.
    pub(crate) fn start(base: u64) -> Self {
        Self {
            v: VERSION,
            at: base,
            base,
            overlap: None,
            anchors: Vec::new(),
            last: None,
            page_last: None,
            ascending: true,
            end_is_size: false,
            back: 0,
            stalls: 0,
            repeats: 0,
            probing: false,
        }
    }

    /// Reads a position that [`Step`] handed out; `None` for one of another version.
    pub(crate) fn read(cursor: &serde_json::Value) -> Option<Self> {
        let position = Self::deserialize(cursor).ok()?;
        (position.v == VERSION && position.at >= position.base).then_some(position)
    }

    /// Nothing was asked for yet.
    pub(crate) fn is_fresh(&self) -> bool {
        self.at == self.base && self.last.is_none() && self.anchors.is_empty()
    }

    /// The bounds to send as `_start` and `_end`.
    pub(crate) fn bounds(&self, sizes: Sizes) -> (u64, u64) {
        let (at, count) = if self.probing {
            (self.base, probe(sizes))
        } else {
            (self.at, sizes.page)
        };
        let end = if self.end_is_size {
            count
        } else {
            at.saturating_add(count)
        };
        (at, end)
    }

    /// Decides what follows the page that came for this position.
    pub(crate) fn step(mut self, sizes: Sizes, rows: &[RowKey]) -> Step {
        if self.probing {
            return self.after_probe(sizes, rows);
        }
        if rows.is_empty() {
            return self.after_empty_page(sizes);
        }
        self.ascending = self.ascending && ascends(rows);
        if !self.seam_holds(rows) {
            return self.go_back(sizes);
        }
        let count = rows.len() as u64;
        let fresh = self.new_rows(rows);
        if fresh == 0
            && let Some(overlap) = self.overlap
        {
            let only_overlap = count <= overlap + 1;
            let moves_on = self.ascending && last_number(rows) > self.page_last;
            if only_overlap {
                return Step::Done(self.resume(sizes, rows));
            }
            if !moves_on {
                return self.after_repeated_page(sizes, rows);
            }
        }
        let more_than_asked = count > sizes.page + 1 && self.at > self.base;
        self.end_is_size = self.end_is_size || (more_than_asked && fresh > 0);
        self.forward(rows, fresh > 0)
    }

    fn after_empty_page(mut self, sizes: Sizes) -> Step {
        if self.at <= self.base {
            return Step::Done(Self::start(self.base));
        }
        if self.end_is_size {
            self.end_is_size = false;
            return self.stall();
        }
        // Pages of one or two rows leave no room for an overlap: there an empty page is the end.
        if self.overlap == Some(0) {
            let at = self.at;
            return Step::Done(self.resumed_from(at, sizes));
        }
        self.go_back(sizes)
    }

    /// Whether nothing can lie between the page before and this one.
    fn seam_holds(&self, rows: &[RowKey]) -> bool {
        if self.at <= self.base || self.overlap == Some(0) {
            return true;
        }
        let edge = if self.overlap.is_some() {
            self.page_last
        } else {
            self.last
        };
        let first = rows.iter().find_map(|row| row.number);
        let before_edge = self.ascending && first.is_some() && first <= edge;
        before_edge || rows.iter().any(|row| self.anchors.contains(&row.id))
    }

    /// Which of the rows that came for this position are met for the first time; none while the
    /// walk has to go back first, for then they come again.
    pub(crate) fn firsts(&self, rows: &[RowKey]) -> Vec<bool> {
        let ascending = self.ascending && ascends(rows);
        let now = Self {
            ascending,
            ..self.clone()
        };
        if now.probing || !now.seam_holds(rows) {
            return vec![false; rows.len()];
        }
        now.new_ones(rows).collect()
    }

    fn new_rows(&self, rows: &[RowKey]) -> usize {
        self.new_ones(rows).filter(|new| *new).count()
    }

    fn new_ones<'a>(&'a self, rows: &'a [RowKey]) -> impl Iterator<Item = bool> + 'a {
        let is_known = |row: &RowKey| self.anchors.contains(&row.id);
        let last_known = rows.iter().rposition(is_known);
        rows.iter()
            .enumerate()
            .map(move |(at, row)| match row.number {
                Some(number) if self.ascending => Some(number) > self.last,
                None if self.ascending => !is_known(row),
                _ => last_known.is_none_or(|known| at > known),
            })
    }

    fn forward(mut self, rows: &[RowKey], news: bool) -> Step {
        let count = rows.len() as u64;
        let overlap = OVERLAP.min((count - 1) / 2);
        self.at = self.at.saturating_add(count - overlap);
        self.overlap = Some(overlap);
        self.note(rows);
        self.back = 0;
        if news {
            (self.stalls, self.repeats) = (0, 0);
        }
        Step::More(self)
    }

    fn note(&mut self, rows: &[RowKey]) {
        let from = rows
            .len()
            .saturating_sub(usize::try_from(OVERLAP).unwrap_or(0));
        self.anchors = rows.iter().skip(from).map(|row| row.id.clone()).collect();
        self.page_last = last_number(rows);
        self.last = self.last.max(self.page_last);
    }

    fn go_back(mut self, sizes: Sizes) -> Step {
        if !self.ascending {
            return Step::Unproved(Self::start(self.base), "rows of the page before are gone");
        }
        self.back = self.back.saturating_mul(2).max(sizes.page);
        self.at = self.at.saturating_sub(self.back).max(self.base);
        self.overlap = None;
        self.page_last = None;
        self.stall()
    }

    fn stall(mut self) -> Step {
        self.stalls += 1;
        if self.stalls > MOST_STALLS {
            return Step::Unproved(Self::start(self.base), "pages do not fit together");
        }
        Step::More(self)
    }

    /// A page with known rows only, where new ones were due: the vendor ignored `_start`. It may
    /// not page at all; then a smaller page comes back just as long, and is the whole list.
    fn after_repeated_page(mut self, sizes: Sizes, rows: &[RowKey]) -> Step {
        let count = rows.len() as u64;
        if count < sizes.page || count > sizes.page + 1 {
            return Step::Done(Self::start(self.base));
        }
        self.repeats += 1;
        self.probing = true;
        if self.repeats > MOST_REPEATS {
            return Step::Unproved(Self::start(self.base), "the list repeats a page");
        }
        self.stall()
    }

    fn after_probe(mut self, sizes: Sizes, rows: &[RowKey]) -> Step {
        if rows.len() as u64 > probe(sizes) + 1 {
            return Step::Done(Self::start(self.base));
        }
        self.probing = false;
        self.stall()
    }

    /// Where the next incremental walk begins.
    fn resume(mut self, sizes: Sizes, rows: &[RowKey]) -> Self {
        let end = self.at.saturating_add(rows.len() as u64);
        self.note(rows);
        self.resumed_from(end, sizes)
    }

    fn resumed_from(self, end: u64, sizes: Sizes) -> Self {
        // Without an order new rows may stand anywhere.
        if !self.ascending || self.last.is_none() {
            return Self::start(self.base);
        }
        Self {
            at: end.saturating_sub(sizes.reread.max(OVERLAP)).max(self.base),
            overlap: None,
            page_last: None,
            back: 0,
            stalls: 0,
            repeats: 0,
            ..self
        }
    }
}

/// Rows of a page that only finds out whether pages are made at all.
fn probe(sizes: Sizes) -> u64 {
    (sizes.page / 2).max(1)
}

fn ascends(rows: &[RowKey]) -> bool {
    let numbers: Vec<u64> = rows.iter().filter_map(|row| row.number).collect();
    numbers.is_sorted()
}

fn last_number(rows: &[RowKey]) -> Option<u64> {
    rows.iter().rev().find_map(|row| row.number)
}

#[cfg(test)]
mod tests;
