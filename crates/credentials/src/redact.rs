//! Hiding a connection's own secrets in what its vendor answers.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use callweave_provider::address;
use memchr::memmem;
use secrecy::{ExposeSecret as _, SecretString};

/// What stands in the place of a secret.
const MASK: &str = "[redacted]";

/// A shorter text occurs by chance.
const SHORTEST: usize = 4;

/// Hides secrets wherever they stand: as they are, as JSON writes them, and as addresses do.
/// Cheap to clone.
#[derive(Clone, Default)]
pub struct Redactor {
    needles: Arc<[SecretString]>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Redactor")
            .field("needles", &self.needles.len())
            .finish()
    }
}

impl Redactor {
    /// Hides these secrets.
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        let mut forms = Vec::new();
        for secret in secrets {
            let plain = secret.expose_secret();
            if plain.len() < SHORTEST {
                continue;
            }
            let written = serde_json::Value::from(plain).to_string();
            forms.push(plain.to_owned());
            forms.push(written.trim_matches('"').to_owned());
            forms.push(address::encode(plain));
            forms.push(STANDARD.encode(plain));
        }
        // The longest first: a secret may be part of another.
        forms.sort_unstable_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        Self {
            needles: forms.into_iter().map(SecretString::from).collect(),
        }
    }

    /// The same bytes without the secrets.
    pub fn redact(&self, body: Bytes) -> Bytes {
        let mut hidden: Option<Vec<u8>> = None;
        for needle in self.needles.iter() {
            let needle = needle.expose_secret().as_bytes();
            let searched = hidden.as_deref().unwrap_or(&body);
            if let Some(replaced) = replace(searched, needle) {
                hidden = Some(replaced);
            }
        }
        hidden.map_or(body, Bytes::from)
    }
}

/// Replaces every occurrence; `None` when there is none.
fn replace(body: &[u8], needle: &[u8]) -> Option<Vec<u8>> {
    let mut replaced: Option<Vec<u8>> = None;
    let mut begun = 0;
    for place in memmem::find_iter(body, needle) {
        let output = replaced.get_or_insert_with(|| Vec::with_capacity(body.len()));
        output.extend_from_slice(body.get(begun..place).unwrap_or_default());
        output.extend_from_slice(MASK.as_bytes());
        begun = place + needle.len();
    }
    let mut output = replaced?;
    output.extend_from_slice(body.get(begun..).unwrap_or_default());
    Some(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(secrets: &[&str], body: &[u8]) -> Vec<u8> {
        let secrets = secrets.iter().map(|secret| SecretString::from(*secret));
        Redactor::new(secrets)
            .redact(Bytes::copy_from_slice(body))
            .to_vec()
    }

    #[test]
    fn secrets_are_hidden_in_every_form() {
        let body = br#"{"a":"pa\"ss/word 1","b":"pa%22ss%2Fword%201","c":"cGEic3Mvd29yZCAx"}"#;
        let expected = br#"{"a":"[redacted]","b":"[redacted]","c":"[redacted]"}"#;
        assert_eq!(redacted(&["pa\"ss/word 1"], body), expected);
        assert_eq!(
            redacted(&["token", "token-long"], b"token-long token xtokenx"),
            b"[redacted] [redacted] x[redacted]x"
        );
        assert_eq!(
            redacted(&["aab1"], b"aaab1 \xff\xfe aab1"),
            b"a[redacted] \xff\xfe [redacted]"
        );
    }

    #[test]
    fn what_holds_no_secret_stays_as_it_is() {
        assert_eq!(redacted(&["abc", ""], b"abc abcd"), b"abc abcd");
        assert_eq!(redacted(&["secret"], b""), b"");
    }
}
