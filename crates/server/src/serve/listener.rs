//! Accepting connections, up to a bound, until told to stop.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use axum::Router;
use tokio::{net::TcpListener, sync::Semaphore, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use super::{connection, newcomers::Newcomers};

/// How long to wait after the system refused a connection, as when it has no file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// What bounds the listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Open connections.
    pub(crate) connections: usize,
    /// For the head of a request.
    pub(crate) header_timeout: Duration,
    /// For a piece of a request's body.
    pub(crate) body_timeout: Duration,
    /// For a client to take a piece of its answer.
    pub(crate) write_timeout: Duration,
    /// For requests under way when the process is told to stop.
    pub(crate) drain_timeout: Duration,
}

/// Where this machine reaches what listens on an address.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Listens on an address.
pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let text = match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "{address} is taken by another process; choose another address with --listen \
                 (port 0 takes a free one)"
            ),
            io::ErrorKind::PermissionDenied => {
                format!("{address} may not be listened on by this user")
            }
            _ => format!("{address} cannot be listened on"),
        };
        anyhow::Error::new(error).context(text)
    })
}

/// Serves until `shutdown`; then lets requests under way finish, for a while.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let address = listener.local_addr().context("read the address")?;
    info!(server.address = %address, "Listens");
    let places = Arc::new(Semaphore::new(limits.connections));
    let newcomers = Newcomers::default();
    let connections = TaskTracker::new();
    let abort = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &places, &newcomers) => accepted,
        };
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(error = %error, "A connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        metrics::counter!("callweave_http_connections_total").increment(1);
        let served = connection::serve(
            stream,
            peer,
            router.clone(),
            limits,
            newcomers.add(),
            shutdown.clone(),
        );
        let abort = abort.clone();
        connections.spawn(async move {
            let gauge = metrics::gauge!("callweave_http_connections");
            gauge.increment(1.0);
            tokio::select! {
                () = served => {}
                () = abort.cancelled() => {}
            }
            gauge.decrement(1.0);
            drop(place);
        });
    }
    // New connections are refused by the system from here on.
    drop(listener);
    connections.close();
    if timeout(limits.drain_timeout, connections.wait())
        .await
        .is_err()
    {
        warn!(
            server.connections = connections.len(),
            "Some requests took too long to finish and are cut off"
        );
        abort.cancel();
        connections.wait().await;
    }
    Ok(())
}

type Accepted = (
    tokio::net::TcpStream,
    SocketAddr,
    tokio::sync::OwnedSemaphorePermit,
);

/// The next connection, with a place: where there is none, somebody who has said nothing yet makes
/// room; else it waits until one closes, and more wait in the system's queue.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    newcomers: &Newcomers,
) -> io::Result<Accepted> {
    let (stream, peer) = listener.accept().await?;
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        return Ok((stream, peer, place));
    }
    newcomers.send_one_away();
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    Ok((stream, peer, place))
}
