//! The account: its tokens (CG-34 to CG-36), the catalogue of conditions (CG-32), procedures
//! (CG-31) and the search of the newer edition (CG-37).

use async_trait::async_trait;
use callweave_model::owned::{FoundCall, NotificationCondition, VendorToken, VendorTokenDraft};
use callweave_provider::{
    CallContext, Result,
    account::AccountAdmin,
    listing::{ListQuery, Listing},
};
use serde_json::{Map, Value};

use crate::{CallGear, client::bad_response, members::Members};

mod rpc;
mod search;
mod tokens;

#[async_trait]
impl AccountAdmin for CallGear {
    async fn vendor_tokens(&self, context: &CallContext<'_>) -> Result<Vec<VendorToken>> {
        self.tokens(context).await
    }

    async fn create_vendor_token(
        &self,
        context: &CallContext<'_>,
        draft: &VendorTokenDraft,
    ) -> Result<VendorToken> {
        self.new_token(context, draft).await
    }

    async fn delete_vendor_token(&self, context: &CallContext<'_>, token: &str) -> Result<()> {
        self.remove_token(context, token).await
    }

    async fn notification_conditions(
        &self,
        context: &CallContext<'_>,
    ) -> Result<Vec<NotificationCondition>> {
        const OPERATION: &str = "CG-32";
        let path = "/notification_conditions";
        match self.client.one(context, OPERATION, path).await? {
            Value::Array(rows) => Ok(rows.into_iter().filter_map(condition).collect()),
            _ => Err(bad_response(OPERATION, "the answer is not a list")),
        }
    }

    async fn rpc(
        &self,
        context: &CallContext<'_>,
        method: &str,
        params: &Map<String, Value>,
    ) -> Result<Value> {
        self.procedure(context, method, params).await
    }

    async fn search_calls(
        &self,
        context: &CallContext<'_>,
        criteria: &Map<String, Value>,
        query: &ListQuery,
    ) -> Result<Listing<FoundCall>> {
        self.transcriptions(context, criteria, query).await
    }
}

/// A condition. Operators are told apart by their ids, for two of them may have one name; values
/// are numbers, texts, objects or lists of either.
fn condition(row: Value) -> Option<NotificationCondition> {
    let mut members = Members::of(row)?;
    Some(NotificationCondition {
        remote_id: members.id("id")?,
        name: members.text("name"),
        data_type: members.text("data_type"),
        operators: members.list("operators").unwrap_or_default(),
        values: members.any("values"),
        extra: members.rest(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn traps_c09_and_c10_operators_and_values_stay_as_they_are() {
        let operators = json!([
            {"id": "in", "name": "Includes", "is_default": false},
            {"id": "intersect", "name": "Includes", "is_default": true},
        ]);
        for values in [
            json!(5),
            json!({"title": "Values"}),
            json!([{"id": 1, "data": [2]}]),
        ] {
            let row = json!({
                "id": 5, "name": "Segment List", "operators": operators, "data_type": "array",
                "values": values, "group": "visitor",
            });
            let read = condition(row).unwrap();
            assert_eq!(read.remote_id, "5");
            assert_eq!(json!(read.operators), operators);
            assert_eq!(read.values, Some(values));
            assert_eq!(Value::Object(read.extra), json!({"group": "visitor"}));
        }
        let bare = json!({"id": 203, "operators": "more than", "values": null});
        let read = condition(bare).unwrap();
        assert_eq!((read.values, read.operators), (None, Vec::new()));
        assert_eq!(Value::Object(read.extra), json!({"operators": "more than"}));
    }
}
