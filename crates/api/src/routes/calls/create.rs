//! `POST /v1/calls`.

use axum::{extract::State, response::Response};
use callweave_model::{AnalyzedCall, CallId, Timestamp, enums::ArtifactState};
use callweave_store::{
    TenantTx,
    calls::{CallPatch, ConnectionScope},
    connections::Connection,
    records::{Fetched, News},
};
use http::{HeaderValue, header};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Rendered, import, render_one};
use crate::{
    ApiState,
    audit::Effect,
    extract::{ApiJson, Authorized},
    problem::{BadBody, Conflict, NotFound, OptionalFeature, Problem, Secured, codes, erased},
    respond, routes,
    scope::CallsWrite,
    wire::{
        call::{CallDocument, Shown},
        input::{CallInput, Check},
    },
};

/// What the audit log says of a call that its vendor knows only by id.
const REGISTERED: &str = "call.registered";

/// Registers a call, or imports one.
///
/// With `remote_id`, a call that its vendor knows only by id: the gateway fetches it now, and
/// again until it is ready. With `call`, an analysed call from elsewhere. A call that is known
/// already is answered with 200 and annotated with what the body adds.
#[utoipa::path(
    post,
    path = "/v1/calls",
    tag = "calls",
    request_body(
        content = CallInput,
        examples(
            ("register" = (
                summary = "A call that its vendor knows only by id",
                value = json!({
                    "connection_id": "0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d",
                    "remote_id": "1760000000.101",
                    "facts": {
                        "started_at": "2026-03-02T09:15:00Z",
                        "direction": "inbound",
                        "parties": [{"role": "customer", "phone": "+99990001122"}]
                    },
                    "client_metadata": {"deal": 4711},
                    "external_refs": [{"system": "crm", "type": "deal", "id": "4711"}]
                }),
            )),
            ("import" = (
                summary = "An analysed call from elsewhere",
                value = json!({
                    "connection_id": "0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d",
                    "call": {
                        "remote_id": "elsewhere-1",
                        "started_at": "2026-03-02T09:15:00Z",
                        "direction": "outbound",
                        "subject": "Umbrella order"
                    }
                }),
            )),
        ),
    ),
    responses(
        (status = 201, description = "The call.", body = CallDocument, headers(("Location" = String, description = "Its address."), ("ETag" = String, description = "Its version."))),
        (status = 200, description = "The call, which was known already.", body = CallDocument, headers(("ETag" = String, description = "Its version."))),
        Secured,
        BadBody,
        NotFound,
        Conflict,
        OptionalFeature,
    ),
    security(("bearer" = ["calls:write"])),
)]
pub(crate) async fn create_call(
    authorized: Authorized<CallsWrite>,
    State(state): State<ApiState>,
    effect: Effect,
    ApiJson(input): ApiJson<CallInput>,
) -> Result<Response, Problem> {
    let now = state.now();
    let mut check = Check::default();
    check.text_if_given("/remote_id", input.remote_id.as_deref(), 200);
    check.object("/client_metadata", input.client_metadata.as_ref());
    check.refs(input.external_refs.as_deref());
    let facts = check.facts("/facts", input.facts.unwrap_or_default());
    if input.remote_id.is_some() == input.call.is_some() {
        check.fail("", "exactly one of `remote_id` and `call` must be given");
    }
    check.finish()?;
    let tenant = authorized.caller.tenant;
    let mut tx = state.store().tenant(tenant).await?;
    let connection = routes::connections::find(&mut tx, input.connection_id.0)
        .await
        .map_err(|problem| problem.at_member("/connection_id"))?;
    tx.commit().await?;
    let record = match (input.remote_id, input.call) {
        (Some(remote_id), _) => registration(&state, &connection, remote_id, now)?,
        (None, call) => import::record(call.unwrap_or_default(), now)?,
    };
    if let Some(at) = facts.started_at {
        state.store().prepare_month(at, now).await?;
    }
    state
        .store()
        .prepare_months(std::slice::from_ref(&record), now)
        .await?;
    let patch = CallPatch {
        client_metadata: input.client_metadata.map(Value::Object),
        external_refs: input.external_refs.map(|refs| json!(refs)),
        facts: facts.into(),
    };
    let action = match record.news {
        News::Upsert { .. } => "call.imported",
        _ => REGISTERED,
    };
    let mut tx = state.store().tenant(tenant).await?;
    let (id, created) = store(&mut tx, &connection, record, patch, now).await?;
    let shown = Shown {
        analyses: true,
        ..Shown::default()
    };
    let rendered = render_one(&mut tx, id.0, false, shown).await?;
    let detail = json!({"connection_id": connection.id, "created": created});
    effect
        .note(&mut tx, action, super::address(id.0), detail)
        .await?;
    let response = answer(id.0, created, &rendered)?;
    let response = effect.commit(tx, response).await?;
    if created && action == REGISTERED {
        wake(&state, &connection).await;
    }
    Ok(response)
}

