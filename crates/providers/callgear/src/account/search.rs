//! Search by the newer edition's list of transcripts (CG-37), in its own parameters.

use callweave_model::owned::FoundCall;
use callweave_provider::{
    CallContext, ErrorKind, Result, address,
    listing::{ListQuery, Listing},
};
use serde_json::{Map, Value};

use crate::{
    CallGear,
    error::{error, invalid},
    list::is_id,
    live::List,
    members::id_in,
};

const OPERATION: &str = "CG-37";
/// The longest value of a criterion.
const LONGEST: usize = 2_000;

impl CallGear {
    /// Calls whose transcripts the vendor finds.
    pub(super) async fn transcriptions(
        &self,
        context: &CallContext<'_>,
        criteria: &Map<String, Value>,
        query: &ListQuery,
    ) -> Result<Listing<FoundCall>> {
        let filter = filter_of(criteria, query.search.as_deref())?;
        let list = List {
            operation: OPERATION,
            path: "/transcription",
            key: "call_session_id",
            filter: &filter,
        };
        let found = self
            .page(context, &list, query, |row| {
                let ours = self.settings.is_ours(id_in(&row, "app_id").as_deref());
                found(row).filter(|_| ours)
            })
            .await?;
        let nothing = found.items.is_empty() && query.position.is_none();
        if nothing && !self.has_transcriptions(context).await? {
            return Err(error(OPERATION, ErrorKind::Unsupported)
                .with_message("this account is on an edition without it"));
        }
        Ok(found)
    }
}

fn found(row: Value) -> Option<FoundCall> {
    let remote_id = id_in(&row, "call_session_id")?;
    match row {
        Value::Object(listed) => Some(FoundCall {
            remote_id,
            call_id: None,
            listed,
        }),
        _ => None,
    }
}

/// The criteria as a query. `filters` is documented as an object without an encoding, so it is
/// taken as a text and handed on.
fn filter_of(criteria: &Map<String, Value>, search: Option<&str>) -> Result<String> {
    let mut filter = String::new();
    let mut put = |name: &str, value: &str| {
        filter.push('&');
        filter.push_str(name);
        filter.push('=');
        filter.push_str(&address::encode(value));
    };
    for (name, value) in criteria {
        let refused = |detail| Err(invalid(OPERATION, &pointer(name), detail));
        match name.as_str() {
            "call_session_id__eq" => match callweave_provider::number::as_id(value) {
                Some(id) if is_id(&id) => put(name, &id),
                _ => return refused("must be a positive integer"),
            },
            "_q" if search.is_some() => return refused("stands beside q, which says the same"),
            "_q" | "filters" | "date_from" | "date_till" => match value.as_str() {
                Some(text) if !text.trim().is_empty() && text.len() <= LONGEST => put(name, text),
                _ => return refused("must be a text, not empty and not longer than 2000 bytes"),
            },
            _ => return refused("is no criterion of this vendor"),
        }
    }
    if let Some(search) = search {
        put("_q", search);
    }
    Ok(filter)
}

fn pointer(name: &str) -> String {
    format!("/criteria/{}", callweave_provider::decode::escape(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn trap_c47_criteria_are_encoded_and_filters_handed_on_as_text() {
        let read = |criteria: Value| filter_of(criteria.as_object().unwrap(), None);
        let all = json!({
            "_q": "цена & срок", "call_session_id__eq": 5_139_000_013_i64,
            "date_from": "2026-01-01T00:00:00+03:00", "filters": "[{\"id\":5}]",
        });
        assert_eq!(
            read(all).unwrap(),
            "&_q=%D1%86%D0%B5%D0%BD%D0%B0%20%26%20%D1%81%D1%80%D0%BE%D0%BA\
             &call_session_id__eq=5139000013&date_from=2026-01-01T00%3A00%3A00%2B03%3A00\
             &filters=%5B%7B%22id%22%3A5%7D%5D"
        );
        for (criteria, pointer) in [
            (json!({"filters": {"id": 5}}), "/criteria/filters"),
            (
                json!({"call_session_id__eq": "points"}),
                "/criteria/call_session_id__eq",
            ),
            (json!({"_start": 5}), "/criteria/_start"),
            (json!({"a/b": 5}), "/criteria/a~1b"),
            (json!({"_q": " "}), "/criteria/_q"),
        ] {
            let error = read(criteria).unwrap_err();
            assert_eq!(error.pointer.as_deref(), Some(pointer));
        }
        let both = json!({"_q": "a"});
        assert!(filter_of(both.as_object().unwrap(), Some("b")).is_err());
        assert_eq!(filter_of(&Map::new(), Some("b")).unwrap(), "&_q=b");
    }
}
