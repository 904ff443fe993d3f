//! What a vendor owns, as lists and answers around the model's own types.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A page of a list that the vendor keeps, fetched just now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LiveList<T> {
    /// The entries, in the vendor's order.
    pub(crate) data: Vec<T>,
    /// Where the next page begins; `null` at the end.
    pub(crate) next_cursor: Option<String>,
    /// How many there are in all, where the vendor tells.
    pub(crate) total: Option<u64>,
}

impl<T> LiveList<T> {
    /// All there is.
    pub(crate) fn whole(data: Vec<T>) -> Self {
        Self {
            total: Some(data.len() as u64),
            next_cursor: None,
            data,
        }
    }
}

/// What the vendor answered, as it writes it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VendorAnswer {
    /// The vendor's answer.
    #[schema(value_type = Value)]
    pub(crate) vendor_answer: Value,
}
