//! Members of a request's body.

use callweave_model::patch::Patch;
use serde_json::{Map, Value};

/// A JSON object that is put together member by member.
#[derive(Debug, Default)]
pub(crate) struct Body(Map<String, Value>);

impl Body {
    /// A page of one of the vendor's lists.
    pub(crate) fn page(page: u64, per_page: u64) -> Self {
        Self::default()
            .with("page", page)
            .with("per_page", per_page)
    }

    /// The same with one member more.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// One member more.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// One member more, where there is a value.
    pub(crate) fn set_some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// What a change says of a member that can be cleared: nothing, `null`, or a value.
    pub(crate) fn set_patch<T: Clone + Into<Value>>(&mut self, name: &str, patch: &Patch<T>) {
        if let Some(change) = patch.change() {
            self.set(name, change.cloned().map_or(Value::Null, Into::into));
        }
    }

    /// Nothing is to be said.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members.
    pub(crate) fn members(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl From<Body> for Value {
    fn from(body: Body) -> Self {
        Self::Object(body.0)
    }
}

impl From<Map<String, Value>> for Body {
    fn from(members: Map<String, Value>) -> Self {
        Self(members)
    }
}
