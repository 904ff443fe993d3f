//! Taxonomies: tags, categories, folders and saved searches. One set of operations, under the name
//! of each.

mod create;
mod delete;
mod extract;
mod get;
mod list;
mod update;

use callweave_provider::taxonomy::TermKind;
use serde_json::json;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::family::{Family, Member};
use crate::{ApiState, live::paths};
use extract::Terms;

paths! {
    /// One term.
    TermPath { tid: "The vendor's id of the {term}." }
}

const FAMILY: Family = Family {
    segment: "{terms}",
    one: "term",
    many: "terms",
};

const MEMBERS: [Member<TermKind>; 4] = [
    Member {
        kind: TermKind::Tag,
        segment: "tags",
        one: "tag",
        many: "tags",
        without: &["parent"],
        example: || {
            json!({
                "name": "Price objection", "performer": "client", "condition": "discuss",
                "description": "The customer finds it too dear.", "color": "special-1",
            })
        },
    },
    Member {
        kind: TermKind::Category,
        segment: "categories",
        one: "category",
        many: "categories",
        without: &[],
        example: || json!({"name": "Deliveries", "description": "Where a parcel is."}),
    },
    Member {
        kind: TermKind::Folder,
        segment: "folders",
        one: "folder",
        many: "folders",
        without: &["parent"],
        example: || json!({"name": "Spring campaign"}),
    },
    Member {
        kind: TermKind::SavedSearch,
        segment: "saved-searches",
        one: "saved search",
        many: "saved searches",
        without: &["parent"],
        example: || json!({"name": "Unhappy customers", "criteria": {"customer_satisfaction_score_max": 4}}),
    },
];

pub(super) fn router() -> OpenApiRouter<ApiState> {
    MEMBERS.iter().fold(OpenApiRouter::new(), |router, member| {
        let routes = vec![
            routes!(list::list_terms, create::create_term),
            routes!(get::get_term, update::update_term, delete::delete_term),
        ];
        router.merge(FAMILY.routes(member, routes))
    })
}

/// The segment of a kind's addresses.
fn segment(kind: TermKind) -> &'static str {
    MEMBERS
        .iter()
        .find(|member| member.kind == kind)
        .map_or("", |member| member.segment)
}
