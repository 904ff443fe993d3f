//! Where one goes on from an answer: links from what made or listed a thing to what is done with it.

use std::collections::BTreeMap;

use http::Method;
use utoipa::openapi::{
    RefOr,
    link::{Link, LinkBuilder},
    path::{Operation, PathItem},
};

use super::operations;

/// Where the jobs are that answers hold, wherever they were made.
const JOBS: &str = "/v1/jobs";

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
            match method {
                Method::POST => {
                    link(path, operation, "201", "", &steps);
                    // What is only begun.
                    link(path, operation, "202", "", &steps);
                    // What was there already, where it is not something else that is answered.
                    let (made, there) = (schema(operation, "201"), schema(operation, "200"));
                    if made == there || there.is_some_and(is_job) {
                        link(path, operation, "200", "", &steps);
                    }
                }
                Method::GET => link(path, operation, "200", "/data/0", &steps),
                _ => {}
            }
        }
    }
}

fn link(path: &str, operation: &mut Operation, status: &str, place: &str, steps: &[Step]) {
    let made = place.is_empty();
    let begins_job = made && schema(operation, status).is_some_and(is_job);
    let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status) else {
        return;
    };
    if !response.content.contains_key("application/json") {
        return;
    }
    let collections = [Some(path), begins_job.then_some(JOBS)];
    for collection in collections.into_iter().flatten() {
        for step in steps {
            // Lists lead to what reads; what has just been made may be changed and deleted as well.
            let fits = made || step.method == Method::GET;
            let Some(id) = id_below(collection, &step.path).filter(|_| fits) else {
                continue;
            };
            let member = member(id);
            // What the vendor makes of a job is not there yet.
            if begins_job && member != "id" {
                continue;
            }
            let link = leading_to(collection, step, id, &format!("{place}/{member}"));
            response
                .links
                .insert(step.operation_id.clone(), RefOr::T(link));
        }
    }
}

/// What an answer holds, where that has a name.
fn schema<'a>(operation: &'a Operation, status: &str) -> Option<&'a str> {
    let RefOr::T(response) = operation.responses.responses.get(status)? else {
        return None;
    };
    match response.content.get("application/json")? {
        RefOr::T(content) => match content.schema.as_ref()? {
            RefOr::Ref(schema) => Some(&schema.ref_location),
            RefOr::T(_) => None,
        },
        RefOr::Ref(_) => None,
    }
}

fn is_job(schema: &str) -> bool {
    schema.ends_with("/Job")
}

/// The name of the id, where `below` is one thing of the collection at `path`, or something of it
/// that needs no other id.
fn id_below<'a>(path: &str, below: &'a str) -> Option<&'a str> {
    let rest = below.strip_prefix(path)?.strip_prefix("/{")?;
    let (id, rest) = rest.split_once('}')?;
    let known = id.ends_with("id") || id == "vendor";
    (known && !rest.contains('{')).then_some(id)
}

/// The member of a thing that holds its id.
fn member(id: &str) -> &'static str {
    match id {
        "vendor" => "key",
        // What the gateway keeps has an `id`; what a vendor keeps has the vendor's.
        id if id.len() == 3 => "remote_id",
        _ => "id",
    }
}

fn leading_to(collection: &str, step: &Step, id: &str, pointer: &str) -> Link {
    let mut link = LinkBuilder::new()
        .operation_id(step.operation_id.clone())
        .parameter(id, format!("$response.body#{pointer}"));
    for other in ids(collection) {
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
