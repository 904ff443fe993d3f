//! Values as files and environment variables write them.

use std::{fmt, marker::PhantomData, path::PathBuf, str::FromStr, time::Duration};

use axum::http::{HeaderValue, Uri};
use jiff::SignedDuration;
use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};

/// A duration as text, e.g. `90s`.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let duration = delay(deserializer)?;
    if duration.is_zero() {
        return Err(de::Error::custom("a duration must be longer than nothing"));
    }
    Ok(duration)
}

/// A duration that may be nothing.
pub(super) fn delay<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = text(deserializer)?;
    let wrong = || {
        de::Error::custom(format!(
            "{text:?} is not a duration; write for example \"90s\", \"15m\" or \"1h 30m\""
        ))
    };
    let parsed: SignedDuration = text.trim().parse().map_err(|_error| wrong())?;
    Duration::try_from(parsed).map_err(|_error| wrong())
}

/// What tokens of trusted issuers say in `aud`, unless told.
pub(super) fn audience() -> String {
    "callweave".to_owned()
}

/// The claim with the scopes, unless told.
pub(super) fn scope_claim() -> String {
    "scope".to_owned()
}

/// How long tokens of trusted issuers may live, unless told.
pub(super) const fn longest_life() -> Duration {
    Duration::from_hours(1)
}

/// A path that must be there.
pub(super) fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    optional_path(deserializer)?.ok_or_else(|| de::Error::custom("a path must not be empty"))
}

/// A path; empty for none.
pub(super) fn optional_path<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<PathBuf>, D::Error> {
    let text = text(deserializer)?;
    Ok((!text.is_empty()).then(|| PathBuf::from(text)))
}

/// Text; empty for none.
pub(super) fn optional_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text = text(deserializer)?;
    Ok((!text.trim().is_empty()).then(|| text.trim().to_owned()))
}

/// A secret; empty for none.
pub(super) fn secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretString>, D::Error> {
    // What does not fit is not repeated: it may be the secret.
    let text = text(deserializer).map_err(|_error| de::Error::custom("must be text"))?;
    let trimmed = text.trim();
    Ok((!trimmed.is_empty()).then(|| SecretString::from(trimmed)))
}

/// The origin of a browser application, as it stands in the `Origin` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(pub(crate) HeaderValue);

impl FromStr for Origin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "write scheme, host and port, such as https://crm.example";
        let uri: Uri = text.parse().map_err(|_error| wrong)?;
        let bare = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.path_and_query().is_none_or(|path| path == "/");
        if !bare || text.ends_with('/') {
            return Err(wrong);
        }
        let value = HeaderValue::from_str(text).map_err(|_error| wrong)?;
        Ok(Self(value))
    }
}

/// A list, or one text with commas.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: fmt::Display,
{
    deserializer.deserialize_any(ListVisitor(PhantomData))
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T> Visitor<'de> for ListVisitor<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list, or one text with commas")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(item)
            .collect()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(text) = items.next_element::<String>()? {
            values.push(item(text.trim())?);
        }
        Ok(values)
    }
}

fn item<T, E>(text: &str) -> Result<T, E>
where
    T: FromStr,
    T::Err: fmt::Display,
    E: de::Error,
{
    text.parse()
        .map_err(|error| E::custom(format!("{text:?} does not fit: {error}")))
}

/// Text; a number or a truth value from the environment is one too.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Scalar {
        Text(String),
        Integer(i64),
        Truth(bool),
    }
    Scalar::deserialize(deserializer)
        .map(|scalar| match scalar {
            Scalar::Text(text) => text,
            Scalar::Integer(number) => number.to_string(),
            Scalar::Truth(truth) => truth.to_string(),
        })
        .map_err(|_error| de::Error::custom("must be text"))
}
