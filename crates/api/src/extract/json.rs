//! JSON bodies, read strictly.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
};
use http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::strict_value::Strict;
use crate::{
    ApiState,
    problem::{FieldError, Problem, codes},
};

/// PostgreSQL writes larger numbers out in full, and they do not come back as they went in.
const LARGEST: f64 = 1e300;

/// A JSON body. Unknown members, wrong types and NUL characters are refused with a pointer.
#[derive(Debug)]
pub(crate) struct ApiJson<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<ApiState> for ApiJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, Self::Rejection> {
        require_json(&request)?;
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(unreadable)?;
        read_json(&bytes).map(Self)
    }
}

fn require_json(request: &Request) -> Result<(), Problem> {
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase())
        .unwrap_or_default();
    let fits = content_type == "application/json"
        || (content_type.starts_with("application/") && content_type.ends_with("+json"));
    if fits {
        return Ok(());
    }
    Err(Problem::new(
        codes::UNSUPPORTED_MEDIA_TYPE,
        "the body must be `application/json`",
    ))
}

fn unreadable(rejection: BytesRejection) -> Problem {
    if axum::response::IntoResponse::into_response(rejection).status()
        == StatusCode::PAYLOAD_TOO_LARGE
    {
        Problem::new(
            codes::BODY_TOO_LARGE,
            "the body is larger than the gateway takes",
        )
    } else {
        Problem::new(codes::BAD_REQUEST, "the body ended before it was complete")
    }
}

/// Reads JSON strictly.
pub(crate) fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let detail = format!(
            "not JSON at line {}, column {}",
            error.line(),
            error.column()
        );
        Problem::new(codes::INVALID_JSON, detail.clone()).with_error(FieldError::body(
            "",
            "invalid_json",
            detail,
        ))
    })?;
    if let Some((pointer, code, detail)) = unkeepable(&value, &mut String::new()) {
        return Err(Problem::new(codes::INVALID_BODY, detail)
            .with_error(FieldError::body(pointer, code, detail)));
    }
    decode(value)
}

/// Reads a value into a type; the error points at the member.
pub(crate) fn decode<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(Strict(value)).map_err(|error| {
        let pointer = pointer(error.path());
        undecodable(pointer, &error.inner().to_string())
    })
}

/// What serde says of a member, as a problem.
pub(crate) fn undecodable(mut pointer: String, message: &str) -> Problem {
    let (code, member) = kind_of(message);
    if let Some(member) = member {
        pointer.push('/');
        pointer.push_str(&escape(member));
    }
    let detail = without_value(message);
    Problem::new(codes::INVALID_BODY, detail.clone())
        .with_error(FieldError::body(pointer, code, detail))
}

/// What serde says without the value that it quotes: answers end up in logs, and the value may be
/// a phone, a password or what somebody said.
fn without_value(message: &str) -> String {
    let Some((what, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    let quoted = ["invalid type: ", "invalid value: ", "unknown variant "];
    if !quoted.iter().any(|kind| what.starts_with(kind)) {
        return message.to_owned();
    }
    let end = what.find(['"', '`']).unwrap_or(what.len());
    let what = what.get(..end).unwrap_or_default().trim_end();
    format!("{what}, expected {expected}")
}

/// serde says the kind in its message only, and there alone names a member that is missing.
fn kind_of(message: &str) -> (&'static str, Option<&str>) {
    let named = |prefix: &str| {
        message
            .strip_prefix(prefix)
            .and_then(|rest| rest.split('`').next())
    };
    if named("unknown field `").is_some() {
        return ("unknown_member", None);
    }
    if let Some(member) = named("missing field `") {
        return ("missing", Some(member));
    }
    ("invalid_value", None)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&escape(key));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

fn escape(member: &str) -> String {
    member.replace('~', "~0").replace('/', "~1")
}

/// Where a body holds what the database cannot give back as it was.
fn unkeepable(value: &Value, pointer: &mut String) -> Option<(String, &'static str, &'static str)> {
    const NUL: &str = "the character U+0000 cannot be kept";
    let length = pointer.len();
    match value {
        Value::String(text) if text.contains('\0') => {
            return Some((pointer.clone(), "control_character", NUL));
        }
        Value::Number(number) if number.as_f64().is_none_or(|number| number.abs() > LARGEST) => {
            let detail = "a number beyond 1e300 cannot be kept";
            return Some((pointer.clone(), "invalid_value", detail));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push('/');
                pointer.push_str(&index.to_string());
                if let Some(found) = unkeepable(item, pointer) {
                    return Some(found);
                }
                pointer.truncate(length);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                if name.contains('\0') {
                    return Some((pointer.clone(), "control_character", NUL));
                }
                pointer.push('/');
                pointer.push_str(&escape(name));
                if let Some(found) = unkeepable(member, pointer) {
                    return Some(found);
                }
                pointer.truncate(length);
            }
        }
        _ => {}
    }
    None
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(rename = "inner")]
        _inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "number")]
        _number: i32,
    }

    #[test]
    fn errors_quote_no_value() {
        for (body, detail) in [
            (
                r#"{"inner":[{"number":"a, expected \"secret"}]}"#,
                "invalid type: string, expected i32",
            ),
            (
                r#"{"inner":[{"number":79990001122}]}"#,
                "invalid value: integer, expected i32",
            ),
            (
                r#"{"inner":{"a":"secret"}}"#,
                "invalid type: map, expected a sequence",
            ),
        ] {
            let problem = read_json::<Outer>(body.as_bytes()).unwrap_err();
            assert_eq!(problem.detail(), detail);
        }
        let variant = "unknown variant `secret`, expected `a` or `b`";
        assert_eq!(
            without_value(variant),
            "unknown variant, expected `a` or `b`"
        );
    }

    #[test]
    fn errors_point_at_the_member() {
        let cases = [
            (
                r#"{"inner":[{"number":1,"x/y":2}]}"#,
                "/inner/0/x~1y",
                "unknown_member",
            ),
            (
                r#"{"inner":[{"number":1},{}]}"#,
                "/inner/1/number",
                "missing",
            ),
            (
                r#"{"inner":[{"number":"1"}]}"#,
                "/inner/0/number",
                "invalid_value",
            ),
            (r"{}", "/inner", "missing"),
            ("[]", "", "invalid_value"),
            (r#"{"inner":["a\u0000"]}"#, "/inner/0", "control_character"),
            (
                r#"{"inner":[1.7976931348623157e308]}"#,
                "/inner/0",
                "invalid_value",
            ),
            (r#"{"inner":"#, "", "invalid_json"),
        ];
        for (body, pointer, code) in cases {
            let problem = read_json::<Outer>(body.as_bytes()).unwrap_err();
            let document = problem.document("r", "");
            assert_eq!(document.errors[0].pointer, pointer, "{body}");
            assert_eq!(document.errors[0].code, code, "{body}");
        }
    }

    #[test]
    fn case_023_deep_nesting_is_refused_without_a_crash() {
        let body = "[".repeat(10_000);
        let problem = read_json::<Outer>(body.as_bytes()).unwrap_err();
        assert_eq!(problem.code().code, "gateway.invalid_json");
    }
}
