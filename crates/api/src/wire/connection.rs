//! Connections as they are written and served. Credentials go in and never come out.

use std::{collections::BTreeMap, fmt};

use callweave_model::{ConnectionId, TenantId, Timestamp, connection::ConnectionState};
use callweave_provider::{Credentials, Manifest};
use callweave_store::{
    connections::{Connection, LastError},
    records::QuarantinedRecord,
};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value};
use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, SchemaType, Type},
};

use super::{
    input::{Check, PRINTABLE, PRINTABLE_OR_EMPTY},
    token::TokenDocument,
};

const TAGS_LIMIT: usize = 50;
const TAG_NAME_LIMIT: usize = 100;
const TAG_VALUE_LIMIT: usize = 200;

/// Credentials as they come in: an object of texts. Does not print itself, and its errors do not
/// repeat what was given.
#[derive(Default)]
pub(crate) struct CredentialsInput(BTreeMap<String, SecretString>);

impl CredentialsInput {
    pub(crate) fn into_credentials(self) -> Credentials {
        Credentials::new(self.0)
    }

    /// The names of what was given.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

impl fmt::Debug for CredentialsInput {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl<'de> Deserialize<'de> for CredentialsInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Value::Object(members) = Value::deserialize(deserializer)? else {
            return Err(D::Error::custom("must be an object of texts"));
        };
        // `{"credentials": {...}}`, as the connection was made with, means the same.
        let members = match (members.len(), members.get("credentials")) {
            (1, Some(Value::Object(inner))) => inner.clone(),
            _ => members,
        };
        members
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(text) => Ok((name, text.into())),
                _ => Err(D::Error::custom(format!(
                    "the credential {name:?} must be a text"
                ))),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// A connection to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectionInput {
    /// The vendor's key, as `GET /v1/vendors` lists it.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "acme")]
    pub(crate) vendor: String,
    /// What its owner calls it.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$",
        example = "Sales line"
    )]
    pub(crate) name: String,
    /// What the vendor's manifest lists under `credential_fields`; never shown again.
    #[schema(value_type = BTreeMap<String, String>)]
    pub(crate) credentials: CredentialsInput,
    /// What the vendor's manifest lists under `setting_fields`.
    #[serde(default, deserialize_with = "callweave_model::owned::object")]
    #[schema(value_type = Object)]
    pub(crate) settings: Map<String, Value>,
    /// Labels of the owner's own.
    #[serde(default)]
    #[schema(schema_with = labels)]
    pub(crate) tags: BTreeMap<String, String>,
}

/// What may be changed of a connection. Members that are missing stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectionChange {
    /// What its owner calls it.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]+$"
    )]
    pub(crate) name: Option<String>,
    /// Replaces the settings.
    #[schema(value_type = Option<Object>)]
    pub(crate) settings: Option<Map<String, Value>>,
    /// Replaces the labels.
    #[schema(schema_with = other_labels)]
    pub(crate) tags: Option<BTreeMap<String, String>>,
}

fn labels() -> Object {
    let types = SchemaType::Type(Type::Object);
    labels_of(types, "Labels of the owner's own.")
}

fn other_labels() -> Object {
    let types = SchemaType::from_iter([Type::Object, Type::Null]);
    labels_of(types, "Replaces the labels.")
}

fn labels_of(types: SchemaType, description: &str) -> Object {
    let name = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(TAG_NAME_LIMIT))
        .pattern(Some(PRINTABLE));
    let value = ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(TAG_VALUE_LIMIT))
        .pattern(Some(PRINTABLE_OR_EMPTY));
    ObjectBuilder::new()
        .schema_type(types)
        .property_names(Some(name))
        .additional_properties(Some(value))
        .max_properties(Some(TAGS_LIMIT))
        .description(Some(description))
        .build()
}

impl Check {
    pub(crate) fn tags(&mut self, tags: &BTreeMap<String, String>) {
        if tags.len() > TAGS_LIMIT {
            self.fail("/tags", format!("must be at most {TAGS_LIMIT}"));
        }
        for (name, value) in tags.iter().take(TAGS_LIMIT) {
            let escaped = name.replace('~', "~0").replace('/', "~1");
            let pointer = format!("/tags/{escaped}");
            self.text(&pointer, name, TAG_NAME_LIMIT);
            if value.chars().count() > TAG_VALUE_LIMIT || value.chars().any(char::is_control) {
                self.fail(
                    &pointer,
                    format!(
                        "must be at most {TAG_VALUE_LIMIT} characters without control characters"
                    ),
                );
            }
        }
    }
}

