//! Events.

mod list;
mod stream;

use callweave_store::events::EventFilter;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ApiState,
    extract::query::{Kind, Param, Query},
};

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_events))
        .routes(routes!(stream::stream_events))
}

const TYPE: Param = Param::new(
    "type",
    Kind::EventTypes,
    "Only events of these types; `call.*` stands for all that begin so.",
);
const CONNECTION: Param = Param::new(
    "connection_id",
    Kind::Uuids,
    "Only events of these connections.",
);

/// Which events are wanted.
fn filter(query: &Query) -> EventFilter {
    let (families, types): (Vec<String>, Vec<String>) = query
        .all("type")
        .into_iter()
        .partition(|word| word.ends_with(".*"));
    EventFilter {
        types,
        families: families
            .iter()
            .map(|word| word.trim_end_matches(".*").to_owned())
            .collect(),
        connections: query.uuids("connection_id"),
    }
}
