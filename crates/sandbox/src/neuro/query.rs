//! Query parameters that several methods share.

use std::collections::HashMap;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value};

use super::{
    agents::{self, Profile},
    answer::other_error,
};

/// Query parameters by name.
pub(crate) type Parameters = HashMap<String, String>;

/// A page of a list: how many, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) limit: usize,
    pub(crate) offset: usize,
}

/// Why a list is refused whose offset does not fall on a page.
pub(crate) const OFFSET_NOT_MULTIPLE: &str = "Offset must be a multiple of limit";

/// What both lists take when no limit is given.
pub(crate) const DEFAULT_LIMIT: usize = 100;

impl Page {
    /// A page whose offset is a multiple of its limit, as the document demands.
    pub(crate) fn new(limit: usize, offset: usize) -> Result<Self, &'static str> {
        match offset.checked_rem(limit) {
            None => Err("Limit must be positive"),
            Some(0) => Ok(Self { limit, offset }),
            Some(_) => Err(OFFSET_NOT_MULTIPLE),
        }
    }

    /// The page that the query asks for.
    pub(crate) fn of(parameters: &Parameters) -> Result<Self, &'static str> {
        let number = |name: &str, default: usize| match parameters.get(name) {
            None => Ok(default),
            Some(text) => text.parse().ok().ok_or("limit and offset must be integers"),
        };
        Self::new(number("limit", DEFAULT_LIMIT)?, number("offset", 0)?)
    }
}

/// The agent that the query names.
pub(crate) fn agent(
    seed: u64,
    parameters: &Parameters,
) -> Result<(usize, &'static Profile), &'static str> {
    let id = parameters
        .get("agent_uuid")
        .ok_or("agent_uuid is required")?;
    agents::find(seed, id).ok_or("Agent not found")
}

/// The JSON object in a body.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, &'static str> {
    serde_json::from_slice(body)
        .ok()
        .ok_or("The body must be a JSON object")
}

/// Deletes the one row with this id from whichever list has it: 204, or the catch-all. Gives the
/// row, too.
pub(crate) fn remove<'a>(
    mut lists: impl Iterator<Item = &'a mut Vec<Value>>,
    member: &str,
    id: Option<&Value>,
    unknown: &str,
) -> (Response, Option<Value>) {
    let deleted = id.and_then(|id| {
        lists.find_map(|list| {
            let place = list.iter().position(|row| row.get(member) == Some(id))?;
            Some(list.remove(place))
        })
    });
    match deleted {
        Some(row) => (StatusCode::NO_CONTENT.into_response(), Some(row)),
        None => (other_error(unknown), None),
    }
}

#[cfg(test)]
mod tests {
    use super::{OFFSET_NOT_MULTIPLE, Page, Parameters};

    #[test]
    fn an_offset_inside_a_page_is_refused() {
        assert_eq!(
            Page::new(25, 75),
            Ok(Page {
                limit: 25,
                offset: 75
            })
        );
        assert_eq!(Page::new(25, 80), Err(OFFSET_NOT_MULTIPLE));
        assert!(Page::new(0, 0).is_err());
        assert_eq!(
            Page::of(&Parameters::new()),
            Ok(Page {
                limit: 100,
                offset: 0
            })
        );
    }
}
