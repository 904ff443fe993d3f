//! `GET /v1/dialog-batches/{id}/dialogs`.

use axum::{extract::State, response::Response};
use callweave_model::{Timestamp, job::ItemState};
use callweave_store::jobs::ItemPage;
use uuid::Uuid;

use super::find;
use crate::{
    ApiState,
    cursor::{List, Place},
    extract::{
        ApiPath, ApiQuery, Authorized,
        query::{CURSOR, FromQuery, Kind, LIMIT, Param, Query, document_query},
    },
    problem::{BadQuery, NotFound, Problem, Secured},
    respond,
    scope::JobsRead,
    wire::job::{BatchDialogDocument, BatchDialogList},
};

/// Which dialogs are listed.
#[derive(Debug)]
pub(crate) struct ItemsQuery {
    states: Vec<String>,
    limit: i64,
    cursor: Option<String>,
    fingerprint: String,
}

impl FromQuery for ItemsQuery {
    const PARAMS: &'static [Param] = &[
        Param::new(
            "state",
            Kind::Words(ItemState::WORDS),
            "In one of these states.",
        ),
        LIMIT,
        CURSOR,
    ];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self {
            states: query.all("state"),
            limit: query.limit(),
            cursor: query.text("cursor"),
            fingerprint: query.fingerprint(),
        })
    }
}
document_query!(ItemsQuery);

/// What became of each dialog of a batch.
///
/// In the order in which they were given, with keyset paging. Phones are not repeated: `index` is
/// the dialog's place in the batch.
#[utoipa::path(
    get,
    path = "/v1/dialog-batches/{id}/dialogs",
    tag = "jobs",
    params(("id" = Uuid, Path, description = "The id of the batch."), ItemsQuery),
    responses((status = 200, description = "A page of dialogs.", body = BatchDialogList), Secured, BadQuery, NotFound),
    security(("bearer" = ["jobs:read"])),
)]
pub(crate) async fn list_batch_dialogs(
    authorized: Authorized<JobsRead>,
    State(state): State<ApiState>,
    ApiPath(id): ApiPath<Uuid>,
    ApiQuery(query): ApiQuery<ItemsQuery>,
) -> Result<Response, Problem> {
    let tenant = authorized.caller.tenant;
    // The place in a batch stands where other lists have an instant.
    let list = List {
        tenant,
        name: "batch_dialogs",
        query: &query.fingerprint,
    };
    let after = state
        .cursor_key()
        .begin(list, query.cursor.as_deref())?
        .filter(|place| place.id == id)
        .and_then(|place| i32::try_from(place.at.as_millis()).ok());
    let mut tx = state.store().tenant(tenant).await?;
    let job = find(&mut tx, id).await?;
    let page = ItemPage {
        states: query.states,
        chunk: None,
        after,
        limit: query.limit + 1,
    };
    let mut items = tx.list_items(job.id, &page).await?;
    tx.commit().await?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items
        .last()
        .filter(|_| more)
        .and_then(|item| Timestamp::from_millis(i64::from(item.number)))
        .map(|at| state.cursor_key().seal(list, Place { at, id }));
    let data = items.into_iter().map(BatchDialogDocument::from).collect();
    respond::ok(&BatchDialogList { data, next_cursor })
}
