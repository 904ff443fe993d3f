//! Secrets and what was said show up nowhere but where they belong.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::PathBuf,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use callweave_credentials::vault::{Place, Vault};
use callweave_model::TenantId;
use callweave_sandbox::{FaultKind, FaultSpec, Vendor};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Api, Stage, erasing::everything};
use crate::support::turn;

/// A program of PostgreSQL's, of the newest version on this machine.
fn program(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin").join(name))
        .filter(|path| path.exists())
        .collect();
    versions.sort();
    versions.pop().unwrap_or_else(|| name.into())
}

fn hexed(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        // Writing into a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Every text in a JSON document.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|item| texts(item, found)),
        _ => {}
    }
}

/// The tokens that are stored, opened.
async fn tokens(stage: &Stage) -> Vec<String> {
    let vault = Vault::parse(&stage.encryption_key).unwrap();
    let pool = stage.database.pool().await;
    let rows: Vec<(Uuid, Uuid, Vec<u8>)> = sqlx::query_as(
        "SELECT tenant_id, namespace, sealed_token FROM tokens WHERE sealed_token IS NOT NULL",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    pool.close().await;
    let mut found = Vec::new();
    for (tenant, row, sealed) in rows {
        let place = Place {
            table: "tokens",
            column: "sealed_token",
            tenant: TenantId(tenant),
            row,
        };
        let opened = vault.open(&place, &sealed).unwrap();
        texts(&serde_json::from_slice(&opened).unwrap(), &mut found);
    }
    found
}

async fn post(api: &Api, path: &str, key: &str, body: Value) -> (u16, Value) {
    let request = api.request(Method::POST, path).json(&body);
    let request = request.header("idempotency-key", key.to_owned());
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_114_a_dump_holds_no_secret() {
    let _turn = turn().await;
    let stage = Stage::new(5).await;
    let gateway = stage.gateway("all", &[]).await;
    let api = &gateway.api;
    let base_url = stage.sandbox.base_url();
    let accounts = stage.sandbox.world().credentials(&base_url);
    let mut secrets = vec![stage.api_key.clone()];
    let mut connections = Vec::new();
    for vendor in Vendor::ALL {
        let id = stage.connect(api, vendor, &base_url).await;
        api.check_until_good(id).await;
        connections.push((vendor, id));
        let credentials = accounts[vendor.key()]["connection"]["credentials"].clone();
        let mut given = Vec::new();
        texts(&credentials, &mut given);
        assert!(!given.is_empty(), "{vendor}");
        secrets.extend(given);
    }
    let (status, token) = api
        .send(Method::POST, "/v1/auth/token", Some(json!({})))
        .await;
    assert!(status < 300, "{token}");
    texts(&token["access_token"], &mut secrets);
    // The answer is kept for a day.
    let body = json!({"name": "kept", "scopes": ["calls:read"]});
    let (status, made) = post(api, "/v1/api-keys", "kept", body).await;
    assert_eq!(status, 201, "{made}");
    secrets.push(made["key"].as_str().unwrap().to_owned());
    // Work with an address that opens something, and that is never sent.
    let of = |vendor: Vendor| {
        connections
            .iter()
            .find(|(one, _)| *one == vendor)
            .unwrap()
            .1
    };
    stage.sandbox.world().add_fault(FaultSpec::always(
        Vendor::Transcripto,
        "*",
        FaultKind::Status { status: 503 },
    ));
    let signed = "https://records.example/call.mp3?signature=canary-of-a-signed-address";
    let work = json!({"connection_id": of(Vendor::Transcripto),
        "source": {"type": "recording_url", "url": signed}});
    let (status, job) = post(api, "/v1/analyses", "work", work).await;
    assert_eq!(status, 202, "{job}");
    secrets.push(signed.to_owned());
    secrets.extend(tokens(&stage).await);
    assert!(secrets.len() >= 12, "{}", secrets.len());
    assert_eq!(gateway.running.stop().0, Some(0));

    let dumped = Command::new(program("pg_dump"))
        .arg(format!("--dbname={}", stage.database.url()))
        .output()
        .unwrap();
    assert!(dumped.status.success(), "{dumped:?}");
    let dump = String::from_utf8(dumped.stdout).unwrap();
    assert!(dump.contains("COPY public.connections"));
    let unpacked = everything(&stage.database).await;
    // Names that accounts go by are no secrets where vendors repeat them in every document.
    let public = |secret: &str| secret.len() < 8 || secret.contains('@');
    let mut checked = 0;
    for secret in secrets.iter().filter(|secret| !public(secret)) {
        checked += 1;
        let short: String = secret.chars().take(12).collect();
        for (name, text) in [("dump", &dump), ("what is packed", &unpacked)] {
            assert!(!text.contains(secret.as_str()), "{short}… in the {name}");
            assert!(
                !text.contains(&hexed(secret)),
                "{short}… as hex in the {name}"
            );
        }
    }
    println!(
        "case 114: {checked} secrets, 0 in a dump of {} bytes",
        dump.len()
    );
    assert!(checked >= 8, "{checked}");
}

/// What must not show up, by where it is given.
const PASSWORD: &str = "canary-password-7f1";
const TOKEN: &str = "canary-token-7f2";
const KEY: &str = "canary-key-7f3";
const WORDS: &str = "canary-words-7f4";
const METADATA: &str = "canary-metadata-7f5";
const PHONE: &str = "+9989000077";
const SEARCH: &str = "canary-search-7f6";
const SIGNATURE: &str = "canary-signature-7f7";
const PASSED: &str = "canary-passthrough-7f8";
const CLIENT: &str = "canary-client-7f9";
const VENDOR_BODY: &str = "canary-vendor-body-7fa";
const NAME: &str = "canary-name-7fb";
const CANARIES: [&str; 12] = [
    PASSWORD,
    TOKEN,
    KEY,
    WORDS,
    METADATA,
    PHONE,
    SEARCH,
    SIGNATURE,
    PASSED,
    CLIENT,
    VENDOR_BODY,
    NAME,
];

/// How many calls are brought; what each of them holds begins with the canaries above.
const ROUNDS: usize = 35;
/// Canaries of one call.
const OF_A_CALL: usize = 6;

/// A canary of its own for each round.
fn sung(canary: &str, round: usize) -> String {
    format!("{canary}{round:03}")
}

/// Somebody who does what goes wrong and remembers what was answered.
struct Caller<'a> {
    stage: &'a Stage,
    api: &'a Api,
    heard: String,
    requests: usize,
}

impl Caller<'_> {
    fn hear(&mut self, answer: &Value) {
        self.heard.push_str(&answer.to_string());
        self.heard.push('\n');
    }

    async fn get(&mut self, path: &str) -> u16 {
        let (status, answer) = self.api.send(Method::GET, path, None).await;
        self.hear(&answer);
        status
    }

    async fn post(&mut self, path: &str, body: Value) -> (u16, Value) {
        self.requests += 1;
        let answer = post(self.api, path, &format!("request-{}", self.requests), body).await;
        self.hear(&answer.1);
        answer
    }

    /// Wrong credentials for every vendor, some in the wrong shape, and keys of nobody.
    async fn show_wrong_secrets(&mut self) {
        let base_url = self.stage.sandbox.base_url();
        let accounts = self.stage.sandbox.world().credentials(&base_url);
        for vendor in Vendor::ALL {
            let mut body = accounts[vendor.key()]["connection"].clone();
            body["name"] = json!(vendor.key());
            let wrong = if vendor == Vendor::AloVoice {
                TOKEN
            } else {
                PASSWORD
            };
            for (_, value) in body["credentials"].as_object_mut().unwrap() {
                *value = json!(wrong);
            }
            self.post("/v1/connections", body).await;
        }
        let odd = json!({"vendor": "neuro", "name": "x",
            "credentials": {"login": 7, "password": [PASSWORD]}});
        assert_eq!(self.post("/v1/connections", odd).await.0, 422);
        let bad = self
            .api
            .request(Method::GET, "/v1/calls")
            .header("authorization", format!("Bearer cw_live_{KEY}"))
            .send()
            .await
            .unwrap();
        assert!(!bad.status().is_success());
        self.heard.push_str(&bad.text().await.unwrap());
    }

    /// A call with words, names and phones, and what can go wrong with one; another one each round.
    async fn bring_odd_calls(&mut self, connection: Uuid, round: usize) {
        let [words, metadata, phone, search, client, name] =
            [WORDS, METADATA, PHONE, SEARCH, CLIENT, NAME].map(|canary| sung(canary, round));
        let call = json!({"connection_id": connection, "client_metadata": {"note": metadata},
            "call": {"remote_id": format!("canary-{round}"), "subject": words, "parties": [{"index": 0,
                "role": "customer", "affiliation": "external", "type": "person",
                "name": name, "phone": phone, "external_id": client}]}});
        let key = format!("call-{round}");
        let (status, made) = post(self.api, "/v1/calls", &key, call.clone()).await;
        assert_eq!(status, 201, "{made}");
        let mut broken = call;
        broken["call"]["parties"][0]["index"] = json!(words);
        assert_eq!(self.post("/v1/calls", broken).await.0, 422);
        let member = [
            "started_at",
            "status",
            "direction",
            "parties",
            "duration_ms",
        ][round % 5];
        let odd = json!({"connection_id": connection, "call": {"remote_id": "odd", member: words}});
        self.post("/v1/calls", odd).await;
        let odd = json!({"connection_id": words, "remote_id": "odd", "facts": {
            "started_at": words, "parties": [{"role": words, "phone": [phone]}]}});
        assert_eq!(self.post("/v1/calls", odd).await.0, 422);
        let query = format!("/v1/calls?q={search}&limit={search}");
        assert_eq!(self.get(&query).await, 400);
        assert_eq!(self.get(&format!("/v1/calls?q={search}")).await, 200);
        let path = format!("/v1/calls/{}", made["id"].as_str().unwrap());
        let odd = Some(json!({"client_metadata": metadata}));
        let (status, answer) = self.api.send(Method::PATCH, &path, odd).await;
        assert_eq!(status, 422);
        self.hear(&answer);
    }

    /// A vendor whose answers are wrong, and hold what is nobody's business.
    async fn meet_an_odd_vendor(&mut self, connection: Uuid, status: u16, body: &str) {
        let world = self.stage.sandbox.world();
        world.clear_faults();
        world.add_fault(FaultSpec::always(
            Vendor::Transcripto,
            "*",
            FaultKind::Replace {
                status,
                body: json!(body),
                base64: false,
                content_type: None,
            },
        ));
        let of = |path: &str| format!("/v1/connections/{connection}/{path}");
        for path in ["rubrics?kind=script", "categories", "usage"] {
            self.get(&of(path)).await;
        }
        for path in ["check", "sync?full=true"] {
            self.post(&of(path), json!({})).await;
        }
        let work = json!({"connection_id": connection, "source": {"type": "recording_url",
            "url": format!("https://records.example/a.mp3?signature={SIGNATURE}")}});
        self.post("/v1/analyses", work).await;
        // A vendor's answer is passed on as it is; what was sent is not repeated in it.
        let sent = json!({"secret": PASSED});
        self.requests += 1;
        let named = format!("through-{}", self.requests);
        let through = post(self.api, &of("passthrough/nothing"), &named, sent).await;
        assert!(!through.1.to_string().contains(PASSED));
        for path in ["status", "quarantine"] {
            self.get(&of(path)).await;
        }
    }
}

