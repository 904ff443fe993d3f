//! Changing a finished document here and there: how a poisoned record is made.

use serde_json::{Map, Value};

/// Sets what these JSON pointers point at and removes what those point at. A pointer whose parent
/// is not there is passed over.
pub(crate) fn apply(document: &mut Value, set: &Map<String, Value>, remove: &[String]) {
    for (pointer, value) in set {
        if let Some((parent, name)) = parent_of(document, pointer) {
            match parent {
                Value::Object(members) => {
                    members.insert(name, value.clone());
                }
                Value::Array(items) => {
                    if let Some(item) = name.parse().ok().and_then(|at: usize| items.get_mut(at)) {
                        *item = value.clone();
                    }
                }
                _ => {}
            }
        } else if pointer.is_empty() {
            *document = value.clone();
        }
    }
    for pointer in remove {
        match parent_of(document, pointer) {
            Some((Value::Object(members), name)) => {
                members.remove(&name);
            }
            Some((Value::Array(items), name)) => {
                if let Some(at) = name.parse().ok().filter(|at| *at < items.len()) {
                    items.remove(at);
                }
            }
            _ => {}
        }
    }
}

fn parent_of<'a>(document: &'a mut Value, pointer: &str) -> Option<(&'a mut Value, String)> {
    let (parent, name) = pointer.rsplit_once('/')?;
    let name = name.replace("~1", "/").replace("~0", "~");
    document.pointer_mut(parent).map(|parent| (parent, name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_and_items_are_set_and_removed() {
        let mut document = json!({"a": [{"b": 1}, 2], "c": 3});
        let set = json!({"/a/0/b": "x", "/a/1": null, "/new": true, "/no/where": 1});
        apply(
            &mut document,
            set.as_object().unwrap(),
            &["/c".into(), "/a/7".into()],
        );
        assert_eq!(document, json!({"a": [{"b": "x"}, null], "new": true}));
    }
}
