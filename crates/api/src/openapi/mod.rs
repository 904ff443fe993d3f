//! The OpenAPI document: collected from the operations, completed here.

mod bodies;
mod links;
mod parameters;
mod problems;
mod shared;

use http::Method;
use serde_json::json;
use utoipa::openapi::{
    ComponentsBuilder, ContactBuilder, HeaderBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder,
    OpenApi, OpenApiBuilder, Ref, RefOr, Required, ResponseBuilder, ServerBuilder,
    extensions::ExtensionsBuilder,
    path::{Operation, Parameter, PathItem},
    schema::Type,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::TagBuilder,
};
use utoipa::{IntoResponses as _, PartialSchema as _, ToSchema as _};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    ApiState, conditional, idempotency,
    problem::{FieldError, ProblemDocument, QuotaProblem, Repeatable, VendorProblem},
    routes, scope,
};

const DESCRIPTION: &str = "A self-hosted gateway for call analytics: it brings the analysed calls of several vendors into one \
model and serves them through one API.\n\n\
Authenticate with `Authorization: Bearer cw_live_...`. Lists are paged by `cursor`; every failure is an \
`application/problem+json` document with a stable `code`. Every answer carries `X-Request-Id` and \
`traceparent`; `HEAD` is answered wherever `GET` is; a query or a member that an operation does not know is refused. Members and words may be added within a version; \
clients should pass over what they do not know. Enums marked as open may gain words.\n\n\
The ids, the vendor's key and the credentials of the examples stand for yours. The examples of a failed answer are the codes \
that the operation can answer with that status.";

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
    ("audit", "Who did what."),
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
                .contact(Some(
                    ContactBuilder::new()
                        .name(Some("Whoever runs this gateway"))
                        .build(),
                ))
                .license(Some(
                    LicenseBuilder::new()
                        .name("Apache-2.0")
                        .identifier(Some("Apache-2.0"))
                        .build(),
                ))
                .build(),
        )
        .servers(Some([ServerBuilder::new()
            .url("/")
            .description(Some("The gateway that serves this document."))
            .build()]))
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
    let components = document.components.get_or_insert_default();
    let pause = ("Retry-After", "How long to wait, in seconds.", "1");
    let always = HEADERS
        .iter()
        .map(|(name, description, example, _)| (*name, *description, *example));
    for (name, description, example) in always.chain([pause]) {
        let header = HeaderBuilder::new()
            .schema(Some(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .examples([json!(example)]),
            ))
            .description(Some(description))
            .build();
        components.headers.insert(name.to_owned(), header.into());
    }
    // What the router calls a rest of the path is a parameter to readers.
    document.paths.paths = std::mem::take(&mut document.paths.paths)
        .into_iter()
        .map(|(path, item)| (path.replace("{*", "{"), item))
        .collect();
    for (path, item) in &mut document.paths.paths {
        if let Some(operation) = item
            .get
            .as_mut()
            .filter(|_| path.starts_with("/v1") && conditional::is_single(path))
        {
            make_conditional(operation);
        }
        if let Some(operation) = item.post.as_mut().filter(|_| path.starts_with("/v1")) {
            make_repeatable(operation);
        }
        for (method, operation) in operations(item) {
            let scopes = required_scopes(operation);
            tell_headers(operation, scopes.is_some());
            parameters::complete(operation);
            problems::tell(&method, path, operation);
            let Some(scopes) = scopes else {
                // Said aloud, so that nobody takes it for forgotten.
                operation.security = Some(Vec::new());
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
    links::follow(&mut document.paths.paths);
    bodies::bound(&mut document);
    bodies::leave_to_vendors(&mut document);
    let components = document.components.get_or_insert_default();
    components.examples.extend(problems::examples());
    shared::name_items(components);
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
        let told = operation.responses.responses.get(&status);
        // Where a vendor's own answers come as well, all of that is told already.
        let beside_vendor = matches!(told, Some(RefOr::T(told)) if told.content.len() > 1);
        if !beside_vendor {
            operation.responses.responses.insert(status, response);
        }
    }
}

/// What every answer carries, and what every answer to a caller that is known carries. The first is
/// documented with each answer, the others where they are of use: with what was served, and with 429.
const HEADERS: &[(&str, &str, &str, bool)] = &[
    (
        "X-Request-Id",
        "The id of the request: the caller's own where it sent a sane one.",
        "01a1fcf4-1e69-749b-aa4a-efb4f05c4e83",
        false,
    ),
    (
        "traceparent",
        "The span of the gateway that answered (W3C Trace Context), in the caller's trace where it sent one.",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        false,
    ),
    (
        "RateLimit-Policy",
        "What the tenant may ask for in this process (IETF draft-ietf-httpapi-ratelimit-headers): so many requests in a window of seconds, so many under way at a time.",
        "\"requests\";q=600000;w=60, \"concurrency\";q=192;qu=\"concurrent-requests\"",
        true,
    ),
    (
        "RateLimit",
        "What is left of it, and in how many seconds it is whole again.",
        "\"requests\";r=599999;t=1",
        true,
    ),
];

/// Documents the headers that every answer of an operation carries.
fn tell_headers(operation: &mut Operation, secured: bool) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        if matches!(status.as_str(), "429" | "503") {
            let header = RefOr::Ref(Ref::new("#/components/headers/Retry-After"));
            response.headers.insert("Retry-After".to_owned(), header);
        }
        let of_use = status.starts_with(['2', '3']) || status == "429";
        for (number, (name, _, _, to_known_callers)) in HEADERS.iter().enumerate() {
            let told = number == 0 || of_use;
            if told && (secured || !*to_known_callers) {
                let place = format!("#/components/headers/{name}");
                let header = RefOr::Ref(Ref::new(place));
                response.headers.entry((*name).to_owned()).or_insert(header);
            }
        }
    }
}

/// A single resource is tagged, and not sent to whom has it.
fn make_conditional(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    if let Some(RefOr::T(shown)) = responses.get_mut("200") {
        if !shown.content.contains_key("application/json") {
            return;
        }
        shown.headers.entry("ETag".to_owned()).or_insert_with(|| {
            HeaderBuilder::new()
                .schema(Some(String::schema()))
                .description(Some("Its version."))
                .build()
                .into()
        });
    }
    responses.entry("304".to_owned()).or_insert_with(|| {
        ResponseBuilder::new()
            .description("`If-None-Match` names this version.")
            .build()
            .into()
    });
}

/// The operations of a path with their methods.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
        (Method::PATCH, &mut item.patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
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
