//! Where one goes on from an answer: links from what made or listed a thing to what is done with it.

use std::collections::BTreeMap;

use http::Method;
use utoipa::openapi::{
    RefOr,
    link::{Link, LinkBuilder},
    path::{Operation, PathItem},
};

use super::operations;

/// What is done with a thing.
struct Step {
    method: Method,
    path: String,
    operation_id: String,
}

/// Links each answer that makes or lists things to the operations on one of them.
pub(super) fn follow(paths: &mut BTreeMap<String, PathItem>) {
    let steps: Vec<Step> = paths
        .iter_mut()
        .flat_map(|(path, item)| {
            operations(item)
                .filter_map(|(method, operation)| {
                    Some(Step {
                        method,
                        path: path.clone(),
                        operation_id: operation.operation_id.clone()?,
                    })
                })
                .collect::<Vec<_>>()
        })
        .collect();
    for (path, item) in paths {
        for (method, operation) in operations(item) {
            let (status, place) = match method {
                Method::POST => ("201", ""),
                Method::GET => ("200", "/data/0"),
                _ => continue,
            };
            link(path, operation, status, place, &steps);
        }
    }
}

fn link(path: &str, operation: &mut Operation, status: &str, place: &str, steps: &[Step]) {
    let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status) else {
        return;
    };
    if !response.content.contains_key("application/json") {
        return;
    }
    for step in steps {
        // Lists lead to what reads; what has just been made may be changed and deleted as well.
        let fits = place.is_empty() || step.method == Method::GET;
        let Some(id) = id_below(path, &step.path).filter(|_| fits) else {
            continue;
        };
        let link = leading_to(path, step, id, place);
        let name = step.operation_id.clone();
        response.links.insert(name, RefOr::T(link));
    }
}

/// The name of the id, where `below` is one thing of the collection at `path`, or something of it
/// that needs no other id.
fn id_below<'a>(path: &str, below: &'a str) -> Option<&'a str> {
    let rest = below.strip_prefix(path)?.strip_prefix("/{")?;
    let (id, rest) = rest.split_once('}')?;
    let known = id.ends_with("id") && !rest.contains('{');
    known.then_some(id)
}

fn leading_to(path: &str, step: &Step, id: &str, place: &str) -> Link {
    // What the gateway keeps has an `id`; what a vendor keeps has the vendor's.
    let member = if id.len() == 3 { "remote_id" } else { "id" };
    let mut link = LinkBuilder::new()
        .operation_id(step.operation_id.clone())
        .parameter(id, format!("$response.body#{place}/{member}"));
    for other in ids(path) {
        link = link.parameter(other, format!("$request.path.{other}"));
    }
    link.build()
}

/// The names in braces.
fn ids(path: &str) -> impl Iterator<Item = &str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0))
}
