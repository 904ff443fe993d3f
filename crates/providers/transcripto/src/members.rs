//! JSON objects whose members are taken one by one. What is left at the end was not understood:
//! it is kept, and told by the lossless meter.

use std::collections::BTreeMap;

use callweave_model::{Timestamp, owned::Extra};
use callweave_provider::{
    decode::escape,
    number::{as_f64, as_i64, as_id},
    when,
};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

/// What no mapper took: pointers for the meter, and the values under readable names.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    pub(crate) unmapped: Vec<String>,
    pub(crate) extra: BTreeMap<String, Value>,
}

impl Rest {
    /// One value that has no place, where it stood and under which name it is kept.
    pub(crate) fn keep(&mut self, pointer: String, name: String, value: Value) {
        self.unmapped.push(pointer);
        self.extra.insert(name, value);
    }
}

/// The members of one object of one document.
#[derive(Debug, Default)]
pub(crate) struct Members {
    map: Map<String, Value>,
    /// The operation and the JSON pointer of the object.
    at: String,
    /// The name under which leftovers are kept; empty at the top.
    name: String,
}

impl Members {
    /// The members of a document's outermost object.
    pub(crate) fn of(map: Map<String, Value>, operation: &str) -> Self {
        Self {
            map,
            at: operation.to_owned(),
            name: String::new(),
        }
    }

    /// Takes a member; `null` counts as taken and gives nothing.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// Takes members that need no place of their own.
    pub(crate) fn drop(&mut self, names: &[&str]) {
        for name in names {
            self.map.remove(*name);
        }
    }

    /// Takes a text or a number as text; empty text counts as taken and gives nothing.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.read(name, |value| match value {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .filter(|text| !text.is_empty())
    }

    /// Takes a text as it is written, the empty one too.
    pub(crate) fn verbatim(&mut self, name: &str) -> Option<String> {
        self.read(name, |value| value.as_str().map(str::to_owned))
    }

    /// Takes a boolean.
    pub(crate) fn boolean(&mut self, name: &str) -> Option<bool> {
        self.read(name, Value::as_bool)
    }

    /// Takes an instant that can be read.
    pub(crate) fn instant(&mut self, name: &str, zone: &TimeZone) -> Option<Timestamp> {
        self.read(name, |value| {
            when::read(value.as_str()?, zone).map(|read| read.instant)
        })
    }

    /// Takes an id.
    pub(crate) fn id(&mut self, name: &str) -> Option<String> {
        if self
            .map
            .get(name)
            .and_then(Value::as_str)
            .is_some_and(|text| text.trim().is_empty())
        {
            self.map.remove(name);
        }
        self.read(name, as_id)
    }

    /// Takes a number.
    pub(crate) fn number(&mut self, name: &str) -> Option<f64> {
        self.read(name, as_f64)
    }

    /// Looks at a number and leaves it where it is.
    pub(crate) fn peek_number(&self, name: &str) -> Option<f64> {
        as_f64(self.map.get(name)?)
    }

    /// Looks at a member and leaves it where it is.
    pub(crate) fn peek(&self, name: &str) -> Option<&Value> {
        self.map.get(name)
    }

    /// Takes an integer that fits.
    pub(crate) fn integer(&mut self, name: &str) -> Option<i32> {
        self.read(name, |value| {
            as_i64(value).and_then(|number| i32::try_from(number).ok())
        })
    }

    /// Takes a list, by element.
    pub(crate) fn list(&mut self, name: &str) -> Vec<Element> {
        if !self.map.get(name).is_some_and(Value::is_array) {
            // `null` stands for an empty list.
            if self.map.get(name).is_some_and(Value::is_null) {
                self.map.remove(name);
            }
            return Vec::new();
        }
        let Some(Value::Array(values)) = self.map.remove(name) else {
            return Vec::new();
        };
        let (at, kept) = self.below(name);
        values
            .into_iter()
            .enumerate()
            .map(|(place, value)| Element {
                value,
                at: format!("{at}/{place}"),
                name: format!("{kept}.{place}"),
            })
            .collect()
    }

    /// Takes an object.
    pub(crate) fn object(&mut self, name: &str) -> Option<Self> {
        if self.map.get(name).is_some_and(Value::is_null) {
            self.map.remove(name);
        }
        if !self.map.get(name).is_some_and(Value::is_object) {
            return None;
        }
        let (at, kept) = self.below(name);
        match self.map.remove(name) {
            Some(Value::Object(map)) => Some(Self {
                map,
                at,
                name: kept,
            }),
            _ => None,
        }
    }

    /// Every member that is left, to be taken by a rule rather than by name.
    pub(crate) fn names(&self) -> Vec<String> {
        self.map.keys().cloned().collect()
    }

    /// What is left, for an object that has a place for it.
    pub(crate) fn extra(self) -> Extra {
        let mut rest = Rest::default();
        self.finish(&mut rest);
        rest.extra.into_iter().collect()
    }

    /// Tells what is left.
    pub(crate) fn finish(self, rest: &mut Rest) {
        for (key, value) in &self.map {
            if !value.is_null() {
                let (at, kept) = self.below(key);
                rest.keep(at, kept, value.clone());
            }
        }
    }

    fn below(&self, name: &str) -> (String, String) {
        let at = format!("{}/{}", self.at, escape(name));
        let kept = if self.name.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.name)
        };
        (at, kept)
    }

    /// Takes a member that has a readable value; another type is left for `finish`.
    pub(crate) fn read<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.map.get(name)?;
        let taken = read(value);
        if taken.is_some() || value.is_null() {
            self.map.remove(name);
        }
        taken
    }
}

/// One element of a list.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) value: Value,
    at: String,
    name: String,
}

impl Element {
    /// The element as an object; anything else is kept as it is.
    pub(crate) fn object(self, rest: &mut Rest) -> Option<Members> {
        match self.value {
            Value::Object(map) => Some(Members {
                map,
                at: self.at,
                name: self.name,
            }),
            value => {
                rest.keep(self.at, self.name, value);
                None
            }
        }
    }

    /// The text of the element: itself, or the first of these members of an object.
    pub(crate) fn text(self, names: &[&str], rest: &mut Rest) -> Option<String> {
        match self.value {
            Value::String(text) => {
                let text = text.trim();
                (!text.is_empty()).then(|| text.to_owned())
            }
            Value::Null => None,
            Value::Number(number) => Some(number.to_string()),
            Value::Object(map) => {
                let mut members = Members {
                    map,
                    at: self.at,
                    name: self.name,
                };
                let text = names.iter().find_map(|name| members.text(name));
                members.finish(rest);
                text
            }
            value => {
                rest.keep(self.at, self.name, value);
                None
            }
        }
    }
}
