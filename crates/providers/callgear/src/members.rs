//! An object of the vendor's, taken apart: what is not taken is left over.

use callweave_model::owned::Extra;
use callweave_provider::number;
use serde_json::{Map, Value};

/// The members of an object. A member that does not fit what is asked of it stays where it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members(Map<String, Value>);

impl Members {
    /// Those of an object; `None` for anything else.
    pub(crate) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self(members)),
            _ => None,
        }
    }

    /// Takes a member that fits, and one that is `null`.
    pub(crate) fn take<T>(
        &mut self,
        name: &str,
        fit: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let member = self.0.get(name)?;
        let taken = fit(member);
        if taken.is_some() || member.is_null() {
            self.0.remove(name);
        }
        taken
    }

    /// An id, as a number or as text.
    pub(crate) fn id(&mut self, name: &str) -> Option<String> {
        self.take(name, number::as_id)
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.take(name, |member| member.as_str().map(str::to_owned))
    }

    /// A number, also as text.
    pub(crate) fn number(&mut self, name: &str) -> Option<f64> {
        self.take(name, number::as_f64)
    }

    /// A list.
    pub(crate) fn list(&mut self, name: &str) -> Option<Vec<Value>> {
        self.take(name, |member| member.as_array().cloned())
    }

    /// Whatever it is.
    pub(crate) fn any(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|member| !member.is_null())
    }

    /// Puts a member back.
    pub(crate) fn put_back(&mut self, name: &str, member: impl Into<Value>) {
        self.0.insert(name.to_owned(), member.into());
    }

    /// What was not taken.
    pub(crate) fn rest(self) -> Extra {
        self.0
    }
}

/// A number as the vendor writes it: whole ones without a fraction.
#[expect(
    clippy::cast_possible_truncation,
    reason = "checked to be whole and small"
)]
pub(crate) fn plain_number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        Value::from(number as i64)
    } else {
        Value::from(number)
    }
}

/// The member of an object as an id.
pub(crate) fn id_in(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(number::as_id)
}

/// Whether an object has this id.
pub(crate) fn has_id(members: &Map<String, Value>, id: &str) -> bool {
    members.get("id").and_then(number::as_id).as_deref() == Some(id)
}

/// An id that the caller wrote, as the number that the vendor takes; `None` where it is none.
pub(crate) fn as_number(id: &str) -> Option<i64> {
    crate::list::is_id(id).then(|| id.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_not_fit_stays() {
        let mut members = Members::of(json!({
            "id": "7", "name": 5, "score": "70", "tags": {}, "gone": null, "new": [1],
        }))
        .unwrap();
        assert_eq!(members.id("id").as_deref(), Some("7"));
        assert_eq!((members.text("name"), members.list("tags")), (None, None));
        assert_eq!(members.number("score"), Some(70.0));
        assert_eq!(
            (members.text("gone"), members.text("missing")),
            (None, None)
        );
        let rest = json!({"name": 5, "tags": {}, "new": [1]});
        assert_eq!(Value::Object(members.rest()), rest);
        assert!(Members::of(json!([1])).is_none());
    }

    #[test]
    fn a_number_is_written_without_needless_fraction() {
        assert_eq!(plain_number(70.0).to_string(), "70");
        assert_eq!(plain_number(62.5).to_string(), "62.5");
        assert!(plain_number(1e300).is_f64());
        assert_eq!(
            (as_number("12"), as_number("012"), as_number("points")),
            (Some(12), None, None)
        );
    }
}
