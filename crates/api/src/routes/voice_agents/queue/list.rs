//! `GET /v1/connections/{id}/voice-agents/{aid}/queue`.

use axum::response::Response;
use callweave_model::owned::QueuedItem;
use callweave_provider::dialogs::QueueKind;

use crate::{
    extract::{
        ApiPath, ApiQuery,
        query::{FromQuery, Kind, LIMIT, LIVE_CURSOR, Param, Query, document_query},
    },
    live::{Live, PageQuery, ask, needs},
    problem::{BadQuery, Live as LiveProblems, Problem, Secured},
    routes::voice_agents::AgentPath,
    scope::VendorRead,
    wire::live::LiveList,
};

/// What of the queue is listed.
#[derive(Debug)]
pub(crate) struct QueueQuery {
    kind: QueueKind,
    batch: Option<String>,
    page: PageQuery,
}

impl FromQuery for QueueQuery {
    const PARAMS: &'static [Param] = &[
        Param::new(
            "kind",
            Kind::Word(&["dialogs", "calls"]),
            "`dialogs` (unless told otherwise) or `calls` that wait.",
        ),
        Param::new(
            "batch_id",
            Kind::Text(200),
            "Only those of the batch that the vendor knows by this id.",
        ),
        LIMIT,
        LIVE_CURSOR,
    ];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            kind: match query.text("kind").as_deref() {
                Some("calls") => QueueKind::Calls,
                _ => QueueKind::Dialogs,
            },
            batch: query.text("batch_id"),
            page: PageQuery::of(query),
        })
    }
}
document_query!(QueueQuery);

/// Lists what waits for a voice agent.
///
/// Dialogs that wait to be called, or calls that are planned (`kind`), in the vendor's order.
#[utoipa::path(
    get,
    path = "/v1/connections/{id}/voice-agents/{aid}/queue",
    tag = "voice-agents",
    params(AgentPath, QueueQuery),
    responses((status = 200, description = "A page of what waits.", body = LiveList<QueuedItem>), Secured, BadQuery, LiveProblems),
    security(("bearer" = ["vendor:read"])),
)]
pub(crate) async fn list_queue(
    live: Live<VendorRead, needs::Dialogs>,
    ApiPath(path): ApiPath<AgentPath>,
    ApiQuery(query): ApiQuery<QueueQuery>,
) -> Result<Response, Problem> {
    let agent = path.aid.as_str();
    let batch = query.batch.as_deref();
    let pages = live.pages(&["voice-agents", agent, "queue"], query.page)?;
    pages.answer(ask!(
        live,
        dialogs.queue(agent, query.kind, batch, pages.query())
    ))
}
