//! Members of a merge patch (RFC 7396): left alone, cleared, or set.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a merge patch says of one member. Needs `#[serde(default)]` on the member, and
/// `skip_serializing_if = "Patch::is_keep"` where it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The member is missing: it stays as it is.
    #[default]
    Keep,
    /// The member is `null`: it is cleared.
    Clear,
    /// The member has a value: it is set.
    Set(T),
}

impl<T> Patch<T> {
    /// The member stays as it is.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// The value to set, if there is one.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    /// The member after the patch.
    pub fn over(self, standing: Option<T>) -> Option<T> {
        match self {
            Self::Keep => standing,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The same patch of something made from the value.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(make(value)),
        }
    }

    /// The value to set; `Some(None)` to clear, `None` to leave alone.
    pub const fn change(&self) -> Option<Option<&T>> {
        match self {
            Self::Keep => None,
            Self::Clear => Some(None),
            Self::Set(value) => Some(Some(value)),
        }
    }
}

impl<T> From<Option<T>> for Patch<T> {
    /// A value is set; its absence changes nothing.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(|value| value.map_or(Self::Clear, Self::Set))
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::Patch;

    #[derive(Deserialize)]
    struct Change {
        #[serde(default)]
        name: Patch<String>,
    }

    #[test]
    fn missing_null_and_a_value_are_told_apart() {
        let read = |text: &str| serde_json::from_str::<Change>(text).unwrap().name;
        assert_eq!(read("{}"), Patch::Keep);
        assert_eq!(read(r#"{"name":null}"#), Patch::Clear);
        assert_eq!(read(r#"{"name":"a"}"#), Patch::Set("a".to_owned()));
        let standing = || Some("old".to_owned());
        assert_eq!(read("{}").over(standing()), standing());
        assert_eq!(read(r#"{"name":null}"#).over(standing()), None);
    }
}
