//! Files of a vendor, handed on while they come.

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use callweave_provider::media::{MediaBody, MediaContent};
use http::{HeaderName, HeaderValue, header};

/// Types that are told on. Anything else could be a page that a browser runs.
const TOLD: &[&str] = &[
    "application/pdf",
    "application/json",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "text/plain",
];

/// A page, shown to nobody: it is saved, and runs nothing if it is opened here all the same.
const PAGE: &str = "text/html";

/// A file to be saved under a name.
pub(crate) fn attachment(body: MediaBody, name: &str) -> Response {
    let content_type = safe_type(&body.content_type);
    let length = match &body.content {
        MediaContent::Whole(bytes) => Some(bytes.len() as u64),
        MediaContent::Stream(_) => body.length,
    };
    let content = match body.content {
        MediaContent::Whole(bytes) => Body::from(bytes),
        MediaContent::Stream(stream) => Body::from_stream(stream),
    };
    let mut response = content.into_response();
    let mut insert = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    insert(header::CONTENT_TYPE, &content_type);
    insert(
        header::CONTENT_DISPOSITION,
        &disposition("attachment", Some(name)),
    );
    insert(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; sandbox",
    );
    if let Some(length) = length {
        insert(header::CONTENT_LENGTH, &length.to_string());
    }
    response
}

/// The type that is told on: the vendor's, where it is a known one.
pub(crate) fn safe_type(told: &str) -> String {
    let plain = told
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match plain.as_str() {
        "text/plain" | PAGE => format!("{plain}; charset=utf-8"),
        known if TOLD.contains(&known) || known.starts_with("audio/") => plain,
        _ => "application/octet-stream".to_owned(),
    }
}

/// A `Content-Disposition` whose name cannot leave its quotes, a folder or ASCII.
pub(crate) fn disposition(kind: &str, file_name: Option<&str>) -> String {
    let name: String = file_name
        .unwrap_or_default()
        .chars()
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' => character,
            _ => '_',
        })
        .take(100)
        .collect();
    if name.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}; filename=\"{name}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::{disposition, safe_type};

    #[test]
    fn only_known_types_are_told_on() {
        for (told, given) in [
            ("application/pdf", "application/pdf"),
            ("Text/HTML; charset=cp1251", "text/html; charset=utf-8"),
            ("text/plain", "text/plain; charset=utf-8"),
            ("audio/mpeg", "audio/mpeg"),
            ("image/svg+xml", "application/octet-stream"),
            ("text/html\r\nX: y", "application/octet-stream"),
            ("", "application/octet-stream"),
        ] {
            assert_eq!(safe_type(told), given, "{told:?}");
        }
    }

    #[test]
    fn case_038_a_name_stays_within_its_quotes() {
        let told = |name: &str| disposition("attachment", Some(name));
        assert_eq!(told("report.pdf"), "attachment; filename=\"report.pdf\"");
        assert_eq!(
            told("../a\"; x=\"\r\n.exe"),
            "attachment; filename=\".._a___x____.exe\""
        );
        assert_eq!(disposition("inline", None), "inline");
    }
}
