//! The examples of the document: there are some for whatever one has to fill in, and they work.

use std::{collections::BTreeSet, fs, path::Path};

use callweave_api::{openapi, scope};
use callweave_model::ConnectionId;
use http::Method;
use serde_json::{Value, json};

use crate::{
    authorization::secured,
    documentation::operations,
    support::{Gateway, documented::resolve},
};

/// The id that the examples use for something of the gateway's.
const SOME_ID: &str = "0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d";

fn document() -> Value {
    serde_json::to_value(openapi()).unwrap()
}

/// The examples of a body.
pub(crate) fn examples(content: &Value) -> Vec<Value> {
    let named = content["examples"].as_object().into_iter().flatten();
    named
        .map(|(_, example)| example["value"].clone())
        .chain(content.get("example").cloned())
        .collect()
}

#[test]
fn every_operation_tells_what_it_does_needs_and_answers() {
    let document = document();
    let known: BTreeSet<&str> = scope::ALL.iter().map(|(word, _)| *word).collect();
    for (path, method, operation) in operations(&document) {
        let name = format!("{method} {path}");
        let summary = operation["summary"].as_str().unwrap();
        let description = operation["description"].as_str().unwrap_or_default();
        assert!(!summary.is_empty() && summary != description, "{name}");
        let own = description.split("Scopes:").next().unwrap().trim();
        assert!(own.len() > 20, "{name} is described by its summary alone");
        let secured = path.starts_with("/v1");
        assert_eq!(description.contains("Scopes: "), secured, "{name}");
        let security = operation["security"].as_array().unwrap();
        assert_eq!(security.len(), usize::from(secured), "{name}");
        for scope in operation["x-required-scopes"]
            .as_array()
            .into_iter()
            .flatten()
        {
            assert!(known.contains(scope.as_str().unwrap()), "{name} {scope}");
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let shown = parameter.get("example").is_some();
            assert!(shown || parameter["in"] != "path", "{name} {parameter}");
        }
        let bodies = operation["requestBody"]["content"].as_object();
        for (kind, content) in bodies.into_iter().flatten() {
            // Bytes have no example.
            let shown = !examples(content).is_empty() || kind == "application/octet-stream";
            assert!(shown, "{name} has no example as {kind}");
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            if !status.starts_with(['4', '5']) || status.ends_with("XX") {
                continue;
            }
            let problem = &response["content"]["application/problem+json"];
            let codes = problem["examples"].as_object();
            assert!(
                codes.is_some_and(|codes| !codes.is_empty()),
                "{name} {status}"
            );
            for (code, example) in codes.into_iter().flatten() {
                let example = resolve(&document, example);
                assert_eq!(
                    example["value"]["status"].to_string(),
                    *status,
                    "{name} {code}"
                );
            }
        }
    }
}

#[test]
fn case_110_links_lead_to_operations_by_what_the_answers_hold() {
    let document = document();
    let all = operations(&document);
    let mut followed = 0;
    for (path, method, operation) in &all {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let schema = resolve(
                &document,
                &response["content"]["application/json"]["schema"],
            );
            for (id, link) in response["links"].as_object().into_iter().flatten() {
                let name = format!("{method} {path} {status} to {id}");
                let next = all.iter().find(|(.., next)| next["operationId"] == **id);
                let (next, ..) = next.unwrap_or_else(|| panic!("{name}"));
                let given: BTreeSet<&String> =
                    link["parameters"].as_object().unwrap().keys().collect();
                let wanted = next
                    .split('{')
                    .skip(1)
                    .map(|rest| rest.split('}').next().unwrap());
                let wanted: BTreeSet<String> = wanted.map(str::to_owned).collect();
                assert_eq!(given, wanted.iter().collect(), "{name}");
                for value in link["parameters"].as_object().unwrap().values() {
                    let Some(pointer) = value.as_str().unwrap().strip_prefix("$response.body#")
                    else {
                        continue;
                    };
                    let found = member(&document, schema, pointer);
                    assert!(found, "{name}: {pointer} is not in the answer");
                    followed += 1;
                }
            }
        }
    }
    assert!(followed > 50, "{followed}");
}

#[test]
fn answers_lead_to_what_they_made_or_found() {
    let document = document();
    for (path, status, next) in [
        ("/v1/analyses", "202", "get_job"),
        ("/v1/dialogs", "202", "cancel_job"),
        ("/v1/dialog-batches", "202", "get_job"),
        ("/v1/dialog-batches", "202", "get_dialog_batch"),
        ("/v1/jobs/{id}/cancel", "200", "resubmit_job"),
        ("/v1/connections/{id}/reports", "202", "get_job"),
        ("/v1/calls", "201", "get_call"),
        ("/v1/calls", "200", "get_call"),
    ] {
        let link = &document["paths"][path]["post"]["responses"][status]["links"][next];
        assert_eq!(
            link["parameters"],
            json!({"id": "$response.body#/id"}),
            "{path} {status} to {next}"
        );
    }
    let job = &document["paths"]["/v1/jobs/{id}"]["get"]["responses"]["200"];
    assert!(job.get("links").is_none(), "it is no list of jobs: {job}");
    let vendors = &document["paths"]["/v1/vendors"]["get"]["responses"]["200"];
    assert_eq!(
        vendors["links"]["get_vendor"]["parameters"],
        json!({"vendor": "$response.body#/data/0/key"})
    );
}

