//! Records the documents of one call of each vendor from the sandbox, into `documents/`:
//! `cargo run -p callweave-gates --example record`. The same seed and time give the same documents.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, Result, ensure};
use callweave_model::Timestamp;
use callweave_provider::{
    CallContext, Change, Credentials, HttpClient, Next, Provider, ProviderFactory, RecordRef,
    Settings, Walk,
    http_client::{Answer, OutgoingRequest, OutgoingUpload, StreamingAnswer, TransportError},
};
use callweave_provider_testkit::live;
use callweave_sandbox::{Sandbox, SandboxConfig, Vendor};
use secrecy::SecretString;
use serde_json::{Map, Value, json, value::RawValue};

/// The end of the calls that the sandbox has.
const EPOCH: &str = "2026-06-30T12:00:00Z";
/// What stands in the place of the sandbox's address.
const ADDRESS: &str = "https://vendor.example";
/// What stands in the place of every secret.
const SECRET: &str = "secret";
/// Pages of a list that are looked at.
const PAGES: usize = 20;
/// A call is as long as they are in the mean, or longer.
const UTTERANCES: usize = 12;

#[tokio::main]
async fn main() -> Result<()> {
    let sandbox = Sandbox::start(SandboxConfig {
        calls_per_vendor: 50,
        epoch: Some(EPOCH.parse()?),
        ..SandboxConfig::default()
    })
    .await?;
    // It is as late there as the newest call ended, whenever this runs.
    let epoch: Timestamp = EPOCH.parse()?;
    let now = Timestamp::from_jiff(sandbox.world().now());
    let offset = epoch.as_millis() - now.as_millis();
    sandbox.world().set_clock_offset_ms(offset);
    for factory in callweave_registry::vendors().iter() {
        let vendor: Vendor = factory.manifest().vendor.parse()?;
        let recorded = record(&sandbox, vendor, factory.as_ref()).await?;
        let text = recorded.replace(&sandbox.base_url(), ADDRESS);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("documents");
        std::fs::write(folder.join(format!("{vendor}.json")), text)?;
    }
    Ok(())
}

/// Hands requests on to the sandbox, and keeps what was answered.
#[derive(Clone, Debug)]
struct Recorder {
    sandbox: Arc<dyn HttpClient>,
    answers: Arc<Mutex<Vec<(String, Answer)>>>,
}

