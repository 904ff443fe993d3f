//! The query parameters that lists share.

use std::str::FromStr;

use super::answer::Refusal;
use crate::world::options::Options;

/// The parameters of a list, as they came.
#[derive(Debug)]
pub(super) struct ListQuery {
    pairs: Vec<(String, String)>,
}

/// The stretch of a list that was asked for: from `skip`, and up to `take` where there is a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) skip: usize,
    pub(super) take: Option<usize>,
}

impl ListQuery {
    pub(super) const fn new(pairs: Vec<(String, String)>) -> Self {
        Self { pairs }
    }

    /// The value of a parameter; an empty one counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that is a number.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        self.get(name)
            .map(|text| {
                text.parse()
                    .map_err(|_error| Refusal::BadRequest(format!("{name} is invalid")))
            })
            .transpose()
    }

    /// Whether the order is descending.
    pub(super) fn descending(&self) -> Result<bool, Refusal> {
        match self.get("_order") {
            None | Some("asc" | "ASC") => Ok(false),
            Some("desc" | "DESC") => Ok(true),
            Some(_) => Err(Refusal::BadRequest("_order is invalid".into())),
        }
    }

    /// The field to sort by, one of these.
    pub(super) fn sort<'a>(&self, known: &[&'a str]) -> Result<&'a str, Refusal> {
        let asked = self.get("_sort").unwrap_or("id");
        known
            .iter()
            .find(|name| **name == asked)
            .copied()
            .ok_or_else(|| Refusal::BadRequest("_sort is invalid".into()))
    }

    /// The stretch that was asked for. Without `_start` and `_end` that is everything in the older
    /// edition, and one page in the newer.
    pub(super) fn window(&self, options: &Options) -> Result<Window, Refusal> {
        let base = usize::from(options.callgear_start_base);
        let start: Option<usize> = self.number("_start")?;
        let end: Option<usize> = self.number("_end")?;
        let skip = start.unwrap_or(base).saturating_sub(base);
        let cap = usize::try_from(options.callgear_page_cap)
            .ok()
            .filter(|cap| *cap > 0);
        let asked = end.map(|end| {
            if options.callgear_end_is_page_size {
                end
            } else {
                end.saturating_sub(skip)
            }
        });
        let paged = start.is_some() || end.is_some() || options.callgear_edition >= 2026;
        let take = match (asked, cap) {
            (Some(asked), Some(cap)) => Some(asked.min(cap)),
            (Some(asked), None) => Some(asked),
            (None, cap) if paged => cap,
            (None, _) => None,
        };
        Ok(Window { skip, take })
    }
}

impl Window {
    /// Everything.
    pub(super) const ALL: Self = Self {
        skip: 0,
        take: None,
    };

    /// The stretch of these items.
    pub(super) fn of<T>(self, items: impl Iterator<Item = T>) -> Vec<T> {
        items
            .skip(self.skip)
            .take(self.take.unwrap_or(usize::MAX))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(query: &[(&str, &str)], options: &Options) -> Vec<usize> {
        let pairs = query
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        ListQuery::new(pairs).window(options).unwrap().of(0..1_000)
    }

    #[test]
    fn pages_are_half_open_from_zero_and_closed_from_one() {
        let from_zero = Options {
            callgear_start_base: 0,
            ..Options::default()
        };
        let page = window(&[("_start", "10"), ("_end", "20")], &from_zero);
        assert_eq!((page[0], page.len()), (10, 10));
        let from_one = Options {
            callgear_start_base: 1,
            ..Options::default()
        };
        let page = window(&[("_start", "11"), ("_end", "20")], &from_one);
        assert_eq!((page[0], page.len()), (10, 10));
    }

    #[test]
    fn a_page_is_capped_and_no_page_is_everything() {
        let options = Options::default();
        assert_eq!(
            window(&[("_start", "0"), ("_end", "500")], &options).len(),
            100
        );
        assert_eq!(window(&[], &options).len(), 1_000);
        let newer = Options {
            callgear_edition: 2026,
            ..Options::default()
        };
        assert_eq!(window(&[], &newer).len(), 100);
        let sized = Options {
            callgear_end_is_page_size: true,
            ..Options::default()
        };
        let page = window(&[("_start", "40"), ("_end", "10")], &sized);
        assert_eq!((page[0], page.len()), (40, 10));
    }
}
