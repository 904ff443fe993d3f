//! Holds answers to the document: whatever a test meets must be told there.

use std::sync::LazyLock;

use callweave_api::openapi;
use http::Method;
use serde_json::Value;

use super::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(openapi()).unwrap());

/// The operation that serves a request, as it is documented.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap_or_default();
    let method = match *method {
        Method::HEAD => "get".to_owned(),
        ref other => other.as_str().to_lowercase(),
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    // What is written out goes before what stands in braces, as in the router.
    let named = paths.get(path);
    let (_, item) = match named {
        Some(item) => (path, item),
        None => paths
            .iter()
            .map(|(template, item)| (template.as_str(), item))
            .filter(|(template, _)| fits(template, path))
            .min_by_key(|(template, _)| template.matches('{').count())?,
    };
    item.get(method)
}

fn fits(template: &str, path: &str) -> bool {
    if let Some(start) = template.strip_suffix("/passthrough/{path}") {
        return path
            .split_once("/passthrough/")
            .is_some_and(|(before, _)| fits(start, before));
    }
    let (wanted, given) = (template.split('/'), path.split('/'));
    wanted.clone().count() == given.clone().count()
        && wanted
            .zip(given)
            .all(|(wanted, given)| wanted == given || wanted.starts_with('{') && !given.is_empty())
}

/// Fails where an answer has a status, or a problem a code, that its operation does not document.
pub(crate) fn assert_documented(method: &Method, path: &str, answer: &Answer) {
    let Some(operation) = operation(method, path) else {
        return;
    };
    if !answer.header("x-vendor-status").is_empty() {
        return;
    }
    let name = format!("{method} {path} answers {}", answer.status);
    let response = &operation["responses"][answer.status.to_string()];
    assert!(
        response.is_object(),
        "{name}, undocumented: {:?}",
        answer.body
    );
    if answer.header("content-type") != "application/problem+json" || answer.body.is_empty() {
        return;
    }
    let code = answer.code();
    let examples = &response["content"]["application/problem+json"]["examples"];
    let told =
        examples[&code].is_object() || examples[format!("{code}-{}", answer.status)].is_object();
    assert!(told, "{name} with the undocumented code {code}: {examples}");
}

/// What a reference of the document stands for.
pub(crate) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(place) => document.pointer(place.trim_start_matches('#')).unwrap(),
        None => value,
    }
}
