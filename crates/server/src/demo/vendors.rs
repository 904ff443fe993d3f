//! The sandbox vendors of the demo: the same ones at every run of a data directory.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    ops::Range,
    time::Duration,
};

use anyhow::Context as _;
use callweave_sandbox::{Sandbox, SandboxConfig};

use super::{about, home::Home};

/// Where a first run looks for a free port: below the range the system gives to outgoing
/// connections, so that it is most likely free again at the next run.
const PORTS: Range<u16> = 18_600..18_700;
/// A new call at each vendor this often.
const ARRIVALS: Duration = Duration::from_secs(2);

/// Starts them. The port is part of an account's identity, so it stays as it was.
pub(super) async fn start(home: &Home, calls: u32) -> anyhow::Result<Sandbox> {
    let config = |port| SandboxConfig {
        calls_per_vendor: calls,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        arrivals: Some(ARRIVALS),
        journal: Some(home.journal()),
        ..SandboxConfig::default()
    };
    if let Some(port) = known_port(home)? {
        return Sandbox::start(config(port)).await.with_context(|| {
            format!(
                "the sandbox of this data directory has its place on port {port} and cannot take \
                 it; end what listens there, or use another --data-dir"
            )
        });
    }
    for port in PORTS {
        match Sandbox::start(config(port)).await {
            Ok(sandbox) => {
                let path = home.port();
                about(fs::write(&path, format!("{port}\n")), "write", &path)?;
                return Ok(sandbox);
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error).context("start the sandbox"),
        }
    }
    anyhow::bail!(
        "no free port from {} to {} for the sandbox",
        PORTS.start,
        PORTS.end - 1
    )
}

fn known_port(home: &Home) -> anyhow::Result<Option<u16>> {
    let path = home.port();
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.trim().parse().ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => about(Err(error), "read", &path),
    }
}
