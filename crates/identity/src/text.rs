//! A token in compact form, taken apart before anything of it is believed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::claims::{Raw, Rejected};

/// No honest token is longer.
const LONGEST: usize = 8 * 1024;

/// Members of a header that lead somewhere, or must be understood: nobody here does.
const REFUSED: &[&str] = &[
    "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit", "zip", "b64", "enc",
];

/// The parts of a token.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) algorithm: String,
    pub(crate) key_id: Option<String>,
    pub(crate) claims: Raw,
    /// What is signed.
    pub(crate) message: &'a str,
    pub(crate) signature: &'a str,
}

/// Whether a text is shaped like a token at all, to be told from an API key.
pub(crate) fn is_token(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'.').count() == 2
}

impl<'a> Parts<'a> {
    pub(crate) fn read(token: &'a str) -> Result<Self, Rejected> {
        if token.len() > LONGEST {
            return Err(Rejected::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Rejected::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(Rejected::Malformed)?;
        if payload.contains('.') || signature.is_empty() {
            return Err(Rejected::Malformed);
        }
        let header: Map<String, Value> = part(header)?;
        if REFUSED.iter().any(|name| header.contains_key(*name)) {
            return Err(Rejected::Header);
        }
        let text = |name: &str| match header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Rejected::Header),
        };
        let kind = text("typ")?;
        if kind.is_some_and(|kind| !matches!(kind.to_ascii_lowercase().as_str(), "jwt" | "at+jwt"))
        {
            return Err(Rejected::Header);
        }
        Ok(Self {
            algorithm: text("alg")?.ok_or(Rejected::Header)?,
            key_id: text("kid")?,
            claims: part(payload).map_err(|rejected| match rejected {
                Rejected::Malformed => Rejected::Claim,
                other => other,
            })?,
            message,
            signature,
        })
    }
}

fn part<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Rejected> {
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_error| Rejected::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_error| Rejected::Malformed)
}
