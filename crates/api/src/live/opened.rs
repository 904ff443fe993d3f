//! Connections that were opened lately: whoever asks one often does not read and open it each time.
//!
//! What this process changes it sees at once, what others change after [`Opened::new`]'s lifetime.
//! A connection is taken from here only while a token is at hand; what has to be got with its
//! credentials is got with those that are stored.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use callweave_credentials::connector::OpenConnection;
use callweave_model::{ConnectionId, TenantId};
use callweave_store::connections::Connection;

/// Connections in memory at most; beyond it everything is forgotten, which costs one query a connection.
const SIZE: usize = 1_000;

/// A connection as it is stored, and open.
#[derive(Debug)]
pub(crate) struct OpenedConnection {
    pub(crate) connection: Connection,
    pub(crate) open: OpenConnection,
}

/// Connections that were opened lately.
#[derive(Debug)]
pub(crate) struct Opened {
    lifetime: Duration,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// How often something was forgotten.
    changes: u64,
    connections: HashMap<(TenantId, ConnectionId), (Instant, Arc<OpenedConnection>)>,
}

/// When a connection was begun to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    at: Instant,
    changes: u64,
}

impl Opened {
    /// Keeps connections for so long.
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self {
            lifetime,
            known: Mutex::default(),
        }
    }

    /// The connection, if it was opened lately and can be asked with what is at hand.
    pub(crate) fn find(&self, tenant: TenantId, id: ConnectionId) -> Option<Arc<OpenedConnection>> {
        let known = self.known();
        let (since, opened) = known.connections.get(&(tenant, id))?;
        (since.elapsed() < self.lifetime && opened.open.is_ready()).then(|| opened.clone())
    }

    /// The moment before a connection is read.
    pub(crate) fn moment(&self) -> Moment {
        Moment {
            at: Instant::now(),
            changes: self.known().changes,
        }
    }

    /// Keeps what was read since `moment`, unless something was forgotten meanwhile: it may be older
    /// than that.
    pub(crate) fn keep(&self, moment: Moment, opened: &Arc<OpenedConnection>) {
        if self.lifetime.is_zero() {
            return;
        }
        let place = (opened.connection.tenant_id, opened.connection.id);
        let mut known = self.known();
        if known.changes != moment.changes {
            return;
        }
        // What is over goes as soon as anything is kept: it holds secrets.
        let lifetime = self.lifetime;
        known
            .connections
            .retain(|_, (since, _)| since.elapsed() < lifetime);
        if known.connections.len() >= SIZE {
            known.connections.clear();
        }
        known.connections.insert(place, (moment.at, opened.clone()));
    }

    /// Forgets the connections of a tenant: one of them may have changed.
    pub(crate) fn forget(&self, tenant: TenantId) {
        let mut known = self.known();
        known.changes += 1;
        known.connections.retain(|(owner, _), _| *owner != tenant);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
