//! The catalogue of conditions that filters are made of.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::{answer::json as answer, auth::Caller};

/// CG-32. Two operators share a name; only their ids tell them apart.
pub(super) async fn list(_caller: Caller) -> Response {
    let exact = json!({"id": "=", "name": "Exactly matches", "is_default": true});
    let conditions = json!([
        {
            "id": 5,
            "name": "Segment List",
            "operators": [
                exact,
                {"id": "in", "name": "Includes", "is_default": false},
                {"id": "is_null", "name": "Empty", "is_default": false},
                {"id": "is_not_null", "name": "Not empty", "is_default": false},
                {"id": "intersect", "name": "Includes", "is_default": false},
            ],
            "data_type": "array",
            "values": [{
                "id": 2322,
                "name": "shop.example",
                "data": [
                    {"id": 5739, "name": "Visitors from a search"},
                    {"id": 4995, "name": "Visitor viewed 5 or more pages"},
                ],
            }],
        },
        {
            "id": 7,
            "name": "Call Direction",
            "operators": [exact],
            "data_type": "string",
            "values": [
                {"id": "in", "name": "Incoming call"},
                {"id": "out", "name": "Outgoing call"},
            ],
        },
        {
            "id": 203,
            "name": "Call Duration",
            "operators": [exact, {"id": ">", "name": "More than", "is_default": false}],
            "data_type": "number",
            "values": Value::Null,
        },
    ]);
    answer(StatusCode::OK, &conditions)
}
