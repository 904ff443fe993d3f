//! What the released document promised is kept, or its end was announced.

mod compare;

use std::{collections::BTreeSet, fs, path::Path};

use callweave_api::openapi;
use serde_json::{Value, json};

use compare::breaks;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../openapi")
        .join(name);
    fs::read_to_string(&path).unwrap()
}

/// The lines of the announcements that name a break: those in backticks at the beginning of an item.
fn announced(text: &str) -> BTreeSet<String> {
    let items = text.lines().filter_map(|line| line.strip_prefix("- `"));
    items
        .filter_map(|line| Some(line.split_once('`')?.0.to_owned()))
        .collect()
}

#[test]
fn no_promise_of_the_released_document_is_broken_unannounced() {
    let released: Value = serde_json::from_str(&file("released.json")).unwrap();
    let now = serde_json::to_value(openapi()).unwrap();
    let broken = breaks(&released, &now);
    let announced = announced(&file("breaking.md"));
    let unannounced: Vec<_> = broken.difference(&announced).collect();
    assert!(
        unannounced.is_empty(),
        "these break clients: keep the promise, or announce it in openapi/breaking.md: {unannounced:#?}"
    );
    let idle: Vec<_> = announced.difference(&broken).collect();
    assert!(idle.is_empty(), "announced, and not so: {idle:#?}");
}

/// A small document of every kind of promise.
fn small() -> Value {
    json!({
        "paths": {"/calls": {
            "get": {
                "security": [{"bearer": ["calls:read"]}],
                "parameters": [
                    {"name": "order", "in": "query", "schema": {"type": "string", "enum": ["asc", "desc"]}},
                ],
                "responses": {"200": {"content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Call"},
                }}}},
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {
                    "type": "object", "required": ["id"],
                    "properties": {"id": {"type": "string"}, "note": {"type": ["string", "null"]}},
                }}}},
                "responses": {"201": {"description": "made"}},
            },
        }},
        "components": {"schemas": {"Call": {
            "type": "object", "required": ["id", "said"],
            "properties": {
                "id": {"type": "string"},
                "said": {"type": "array", "items": {"type": "object", "properties": {"text": {"type": "string"}}}},
            },
        }}},
    })
}

#[test]
fn every_kind_of_break_is_found() {
    let old = small();
    assert_eq!(breaks(&old, &old), BTreeSet::new());
    let get = "/paths/~1calls/get";
    let body = "/paths/~1calls/post/requestBody/content/application~1json/schema";
    let call = "/components/schemas/Call";
    for (pointer, value, expected) in [
        ("/paths", json!({}), "GET /calls: is gone"),
        (
            &format!("{get}/security/0/bearer"),
            json!(["calls:read", "x"]),
            "GET /calls: needs the scope x",
        ),
        (
            &format!("{get}/parameters"),
            json!([]),
            "GET /calls ?order: is gone",
        ),
        (
            &format!("{get}/parameters/0/schema/enum"),
            json!(["asc"]),
            "GET /calls ?order: no longer takes desc",
        ),
        (
            &format!("{get}/parameters"),
            json!([
                {"name": "order", "in": "query", "schema": {"type": "string"}},
                {"name": "tenant", "in": "query", "required": true, "schema": {"type": "string"}},
            ]),
            "GET /calls: needs ?tenant",
        ),
        (
            &format!("{get}/responses"),
            json!({"204": {}}),
            "GET /calls: answers no 200",
        ),
        (
            &format!("{body}/required"),
            json!(["id", "note"]),
            "POST /calls body application/json.note: is needed",
        ),
        (
            &format!("{body}/properties/note/type"),
            json!("string"),
            "POST /calls body application/json.note: changes its type from {\"null\", \"string\"} to {\"string\"}",
        ),
        (
            &format!("{call}/required"),
            json!(["id"]),
            "GET /calls 200 application/json.said: may be missing",
        ),
        (
            &format!("{call}/properties/said/items/properties"),
            json!({}),
            "GET /calls 200 application/json.said[].text: is gone",
        ),
        (
            &format!("{call}/properties/id/type"),
            json!(["string", "null"]),
            "GET /calls 200 application/json.id: changes its type from {\"string\"} to {\"null\", \"string\"}",
        ),
    ] {
        let mut new = small();
        *new.pointer_mut(pointer).unwrap() = value;
        let found = breaks(&old, &new);
        assert!(found.contains(expected), "{pointer}: {found:?}");
    }
}

#[test]
fn what_only_grows_breaks_nothing() {
    let old = small();
    let mut new = small();
    for (pointer, value) in [
        (
            "/paths/~1calls/get/parameters/0/schema/enum",
            json!(["asc", "desc", "none"]),
        ),
        (
            "/components/schemas/Call/required",
            json!(["id", "said", "more"]),
        ),
        (
            "/paths/~1calls/post/requestBody/content/application~1json/schema/required",
            json!([]),
        ),
    ] {
        *new.pointer_mut(pointer).unwrap() = value;
    }
    new["components"]["schemas"]["Call"]["properties"]["more"] = json!({"type": "string"});
    new["paths"]["/more"] = json!({"get": {"responses": {"200": {}}}});
    assert_eq!(breaks(&old, &new), BTreeSet::new());
}
