//! Answers to script.

use bytes::Bytes;
use callweave_provider::http_client::Answer;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;

/// An answer with a body of a type.
pub fn typed(status: u16, content_type: &str, body: impl Into<Bytes>) -> Answer {
    let answer = Answer {
        status: StatusCode::from_u16(status).expect("a status code"),
        headers: HeaderMap::new(),
        body: body.into(),
    };
    with_header(answer, CONTENT_TYPE.as_str(), content_type)
}

/// A JSON answer with status 200.
pub fn ok(body: &Value) -> Answer {
    json(200, body)
}

/// A JSON answer.
pub fn json(status: u16, body: &Value) -> Answer {
    typed(status, "application/json", body.to_string())
}

/// A JSON answer with status 200, as the bytes of a fixture.
pub fn ok_bytes(body: impl Into<Bytes>) -> Answer {
    typed(200, "application/json", body)
}

/// An HTML page.
pub fn html(status: u16) -> Answer {
    typed(
        status,
        "text/html; charset=utf-8",
        "<html><body>Sign in</body></html>",
    )
}

/// An answer without body or type.
pub fn empty(status: u16) -> Answer {
    let mut answer = typed(status, "x/y", Bytes::new());
    answer.headers.clear();
    answer
}

/// The same answer with one header more.
pub fn with_header(mut answer: Answer, name: &str, value: &str) -> Answer {
    let name: HeaderName = name.parse().expect("a header name");
    answer
        .headers
        .insert(name, HeaderValue::from_str(value).expect("a header value"));
    answer
}