impl Recorder {
    fn take(&self) -> Vec<(String, Answer)> {
        std::mem::take(&mut *self.answers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait::async_trait]
impl HttpClient for Recorder {
    async fn send(&self, request: OutgoingRequest) -> Result<Answer, TransportError> {
        let uri = request.request.uri();
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let line = format!("{} {target}", request.request.method());
        let answer = self.sandbox.send(request).await?;
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.push((line, answer.clone()));
        Ok(answer)
    }

    async fn stream(&self, request: OutgoingRequest) -> Result<StreamingAnswer, TransportError> {
        self.sandbox.stream(request).await
    }

    async fn upload(&self, request: OutgoingUpload) -> Result<Answer, TransportError> {
        self.sandbox.upload(request).await
    }
}

/// The first call with a transcript of some length and an analysis.
async fn record(
    sandbox: &Sandbox,
    vendor: Vendor,
    factory: &dyn ProviderFactory,
) -> Result<String> {
    let accounts = sandbox.world().credentials(&sandbox.base_url());
    let members = |name: &str| -> Result<Map<String, Value>> {
        let members = accounts.pointer(&format!("/{vendor}/connection/{name}"));
        let members = members.and_then(Value::as_object);
        Ok(members.context("what opens the account")?.clone())
    };
    let settings = members("settings")?;
    let base_url = settings.get("base_url").and_then(Value::as_str);
    let recorder = Recorder {
        sandbox: live::client(factory.manifest().vendor, base_url.context("an address")?),
        answers: Arc::default(),
    };
    let build = || factory.build(Settings(settings.clone()), Arc::new(recorder.clone()));
    let provider = build()?;
    let secrets = members("credentials")?.into_iter().map(|(name, value)| {
        let secret = value.as_str().unwrap_or_default().to_owned();
        (name, SecretString::from(secret))
    });
    let credentials = Credentials::new(secrets);
    let now = Timestamp::from_jiff(sandbox.world().now());
    let mut context = CallContext {
        access_token: None,
        credentials: &credentials,
        now,
        request_id: "record",
    };
    let grant = match provider.token_grant() {
        Some(grants) => Some(grants.login(&context).await?),
        None => None,
    };
    context.access_token = grant.as_ref().map(|grant| &grant.access_token);
    for (record, hint) in listed(sandbox, vendor, provider.as_ref(), &context).await? {
        recorder.take();
        // A new one each time: what it looks up once is recorded too.
        let provider = build()?;
        let lookup = provider.lookup().context("a vendor that looks up")?;
        let change = lookup.fetch(&context, &record, hint.as_ref()).await?;
        let Change::Upsert(upsert) = change else {
            continue;
        };
        let transcript = upsert.call.transcript.as_ref();
        let utterances = transcript.map_or(0, |transcript| transcript.utterances.len());
        if utterances >= UTTERANCES && !upsert.call.analyses.is_empty() {
            let text = written(vendor, &record, hint.as_ref(), &settings, recorder.take())?;
            // One vendor takes its token in the path.
            let secrets = members("credentials")?;
            let secrets = secrets.values().filter_map(Value::as_str);
            return Ok(secrets.fold(text, |text, secret| text.replace(secret, SECRET)));
        }
    }
    anyhow::bail!("{vendor} has no such call")
}

/// The records that a vendor lists first, with what the list tells; where it has no list, those
/// that the sandbox knows.
async fn listed(
    sandbox: &Sandbox,
    vendor: Vendor,
    provider: &dyn Provider,
    context: &CallContext<'_>,
) -> Result<Vec<(RecordRef, Option<Value>)>> {
    let Some(pull) = provider.pull() else {
        let lookup = provider.lookup().context("a vendor that looks up")?;
        let ledger = sandbox.world().ledger_page(vendor, 0, 100);
        let calls = ledger
            .entries
            .into_iter()
            .filter(|entry| entry.kind == "call");
        let kind = lookup.call_record_kind();
        let records = calls.map(|entry| (RecordRef::new(kind, entry.id), None));
        return Ok(records.collect());
    };
    let streams = pull.streams(context).await?;
    let mut records = Vec::new();
    for stream in streams {
        let mut cursor = None;
        // Windows in which nothing happened are empty pages.
        for _ in 0..PAGES {
            let page = pull.page(context, &stream, Walk::Full, cursor.as_ref());
            let page = page.await?;
            for change in page.changes {
                if let Change::Seen { record, hint, .. } = change {
                    records.push((record, hint));
                }
            }
            let Next::More(next) = page.next else { break };
            cursor = Some(next);
        }
    }
    ensure!(!records.is_empty(), "{vendor} lists nothing");
    Ok(records)
}

fn written(
    vendor: Vendor,
    record: &RecordRef,
    hint: Option<&Value>,
    settings: &Map<String, Value>,
    answers: Vec<(String, Answer)>,
) -> Result<String> {
    let mut lines = Vec::new();
    for (request, answer) in answers {
        ensure!(answer.status.is_success(), "{request}: {}", answer.status);
        let body = String::from_utf8(answer.body.to_vec())?;
        let body =
            RawValue::from_string(body).with_context(|| format!("{request} gave no JSON"))?;
        // The body comes last and as it is: it is what is measured.
        lines.push(format!(
            "{{\"request\": {}, \"content_type\": {},\n  \"body\": {}}}",
            json!(request),
            json!(answer.content_type()),
            body.get()
        ));
    }
    Ok(format!(
        "{{\"vendor\": {}, \"kind\": {}, \"remote_id\": {}, \"now\": {}, \"hint\": {},\n \"settings\": {},\n \"answers\": [\n {}\n]}}\n",
        json!(vendor),
        json!(record.kind),
        json!(record.remote_id),
        json!(EPOCH),
        json!(hint),
        json!(settings),
        lines.join(",\n ")
    ))
}
