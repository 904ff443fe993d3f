//! What the vendor owns, read live: rows of lists, single objects, pages.

use bytes::Bytes;
use callweave_provider::{
    ProviderError, Result,
    envelope::{self, Envelope},
    listing::ListQuery,
};
use serde_json::{Map, Value};

use crate::{
    error::{Outer, bad_response},
    input::refuse,
    members::Members,
    walk::Totals,
};

/// The most entries that are asked for at once; larger pages are not known to be taken.
const LARGEST_PAGE: u64 = 50;

/// The most pages that are read to find one entry.
pub(crate) const MOST_PAGES: u64 = 1_000;

/// The rows of a list. One that cannot be read spoils the list: it has no place to stand in, and
/// must not be missing without a word.
pub(crate) fn rows(operation: &'static str, members: &Outer, name: &str) -> Result<Vec<Members>> {
    let no_list = || bad_response(operation, "the list is none");
    let raw = members.get(name).ok_or_else(no_list)?;
    let Ok(Envelope::Array(rows)) = Envelope::inside(raw) else {
        return Err(no_list());
    };
    rows.iter()
        .map(|raw| match envelope::value(raw) {
            Ok(Value::Object(row)) => Ok(Members::of(row, operation)),
            _ => Err(bad_response(
                operation,
                "an entry of the list cannot be read",
            )),
        })
        .collect()
}

/// An object in an answer.
pub(crate) fn object(operation: &'static str, members: &Outer, name: &str) -> Result<Members> {
    match members.get(name).map(|raw| envelope::value(raw)) {
        Some(Ok(Value::Object(map))) => Ok(Members::of(map, operation)),
        _ => Err(bad_response(operation, "the object cannot be read")),
    }
}

/// The id of an entry, which it cannot be without.
pub(crate) fn id_of(operation: &'static str, row: &mut Members) -> Result<String> {
    row.id("id")
        .ok_or_else(|| bad_response(operation, "an entry has no id"))
}

/// The outermost members of an answer.
pub(crate) fn outer(operation: &'static str, body: &Bytes) -> Result<Map<String, Value>> {
    callweave_provider::tolerant::parse(body)
        .ok()
        .and_then(|value| match value {
            Value::Object(map) => Some(map),
            _ => None,
        })
        .ok_or_else(|| bad_response(operation, "the answer cannot be read"))
}

/// A page of one of the vendor's lists, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) page: u64,
    pub(crate) per_page: u64,
    /// The installation answers under the path that only the introduction names.
    pub(crate) alias: bool,
}

impl Place {
    /// The first page of a list.
    pub(crate) fn first(limit: u32) -> Self {
        Self {
            page: 1,
            per_page: u64::from(limit).clamp(1, LARGEST_PAGE),
            alias: false,
        }
    }

    /// The page that a query asks for.
    pub(crate) fn of(operation: &'static str, query: &ListQuery) -> Result<Self> {
        match &query.position {
            None => Ok(Self::first(query.limit)),
            Some(text) => Self::read(text)
                .ok_or_else(|| refuse(operation, "/cursor", "is no position of this list")),
        }
    }

    /// The position as text.
    pub(crate) fn text(self) -> String {
        let alias = if self.alias { ".alias" } else { "" };
        format!("{}.{}{alias}", self.page, self.per_page)
    }

    fn read(text: &str) -> Option<Self> {
        let (numbers, alias) = match text.strip_suffix(".alias") {
            Some(numbers) => (numbers, true),
            None => (text, false),
        };
        let (page, per_page) = numbers.split_once('.')?;
        let place = Self {
            page: page.parse().ok()?,
            per_page: per_page.parse().ok()?,
            alias,
        };
        (place.page > 0 && (1..=LARGEST_PAGE).contains(&place.per_page)).then_some(place)
    }

    /// The page after a page of so many entries; `None` at the end. Totals are hints: only a page
    /// that is short as well as the last one, or an empty one, ends a list.
    pub(crate) fn after(self, count: usize, totals: Totals) -> Option<Self> {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let size = totals.per_page.unwrap_or(self.per_page).min(self.per_page);
        let pages = totals
            .pages
            .or_else(|| totals.total.map(|total| total.div_ceil(size)));
        let last = pages.is_some_and(|pages| self.page >= pages);
        let over = count == 0 || (last && count < size);
        (!over).then(|| Self {
            page: self.page.saturating_add(1),
            ..self
        })
    }
}

/// An entry that a whole list does not hold, as far as the list can be trusted.
pub(crate) fn missing(operation: &'static str, met: u64, total: Option<u64>) -> ProviderError {
    if total.is_some_and(|total| met < total) {
        return bad_response(operation, "the list shifted while it was read");
    }
    crate::input::unknown(operation)
}

/// A part of a list that the vendor gives whole: entries, and where the next part begins.
pub(crate) fn part<T>(
    operation: &'static str,
    all: Vec<T>,
    query: &ListQuery,
) -> Result<(Vec<T>, Option<String>, u64)> {
    let skip = match &query.position {
        None => 0,
        Some(text) => text
            .parse::<usize>()
            .map_err(|_error| refuse(operation, "/cursor", "is no position of this list"))?,
    };
    let total = all.len();
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX).max(1);
    let end = skip.saturating_add(limit);
    let items = all.into_iter().skip(skip).take(limit).collect();
    let next = (end < total).then(|| end.to_string());
    Ok((items, next, u64::try_from(total).unwrap_or(u64::MAX)))
}

/// Whether one of these texts holds what is searched for.
pub(crate) fn found(search: Option<&str>, texts: &[Option<&str>]) -> bool {
    let Some(wanted) = search.map(str::to_lowercase) else {
        return true;
    };
    texts
        .iter()
        .flatten()
        .any(|text| text.to_lowercase().contains(&wanted))
}

#[cfg(test)]
mod tests {
    use super::Place;
    use crate::walk::Totals;

    #[test]
    fn a_position_is_written_and_read() {
        for place in [
            Place::first(200),
            Place {
                page: 7,
                per_page: 3,
                alias: true,
            },
        ] {
            assert_eq!(Place::read(&place.text()), Some(place));
        }
        for odd in [
            "",
            "1",
            "0.5",
            "1.0",
            "1.51",
            "1.2.3",
            "-1.5",
            "1.5.alias.alias",
        ] {
            assert_eq!(Place::read(odd), None, "{odd}");
        }
    }

    #[test]
    fn trap_t36_a_list_ends_with_a_short_last_page_or_an_empty_one() {
        let place = Place::first(20);
        let told = |total, pages| Totals {
            total,
            pages,
            per_page: None,
        };
        assert_eq!(place.after(0, told(Some(90), Some(5))), None);
        assert!(
            place.after(20, told(Some(20), Some(1))).is_some(),
            "a full page proves nothing"
        );
        assert_eq!(place.after(19, told(Some(19), None)), None);
        assert!(
            place.after(19, told(None, None)).is_some(),
            "pages may be capped"
        );
        assert!(place.after(19, told(Some(40), None)).is_some());
    }
}
