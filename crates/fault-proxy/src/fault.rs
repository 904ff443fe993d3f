//! What goes wrong, and where to.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Where the proxy leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// A TCP address.
    Tcp(SocketAddr),
    /// A Unix socket, as PostgreSQL has one.
    Unix(PathBuf),
}

/// What goes wrong. "Answers" are the bytes from the upstream to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nobody listens: connects are refused, and open connections are reset.
    Refuse,
    /// Connects hang: the queue of the listener is full and nobody takes from it. Open connections
    /// stay as they are.
    Hang,
    /// Connections come about, and no byte passes in either direction; nothing tells of it.
    BlackHole,
    /// Requests pass, and answers stop after so many bytes of each connection; it stays open.
    Stall {
        /// How many bytes of answers pass first.
        after_bytes: u64,
    },
    /// Answers come at this rate.
    Drip {
        /// Bytes a second, at least one.
        bytes_per_second: u64,
    },
    /// Every piece comes late, in both directions.
    Delay {
        /// How late.
        by: Duration,
    },
    /// Answers come in pieces of so many bytes.
    Slice {
        /// The length of a piece, at least one.
        bytes: usize,
    },
    /// The connection is reset (RST) after so many bytes of answers.
    Reset {
        /// How many bytes of answers pass first.
        after_bytes: u64,
    },
    /// The connection is closed in order (FIN) after so many bytes of answers.
    Close {
        /// How many bytes of answers pass first.
        after_bytes: u64,
    },
}

impl Fault {
    /// How many bytes of answers of one connection may pass, where that is bounded.
    pub(crate) const fn bound(self) -> Option<u64> {
        match self {
            Self::Stall { after_bytes }
            | Self::Reset { after_bytes }
            | Self::Close { after_bytes } => Some(after_bytes),
            _ => None,
        }
    }
}
