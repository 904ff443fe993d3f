//! What a token says, once it is believed.

use callweave_model::Timestamp;
use serde::{Deserialize, Deserializer, de};
use uuid::Uuid;

/// How far two clocks may be apart.
pub(crate) const LEEWAY_SECONDS: u64 = 30;

/// Whose data a token opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenant {
    /// The tenant with this id.
    Id(Uuid),
    /// The tenant with this name.
    Name(String),
}

/// What a token that was believed says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who made it.
    pub issuer: String,
    /// Whom it was made for, in the issuer's words.
    pub subject: String,
    /// Whose data it opens.
    pub tenant: Tenant,
    /// What it may do.
    pub scopes: Vec<String>,
    /// It was made here, for the API key with this id.
    pub api_key: Option<Uuid>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A token that is not believed. The reason is for the log; a caller is told none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// It is not a token in compact form, or larger than any honest one.
    #[error("the token is malformed")]
    Malformed,
    /// Its header carries what nobody here follows: `jku`, `jwk`, `x5u`, `x5c`, `crit`.
    #[error("the token's header is not acceptable")]
    Header,
    /// Nobody here trusts its issuer.
    #[error("the token's issuer is unknown")]
    Issuer,
    /// It was made with another algorithm than its issuer's.
    #[error("the token's algorithm is not its issuer's")]
    Algorithm,
    /// Its key is unknown.
    #[error("the token's key is unknown")]
    Key,
    /// Its signature does not fit.
    #[error("the token's signature does not fit")]
    Signature,
    /// A claim is missing or of the wrong kind.
    #[error("a claim is missing or of the wrong kind")]
    Claim,
    /// It was made for somebody else.
    #[error("the token was made for another audience")]
    Audience,
    /// It has ended, has not begun, or is meant to live for too long.
    #[error("the token is not in force")]
    Time,
    /// The keys of its issuer cannot be had.
    #[error("the keys of the token's issuer cannot be had")]
    KeysUnavailable,
}

/// The claims as they stand in a token: strict about kinds, generous about what else there is.
#[derive(Debug, Deserialize)]
pub(crate) struct Raw {
    pub(crate) iss: String,
    pub(crate) sub: String,
    #[serde(deserialize_with = "audience")]
    pub(crate) aud: Vec<String>,
    #[serde(deserialize_with = "seconds")]
    pub(crate) exp: u64,
    #[serde(default, deserialize_with = "some_seconds")]
    pub(crate) nbf: Option<u64>,
    #[serde(default, deserialize_with = "some_seconds")]
    pub(crate) iat: Option<u64>,
    #[serde(flatten)]
    pub(crate) other: serde_json::Map<String, serde_json::Value>,
}

impl Raw {
    /// Checks the audience: ours, and nobody else's beside it.
    pub(crate) fn check_audience(&self, audience: &str) -> Result<(), Rejected> {
        match self.aud.as_slice() {
            [only] if only == audience => Ok(()),
            _ => Err(Rejected::Audience),
        }
    }

    /// Checks that the token is in force and not meant to live longer than `longest` seconds.
    pub(crate) fn check_times(&self, now: Timestamp, longest: u64) -> Result<Timestamp, Rejected> {
        let now = u64::try_from(now.as_millis() / 1_000).map_err(|_error| Rejected::Time)?;
        let begun = self.nbf.is_none_or(|nbf| nbf <= now + LEEWAY_SECONDS)
            && self.iat.is_none_or(|iat| iat <= now + LEEWAY_SECONDS);
        let ended = self.exp + LEEWAY_SECONDS <= now;
        let from = self.iat.or(self.nbf).unwrap_or(now).min(now);
        let overlong = self.exp.saturating_sub(from) > longest;
        if !begun || ended || overlong {
            return Err(Rejected::Time);
        }
        let millis = i64::try_from(self.exp)
            .ok()
            .and_then(|exp| exp.checked_mul(1_000))
            .ok_or(Rejected::Time)?;
        Timestamp::from_millis(millis).ok_or(Rejected::Time)
    }

    /// A claim that is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.other.get(name).and_then(serde_json::Value::as_str)
    }

    /// The scopes of a claim: words in one text, or an array of words.
    pub(crate) fn scopes(&self, name: &str) -> Result<Vec<String>, Rejected> {
        match self.other.get(name) {
            None => Ok(Vec::new()),
            Some(serde_json::Value::String(text)) => {
                Ok(text.split_whitespace().map(str::to_owned).collect())
            }
            Some(serde_json::Value::Array(words)) => words
                .iter()
                .map(|word| word.as_str().map(str::to_owned).ok_or(Rejected::Claim))
                .collect(),
            Some(_) => Err(Rejected::Claim),
        }
    }
}

/// Years beyond this are nonsense; it keeps sums from overflowing.
const LAST_SECOND: u64 = 253_402_300_799;

/// Whole seconds since 1970: no text, no fraction, nothing negative.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    number
        .as_u64()
        .filter(|seconds| *seconds <= LAST_SECOND)
        .ok_or_else(|| de::Error::custom("not a number of whole seconds"))
}

fn some_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    seconds(deserializer).map(Some)
}

/// One audience as text, or several.
fn audience<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Audience {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Audience::deserialize(deserializer)? {
        Audience::One(one) => vec![one],
        Audience::Several(several) => several,
    })
}
