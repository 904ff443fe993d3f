//! The fields of a voice agent's dialogs: inputs and outputs. One set of operations, under the name
//! of each.

mod bulk_create;
mod bulk_delete;
mod create;
mod delete;
mod list;
mod update;

use axum::{Extension, extract::FromRequestParts};
use callweave_provider::agents::FieldSide;
use http::request::Parts;
use serde_json::json;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ApiState,
    live::paths,
    problem::{Problem, codes},
    routes::family::{Family, Member},
};

paths! {
    /// One field of an agent.
    FieldPath {
        aid: "The vendor's id of the voice agent.",
        fid: "The vendor's id of the {field}.",
    }
}

const FAMILY: Family = Family {
    segment: "{fields}",
    one: "field",
    many: "fields",
};

const MEMBERS: [Member<FieldSide>; 2] = [
    Member {
        kind: FieldSide::Input,
        segment: "inputs",
        one: "input",
        many: "inputs",
        without: &[],
        example: || json!({"name": "city", "synthesized": true}),
    },
    Member {
        kind: FieldSide::Output,
        segment: "outputs",
        one: "output",
        many: "outputs",
        without: &[],
        example: || json!({"name": "wants_callback", "field_type": "string"}),
    },
];

pub(super) fn router() -> OpenApiRouter<ApiState> {
    MEMBERS.iter().fold(OpenApiRouter::new(), |router, member| {
        let routes = vec![
            routes!(list::list_agent_fields, create::create_agent_field),
            routes!(update::update_agent_field, delete::delete_agent_field),
            routes!(bulk_create::create_agent_fields),
            routes!(bulk_delete::delete_agent_fields),
        ];
        router.merge(FAMILY.routes(member, routes))
    })
}

/// The segment of a side's addresses.
const fn segment(side: FieldSide) -> &'static str {
    match side {
        FieldSide::Input => "inputs",
        FieldSide::Output => "outputs",
    }
}

/// Which fields a request is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Side(FieldSide);

impl FromRequestParts<ApiState> for Side {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &ApiState,
    ) -> Result<Self, Self::Rejection> {
        match Extension::<FieldSide>::from_request_parts(parts, state).await {
            Ok(Extension(side)) => Ok(Self(side)),
            Err(_missing) => {
                tracing::error!("A route about fields does not say about which");
                Err(Problem::new(
                    codes::INTERNAL,
                    "the request could not be carried out",
                ))
            }
        }
    }
}
