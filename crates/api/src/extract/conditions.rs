//! Conditional requests: `ETag`, `If-None-Match`, `If-Match`.

use std::{borrow::Cow, fmt};

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::{
    IntoParams,
    openapi::{
        ObjectBuilder, Required,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::Type,
    },
};

use crate::{
    ApiState,
    hex::hex,
    problem::{Problem, codes},
};

/// A strong entity tag: the version of the resource, and which of its forms is shown.
///
/// `If-None-Match` compares both; `If-Match` only the version, since a change does not depend on
/// the form in which the resource was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ETag {
    version: i32,
    form: String,
}

impl ETag {
    /// The tag of a version shown in a form; `form` tells forms apart.
    pub(crate) fn new(version: i32, form: &[u8]) -> Self {
        let digest = Sha256::digest(form);
        Self {
            version,
            form: hex(digest.get(..6).unwrap_or_default()),
        }
    }

    /// The tag of a thing that counts no versions.
    pub(crate) fn of_content(content: &[u8]) -> Self {
        Self::new(0, content)
    }

    pub(crate) fn header_value(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.to_string()).ok()
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{}-{}\"", self.version, self.form)
    }
}

/// What `If-Match` looks like.
const TAGS: &str = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#;

/// The conditions of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    if_none_match: Option<String>,
    if_match: Option<String>,
}

impl Conditions {
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        let joined = |name: HeaderName| {
            let values: Vec<Cow<'_, str>> = headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            (!values.is_empty()).then(|| values.join(","))
        };
        Self {
            if_none_match: joined(header::IF_NONE_MATCH),
            if_match: joined(header::IF_MATCH),
        }
    }

    /// The caller has this form already.
    pub(crate) fn already_has(&self, tag: &ETag) -> bool {
        let own = tag.to_string();
        self.if_none_match.as_deref().is_some_and(|given| {
            tags(given).any(|given| given == "*" || given.trim_start_matches("W/") == own)
        })
    }

    /// The caller asks that something holds for the version it changes.
    pub(crate) const fn has_if_match(&self) -> bool {
        self.if_match.is_some()
    }

    /// Refuses a change that was made upon another version than the current one.
    pub(crate) fn require_match(&self, version: i32) -> Result<(), Problem> {
        let Some(given) = &self.if_match else {
            return Ok(());
        };
        let fits = tags(given).any(|tag| {
            tag == "*"
                || tag
                    .strip_prefix('"')
                    .and_then(|tag| tag.split_once('-'))
                    .is_some_and(|(number, _)| number == version.to_string())
        });
        if fits { Ok(()) } else { Err(stale()) }
    }
}

/// The resource has changed since the version that was named.
pub(crate) fn stale() -> Problem {
    Problem::new(
        codes::STALE,
        "the resource has changed since the version that If-Match names",
    )
}

fn tags(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    // Ours hold no comma; those of others may.
    let between = move |letter: char| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    };
    text.split(between).map(str::trim)
}

/// Whether a text is `*` or a list of entity tags.
fn is_tag_list(text: &str) -> bool {
    let is_tag = |tag: &str| {
        tag.trim_start_matches("W/")
            .strip_prefix('"')
            .and_then(|tag| tag.strip_suffix('"'))
            .is_some_and(|opaque| {
                // What RFC 9110 lets an entity tag hold.
                let fits = |byte| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..);
                opaque.bytes().all(fits)
            })
    };
    text.trim() == "*" || tags(text).all(is_tag)
}

impl FromRequestParts<ApiState> for Conditions {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        _state: &ApiState,
    ) -> Result<Self, Self::Rejection> {
        let conditions = Self::from_headers(&parts.headers);
        // A condition that cannot be read must not be taken for none.
        if conditions
            .if_match
            .as_deref()
            .is_some_and(|given| !is_tag_list(given))
        {
            return Err(Problem::new(
                codes::BAD_REQUEST,
                "If-Match must be `*` or entity tags in double quotes",
            ));
        }
        Ok(conditions)
    }
}

/// `If-Match` of an operation that changes something. What can be read and is not the version that is
/// there is 412; what cannot be read is 400.
impl IntoParams for Conditions {
    fn into_params(_place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let tags = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(TAGS));
        let parameter = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "The version that the change is made upon: an `ETag` that was served, several of them, \
                 or `*` for any.",
            ))
            .schema(Some(tags))
            .example(Some(json!("*")))
            .build();
        vec![parameter]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(name: &'static str, value: &str) -> Conditions {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        Conditions::from_headers(&headers)
    }

    #[test]
    fn if_none_match_knows_the_form_and_if_match_the_version() {
        let (plain, rich) = (ETag::new(3, b""), ETag::new(3, b"transcript"));
        assert_ne!(plain, rich);
        let has = |value: &str, tag: &ETag| conditions("if-none-match", value).already_has(tag);
        assert!(has(&plain.to_string(), &plain));
        assert!(has(&format!("\"x\", W/{plain}"), &plain));
        assert!(has("*", &plain));
        assert!(!has(&plain.to_string(), &rich));
        let matches = |value: &str| conditions("if-match", value).require_match(3).is_ok();
        assert!(matches(&plain.to_string()) && matches(&rich.to_string()) && matches("*"));
        for other in [
            &ETag::new(4, b"").to_string(),
            "\"3\"",
            "W/\"3-a\"",
            "3-a",
            "",
        ] {
            assert!(!matches(other), "{other}");
        }
        assert!(Conditions::default().require_match(3).is_ok());
    }

    #[test]
    fn commas_in_quotes_are_part_of_a_tag() {
        for list in ["\"a,b\"", "\"a\" , W/\"b,\"", "*", "\"\"", "\"é\""] {
            assert!(is_tag_list(list), "{list}");
        }
        for none in ["null", "\"a", "a,b", "\"a\",", "", "\"a b\"", "é"] {
            assert!(!is_tag_list(none), "{none}");
        }
        let listed = format!("\"a,b\", {}", ETag::new(3, b""));
        assert!(conditions("if-match", &listed).require_match(3).is_ok());
    }
}
