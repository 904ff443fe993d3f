//! The guard as a resolver: of all addresses a name leads to, only allowed ones are handed on.

use std::{io, net::IpAddr, net::SocketAddr};

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tracing::warn;

use super::{EgressError, Guard};

/// Where a name leads to.
#[async_trait]
pub trait NameLookup: std::fmt::Debug + Send + Sync {
    /// Every address of a name.
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

#[async_trait]
impl NameLookup for SystemLookup {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        // No deadline here: the connector's time to connect covers the look-up.
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

impl Guard {
    /// The allowed addresses a name leads to; fails when none is left.
    pub async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, EgressError> {
        let all = self
            .lookup
            .lookup(host)
            .await
            .map_err(|_error| EgressError::Unresolved)?;
        if all.is_empty() {
            return Err(EgressError::Unresolved);
        }
        let found = all.len();
        let kept: Vec<IpAddr> = all
            .into_iter()
            .filter(|address| self.allows(*address))
            .collect();
        if kept.is_empty() {
            return Err(EgressError::Forbidden);
        }
        let removed = found - kept.len();
        if removed > 0 {
            // Not the name itself: it may hold a customer's secret (a webhook's host).
            warn!(
                egress.removed = removed,
                egress.kept = kept.len(),
                "Left out {removed} addresses of a host that are not allowed"
            );
        }
        Ok(kept)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let addresses = Self::resolve(&guard, name.as_str()).await?;
            let dialled = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(dialled) as Addrs)
        })
    }
}