/// One account at one vendor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Connection)]
pub(crate) struct ConnectionDocument {
    /// Its id.
    pub(crate) id: ConnectionId,
    /// Whose it is.
    tenant_id: TenantId,
    /// The vendor's key.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "acme")]
    vendor: String,
    /// What its owner calls it.
    name: String,
    /// The state.
    state: ConnectionState,
    /// Why it is in that state.
    state_reason: Option<String>,
    /// How the vendor authenticates.
    #[schema(example = "password")]
    auth_kind: Option<&'static str>,
    /// The names of the credentials that are kept; their values are never shown.
    credential_names: Vec<String>,
    /// The vendor's settings; secret ones show as `null`.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// Labels of the owner's own.
    #[schema(value_type = BTreeMap<String, String>)]
    tags: Map<String, Value>,
    /// The vendor's name of the account.
    account_name: Option<String>,
    /// Counts its changes.
    version: i32,
    /// When it was made.
    created_at: Timestamp,
    /// When it was changed last.
    modified_at: Timestamp,
    /// How it stands with the vendor's token; `null` where the credentials are used as they are.
    token: Option<TokenDocument>,
    /// How it does.
    health: Health,
}

/// How a connection does.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionHealth)]
struct Health {
    /// When the vendor last answered well.
    last_ok_at: Option<Timestamp>,
    /// What went wrong last.
    last_error: Option<LastErrorDocument>,
}

/// What went wrong last.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LastError)]
pub(crate) struct LastErrorDocument {
    /// When.
    at: Timestamp,
    /// The problem code.
    #[schema(example = "vendor.unreachable")]
    code: String,
    /// In words.
    detail: Option<String>,
}

impl From<&LastError> for LastErrorDocument {
    fn from(error: &LastError) -> Self {
        Self {
            at: error.at,
            code: error.code.clone(),
            detail: error.detail.clone(),
        }
    }
}

impl ConnectionDocument {
    /// The document of a stored connection; `manifest` is missing for a vendor this build has lost.
    pub(crate) fn new(connection: Connection, manifest: Option<&Manifest>, now: Timestamp) -> Self {
        let token = TokenDocument::of(&connection, manifest, now);
        let secret = |name: &str| {
            manifest.is_none_or(|manifest| {
                manifest
                    .setting_fields
                    .iter()
                    .any(|field| field.name == name && field.secret)
            })
        };
        let settings = connection
            .settings
            .into_iter()
            .map(|(name, value)| {
                let shown = if secret(&name) { Value::Null } else { value };
                (name, shown)
            })
            .collect();
        Self {
            id: connection.id,
            tenant_id: connection.tenant_id,
            vendor: connection.vendor,
            name: connection.name,
            state: connection.state,
            state_reason: connection.state_reason,
            auth_kind: manifest.map(|manifest| manifest.auth_kind.as_str()),
            credential_names: connection.credential_names,
            settings,
            tags: connection.tags,
            account_name: connection.account_name,
            version: connection.version,
            created_at: connection.created_at,
            modified_at: connection.modified_at,
            token,
            health: Health {
                last_ok_at: connection.last_ok_at,
                last_error: connection.last_error.as_ref().map(Into::into),
            },
        }
    }
}

/// A page of connections.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionList {
    /// The connections, in the order of their making.
    pub(crate) data: Vec<ConnectionDocument>,
    /// Where the next page begins; `null` on the last one.
    pub(crate) next_cursor: Option<String>,
}

/// An approval of deletions that were withheld.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeletionsApproval {
    /// At most so many records may be missing on the next full walk.
    #[schema(minimum = 1)]
    pub(crate) ceiling: i32,
}

/// Records that could not be translated.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineList {
    /// The records, newest first.
    pub(crate) data: Vec<QuarantinedDocument>,
    /// How many there are in all.
    pub(crate) total: i64,
    /// What to ask for next, as `cursor`.
    pub(crate) next_cursor: Option<String>,
}

/// A record that could not be translated. It costs itself only.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuarantinedRecord)]
pub(crate) struct QuarantinedDocument {
    /// The vendor's kind of record.
    kind: String,
    /// The vendor's id of it.
    remote_id: String,
    /// Why it could not be translated.
    reason: Option<String>,
    /// The JSON pointer of the offending member, where it is known.
    pointer: Option<String>,
    /// When it was looked at last.
    observed_at: Timestamp,
}

impl From<QuarantinedRecord> for QuarantinedDocument {
    fn from(record: QuarantinedRecord) -> Self {
        Self {
            kind: record.kind,
            remote_id: record.remote_id,
            reason: record.reason,
            pointer: record.pointer,
            observed_at: record.observed_at,
        }
    }
}

/// How many records will be looked at again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replayed {
    /// How many.
    pub(crate) replayed: u64,
}