#[test]
fn what_is_passed_through_may_come_without_a_body() {
    let document = document();
    let path = &document["paths"]["/v1/connections/{id}/passthrough/{path}"];
    for method in ["put", "post", "patch", "delete"] {
        assert_eq!(path[method]["requestBody"]["required"], false, "{method}");
    }
}

#[test]
fn whatever_a_vendor_answers_to_what_is_passed_through_is_documented() {
    let document = document();
    let path = &document["paths"]["/v1/connections/{id}/passthrough/{path}"];
    for method in ["get", "put", "post", "patch", "delete"] {
        for (status, response) in path[method]["responses"].as_object().unwrap() {
            let vendors_own = &response["content"]["application/json"];
            assert!(vendors_own.is_object(), "{method} {status}");
        }
    }
}

/// Whether a document of a schema has a member.
fn member(document: &Value, schema: &Value, pointer: &str) -> bool {
    let mut schema = schema;
    for step in pointer.split('/').skip(1) {
        let parts = schema["allOf"].as_array().into_iter().flatten();
        let mut places = parts.map(|part| resolve(document, part)).chain([schema]);
        let found = if step == "0" {
            schema.get("items")
        } else {
            places.find_map(|place| place["properties"].get(step))
        };
        let Some(found) = found else {
            return false;
        };
        schema = resolve(document, found);
    }
    true
}

#[test]
fn no_two_types_have_one_name() {
    let mut names = BTreeSet::new();
    for folder in ["src", "../model/src"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    for name in schema_names(&fs::read_to_string(&path).unwrap()) {
                        // The one that is registered last would stand for both.
                        assert!(names.insert(name.clone()), "{name} in {}", path.display());
                    }
                }
            }
        }
    }
    assert!(names.len() > 100, "{}", names.len());
}

/// The names of the types of a file that have a schema.
fn schema_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for derived in text.split("#[derive(").skip(1) {
        let (derives, rest) = derived.split_once(")]").unwrap();
        if !derives.contains("ToSchema") {
            continue;
        }
        let head = rest.split(['{', ';']).next().unwrap();
        let renamed = head.split("#[schema(as = ").nth(1);
        let name = renamed.or_else(|| head.split("struct ").nth(1).or(head.split("enum ").nth(1)));
        let name = name.unwrap_or_default();
        let end = name.find(|letter: char| !letter.is_alphanumeric());
        let name = &name[..end.unwrap_or(name.len())];
        // A macro names what it makes elsewhere.
        if !name.is_empty() {
            names.push(name.to_owned());
        }
    }
    names
}

/// An example with what the test's tenant really has in place of what it has not.
pub(crate) fn about(example: &Value, connection: ConnectionId, agent: &str) -> Value {
    let mut body = example.clone();
    let Some(members) = body.as_object_mut() else {
        return body;
    };
    if members.get("connection_id") == Some(&json!(SOME_ID)) {
        members.insert("connection_id".to_owned(), json!(connection));
    }
    if members.contains_key("remote_id") {
        // The fake vendor takes no dots in them.
        members.insert("remote_id".to_owned(), json!("1760000000-101"));
    }
    if members.contains_key("agent") {
        members.insert("agent".to_owned(), json!(agent));
    }
    if members.contains_key("vendor") {
        members.insert("vendor".to_owned(), json!("fake"));
        members.insert("credentials".to_owned(), json!({"password": "correct"}));
        members.insert("settings".to_owned(), json!({"account": "another"}));
    }
    body
}

#[tokio::test]
async fn case_110_the_examples_of_bodies_are_taken() {
    let gateway = Gateway::start().await;
    let operations = secured(&gateway).await;
    let connections = gateway.get("/v1/connections").await.ids();
    let connection: ConnectionId = connections[0].parse().unwrap();
    let agent = gateway.vendor.main().owned(|owned| owned.put_agent("B"));
    let mut taken = 0;
    for operation in &operations {
        let content = &operation.document["requestBody"]["content"]["application/json"];
        for (number, example) in examples(content).iter().enumerate() {
            let name = format!("{} {example}", operation.name);
            let key = format!("{}-example-{number}", operation.key).replace('/', "-");
            let body = if operation.template.ends_with("/credentials") {
                json!({"password": "correct"})
            } else {
                about(example, connection, &agent)
            };
            let headers = [("idempotency-key", key.as_str())];
            let method: Method = operation.method.clone();
            let answer = gateway
                .send(method, &operation.path, Some(&body), &headers)
                .await;
            assert!(
                !matches!(answer.status, 400 | 413 | 415 | 422),
                "{name} is answered {}: {:?}",
                answer.status,
                answer.body
            );
            taken += 1;
        }
    }
    assert!(taken >= 50, "{taken}");
}