/// Where a canary sings in a text.
fn around(text: &str, canary: &str) -> Option<String> {
    let at = text.find(canary.trim_start_matches('+'))?;
    let start = text.get(..at)?.chars().rev().take(200).collect::<Vec<_>>();
    let before: String = start.into_iter().rev().collect();
    let after: String = text.get(at..)?.chars().take(200).collect();
    Some(before + &after)
}

/// Every statement that the server was seen at, until it is told to stop.
async fn watch(pool: sqlx::PgPool, stop: Arc<AtomicBool>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    while !stop.load(Ordering::Relaxed) {
        let now: Vec<String> = sqlx::query_scalar(
            "SELECT query FROM pg_stat_activity WHERE application_name = 'callweave'",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        seen.extend(now);
    }
    pool.close().await;
    seen
}

/// A collector of spans: its address, and what it is sent. OTLP writes texts as they are.
async fn collector() -> (String, Arc<Mutex<String>>) {
    let spans = Arc::new(Mutex::new(String::new()));
    let taken = spans.clone();
    let take = move |body: bytes::Bytes| {
        taken
            .lock()
            .unwrap()
            .push_str(&String::from_utf8_lossy(&body));
        std::future::ready(())
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/v1/traces", axum::routing::post(take));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, spans)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_113_canaries_sing_nowhere() {
    let _turn = turn().await;
    let stage = Stage::new(3).await;
    let (collector, spans) = collector().await;
    let loud = [
        ("CALLWEAVE__LOG__LEVEL", "trace"),
        ("CALLWEAVE__OTLP__ENDPOINT", collector.as_str()),
    ];
    let gateway = stage.gateway("all", &loud).await;
    let stop = Arc::new(AtomicBool::new(false));
    let watching = tokio::spawn(watch(stage.database.pool().await, stop.clone()));
    let mut caller = Caller {
        stage: &stage,
        api: &gateway.api,
        heard: String::new(),
        requests: 0,
    };
    caller.show_wrong_secrets().await;
    let base_url = stage.sandbox.base_url();
    let id = stage
        .connect(&gateway.api, Vendor::Transcripto, &base_url)
        .await;
    for round in 0..ROUNDS {
        caller.bring_odd_calls(id, round).await;
    }
    for (status, body) in [
        (
            200,
            json!({"result": {"items": [{"id": VENDOR_BODY}]}}).to_string(),
        ),
        (200, format!("<html>{VENDOR_BODY}</html>")),
        (
            500,
            json!({"message": "failed", "token": VENDOR_BODY}).to_string(),
        ),
        (200, format!("{{\"cut\": \"{VENDOR_BODY}")),
    ] {
        caller.meet_an_odd_vendor(id, status, &body).await;
    }
    stage.sandbox.world().clear_faults();
    let (phone, client) = (sung(PHONE, 0), sung(CLIENT, 0));
    let both = json!({"phone": phone, "client_id": client});
    assert_eq!(caller.post("/v1/erasures", both).await.0, 422);
    let erased = caller.post("/v1/erasures", json!({"phone": phone})).await;
    assert_eq!(erased.1["counts"]["calls"], 1, "{}", erased.1);
    for path in ["jobs?", "audit-log?", "events?after=oldest&"] {
        assert_eq!(caller.get(&format!("/v1/{path}limit=200")).await, 200);
    }
    let heard = caller.heard;

    let metrics = gateway.api.metrics().await;
    stop.store(true, Ordering::Relaxed);
    let activity: Vec<String> = watching.await.unwrap().into_iter().collect();
    let activity = activity.join("\n");
    assert!(activity.contains("INSERT"), "{activity}");
    let (code, log) = gateway.running.stop();
    assert_eq!(code, Some(0));
    assert!(log.contains("TRACE"), "the log is as loud as it can be");
    let spans = spans.lock().unwrap().clone();
    assert!(spans.contains("/v1/calls/{id}"), "spans carry templates");
    let texts = [
        ("answers", &heard),
        ("metrics", &metrics),
        ("log", &log),
        ("pg_stat_activity", &activity),
        ("spans", &spans),
    ];
    let mut hits = Vec::new();
    for canary in CANARIES {
        for (name, text) in texts {
            let found = around(text, canary);
            hits.extend(found.map(|around| format!("{canary} in {name}: {around}")));
        }
    }
    println!(
        "case 113: {} canaries, {} hits in {} bytes of log at trace, {} of answers, {} of statements, {} of spans",
        CANARIES.len() - OF_A_CALL + ROUNDS * OF_A_CALL,
        hits.len(),
        log.len(),
        heard.len(),
        activity.len(),
        spans.len()
    );
    assert!(hits.is_empty(), "{}", hits.join("\n\n"));
}
