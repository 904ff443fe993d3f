//! A listed row as far as a walk looks at it: texts are borrowed from the answer, since most of a row is
//! only compared with what it was before.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node<'a> {
    Null,
    Truth(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// Sorted by name, each name once: the last member of a name counts.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// The member of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let place = members.binary_search_by(|(other, _)| other.as_ref().cmp(name));
        place
            .ok()
            .and_then(|place| members.get(place))
            .map(|(_, member)| member)
    }

    /// JSON with sorted members, so that a server that shuffles them does not look like news.
    pub(crate) fn write_canonical(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Truth(truth) => write_json(truth, out),
            Self::Number(number) => write_json(number, out),
            Self::Text(text) => write_json(text.as_ref(), out),
            Self::List(items) => {
                out.push(b'[');
                for item in items {
                    item.write_canonical(out);
                    out.push(b',');
                }
                out.push(b']');
            }
            Self::Object(members) => {
                out.push(b'{');
                for (name, member) in members {
                    write_json(name.as_ref(), out);
                    out.push(b':');
                    member.write_canonical(out);
                    out.push(b',');
                }
                out.push(b'}');
            }
        }
    }

    /// The same as a value of its own, where what `member` makes of the members of an object stands for them.
    pub(crate) fn with(&self, member: impl Fn(&str, &Self) -> Option<Value>) -> Value {
        let Self::Object(members) = self else {
            return self.whole();
        };
        let members = members.iter();
        let members: Map<String, Value> = members
            .filter_map(|(name, value)| Some((name.to_string(), member(name, value)?)))
            .collect();
        Value::Object(members)
    }

    /// The same as a value of its own.
    pub(crate) fn whole(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Truth(truth) => Value::Bool(*truth),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::String(text.to_string()),
            Self::List(items) => Value::Array(items.iter().map(Self::whole).collect()),
            Self::Object(_) => self.with(|_, member| Some(member.whole())),
        }
    }

    fn object(mut members: Vec<(Cow<'a, str>, Self)>) -> Self {
        if !members.is_sorted_by(|(one, _), (other, _)| one < other) {
            // Stable: of equal names the last one stays last, and is the one that is kept.
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            members.reverse();
            members.dedup_by(|(one, _), (other, _)| one == other);
            members.reverse();
        }
        Self::Object(members)
    }
}

fn write_json(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) {
    // Neither such a value nor a vector refuses.
    serde_json::to_writer(out, value).unwrap_or_default();
}

/// A text that is borrowed where it can be.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Reader)
    }
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Node<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Node<'de>, E> {
                Ok(Node::Null)
            }

            fn visit_bool<E>(self, truth: bool) -> Result<Node<'de>, E> {
                Ok(Node::Truth(truth))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Node<'de>, E> {
                Ok(Node::Number(number.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Node<'de>, E> {
                Ok(Node::Number(number.into()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Node<'de>, E> {
                Ok(Number::from_f64(number).map_or(Node::Null, Node::Number))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
                Ok(Node::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
                Ok(Node::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node<'de>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Node::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), member)) = map.next_entry()? {
                    members.push((name, member));
                }
                Ok(Node::object(members))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_says_what_the_same_text_says_as_a_value() {
        for text in [
            r#"{"b": [1, -2, 3.5, 1e3, null, true, "\u0442\n"], "a": {"z": {}, "y": [], "y": [7]}, "b": {"c": 1}}"#,
            r#"{"id": 18446744073709551615, "x": 1e300, "\u0062": "тема"}"#,
            "[]",
            "7",
        ] {
            let node: Node<'_> = serde_json::from_str(text).unwrap();
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(node.whole(), value, "{text}");
        }
    }
}
