//! What takes part: a database, the vendors, two gateways, and the wires.

use std::{
    collections::BTreeMap,
    fs::File,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use callweave_fault_proxy::{FaultProxy, Upstream};
use callweave_postgres::{Options, Postgres};
use callweave_sandbox::{Sandbox, SandboxConfig, Vendor};
use reqwest::{Method, RequestBuilder};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::Plan;

/// How many gateways there are.
pub(crate) const REPLICAS: usize = 2;
const START_TIME: Duration = Duration::from_secs(90);

/// Everything that takes part.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) wires: BTreeMap<Vendor, FaultProxy>,
    pub(crate) database_wire: FaultProxy,
    /// By vendor.
    pub(crate) connections: BTreeMap<Vendor, String>,
    pub(crate) replicas: Vec<Replica>,
    database: Mutex<Option<Postgres>>,
    database_down: AtomicBool,
    database_options: Options,
    binary: PathBuf,
    environment: Vec<(&'static str, String)>,
    key: String,
    place: TempDir,
    started: Instant,
    verbose: bool,
    http: reqwest::Client,
}

/// A gateway's place: the process in it changes.
pub(crate) struct Replica {
    pub(crate) url: String,
    listen: String,
    process: Mutex<Option<Child>>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stage {
    /// Starts everything and connects every vendor.
    pub(crate) async fn start(plan: &Plan) -> Result<Self> {
        let place = tempfile::tempdir()?;
        let mut database_options = Options::new(place.path().join("postgres"));
        database_options.settings = vec![("max_connections".into(), "100".into())];
        let database = Postgres::start(&database_options, &|_| {})?;
        let (database_wire, url) = database_wire(&database)?;
        let sandbox = Sandbox::start(SandboxConfig {
            seed: plan.seed,
            calls_per_vendor: plan.records / 4,
            ..SandboxConfig::default()
        })
        .await?;
        let mut wires = BTreeMap::new();
        for vendor in Vendor::ALL {
            wires.insert(vendor, FaultProxy::start(Upstream::Tcp(sandbox.address()))?);
        }
        let mut generate = Command::new(&plan.binary);
        generate.args(["encryption", "generate-key"]);
        let generated = output(generate).await?;
        let environment = vec![
            ("DATABASE_URL", url),
            ("CALLWEAVE__ENCRYPTION__KEYS", generated.trim().to_owned()),
            ("CALLWEAVE__EGRESS__ALLOW", "127.0.0.0/8".to_owned()),
            ("CALLWEAVE__SYNC__POLL_INTERVAL", "2s".to_owned()),
            ("CALLWEAVE__SYNC__FULL_WALK_INTERVAL", "10s".to_owned()),
            ("CALLWEAVE__SYNC__LEASE", "5s".to_owned()),
            ("CALLWEAVE__VENDORS__REQUESTS_PER_SECOND", "1000".to_owned()),
            ("CALLWEAVE__VENDORS__CONCURRENCY", "16".to_owned()),
            ("CALLWEAVE__EGRESS__REQUEST_TIMEOUT", "10s".to_owned()),
            ("CALLWEAVE__LOG__LEVEL", "warn".to_owned()),
        ];
        let mut replicas = Vec::new();
        for _ in 0..REPLICAS {
            let listen = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
            replicas.push(Replica {
                url: format!("http://{listen}"),
                listen,
                process: Mutex::new(None),
            });
        }
        let mut stage = Self {
            sandbox,
            wires,
            database_wire,
            connections: BTreeMap::new(),
            replicas,
            database: Mutex::new(Some(database)),
            database_down: AtomicBool::new(false),
            database_options,
            binary: plan.binary.clone(),
            environment,
            key: String::new(),
            place,
            started: Instant::now(),
            verbose: plan.verbose,
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(Duration::from_secs(20))
                .build()?,
        };
        for number in 0..REPLICAS {
            stage.spawn(number)?;
            stage.ready(number).await?;
        }
        let mut create = stage.command();
        create.args(["keys", "create", "--tenant", "acme", "--name", "chaos"]);
        create.args(["--scope", "*", "--json"]);
        let made = output(create).await?;
        let made: Value = serde_json::from_str(&made)?;
        stage.key = text(&made, "/key")?;
        stage.connect_all().await?;
        Ok(stage)
    }

    async fn connect_all(&mut self) -> Result<()> {
        for vendor in Vendor::ALL {
            let url = self.wires.get(&vendor).context("a wire")?.url();
            let known = self.sandbox.world().credentials(&url);
            let mut body = known
                .get(vendor.key())
                .and_then(|known| known.get("connection"))
                .cloned()
                .context("credentials")?;
            if let Some(members) = body.as_object_mut() {
                members.insert("name".to_owned(), json!(vendor.key()));
            }
            let (status, made) = self.post(0, "/v1/connections", &body, None).await?;
            ensure!(status == 201, "{vendor}: {status} {made}");
            self.connections.insert(vendor, text(&made, "/id")?);
        }
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .current_dir(self.place.path())
            .env("CALLWEAVE__DATA_DIR", self.place.path().join("gateway"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the gateway of a place.
    pub(crate) fn spawn(&self, number: usize) -> Result<()> {
        let replica = self.replicas.get(number).context("a replica")?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.place.path().join(format!("gateway-{number}.log")))?;
        let child = self
            .command()
            .args(["serve", "--listen", &replica.listen])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        *lock(&replica.process) = Some(child);
        Ok(())
    }

    /// Sends a signal to the gateway of a place.
    pub(crate) fn signal(&self, number: usize, signal: Signal) {
        let Some(replica) = self.replicas.get(number) else {
            return;
        };
        if let Some(child) = lock(&replica.process).as_ref() {
            // It may be gone already.
            let _ = kill_process(Pid::from_child(child), signal);
        }
    }

    /// Ends the gateway of a place as a crash would, and starts another one there.
    pub(crate) fn kill_and_restart(&self, number: usize) -> Result<()> {
        self.signal(number, Signal::KILL);
        if let Some(replica) = self.replicas.get(number)
            && let Some(mut child) = lock(&replica.process).take()
        {
            child.wait()?;
        }
        self.spawn(number)
    }

    async fn ready(&self, number: usize) -> Result<()> {
        let replica = self.replicas.get(number).context("a replica")?;
        let deadline = Instant::now() + START_TIME;
        let url = format!("{}/readyz", replica.url);
        loop {
            if let Ok(response) = self.http.get(&url).send().await
                && response.status() == 200
            {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "gateway {number} is not ready");
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Ends PostgreSQL as a crash would (`-m immediate`), and starts it again.
    pub(crate) async fn crash_database(&self) -> Result<()> {
        let Some(database) = lock(&self.database).take() else {
            bail!("there is no database");
        };
        let options = self.database_options.clone();
        self.database_down.store(true, Ordering::Release);
        let restarted = tokio::task::spawn_blocking(move || {
            let pid = i32::try_from(database.facts().pid)?;
            let pid = Pid::from_raw(pid).context("a process id")?;
            kill_process(pid, Signal::QUIT)?;
            drop(database);
            anyhow::Ok(Postgres::start(&options, &|_| {})?)
        });
        *lock(&self.database) = Some(restarted.await??);
        self.database_down.store(false, Ordering::Release);
        Ok(())
    }

    /// PostgreSQL has crashed and is not back.
    pub(crate) fn is_database_down(&self) -> bool {
        self.database_down.load(Ordering::Acquire)
    }

    /// A question to the gateway of a place.
    pub(crate) async fn ask(&self, number: usize, path: &str) -> Result<(u16, Value)> {
        self.send(number, Method::GET, path, |request| request)
            .await
    }

    /// Something to do for the gateway of a place, under a key where it may come twice.
    pub(crate) async fn post(
        &self,
        number: usize,
        path: &str,
        body: &Value,
        key: Option<&str>,
    ) -> Result<(u16, Value)> {
        self.send(number, Method::POST, path, |request| {
            let request = request.json(body);
            match key {
                Some(key) => request.header("Idempotency-Key", key),
                None => request,
            }
        })
        .await
    }

    async fn send(
        &self,
        number: usize,
        method: Method,
        path: &str,
        complete: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<(u16, Value)> {
        let replica = self.replicas.get(number).context("a replica")?;
        let request = self.http.request(method, format!("{}{path}", replica.url));
        let response = complete(request.bearer_auth(&self.key)).send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    /// An answer of any gateway that has one, asked again until there is one.
    pub(crate) async fn read(&self, path: &str) -> Result<Value> {
        let deadline = Instant::now() + START_TIME;
        for number in (0..REPLICAS).cycle() {
            match self.ask(number, path).await {
                Ok((200, answer)) => return Ok(answer),
                other => ensure!(Instant::now() < deadline, "{path}: {other:?}"),
            }
            sleep(Duration::from_millis(200)).await;
        }
        bail!("there is no gateway")
    }

    /// Nothing is wrong from here on: every gateway runs, every wire is whole, no vendor lies.
    pub(crate) fn lift_everything(&self) {
        self.sandbox.world().clear_faults();
        self.database_wire.lift();
        self.wires.values().for_each(FaultProxy::lift);
        for number in 0..REPLICAS {
            self.signal(number, Signal::CONT);
        }
    }

    /// Tells what happens.
    pub(crate) fn say(&self, what: &str) {
        if self.verbose {
            eprintln!("{:7.1} s  {what}", self.started.elapsed().as_secs_f64());
        }
    }

    /// Ends what was started.
    pub(crate) async fn end(&self) {
        for number in 0..REPLICAS {
            self.signal(number, Signal::TERM);
        }
        for replica in &self.replicas {
            let child = lock(&replica.process).take();
            if let Some(mut child) = child {
                // Its end is all that is wanted.
                let _ = tokio::task::spawn_blocking(move || child.wait()).await;
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for replica in &self.replicas {
            if let Some(mut child) = lock(&replica.process).take() {
                // A failing run leaves nothing behind either.
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

/// The text a JSON pointer leads to.
pub(crate) fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    Ok(found
        .with_context(|| format!("{pointer} in {value}"))?
        .to_owned())
}

/// What a command prints. The wires go on meanwhile.
async fn output(mut command: Command) -> Result<String> {
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// A proxy in front of the database, and the URL that leads through it.
fn database_wire(database: &Postgres) -> Result<(FaultProxy, String)> {
    let mut url = reqwest::Url::parse(database.url())?;
    let port = url.port().unwrap_or(5432);
    let socket = database
        .facts()
        .socket_directory
        .join(format!(".s.PGSQL.{port}"));
    let proxy = FaultProxy::start(Upstream::Unix(socket))?;
    url.set_host(Some("127.0.0.1"))?;
    if url.set_port(Some(proxy.address().port())).is_err() {
        bail!("the URL of the database takes no port");
    }
    url.set_query(Some("sslmode=disable"));
    Ok((proxy, url.into()))
}
