//! An answer, read whole.

use axum::{body::Bytes, response::Response};
use http::HeaderMap;
use http_body_util::BodyExt as _;
use serde_json::Value;

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (parts, mut body) = response.into_parts();
        let endless = parts
            .headers
            .get("content-type")
            .is_some_and(|value| value == "text/event-stream");
        let body = if endless {
            // The first piece has to do.
            let frame = body.frame().await.unwrap().unwrap();
            frame.into_data().unwrap()
        } else {
            body.collect().await.unwrap().to_bytes()
        };
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The code of a problem; fails when the answer is none.
    pub(crate) fn code(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{} {:?}",
            self.status,
            self.body
        );
        let document = self.json();
        assert_eq!(document["status"], self.status, "{document}");
        assert_eq!(document["request_id"], self.header("x-request-id"));
        for member in ["type", "title", "detail"] {
            assert!(document[member].is_string(), "{document}");
        }
        document["code"].as_str().unwrap().to_owned()
    }

    /// The pointer of a problem's first wrong member.
    pub(crate) fn pointer(&self) -> String {
        let pointer = &self.json()["errors"][0]["pointer"];
        pointer.as_str().unwrap_or("none").to_owned()
    }

    /// The ids of a list.
    pub(crate) fn ids(&self) -> Vec<String> {
        assert_eq!(self.status, 200, "{:?}", self.body);
        let list = self.json();
        let ids = list["data"].as_array().unwrap().iter();
        ids.map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    }
}
