//! The OpenAPI document: collected from the operations, completed here.

use serde_json::json;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr, Required,
    extensions::ExtensionsBuilder,
    path::{Operation, Parameter, PathItem},
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::TagBuilder,
};
use utoipa::{IntoResponses as _, PartialSchema as _, ToSchema as _};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    ApiState, idempotency,
    problem::{FieldError, ProblemDocument, QuotaProblem, Repeatable, VendorProblem},
    routes, scope,
};

const DESCRIPTION: &str = "A self-hosted gateway for call analytics: it brings the analysed calls of several vendors into one \
model and serves them through one API.\n\n\
Authenticate with `Authorization: Bearer cw_live_...`. Lists are paged by `cursor`; every failure is an \
`application/problem+json` document with a stable `code`. Members and words may be added within a version; \
clients should pass over what they do not know. Enums marked as open may gain words.";

const TAGS: &[(&str, &str)] = &[
    (
        "calls",
        "Analysed calls, their transcripts, analyses, recordings and documents.",
    ),
    (
        "connections",
        "Accounts at vendors, and how their sync does.",
    ),
    (
        "jobs",
        "Work passed to vendors: analyses, dialogs, reports. Recorded before it is sent, sent once.",
    ),
    ("events", "What happened, in order."),
    (
        "rubrics",
        "Scenarios, checklists and scripts at the vendor, that calls are judged by. Served live.",
    ),
    (
        "taxonomies",
        "Tags, categories, folders and saved searches at the vendor. Served live.",
    ),
    (
        "voice-agents",
        "Robots that call people: settings, rules, fields, queues. Served live.",
    ),
    (
        "evaluations",
        "The vendor's own records of how calls did by a rubric. Served live.",
    ),
    ("reports", "Reports that the vendor writes. Served live."),
    (
        "vendor-account",
        "Usage, tokens, conditions, search and procedures of the account. Served live.",
    ),
    (
        "passthrough",
        "The vendor's own operations, in its own words.",
    ),
    ("vendors", "What can be connected."),
    ("api-keys", "Who may do what."),
    ("auth", "Short-lived tokens in place of keys."),
    ("system", "Health, metrics, documentation."),
];

/// The OpenAPI 3.1 document of the gateway.
pub fn openapi() -> OpenApi {
    let (_, mut document) = OpenApiRouter::<ApiState>::with_openapi(skeleton())
        .merge(routes::versioned())
        .split_for_parts();
    let (_, other) = routes::beside().split_for_parts();
    document.merge(other);
    finish(document)
}

/// What is true of every operation.
pub(crate) fn skeleton() -> OpenApi {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("cw_live_<id>_<secret>_<checksum>")
        .description(Some(format!(
            "An API key. Scopes: {}.",
            scope::ALL
                .iter()
                .map(|(word, meaning)| format!("`{word}` ({meaning})"))
                .collect::<Vec<_>>()
                .join(", ")
        )))
        .build();
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("callweave")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(DESCRIPTION))
                .license(Some(
                    LicenseBuilder::new()
                        .name("Apache-2.0")
                        .identifier(Some("Apache-2.0"))
                        .build(),
                ))
                .build(),
        )
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme("bearer", SecurityScheme::Http(scheme))
                .schema(ProblemDocument::name(), ProblemDocument::schema())
                .schema(FieldError::name(), FieldError::schema())
                .schema(VendorProblem::name(), VendorProblem::schema())
                .schema(QuotaProblem::name(), QuotaProblem::schema())
                .build(),
        ))
        .tags(Some(TAGS.iter().map(|(name, description)| {
            TagBuilder::new()
                .name(*name)
                .description(Some(*description))
                .build()
        })))
        .build()
}

/// Writes what follows from the rest: the scopes of each operation where tools look for them.
pub(crate) fn finish(mut document: OpenApi) -> OpenApi {
    // What the router calls a rest of the path is a parameter to readers.
    document.paths.paths = std::mem::take(&mut document.paths.paths)
        .into_iter()
        .map(|(path, item)| (path.replace("{*", "{"), item))
        .collect();
    for (path, item) in &mut document.paths.paths {
        if let Some(operation) = item.post.as_mut().filter(|_| path.starts_with("/v1")) {
            make_repeatable(operation);
        }
        for operation in operations(item) {
            let Some(scopes) = required_scopes(operation) else {
                continue;
            };
            let description = operation.description.get_or_insert_default();
            if !description.is_empty() {
                description.push_str("\n\n");
            }
            if scopes.is_empty() {
                description.push_str("Scopes: none; any key will do.");
            } else {
                description.extend(["Scopes: `", &scopes.join("`, `"), "`."]);
            }
            operation.extensions = Some(
                ExtensionsBuilder::new()
                    .add("x-required-scopes", json!(scopes))
                    .build(),
            );
        }
    }
    document
}

/// Every POST takes an `Idempotency-Key`.
fn make_repeatable(operation: &mut Operation) {
    let parameters = operation.parameters.get_or_insert_default();
    let named = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => parameter.name == idempotency::HEADER,
        RefOr::Ref(_) => false,
    };
    if !parameters.iter().any(named) {
        parameters.push(RefOr::T(idempotency::parameter(Required::False)));
    }
    for (status, response) in Repeatable::responses() {
        operation.responses.responses.insert(status, response);
    }
}
fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ]
    .into_iter()
    .flatten()
}

/// The scopes of an operation behind a key; `None` where it is behind none.
fn required_scopes(operation: &Operation) -> Option<Vec<String>> {
    let requirements = serde_json::to_value(&operation.security).ok()?;
    let scopes = requirements.pointer("/0/bearer")?.as_array()?;
    Some(
        scopes
            .iter()
            .filter_map(|scope| scope.as_str().map(str::to_owned))
            .collect(),
    )
}
