//! The audit log: who did what, when, to what, and what came of it. Entries are only ever added.
//!
//! An entry holds no secret and nothing of what was said. It is written in the transaction of the
//! effect where the effect is ours, so that neither is there without the other.

use callweave_model::{TenantId, Timestamp};
use serde_json::Value;
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::{Result, SystemTx, TenantTx, calls::Order, convert, session::Bounded};

/// What kind of caller acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorKind {
    /// An API key.
    ApiKey,
    /// A token that was made for an API key.
    Token,
    /// A token of a trusted issuer.
    ForeignToken,
    /// Whoever runs the gateway, over its command line.
    CommandLine,
    /// The gateway by itself.
    Gateway,
    /// Somebody who could not show who it is.
    Nobody,
}

impl ActorKind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::Token => "token",
            Self::ForeignToken => "foreign_token",
            Self::CommandLine => "command_line",
            Self::Gateway => "gateway",
            Self::Nobody => "nobody",
        }
    }
}

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What kind of caller.
    pub kind: ActorKind,
    /// The key, or what stands for it.
    pub id: Option<Uuid>,
    /// What a foreign issuer calls the caller.
    pub subject: Option<String>,
    /// The address it came from.
    pub source: Option<String>,
}

impl Actor {
    /// An actor of a kind, of whom nothing more is known.
    pub const fn of(kind: ActorKind) -> Self {
        Self {
            kind,
            id: None,
            subject: None,
            source: None,
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Succeeded,
    /// The caller may not do it.
    Refused,
    /// It was tried and failed.
    Failed,
    /// Whether it was done is not known.
    Unknown,
}

impl Outcome {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// An entry to be written.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// Who.
    pub actor: Actor,
    /// What, e.g. `connection.created`.
    pub action: &'static str,
    /// The address of the thing, as the API has it.
    pub resource: Option<String>,
    /// The request.
    pub request_id: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// How often.
    pub count: u32,
    /// What it was, without secrets and without content.
    pub detail: Value,
}

/// An entry as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    at: convert::DbTime,
    /// What kind of caller acted.
    pub actor_kind: String,
    /// The key, or what stands for it.
    pub actor_id: Option<Uuid>,
    /// What a foreign issuer calls the caller.
    pub subject: Option<String>,
    /// The address it came from.
    pub source: Option<String>,
    /// What was done.
    pub action: String,
    /// The address of the thing.
    pub resource: Option<String>,
    /// The request.
    pub request_id: Option<String>,
    /// What came of it.
    pub outcome: String,
    /// How often.
    pub count: i32,
    /// What it was.
    pub detail: Value,
}

impl Entry {
    /// When.
    pub fn at(&self) -> Timestamp {
        convert::model(self.at)
    }
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// By one of these keys.
    pub actors: Vec<Uuid>,
    /// One of these actions.
    pub actions: Vec<String>,
    /// About this thing.
    pub resource: Option<String>,
    /// At or after.
    pub after: Option<Timestamp>,
    /// Before.
    pub before: Option<Timestamp>,
}

/// Adds entries to a tenant's audit log, within a transaction that may.
async fn append(executor: Bounded<'_>, tenant: TenantId, entries: &[NewEntry]) -> Result<()> {
    macro_rules! column {
        ($entry:ident => $value:expr) => {
            entries.iter().map(|$entry| $value).collect::<Vec<_>>()
        };
    }
    let text = |text: &Option<String>| text.as_deref().map(convert::text);
    sqlx::query(
        "INSERT INTO audit_log (tenant_id, actor_kind, actor_id, subject, source, action, \
             resource, request_id, outcome, count, detail) \
         SELECT $1, * FROM UNNEST($2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], \
             $7::text[], $8::text[], $9::text[], $10::int[], $11::jsonb[])",
    )
    .bind(tenant.0)
    .bind(column!(entry => entry.actor.kind.as_str()))
    .bind(column!(entry => entry.actor.id))
    .bind(column!(entry => text(&entry.actor.subject)))
    .bind(column!(entry => entry.actor.source.as_deref()))
    .bind(column!(entry => entry.action))
    .bind(column!(entry => text(&entry.resource)))
    .bind(column!(entry => entry.request_id.as_deref()))
    .bind(column!(entry => entry.outcome.as_str()))
    .bind(column!(entry => i32::try_from(entry.count).unwrap_or(i32::MAX)))
    .bind(column!(entry => convert::json(&entry.detail)))
    .execute(executor)
    .await?;
    Ok(())
}

impl SystemTx {
    /// Tells a tenant in its audit log what was done about it. The transaction sees that tenant
    /// from then on.
    pub async fn audit_of(&mut self, tenant: TenantId, entry: &NewEntry) -> Result<()> {
        sqlx::query("SELECT set_config('app.tenant', $1, true)")
            .bind(tenant.to_string())
            .execute(self.executor())
            .await?;
        append(self.executor(), tenant, std::slice::from_ref(entry)).await
    }
}

impl TenantTx {
    /// Adds an entry to the tenant's audit log.
    pub async fn audit(&mut self, entry: &NewEntry) -> Result<()> {
        let tenant = self.tenant();
        append(self.executor(), tenant, std::slice::from_ref(entry)).await
    }

    /// Adds entries to the tenant's audit log.
    pub async fn audit_all(&mut self, entries: &[NewEntry]) -> Result<()> {
        let tenant = self.tenant();
        append(self.executor(), tenant, entries).await
    }

    /// Entries by time, beyond `after`.
    pub async fn list_audit(
        &mut self,
        filter: &AuditFilter,
        order: Order,
        after: Option<(Timestamp, Uuid)>,
        limit: i64,
    ) -> Result<Vec<Entry>> {
        let mut query = QueryBuilder::new(
            "SELECT id, at, actor_kind, actor_id, subject, source, action, resource, request_id, \
                 outcome, count, detail FROM audit_log WHERE tenant_id = ",
        );
        query.push_bind(self.tenant().0);
        if !filter.actors.is_empty() {
            query
                .push(" AND actor_id = ANY(")
                .push_bind(filter.actors.clone())
                .push(")");
        }
        if !filter.actions.is_empty() {
            query
                .push(" AND action = ANY(")
                .push_bind(filter.actions.clone())
                .push(")");
        }
        if let Some(resource) = &filter.resource {
            query.push(" AND resource = ").push_bind(resource.clone());
        }
        if let Some(at) = filter.after {
            query.push(" AND at >= ").push_bind(convert::db(at));
        }
        if let Some(at) = filter.before {
            query.push(" AND at < ").push_bind(convert::db(at));
        }
        if let Some((at, id)) = after {
            query.push(match order {
                Order::Asc => " AND (at, id) > (",
                Order::Desc => " AND (at, id) < (",
            });
            query
                .push_bind(convert::db(at))
                .push(", ")
                .push_bind(id)
                .push(")");
        }
        query.push(match order {
            Order::Asc => " ORDER BY at, id LIMIT ",
            Order::Desc => " ORDER BY at DESC, id DESC LIMIT ",
        });
        query.push_bind(limit);
        Ok(query.build_query_as().fetch_all(self.executor()).await?)
    }
}
