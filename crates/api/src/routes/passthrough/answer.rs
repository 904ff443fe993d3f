//! The vendor's answer as it came, made safe to hand on.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use callweave_credentials::redact::Redactor;
use callweave_provider::http_client::Answer;
use http::{HeaderValue, header};
use utoipa::{
    IntoResponses, PartialSchema as _, ToSchema as _,
    openapi::{
        Content, ContentBuilder, HeaderBuilder, KnownFormat, ObjectBuilder, Ref, RefOr,
        Response as Documented, ResponseBuilder, SchemaFormat,
        schema::{SchemaType, Type},
    },
};

use crate::{
    file::{disposition, safe_type},
    middleware::{AsItCame, VENDOR_STATUS},
    problem::{CONTENT_TYPE, ProblemDocument},
};

/// The vendor's status and body, without the connection's own secrets.
pub(super) fn hand_back(answer: Answer, redactor: &Redactor) -> Response {
    let told = answer
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let content_type = shown_type(told);
    let shown = content_type.starts_with("text/") || content_type.starts_with("application/json");
    let status = answer.status;
    let mut response = (status, Body::from(redactor.redact(answer.body))).into_response();
    let headers = response.headers_mut();
    headers.insert(VENDOR_STATUS, status.as_u16().into());
    if let Ok(value) = HeaderValue::from_str(&content_type) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    if let Some(pause) = answer.headers.get(header::RETRY_AFTER) {
        headers.insert(header::RETRY_AFTER, pause.clone());
    }
    if !shown && let Ok(value) = HeaderValue::from_str(&disposition("attachment", None)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
    );
    response.extensions_mut().insert(AsItCame);
    response
}

/// The type that is told on. A page is shown as text: it is to be read, not to be run.
fn shown_type(told: &str) -> String {
    let plain = told
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if plain == "application/json" || plain.ends_with("+json") && plain.starts_with("application/")
    {
        return "application/json".to_owned();
    }
    if plain.starts_with("text/") {
        let kept = if plain == "text/csv" {
            "text/csv"
        } else {
            "text/plain"
        };
        return format!("{kept}; charset={}", charset(told));
    }
    safe_type(told)
}

fn charset(told: &str) -> String {
    let given = told.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"'))
    });
    given
        .filter(|name| {
            (1..=40).contains(&name.len())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        })
        .unwrap_or("utf-8")
        .to_ascii_lowercase()
}

/// What a passthrough can answer, for its documentation.
pub(super) struct PassedThrough;

impl IntoResponses for PassedThrough {
    fn responses() -> BTreeMap<String, RefOr<Documented>> {
        let ours =
            "A problem of the gateway, or the vendor's own answer where `X-Vendor-Status` is set.";
        let mut responses: BTreeMap<String, RefOr<Documented>> = [
            "400", "401", "403", "404", "409", "413", "422", "429", "4XX", "500", "501", "502",
            "503", "504", "5XX",
        ]
        .into_iter()
        .map(|status| (status.to_owned(), described(ours, true).into()))
        .collect();
        let theirs = described("The vendor's answer, with its status.", false);
        responses.insert("2XX".to_owned(), theirs.into());
        responses
    }
}

fn described(description: &str, problem: bool) -> Documented {
    let status = HeaderBuilder::new()
        .schema(Some(String::schema()))
        .description(Some(
            "The vendor's status; missing where the gateway answers itself.",
        ))
        .build();
    let mut response = ResponseBuilder::new()
        .description(description)
        .header("X-Vendor-Status", status);
    if problem {
        let document = Ref::from_schema_name(ProblemDocument::name().into_owned());
        let content = ContentBuilder::new()
            .schema(Some(RefOr::Ref(document)))
            .build();
        response = response.content(CONTENT_TYPE, content);
    }
    response
        .content("application/json", anything())
        .content("text/plain", text())
        .content("text/csv", text())
        .content("application/octet-stream", bytes())
        .content("application/pdf", bytes())
        .content(
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            bytes(),
        )
        .content("audio/*", bytes())
        .build()
}

fn anything() -> Content {
    let schema = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
    ContentBuilder::new().schema(Some(schema)).build()
}

fn text() -> Content {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    ContentBuilder::new().schema(Some(schema)).build()
}

fn bytes() -> Content {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
    ContentBuilder::new().schema(Some(schema)).build()
}

#[cfg(test)]
mod tests {
    use super::shown_type;

    #[test]
    fn no_type_makes_a_browser_run_anything() {
        for (told, shown) in [
            ("application/json; charset=utf-8", "application/json"),
            ("application/problem+json", "application/json"),
            ("text/html", "text/plain; charset=utf-8"),
            (
                "text/html; charset=\"Windows-1251\"",
                "text/plain; charset=windows-1251",
            ),
            ("text/javascript; charset=a\"b", "text/plain; charset=utf-8"),
            ("text/csv", "text/csv; charset=utf-8"),
            ("image/svg+xml", "application/octet-stream"),
            ("application/xhtml+xml", "application/octet-stream"),
            ("audio/wav", "audio/wav"),
            ("", "application/octet-stream"),
        ] {
            assert_eq!(shown_type(told), shown, "{told}");
        }
    }
}
