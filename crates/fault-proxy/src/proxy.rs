//! The proxy: an accept loop that opens and closes its port as the fault wants it.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    fault::{Fault, Upstream},
    listener::Port,
    pump,
};

/// How long to wait before the port is tried again, should the system not give it back at once.
const AGAIN: Duration = Duration::from_millis(20);

/// A proxy that runs until it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
}

/// The fault that holds, and how often it was set: a bound of bytes counts anew with each.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) fault: Option<Fault>,
    pub(crate) number: u64,
}

/// What the accept loop and all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    upstream: Upstream,
    pub(crate) plan: watch::Sender<Plan>,
    /// Cancelled to reset what is open.
    cut: watch::Sender<CancellationToken>,
    accepted: AtomicU64,
    open: AtomicUsize,
    /// How often a bounded fault struck.
    pub(crate) struck: AtomicU64,
}

impl FaultProxy {
    /// Starts a proxy on a free port of 127.0.0.1; it forwards faithfully until it is told
    /// otherwise. Must be called within a tokio run time.
    pub fn start(upstream: Upstream) -> io::Result<Self> {
        let port = Port::reserve()?;
        let listener = port.listen()?;
        let address = port.address();
        let shared = Arc::new(Shared {
            upstream,
            plan: watch::Sender::new(Plan::default()),
            cut: watch::Sender::new(CancellationToken::new()),
            accepted: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            struck: AtomicU64::new(0),
        });
        let stop = CancellationToken::new();
        let changes = shared.plan.subscribe();
        tokio::spawn(accept(
            port,
            listener,
            Arc::clone(&shared),
            changes,
            stop.clone(),
        ));
        Ok(Self {
            address,
            shared,
            stop,
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as an HTTP URL without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Misbehaves so from now on.
    pub fn set(&self, fault: Fault) {
        self.change(Some(fault));
        if fault == Fault::Refuse {
            self.sever();
        }
    }

    /// Forwards faithfully again. Connections that a fault has brought to a halt stay halted; see
    /// [`FaultProxy::sever`].
    pub fn lift(&self) {
        self.change(None);
    }

    /// Resets every open connection.
    pub fn sever(&self) {
        self.shared
            .cut
            .send_replace(CancellationToken::new())
            .cancel();
    }

    /// How many connections were accepted.
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// How many connections were stalled, reset or closed at their bound.
    pub fn struck(&self) -> u64 {
        self.shared.struck.load(Ordering::SeqCst)
    }

    fn change(&self, fault: Option<Fault>) {
        self.shared.plan.send_modify(|plan| {
            plan.fault = fault;
            plan.number += 1;
        });
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.stop.cancel();
        self.sever();
    }
}

/// What the port does at the moment.
enum Door {
    Open(TcpListener),
    /// Connects are refused.
    Shut,
    /// Connects hang while these are held.
    Full(TcpListener, Vec<TcpStream>),
}

async fn accept(
    port: Port,
    listener: TcpListener,
    shared: Arc<Shared>,
    mut changes: watch::Receiver<Plan>,
    stop: CancellationToken,
) {
    let tasks = TaskTracker::new();
    let mut door = Door::Open(listener);
    loop {
        let fault = changes.borrow_and_update().fault;
        door = match turn(door, &port, fault).await {
            Ok(door) => door,
            Err(_taken) => {
                tokio::time::sleep(AGAIN).await;
                Door::Shut
            }
        };
        let misfit = matches!((&door, fault), (Door::Shut, fault) if fault != Some(Fault::Refuse));
        tokio::select! {
            () = stop.cancelled() => return,
            alive = changes.changed() => if alive.is_err() { return },
            // The port was not to be had; try again.
            () = std::future::ready(()), if misfit => {}
            accepted = next(&door) => if let Ok(client) = accepted {
                shared.accepted.fetch_add(1, Ordering::SeqCst);
                let cut = shared.cut.borrow().clone();
                tasks.spawn(carry(client, Arc::clone(&shared), cut));
            }
        }
    }
}

/// Opens or shuts the door as the fault wants it.
async fn turn(door: Door, port: &Port, fault: Option<Fault>) -> io::Result<Door> {
    match (door, fault) {
        (_, Some(Fault::Refuse)) => Ok(Door::Shut),
        (Door::Full(listener, held), Some(Fault::Hang)) => Ok(Door::Full(listener, held)),
        (other, Some(Fault::Hang)) => {
            drop(other);
            let (listener, held) = port.hang().await?;
            Ok(Door::Full(listener, held))
        }
        (Door::Open(listener), _) => Ok(Door::Open(listener)),
        (other, _) => {
            drop(other);
            Ok(Door::Open(port.listen()?))
        }
    }
}

async fn next(door: &Door) -> io::Result<TcpStream> {
    match door {
        Door::Open(listener) => listener.accept().await.map(|(client, _)| client),
        Door::Shut | Door::Full(..) => std::future::pending().await,
    }
}

/// Carries one connection until an end closes, a fault strikes, or it is cut.
async fn carry(client: TcpStream, shared: Arc<Shared>, cut: CancellationToken) {
    shared.open.fetch_add(1, Ordering::SeqCst);
    // Pieces must arrive as they are sent.
    let _unsupported = client.set_nodelay(true);
    let plan = shared.plan.subscribe();
    match &shared.upstream {
        Upstream::Tcp(address) => {
            if let Ok(upstream) = TcpStream::connect(address).await {
                let _unsupported = upstream.set_nodelay(true);
                pump::run(client, upstream, &shared, plan, cut).await;
            }
        }
        Upstream::Unix(path) => {
            if let Ok(upstream) = tokio::net::UnixStream::connect(path).await {
                pump::run(client, upstream, &shared, plan, cut).await;
            }
        }
    }
    shared.open.fetch_sub(1, Ordering::SeqCst);
}
