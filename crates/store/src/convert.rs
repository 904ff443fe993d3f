//! Between model types and PostgreSQL's.

use std::{cell::RefCell, collections::BTreeMap};

use callweave_model::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use zstd::bulk::Compressor;

use crate::{Result, StoreError};

/// How hard documents are compressed.
const LEVEL: i32 = 3;

thread_local! {
    /// Setting one up costs more than most documents do.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

/// An instant as PostgreSQL takes it.
pub(crate) type DbTime = jiff_sqlx::Timestamp;

pub(crate) fn db(timestamp: Timestamp) -> DbTime {
    timestamp.as_jiff().to_sqlx()
}

pub(crate) fn db_option(timestamp: Option<Timestamp>) -> Option<DbTime> {
    timestamp.map(db)
}

pub(crate) fn model(timestamp: DbTime) -> Timestamp {
    Timestamp::from_jiff(timestamp.to_jiff())
}

pub(crate) fn model_option(timestamp: Option<DbTime>) -> Option<Timestamp> {
    timestamp.map(model)
}

/// Text as a PostgreSQL `text` can hold it: U+0000 becomes U+FFFD.
pub(crate) fn text(value: &str) -> String {
    value.replace('\0', "\u{fffd}")
}

/// JSON as a PostgreSQL `jsonb` can hold it: U+0000 becomes U+FFFD everywhere, and a number so
/// large that it could not be read back becomes its text.
pub(crate) fn json(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(string) => Value::String(text(string)),
        Value::Number(number) if number.as_f64().is_none_or(|number| number.abs() > 1e300) => {
            Value::String(number.to_string())
        }
        Value::Array(items) => Value::Array(items.iter().map(json).collect()),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, value)| (text(key), json(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}

/// zstd of a value's JSON.
pub(crate) fn pack<T: Serialize>(table: &'static str, value: &T) -> Result<Vec<u8>> {
    let bytes =
        serde_json::to_vec(value).map_err(|error| StoreError::inconsistent(table, error))?;
    compress(table, &bytes)
}

/// The value behind [`pack`].
pub(crate) fn unpack<T: DeserializeOwned>(table: &'static str, packed: &[u8]) -> Result<T> {
    let bytes = decompress(table, packed)?;
    serde_json::from_slice(&bytes).map_err(|error| StoreError::inconsistent(table, error))
}

pub(crate) fn compress(table: &'static str, bytes: &[u8]) -> Result<Vec<u8>> {
    COMPRESSOR
        .with_borrow_mut(|kept| {
            let compressor = match kept {
                Some(compressor) => compressor,
                None => kept.insert(Compressor::new(LEVEL)?),
            };
            compressor.compress(bytes)
        })
        .map_err(|error| StoreError::inconsistent(table, error))
}

pub(crate) fn decompress(table: &'static str, packed: &[u8]) -> Result<Vec<u8>> {
    zstd::stream::decode_all(packed).map_err(|error| StoreError::inconsistent(table, error))
}

pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

/// Rows by a key of theirs.
pub(crate) fn by_key<K: Ord, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> BTreeMap<K, V> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}