/// Has the call fetched now. It is registered: without this it is fetched by the next poll.
async fn wake(state: &ApiState, connection: &Connection) {
    let woken = async {
        let mut tx = state.store().tenant(connection.tenant_id).await?;
        tx.hasten_sync(connection.id).await?;
        tx.commit().await
    };
    if let Err(error) = woken.await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            connection.id = %connection.id,
            "A registered call waits for the next poll"
        );
    }
}

fn answer(id: Uuid, created: bool, rendered: &Rendered) -> Result<Response, Problem> {
    let address = super::address(id);
    let mut response = if created {
        respond::created(&address, None, &rendered.document()?)?
    } else {
        let mut response = respond::ok(&rendered.document()?)?;
        if let Ok(address) = HeaderValue::from_str(&address) {
            response
                .headers_mut()
                .insert(header::CONTENT_LOCATION, address);
        }
        response
    };
    rendered.complete(&mut response);
    Ok(response)
}

/// The record that stands for a call which the vendor knows only by id.
fn registration(
    state: &ApiState,
    connection: &Connection,
    remote_id: String,
    now: Timestamp,
) -> Result<Fetched, Problem> {
    let open = state.connector().open(connection)?;
    let lookup = open.provider().lookup().ok_or_else(|| {
        Problem::new(
            codes::CAPABILITY_NOT_SUPPORTED,
            "this vendor cannot look up a call by its id (capability `lookup`)",
        )
    })?;
    lookup
        .validate_call_id(&remote_id)
        .map_err(|detail| Problem::vendor_rule("/remote_id", detail))?;
    let mut call = AnalyzedCall::new(remote_id.clone());
    for artifact in ["recording", "transcript", "analysis"] {
        call.set_artifact(artifact, ArtifactState::Pending);
    }
    Ok(Fetched {
        kind: lookup.call_record_kind().to_owned(),
        remote_id,
        observed_at: now,
        fingerprint: None,
        news: News::NotReady {
            call: Some(Box::new(call)),
            due_at: Some(now),
        },
        documents: Vec::new(),
    })
}

/// Stores the call and what the caller adds to it; says whether it is new.
async fn store(
    tx: &mut TenantTx,
    connection: &Connection,
    record: Fetched,
    patch: CallPatch,
    now: Timestamp,
) -> Result<(CallId, bool), Problem> {
    let scope = ConnectionScope {
        id: connection.id,
        vendor: connection.vendor.clone(),
        namespace: connection.namespace,
    };
    let imported = matches!(record.news, News::Upsert { .. });
    let id = import::call_id(&scope, &record);
    let known = tx
        .find_call(id)
        .await?
        .is_some_and(|call| call.deleted_at.is_none());
    if known && imported {
        import::refuse_foreign(tx, id).await?;
    }
    if !known || imported {
        let applied = tx.apply(&scope, std::slice::from_ref(&record), now).await?;
        if applied.erased > 0 {
            return Err(erased());
        }
        if applied.aged > 0 {
            return Err(Problem::new(
                codes::CONFLICT,
                "the call is older than calls are kept; see `GET /v1/retention`",
            ));
        }
    }
    let adds =
        patch.client_metadata.is_some() || patch.external_refs.is_some() || !patch.facts.is_keep();
    if adds {
        tx.patch_call(&scope, id, None, patch, now).await?;
    }
    Ok((id, !known))
}
