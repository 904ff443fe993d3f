//! Ids of vendors in a path.

use serde::{Deserialize, Deserializer, de::Error as _};

/// What an id of a vendor may hold in a path, for the documentation.
pub(crate) const PATTERN: &str = r"^[^/\\?#\s\u0000-\u0020\u007F-\u009F]{1,200}$";

const LONGEST: usize = 200;

/// An id of a vendor: opaque, never empty, one segment of a path. Its adapter decides whether it
/// can be one of the vendor's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteId(String);

impl RemoteId {
    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes a text that can be an id.
    pub(crate) fn new(text: String) -> Option<Self> {
        let stray = |character: char| {
            character.is_control()
                || character.is_whitespace()
                || matches!(character, '/' | '\\' | '?' | '#')
        };
        let fits = !text.is_empty()
            && text.chars().count() <= LONGEST
            && !text.chars().any(stray)
            && !matches!(text.as_str(), "." | "..");
        fits.then_some(Self(text))
    }
}

impl<'de> Deserialize<'de> for RemoteId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(text).ok_or_else(|| D::Error::custom("no id"))
    }
}

#[cfg(test)]
mod tests {
    use super::RemoteId;

    #[test]
    fn an_id_is_one_segment_and_never_empty() {
        for text in ["1", "a:b", "Ж-7", "x".repeat(200).as_str(), "...", "a.b"] {
            assert!(RemoteId::new(text.to_owned()).is_some(), "{text}");
        }
        for text in [
            "",
            " ",
            ".",
            "..",
            "a/b",
            "a\\b",
            "a?b",
            "a#b",
            "a b",
            "a\u{0}b",
            "a\u{a0}b",
            "x".repeat(201).as_str(),
        ] {
            assert!(RemoteId::new(text.to_owned()).is_none(), "{text:?}");
        }
    }
}
