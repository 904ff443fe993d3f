//! Terms of a vendor's taxonomies: tags, categories, folders, saved searches.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Extra;
use crate::{
    enums::{Condition, Performer},
    patch::Patch,
    time::Timestamp,
};

/// One tag, category, folder or saved search.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Term {
    /// The vendor's id of it; opaque.
    pub remote_id: String,
    /// The name.
    pub name: String,
    /// What it means.
    pub description: Option<String>,
    /// The term above it.
    pub parent_remote_id: Option<String>,
    /// How many terms stand directly below it.
    pub children_count: Option<i64>,
    /// Who has to say it (tags).
    pub performer: Option<Performer>,
    /// Whether it has to be said or not to be said (tags).
    pub condition: Option<Condition>,
    /// The vendor's word for its colour.
    pub color: Option<String>,
    /// What is searched for (saved searches), as the vendor writes it.
    #[schema(value_type = Option<Object>)]
    pub criteria: Option<Value>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was changed.
    pub updated_at: Option<Timestamp>,
    /// The vendor's words for the members that were translated.
    #[schema(value_type = Object)]
    pub vendor_values: crate::VendorValues,
    /// What else the vendor says.
    #[schema(value_type = Object)]
    pub extra: Extra,
}

impl Term {
    /// A term of which no more is known.
    pub fn new(remote_id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            remote_id: remote_id.into(),
            name: name.into(),
            description: None,
            parent_remote_id: None,
            children_count: None,
            performer: None,
            condition: None,
            color: None,
            criteria: None,
            created_at: None,
            updated_at: None,
            vendor_values: crate::VendorValues::new(),
            extra: Extra::new(),
        }
    }
}

/// A term to be made. Members that its kind has no place for are refused.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TermDraft {
    /// The id it is to have, for vendors that let the caller choose one.
    #[schema(max_length = 100)]
    pub remote_id: Option<String>,
    /// The name.
    #[schema(min_length = 1, max_length = 500, example = "Price objection")]
    pub name: String,
    /// What it means.
    #[schema(max_length = 10_000)]
    pub description: Option<String>,
    /// The term above it.
    #[schema(max_length = 100)]
    pub parent_remote_id: Option<String>,
    /// Who has to say it: a word of the vendor (tags).
    #[schema(max_length = 100, example = "operator")]
    pub performer: Option<String>,
    /// Whether it has to be said: a word of the vendor (tags).
    #[schema(max_length = 100, example = "discuss")]
    pub condition: Option<String>,
    /// The vendor's word for its colour.
    #[schema(max_length = 100)]
    pub color: Option<String>,
    /// Whether it is looked for (tags).
    pub active: Option<bool>,
    /// The id of the same term in the vendor's other product (tags).
    #[schema(max_length = 100)]
    pub linked_remote_id: Option<String>,
    /// What is searched for (saved searches), as the vendor writes it.
    #[schema(value_type = Option<Object>)]
    pub criteria: Option<Value>,
}

/// A change of a term: members that are missing stay as they are, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TermChange {
    /// The name.
    #[schema(value_type = Option<String>, max_length = 500)]
    pub name: Patch<String>,
    /// What it means.
    #[schema(value_type = Option<String>, max_length = 10_000)]
    pub description: Patch<String>,
    /// The term above it.
    #[schema(value_type = Option<String>, max_length = 100)]
    pub parent_remote_id: Patch<String>,
    /// Who has to say it: a word of the vendor (tags).
    #[schema(value_type = Option<String>, max_length = 100)]
    pub performer: Patch<String>,
    /// Whether it has to be said: a word of the vendor (tags).
    #[schema(value_type = Option<String>, max_length = 100)]
    pub condition: Patch<String>,
    /// The vendor's word for its colour.
    #[schema(value_type = Option<String>, max_length = 100)]
    pub color: Patch<String>,
    /// Whether it is looked for (tags).
    #[schema(value_type = Option<bool>)]
    pub active: Patch<bool>,
    /// The id of the same term in the vendor's other product (tags).
    #[schema(value_type = Option<String>, max_length = 100)]
    pub linked_remote_id: Patch<String>,
    /// What is searched for (saved searches), as the vendor writes it.
    #[schema(value_type = Option<Object>)]
    pub criteria: Patch<Value>,
}
