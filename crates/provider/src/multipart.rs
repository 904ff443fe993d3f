//! `multipart/form-data` (RFC 7578) around a streamed file.

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::HeaderValue;

use crate::http_client::UploadBody;

/// A form: text fields first, then one file.
#[derive(Debug)]
pub struct Form {
    boundary: String,
    head: String,
}

impl Form {
    /// An empty form. `seed` makes the boundary: text that no field and no file will hold, such as
    /// the request's id; anything but letters and digits is left out of it.
    pub fn new(seed: &str) -> Self {
        let boundary: String = seed
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(40)
            .collect();
        Self {
            boundary: format!("callweave{boundary}"),
            head: String::new(),
        }
    }

    /// The same with one text field more.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.part(name, None, None);
        self.head.push_str(value);
        self.head.push_str("\r\n");
        self
    }

    /// Ends the form with a file. Returns the `Content-Type` and the body.
    pub fn file(
        mut self,
        name: &str,
        file_name: &str,
        content_type: &str,
        file: UploadBody,
    ) -> (HeaderValue, UploadBody) {
        self.part(name, Some(file_name), Some(content_type));
        let tail = format!("\r\n--{}--\r\n", self.boundary);
        let frame = self.head.len() + tail.len();
        let length = file
            .length
            .and_then(|length| length.checked_add(u64::try_from(frame).ok()?));
        let head = stream::iter([Ok(Bytes::from(self.head))]);
        let tail = stream::iter([Ok(Bytes::from(tail))]);
        // The boundary is letters and digits.
        let kind =
            HeaderValue::from_str(&format!("multipart/form-data; boundary={}", self.boundary))
                .unwrap_or_else(|_| HeaderValue::from_static("multipart/form-data"));
        let content = head.chain(file.content).chain(tail).boxed();
        (kind, UploadBody { length, content })
    }

    fn part(&mut self, name: &str, file_name: Option<&str>, content_type: Option<&str>) {
        self.head.push_str("--");
        self.head.push_str(&self.boundary);
        self.head
            .push_str("\r\nContent-Disposition: form-data; name=\"");
        self.head.push_str(&quoted(name));
        self.head.push('"');
        if let Some(file_name) = file_name {
            self.head.push_str("; filename=\"");
            self.head.push_str(&quoted(file_name));
            self.head.push('"');
        }
        if let Some(content_type) = content_type {
            self.head.push_str("\r\nContent-Type: ");
            self.head
                .extend(content_type.chars().filter(|sign| !sign.is_control()));
        }
        self.head.push_str("\r\n\r\n");
    }
}

/// A name inside quotes, escaped as browsers do it.
fn quoted(name: &str) -> String {
    name.replace('\r', "%0D")
        .replace('\n', "%0A")
        .replace('"', "%22")
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    #[test]
    fn a_form_is_framed_and_its_length_is_known() {
        let file = UploadBody {
            length: Some(3),
            content: stream::iter([Ok(Bytes::from_static(b"abc"))]).boxed(),
        };
        let form = Form::new("0191-a").text("client_id", "C-42\u{e9}");
        let (kind, body) = form.file("file", "a\"\r\nb.wav", "audio/wav", file);
        let length = body.length.unwrap();
        let pieces = futures::executor::block_on(body.content.try_collect::<Vec<_>>()).unwrap();
        let text = String::from_utf8(pieces.concat()).unwrap();
        assert_eq!(kind, "multipart/form-data; boundary=callweave0191a");
        assert_eq!(u64::try_from(text.len()).unwrap(), length);
        let expected = "--callweave0191a\r\n\
             Content-Disposition: form-data; name=\"client_id\"\r\n\r\nC-42\u{e9}\r\n\
             --callweave0191a\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"a%22%0D%0Ab.wav\"\r\n\
             Content-Type: audio/wav\r\n\r\nabc\r\n--callweave0191a--\r\n";
        assert_eq!(text, expected);
    }
}
