//! `callweave erasures`: a call or a person goes for good, also from a restored backup.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead as _, Read as _},
    path::Path,
};

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use callweave_model::{
    Clock as _, SystemClock, TenantId, Timestamp,
    ids::{Ids as _, RandomIds},
};
use callweave_store::{
    Store,
    audit::{Actor, ActorKind, NewEntry, Outcome},
    erasure::{Counts, Erasure, ErasureRecord, NewErasure, Subject, SuppressionKey},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::keys::{tenants, with_sealing_store};
use crate::{
    cli::{ErasuresCommand, SubjectArgs},
    config::{Config, ConfigError},
    output,
};

/// Receipts of one statement.
const PAGE: i64 = 200;

pub(super) async fn run(config: &Config, command: ErasuresCommand) -> anyhow::Result<()> {
    with_sealing_store(config, async |store, _vault| match command {
        ErasuresCommand::Create {
            tenant,
            subject,
            json,
        } => create(store, &tenant, &subject, json).await,
        ErasuresCommand::List { tenant, json } => list(store, &tenant, json).await,
        ErasuresCommand::Lift { tenant, subject } => lift(store, &tenant, &subject).await,
        ErasuresCommand::Export => export(store).await,
        ErasuresCommand::Replay { file } => replay(store, file.as_deref()).await,
    })
    .await
}

pub(super) async fn tenant_named(store: &Store, name: &str) -> anyhow::Result<TenantId> {
    let wanted = callweave_store::tenants::tenant_id(name);
    let known = tenants(store).await?;
    anyhow::ensure!(
        known.iter().any(|tenant| tenant.tenant_id == wanted.0),
        "there is no tenant {name:?}"
    );
    Ok(wanted)
}

fn subject(arguments: &SubjectArgs) -> anyhow::Result<Subject> {
    let read = |given: &str| -> anyhow::Result<String> {
        if given != "-" {
            return Ok(given.to_owned());
        }
        let mut text = String::new();
        io::stdin()
            .take(1_000)
            .read_to_string(&mut text)
            .context("read stdin")?;
        Ok(text.trim().to_owned())
    };
    let found = match (&arguments.call, &arguments.phone, &arguments.client_id) {
        (Some(id), _, _) => Some(Subject::Call(*id)),
        (_, Some(phone), _) => Subject::phone(&read(phone)?),
        (_, _, Some(id)) => Subject::client(&read(id)?),
        _ => None,
    };
    let wrong = "--phone must be a phone of 5 to 20 digits, --client-id a text";
    Ok(found.ok_or_else(|| ConfigError::Contradiction(wrong.to_owned()))?)
}

async fn create(
    store: &Store,
    tenant: &str,
    arguments: &SubjectArgs,
    json: bool,
) -> anyhow::Result<()> {
    let subject = subject(arguments)?;
    let tenant = tenant_named(store, tenant).await?;
    let actor = Actor::of(ActorKind::CommandLine);
    let erasure = NewErasure {
        id: RandomIds.next(),
        subject: &subject,
        actor: &actor,
        key_id: RandomIds.next(),
    };
    let mut tx = store.tenant(tenant).await?;
    let erased = tx.erase(erasure, SystemClock.now()).await?;
    let erased = erased.context("there is no such call")?;
    let detail = json!({"subject_type": erased.subject_type, "counts": erased.counts});
    let resource = Some(format!("/v1/erasures/{}", erased.id));
    tx.audit(&entry("erasure.created", resource, detail))
        .await?;
    tx.commit().await?;
    show(&erased, json)
}

async fn lift(store: &Store, tenant: &str, arguments: &SubjectArgs) -> anyhow::Result<()> {
    let subject = subject(arguments)?;
    let tenant = tenant_named(store, tenant).await?;
    let mut tx = store.tenant(tenant).await?;
    let lifted = tx.lift_erasure(&subject).await?;
    anyhow::ensure!(lifted, "it was not erased");
    let detail = json!({"subject_type": subject.word()});
    tx.audit(&entry("erasure.lifted", None, detail)).await?;
    tx.commit().await?;
    output::data(format!("{} is taken in again", subject.word()))?;
    Ok(())
}

async fn list(store: &Store, tenant: &str, json: bool) -> anyhow::Result<()> {
    let tenant = tenant_named(store, tenant).await?;
    for erasure in all(store, tenant).await? {
        show(&erasure, json)?;
    }
    Ok(())
}

async fn all(store: &Store, tenant: TenantId) -> anyhow::Result<Vec<Erasure>> {
    let mut found: Vec<Erasure> = Vec::new();
    loop {
        let after = found.last().map(|last| (last.erased_at, last.id));
        let mut tx = store.tenant(tenant).await?;
        let page = tx.list_erasures(after, PAGE).await?;
        tx.commit().await?;
        if page.is_empty() {
            return Ok(found);
        }
        found.extend(page);
    }
}

fn show(erasure: &Erasure, json: bool) -> anyhow::Result<()> {
    let counts = erasure.counts;
    output::data(if json {
        json!({
            "id": erasure.id, "subject_type": erasure.subject_type,
            "erased_at": erasure.erased_at, "actor_type": erasure.actor_kind,
            "actor_id": erasure.actor_id, "counts": counts, "replayed_at": erasure.replayed_at,
        })
        .to_string()
    } else {
        format!(
            "{}  {}  {}  {} calls, {} records, {} documents",
            erasure.id,
            erasure.erased_at,
            erasure.subject_type,
            counts.calls,
            counts.records,
            counts.documents
        )
    })?;
    Ok(())
}

/// What is written of an erasure: hashes, and the key of the hashes as it is sealed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    tenant_id: TenantId,
    id: Uuid,
    subject_type: String,
    actor_type: String,
    actor_id: Option<Uuid>,
    erased_at: Timestamp,
    counts: Counts,
    keys: BTreeMap<Uuid, String>,
    digests: BTreeMap<Uuid, Vec<String>>,
}

