//! A running gateway: the listener, the workers, what they stand on, and the way to stop it.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use axum::Router;
use callweave_api::ApiState;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    cli::Role,
    config::Config,
    database::{self, Database, Tell},
    days,
    figures::Figures,
    gateway::{Gateway, Migrate},
    retention::Retention,
    routes, serve,
    supervisor::Supervisor,
    telemetry,
};

/// How long workers may take to reach a safe point when the process stops.
const WORKERS_TIME: Duration = Duration::from_secs(25);

/// A gateway that runs.
#[derive(Debug)]
pub(crate) struct Process {
    address: SocketAddr,
    gateway: Gateway,
    database: Database,
    server: JoinHandle<anyhow::Result<()>>,
    supervisor: Supervisor,
    shutdown: CancellationToken,
    /// Ends the listener, a moment after the rest was told to stop.
    close: CancellationToken,
    drain_delay: Duration,
    /// Where the API is answered.
    api: Option<ApiState>,
}

/// What a process is started as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    /// What it does.
    pub(crate) role: Role,
    /// How it treats the schema.
    pub(crate) migrate: Migrate,
    /// Told of what takes long.
    pub(crate) tell: Tell,
}

impl Process {
    /// Starts everything; returns as soon as requests are answered.
    pub(crate) async fn start(config: &Config, start: Start) -> anyhow::Result<Self> {
        // First, so that a second process on the same address changes nothing.
        let listener = serve::bind(config.server.listen).await?;
        let address = listener.local_addr().context("read the address")?;
        let figures = telemetry::start_metrics()?;
        let database = database::open(config, start.tell).await?;
        let opened = Gateway::open(
            config,
            &database,
            callweave_registry::vendors(),
            start.migrate,
        );
        let gateway = match opened.await {
            Ok(gateway) => gateway,
            Err(error) => {
                // The reason to stop is what people need to know.
                let _ = database.close().await;
                return Err(error);
            }
        };
        let shutdown = CancellationToken::new();
        let supervisor = Supervisor::new(shutdown.clone());
        supervise(&supervisor, &gateway, config, start.role, &figures);
        let api = start
            .role
            .serves_api()
            .then(|| routes::api_state(&gateway, config, figures.clone()));
        if let Some(state) = api.clone() {
            supervisor.keep("events", move |shutdown| {
                state.clone().watch_events(shutdown)
            });
        }
        let router = match &api {
            Some(state) => callweave_api::router(state.clone()),
            None => routes::health(gateway.worker_store.clone(), figures, shutdown.clone()),
        };
        let close = CancellationToken::new();
        let server = spawn_server(listener, router, config, &close);
        Ok(Self {
            address,
            gateway,
            database,
            server,
            supervisor,
            shutdown,
            close,
            drain_delay: config.server.drain_delay,
            api,
        })
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it stands on.
    pub(crate) const fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Resolves when the listener ended by itself, which it should not.
    pub(crate) async fn ended(&mut self) -> anyhow::Error {
        match (&mut self.server).await {
            Ok(Ok(())) => anyhow::anyhow!("the listener ended"),
            Ok(Err(error)) => error,
            Err(_panic) => anyhow::anyhow!("the listener panicked"),
        }
    }

    /// Tells all of it to stop and waits: requests under way finish, workers reach a safe point,
    /// token renewals are saved, our own database ends last.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        info!("Stops");
        self.shutdown.cancel();
        if let Some(api) = &self.api {
            api.begin_drain();
        } else {
            self.close.cancel();
        }
        let workers = async {
            if tokio::time::timeout(WORKERS_TIME, self.supervisor.wait())
                .await
                .is_err()
            {
                warn!("Background work takes too long to stop; its leases run out by themselves");
            }
        };
        let (served, ()) = tokio::join!(
            async {
                if self.server.is_finished() {
                    return Ok(());
                }
                if !self.close.is_cancelled() {
                    // Whoever sends requests here hears of it only now.
                    tokio::time::sleep(self.drain_delay).await;
                    self.close.cancel();
                }
                (self.server.await).map_err(|_panic| anyhow::anyhow!("the listener panicked"))?
            },
            workers
        );
        if let Some(api) = &self.api
            && tokio::time::timeout(WORKERS_TIME, api.finish())
                .await
                .is_err()
        {
            warn!("Requests whose callers have left take too long; they may be sent again");
        }
        self.gateway.close().await;
        self.database.close().await?;
        served
    }
}

fn supervise(
    supervisor: &Supervisor,
    gateway: &Gateway,
    config: &Config,
    role: Role,
    figures: &PrometheusHandle,
) {
    if role.works() {
        let engine = gateway.engine(&config.sync);
        supervisor.keep("sync", move |shutdown| engine.clone().run(shutdown));
        let (store, clock) = (gateway.worker_store.clone(), gateway.clock.clone());
        supervisor.keep("credentials", move |shutdown| {
            callweave_credentials::ending::watch(store.clone(), clock.clone(), shutdown)
        });
        let jobs = gateway.jobs(&config.jobs);
        supervisor.keep("jobs", move |shutdown| jobs.clone().run(shutdown));
        let retention = Retention::new(gateway, config);
        supervisor.keep("retention", move |shutdown| retention.clone().run(shutdown));
        let store = gateway.worker_store.clone();
        supervisor.keep("days", move |shutdown| days::tend(store.clone(), shutdown));
    }
    if role.serves_api() && gateway.store.standby().is_some() {
        let store = gateway.store.clone();
        supervisor.keep("standby", move |shutdown| {
            let store = store.clone();
            async move {
                shutdown.run_until_cancelled(store.watch_standby()).await;
            }
        });
    }
    let (clock, store) = (gateway.database_clock.clone(), gateway.worker_store.clone());
    supervisor.keep("clock", move |shutdown| {
        let (clock, store) = (clock.clone(), store.clone());
        async move {
            shutdown.run_until_cancelled(clock.follow(&store)).await;
        }
    });
    let (log, store) = (gateway.request_log.clone(), gateway.worker_store.clone());
    supervisor.keep("vendor requests", move |shutdown| {
        log.clone().write(store.clone(), shutdown)
    });
    let figures = Figures::new(gateway, role.works(), figures.clone());
    supervisor.keep("figures", move |shutdown| figures.clone().run(shutdown));
}

fn spawn_server(
    listener: TcpListener,
    router: Router,
    config: &Config,
    close: &CancellationToken,
) -> JoinHandle<anyhow::Result<()>> {
    let limits = serve::Limits {
        connections: config.server.max_connections,
        header_timeout: config.server.header_timeout,
        body_timeout: config.server.body_timeout,
        write_timeout: config.server.write_timeout,
        drain_timeout: config.server.drain_timeout,
    };
    tokio::spawn(serve::serve(listener, router, limits, close.clone()))
}
