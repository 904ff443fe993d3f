//! The OpenAPI document, Swagger UI, and the pages of the repository.

use std::{collections::BTreeSet, fs, path::PathBuf};

use callweave_api::{openapi, problem::codes};
use serde_json::Value;

use crate::support::Gateway;

fn document() -> Value {
    serde_json::to_value(openapi()).unwrap()
}

/// Every operation: path, method, itself.
pub(crate) fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push((path.clone(), method.clone(), operation.clone()));
        }
    }
    operations
}

#[test]
fn every_operation_is_documented_whole() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(
        document["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let name = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{name} has a taken id");
        assert!(operation["summary"].is_string(), "{name}");
        assert!(operation["tags"][0].is_string(), "{name}");
        let secured = path.starts_with("/v1");
        assert_eq!(
            operation["x-required-scopes"].is_array(),
            secured,
            "{name} has scopes"
        );
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(response["description"].is_string(), "{name} {status}");
            if status.starts_with(['4', '5']) {
                assert!(
                    response["content"]["application/problem+json"].is_object(),
                    "{name} {status}"
                );
            }
        }
        if secured {
            for status in ["401", "403", "500", "503"] {
                assert!(
                    operation["responses"][status].is_object(),
                    "{name} {status}"
                );
            }
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].is_string(), "{name} {parameter}");
            assert_bounded(&parameter["schema"], &format!("{name} {parameter}"));
        }
    }
}

/// Text without a pattern, a format or words lets anything through.
fn assert_bounded(schema: &Value, name: &str) {
    let schema = if schema["type"] == "array" {
        &schema["items"]
    } else {
        schema
    };
    let text = schema["type"] == "string"
        || schema["type"]
            .as_array()
            .is_some_and(|types| types.contains(&"string".into()));
    if text {
        assert!(
            schema["pattern"].is_string()
                || schema["format"].is_string()
                || schema["enum"].is_array(),
            "{name}"
        );
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let text = document.to_string();
    for part in text.split("\"$ref\":\"#").skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

#[tokio::test]
async fn swagger_ui_is_served_from_here_alone() {
    let gateway = Gateway::start().await;
    let root = gateway.get("/").await;
    assert_eq!((root.status, root.header("location")), (307, "/docs/"));
    assert_eq!(gateway.get("/docs").await.status, 303);
    let page = gateway.get("/docs/").await.text();
    let initializer = gateway.get("/docs/swagger-initializer.js").await.text();
    for (name, text) in [("page", &page), ("initializer", &initializer)] {
        assert!(
            !text.contains("https://") && !text.contains("http://"),
            "{name}: {text}"
        );
    }
    assert!(initializer.contains("/openapi.json"));
    assert!(initializer.contains("\"persistAuthorization\": true"));
    for asset in ["swagger-ui-bundle.js", "swagger-ui.css"] {
        let answer = gateway.get(&format!("/docs/{asset}")).await;
        assert_eq!(answer.status, 200, "{asset}");
        assert!(answer.body.len() > 10_000, "{asset}");
    }
    let served = gateway.get("/openapi.json").await;
    assert_eq!(served.header("content-type"), "application/json");
    assert_eq!(served.json(), document());
}

#[test]
fn the_pages_of_codes_in_the_repository_are_up_to_date() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    let mut known = BTreeSet::from(["README.md".to_owned()]);
    for code in codes::ALL {
        let name = format!("{}.md", code.code);
        compare(&folder.join(&name), &codes::page(code));
        known.insert(name);
    }
    compare(&folder.join("README.md"), &codes::index());
    let present: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(present, known);
}

/// Compares a generated file; `CALLWEAVE_WRITE=1` writes it instead.
fn compare(path: &PathBuf, expected: &str) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch for whoever changed the table"
    )]
    if std::env::var("CALLWEAVE_WRITE").is_ok() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, expected).unwrap();
    }
    let present = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        present,
        expected,
        "{} is out of date: run this test with CALLWEAVE_WRITE=1",
        path.display()
    );
}
