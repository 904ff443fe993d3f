//! A value that is read by name, and by what it is.
//!
//! What serde derives reads a struct from a list as well, member by member in their order, and from
//! an empty list where every member has a default: `[]` would pass for "change nothing". And it
//! tells `3.0` from `3`, which JSON does not: a number is whole by its value, not by its spelling.

use serde::{
    Deserializer,
    de::{
        Error as _, IntoDeserializer, Unexpected, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Number, Value};

/// Beyond this a number that was written with a point may have been another one (2^53).
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A value read strictly, and so is all that lies within.
#[derive(Debug)]
pub(super) struct Strict(pub(super) Value);

impl IntoDeserializer<'_, Error> for Strict {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The whole number that one with a point is, if it is.
fn whole(number: &Number) -> Option<i64> {
    let number = number
        .as_f64()
        .filter(|number| number.abs() < EXACT && number.fract() == 0.0)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is whole and well within the bounds"
    )]
    Some(number as i64)
}

/// Whole numbers, however they are spelled.
macro_rules! read_whole {
    ($($method:ident),+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match &self.0 {
                Value::Number(number) if number.is_f64() => match whole(number) {
                    Some(whole) => Value::from(whole).$method(visitor),
                    None => self.0.$method(visitor),
                },
                _ => self.0.$method(visitor),
            }
        }
    )+};
}

impl<'de> Deserializer<'de> for Strict {
    type Error = Error;

    read_whole!(
        deserialize_i8,
        deserialize_i16,
        deserialize_i32,
        deserialize_i64,
        deserialize_u8,
        deserialize_u16,
        deserialize_u32,
        deserialize_u64
    );

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Self));
                let value = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(value)
            }
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, value)| (name, Self(value)));
                let mut members = MapDeserializer::new(members);
                let value = visitor.visit_map(&mut members)?;
                members.end()?;
                Ok(value)
            }
            single => single.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.0.is_array() {
            return Err(Error::invalid_type(Unexpected::Seq, &"an object"));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i128 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default, deny_unknown_fields)]
    struct Outer {
        inner: Option<Inner>,
        list: Vec<Inner>,
        free: Value,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Inner {
        number: Option<f64>,
        word: Word,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        #[default]
        Good,
        Bad,
    }

    #[test]
    fn a_number_is_whole_by_its_value() {
        let read = |text: &str| {
            let value: Value = serde_json::from_str(text).unwrap();
            Option::<i64>::deserialize(Strict(value))
        };
        for (text, whole) in [
            ("4963.0", 4963),
            ("-0.0", 0),
            ("1e3", 1000),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(read(text).unwrap(), Some(whole), "{text}");
        }
        for text in [
            "4963.5",
            "1e-3",
            "1e300",
            "9007199254740993.0",
            "9223372036854775808",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(u8::deserialize(Strict(json!(-1.0))).is_err());
        assert_eq!(f64::deserialize(Strict(json!(3))).unwrap(), 3.0);
        // What is kept as it came keeps its spelling.
        assert_eq!(
            Value::deserialize(Strict(json!(3.0))).unwrap().to_string(),
            "3.0"
        );
    }

    #[test]
    fn objects_are_read_by_name_at_every_depth() {
        let body = json!({
            "inner": {"number": 3, "word": "bad"},
            "list": [{}, {"number": 2.5}],
            "free": [{"a": [1, null]}],
        });
        let read = Outer::deserialize(Strict(body.clone())).unwrap();
        assert_eq!(read, serde_json::from_value(body).unwrap());
        for odd in [
            json!([]),
            json!([null, [], 1]),
            json!({"inner": []}),
            json!({"list": [[]]}),
            json!({"list": {}}),
        ] {
            assert!(Outer::deserialize(Strict(odd.clone())).is_err(), "{odd}");
        }
        assert_eq!(
            Outer::deserialize(Strict(json!({"inner": null}))).unwrap(),
            Outer::default()
        );
    }
}
