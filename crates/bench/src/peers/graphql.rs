//! Lists of PostGraphile, over the same tables: a page is a query for the next 50 of a connection.

use std::{process::Command, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{
    Running, cache, free_port,
    serving::{Peer, beside},
};
use crate::{figures::Figures, gateway::Gateway, plan::Plan, served::Served, stage::Stage};

const NAME: &str = "PostGraphile";
const WHAT: &str = "one process, the columns that a list is made of, body as text";
/// Where the view of the calls lies that it serves.
const SCHEMA: &str = "peer";
const PATH: &str = "/graphql";
/// Its cursors are its own, so that its pages are walked; so many are.
const PAGES: usize = 200;
const QUERY: &str = "query ($after: Cursor, $tenant: UUID!) {
    allCalls(first: 50, after: $after, orderBy: [SORT_AT_DESC, ID_DESC], condition: {tenantId: $tenant, deletedAt: null}) {
        nodes {
            id connectionId vendor body clientMetadata externalRefs version mapperVersion unmapped
            firstSeenAt modifiedAt observedAt deletedAt deletionEvidence vendorExpiredAt
        }
        pageInfo { hasNextPage endCursor }
    }
}";

/// Pages of the list; `ours` are the gateway's, from the second one on.
pub(super) async fn serving(
    plan: &Plan,
    stage: &Stage,
    served: &Served,
    gateway: &Gateway,
    ours: &[String],
    figures: &mut Figures,
) -> Result<()> {
    // It does not see partitioned tables; a view costs nothing, as the planner looks through it.
    served.database.ask(&format!(
        "CREATE SCHEMA {SCHEMA}; CREATE VIEW {SCHEMA}.calls AS SELECT * FROM public.calls; \
         COMMENT ON VIEW {SCHEMA}.calls IS '@primaryKey tenant_id,sort_at,id'"
    ))?;
    let taken = beside_view(plan, stage, served, gateway, ours, figures).await;
    // The gateway serves from no database with something that keeps tenants not apart.
    served
        .database
        .ask(&format!("DROP SCHEMA {SCHEMA} CASCADE"))?;
    taken
}

async fn beside_view(
    plan: &Plan,
    stage: &Stage,
    served: &Served,
    gateway: &Gateway,
    ours: &[String],
    figures: &mut Figures,
) -> Result<()> {
    let port = free_port()?;
    let mut command = Command::new("node");
    command
        .arg(cache().join("node/node_modules/postgraphile/cli.js"))
        .args(["--connection", &served.database.dsn()])
        .args(["--schema", SCHEMA, "--host", "127.0.0.1"])
        .args(["--port", &port.to_string(), "--max-pool-size", "5"])
        .args(["--disable-query-log", "--disable-graphiql"])
        .env("NODE_ENV", "production");
    let running = match Running::start(stage, command, port, "").await {
        Ok(running) => running,
        Err(error) => return figures.missing(NAME, &format!("{WHAT}: {error:#}")),
    };
    let mut asked = Vec::new();
    let mut cursor = None;
    // The first page of all is asked for only to get behind it.
    for our in std::iter::once(None)
        .chain(ours.iter().map(Some))
        .take(PAGES + 1)
    {
        let body =
            json!({"query": QUERY, "variables": {"after": cursor, "tenant": gateway.tenant}});
        let page = page(stage, &running, &body).await?;
        cursor = page.pointer("/pageInfo/endCursor").cloned();
        let Some(our) = our else { continue };
        same(&gateway.get(our).await?, &page)?;
        asked.push(body.to_string());
    }
    let ours = ours.iter().take(asked.len()).cloned().collect();
    let peer = Peer {
        name: NAME,
        what: WHAT,
        running: &running,
        paths: Arc::new(asked),
        posted_to: Some(PATH),
    };
    beside(
        plan,
        stage,
        gateway,
        figures,
        &peer,
        "list of 50",
        &Arc::new(ours),
        10.0,
    )
    .await
}

async fn page(stage: &Stage, running: &Running, body: &Value) -> Result<Value> {
    let url = format!("http://{}{PATH}", running.address);
    let answer = stage.http.post(url).json(body).send().await?;
    let answer: Value = answer.error_for_status()?.json().await?;
    let page = answer.pointer("/data/allCalls").cloned();
    page.filter(Value::is_object)
        .with_context(|| format!("{NAME} answers {answer}"))
}

/// Whether a page holds the calls of the gateway's page, in the same order and with the same content.
fn same(ours: &Value, theirs: &Value) -> Result<()> {
    let list =
        |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_array).cloned();
    let ours = list(ours, "/data").context("a list")?;
    let theirs = list(theirs, "/nodes").context("a list")?;
    ensure!(
        ours.len() == theirs.len() && !ours.is_empty(),
        "{NAME} has {} calls, the gateway {}",
        theirs.len(),
        ours.len()
    );
    for (our, their) in ours.iter().zip(&theirs) {
        let body = their
            .get("body")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let body: Value = serde_json::from_str(body)?;
        let columns = [("id", their.get("id")), ("vendor", their.get("vendor"))];
        let members = ["remote_id", "started_at", "rollup", "stats", "artifacts"];
        let members = members.map(|name| (name, body.get(name)));
        for (name, value) in columns.into_iter().chain(members) {
            ensure!(
                our.get(name) == value,
                "{NAME} has another {name} of {:?}",
                our.get("id")
            );
        }
    }
    Ok(())
}
