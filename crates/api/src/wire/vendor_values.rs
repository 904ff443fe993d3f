//! Which vendor words an answer shows.

use serde_json::Value;

/// Takes away the vendor words whose translation says it all: those whose member is not `other`.
pub(crate) fn prune(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(prune),
        Value::Object(members) => {
            if let Some(Value::Object(mut words)) = members.remove("vendor_values") {
                words.retain(|name, _| members.get(name).and_then(Value::as_str) == Some("other"));
                if !words.is_empty() {
                    members.insert("vendor_values".to_owned(), Value::Object(words));
                }
            }
            for (name, member) in members.iter_mut() {
                // What the vendor or the CRM wrote is shown as it is.
                let foreign = matches!(
                    name.as_str(),
                    "vendor_values"
                        | "extra"
                        | "client_metadata"
                        | "external_refs"
                        | "custom_fields"
                        | "data"
                        | "answer_raw"
                        | "fields"
                );
                if !foreign {
                    prune(member);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::prune;

    #[test]
    fn only_untranslated_words_stay() {
        let mut value = json!({
            "direction": "inbound", "status": "other",
            "vendor_values": {"direction": "in", "status": "odd"},
            "parties": [{"role": "agent", "vendor_values": {"role": "Operator"}}],
            "client_metadata": {"vendor_values": {"mine": 1}}
        });
        prune(&mut value);
        assert_eq!(
            value,
            json!({
                "direction": "inbound", "status": "other",
                "vendor_values": {"status": "odd"},
                "parties": [{"role": "agent"}],
                "client_metadata": {"vendor_values": {"mine": 1}}
            })
        );
    }
}
