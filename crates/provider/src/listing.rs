//! Pages of what a vendor owns, fetched live.

/// Which page of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// How many entries at most, 1 to 200. A vendor with smaller pages gives fewer.
    pub limit: u32,
    /// The [`Listing::next`] of the page before.
    pub position: Option<String>,
    /// Only what holds this text, where the vendor searches.
    pub search: Option<String>,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            limit: 50,
            position: None,
            search: None,
        }
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing<T> {
    /// The entries, in the vendor's order.
    pub items: Vec<T>,
    /// Where the next page begins: opaque text of the adapter; `None` at the end.
    pub next: Option<String>,
    /// How many there are in all, where the vendor says.
    pub total: Option<u64>,
}

impl<T> Listing<T> {
    /// All there is.
    pub const fn whole(items: Vec<T>) -> Self {
        Self {
            items,
            next: None,
            total: None,
        }
    }
}
