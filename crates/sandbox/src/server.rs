//! The running sandbox: the accept loop, the calls that keep arriving, the way to stop it.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use crate::{
    alovoice,
    call::patch::CallPatch,
    config::SandboxConfig,
    control,
    faults::play::CloseConnection,
    random::Random,
    vendor::Vendor,
    vendors,
    world::{Shared, World},
};

/// How long open connections may take to finish when the sandbox stops.
const GRACE: Duration = Duration::from_secs(2);

/// All vendors and the control surface over one world.
pub fn router(world: &Arc<World>) -> Router {
    let mut router = alovoice::root_router(world).nest("/control", control::router(world));
    for vendor in Vendor::ALL {
        router = router.nest(&format!("/{vendor}"), vendors::router(vendor, world));
    }
    router
}

/// A sandbox that runs. It stops when it is told to, and its tasks end when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    world: Shared,
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Sandbox {
    /// Starts a sandbox and returns as soon as it listens.
    ///
    /// # Errors
    /// When the address cannot be listened on, or the journal cannot be used.
    pub async fn start(config: SandboxConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let arrivals = config.arrivals;
        let world: Shared = Arc::new(World::open(config)?);
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let connections = tasks.clone();
        let serving = serve(listener, router(&world), stop.clone(), connections);
        tasks.spawn(serving);
        if let Some(every) = arrivals {
            tasks.spawn(keep_arriving(world.clone(), every, stop.clone()));
        }
        tracing::info!(sandbox.address = %address, "The sandbox listens");
        Ok(Self {
            world,
            address,
            stop,
            tasks,
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as a URL without a slash at its end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The URL of one vendor, without a slash at its end.
    pub fn vendor_url(&self, vendor: Vendor) -> String {
        format!("http://{}/{vendor}", self.address)
    }

    /// The data, the ledger and the knobs, in process.
    pub const fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Resolves when the sandbox was told to stop.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Stops: no new connection, a moment for the open ones, then all tasks end.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        // A stalled answer would keep its task for minutes; the tracker then lets go of it.
        if timeout(GRACE, self.tasks.wait()).await.is_err() {
            tracing::debug!("Some connections of the sandbox were still busy");
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn serve(listener: TcpListener, router: Router, stop: CancellationToken, tasks: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                tasks.spawn(serve_connection(stream, router.clone(), stop.clone()));
            }
            Err(error) => {
                // Out of file descriptors, most likely: the next attempt may find one.
                tracing::warn!(%error, "The sandbox could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve_connection(stream: TcpStream, router: Router, stop: CancellationToken) {
    // Small answers must not wait for more bytes to come.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "The connection keeps Nagle's delay");
    }
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        answer(router.clone(), request)
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let stopped = stop.cancelled();
    tokio::pin!(stopped);
    let mut finishing = false;
    let outcome = loop {
        tokio::select! {
            outcome = connection.as_mut() => break outcome,
            () = stopped.as_mut(), if !finishing => {
                finishing = true;
                connection.as_mut().graceful_shutdown();
            }
            () = tokio::time::sleep(GRACE), if finishing => return,
        }
    };
    if let Err(error) = outcome {
        tracing::trace!(%error, "A connection of the sandbox ended early");
    }
}

/// An error here makes hyper close the connection without an answer, which is what some faults ask
/// for and what a router cannot do.
async fn answer(router: Router, request: Request<Incoming>) -> Result<Response<Body>, io::Error> {
    let response = match router.oneshot(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if response.extensions().get::<CloseConnection>().is_some() {
        return Err(io::Error::from(io::ErrorKind::ConnectionAborted));
    }
    Ok(response)
}

/// New calls arrive; every fifth time an old one changes, every fiftieth time one goes away.
async fn keep_arriving(world: Shared, every: Duration, stop: CancellationToken) {
    let mut ticks = interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let mut random = Random::new(&[world.config.seed, 0xa771]);
    for number in 1_u64.. {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        for vendor in Vendor::ALL {
            world.add_call(vendor, CallPatch::default());
            if number.is_multiple_of(5) {
                let live = world.live_calls(vendor);
                if let Some(index) = live.get(random.index(live.len())) {
                    world.change_call(vendor, *index, CallPatch::default());
                }
            }
            if number.is_multiple_of(50) {
                let live = world.live_calls(vendor);
                if let Some(index) = live.get(random.index(live.len())) {
                    world.delete_call(vendor, *index);
                }
            }
        }
    }
}