async fn export(store: &Store) -> anyhow::Result<()> {
    for tenant in tenants(store).await? {
        let tenant = TenantId(tenant.tenant_id);
        let erasures = all(store, tenant).await?;
        for erasure in erasures {
            let mut tx = store.tenant(tenant).await?;
            let keys = tx.export_suppression_keys().await?;
            let found = tx.export_digests(erasure.id).await?;
            tx.commit().await?;
            let mut digests: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
            for (key, digest) in found {
                digests
                    .entry(key)
                    .or_default()
                    .push(STANDARD.encode(digest));
            }
            let line = Line {
                tenant_id: tenant,
                id: erasure.id,
                subject_type: erasure.subject_type,
                actor_type: erasure.actor_kind,
                actor_id: erasure.actor_id,
                erased_at: erasure.erased_at,
                counts: erasure.counts,
                keys: keys
                    .into_iter()
                    .map(|key| (key.id, STANDARD.encode(key.sealed)))
                    .collect(),
                digests,
            };
            output::data(serde_json::to_string(&line)?)?;
        }
    }
    Ok(())
}

/// What a file holds of one tenant.
#[derive(Default)]
struct Kept {
    keys: BTreeMap<Uuid, Vec<u8>>,
    records: Vec<ErasureRecord>,
}

fn read(file: &Path) -> anyhow::Result<BTreeMap<Uuid, Kept>> {
    let name = file.display();
    let lines: Box<dyn io::BufRead> = if file.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let opened = fs::File::open(file).with_context(|| format!("open {name}"))?;
        Box::new(io::BufReader::new(opened))
    };
    let mut kept: BTreeMap<Uuid, Kept> = BTreeMap::new();
    for (number, line) in lines.lines().enumerate() {
        let line = line.with_context(|| format!("read {name}"))?;
        if line.trim().is_empty() {
            continue;
        }
        let place = || format!("{name}, line {}", number + 1);
        let line: Line = serde_json::from_str(&line).with_context(place)?;
        let tenant = kept.entry(line.tenant_id.0).or_default();
        for (id, key) in line.keys {
            let sealed = STANDARD.decode(key).with_context(place)?;
            tenant.keys.insert(id, sealed);
        }
        let mut digests = Vec::new();
        for (key, encoded) in line.digests {
            for digest in encoded {
                digests.push((key, STANDARD.decode(digest).with_context(place)?));
            }
        }
        tenant.records.push(ErasureRecord {
            erasure: Erasure {
                id: line.id,
                subject_type: line.subject_type,
                actor_kind: line.actor_type,
                actor_id: line.actor_id,
                erased_at: line.erased_at,
                counts: line.counts,
                replayed_at: None,
            },
            digests,
        });
    }
    Ok(kept)
}

async fn replay(store: &Store, file: Option<&Path>) -> anyhow::Result<()> {
    let mut kept = file.map(read).transpose()?.unwrap_or_default();
    let now = SystemClock.now();
    for tenant in tenants(store).await? {
        let id = TenantId(tenant.tenant_id);
        let mut tx = store.tenant(id).await?;
        if let Some(kept) = kept.remove(&tenant.tenant_id) {
            let keys: Vec<SuppressionKey> = kept
                .keys
                .into_iter()
                .map(|(id, sealed)| SuppressionKey { id, sealed })
                .collect();
            tx.import_erasures(&keys, &kept.records, now)
                .await
                .with_context(|| format!("take in the erasures of tenant {:?}", tenant.name))?;
        }
        let counts = tx.replay_erasures(now).await?;
        if !counts.is_empty() {
            let detail = json!({"counts": counts});
            tx.audit(&entry("erasures.replayed", None, detail)).await?;
        }
        tx.commit().await?;
        output::data(format!(
            "{}  {} calls, {} records, {} documents erased again",
            tenant.name, counts.calls, counts.records, counts.documents
        ))?;
    }
    for unknown in kept.keys() {
        output::note(format!(
            "there is no tenant {unknown} here; its erasures were passed over"
        ));
    }
    Ok(())
}

fn entry(action: &'static str, resource: Option<String>, detail: Value) -> NewEntry {
    NewEntry {
        actor: Actor::of(ActorKind::CommandLine),
        action,
        resource,
        request_id: None,
        outcome: Outcome::Succeeded,
        count: 1,
        detail,
    }
}
