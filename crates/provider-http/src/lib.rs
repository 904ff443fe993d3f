//! The one real [`HttpClient`](callweave_provider::HttpClient): everything that is the same for
//! every vendor on the way out.
//!
//! One [`HttpTransport`] per process holds the connection pool; [`HttpTransport::for_connection`]
//! gives each vendor account its client, with a rate budget of its own. What a client adds:
//!
//! - limits: time to connect, time for the whole exchange, a least rate, a size cap that counts
//!   decompressed bytes;
//! - short retries of safe requests within a retry budget, never of writes;
//! - pace: a token bucket whose rate yields to 429s, a bound on requests at the same time, and the
//!   shared pause that a 429 asked for ([`Pace`]);
//! - a circuit breaker for each vendor account, so that nobody waits for a vendor that is down;
//! - the [`egress`] guard, so that only allowed addresses are dialled; no redirects, no proxy;
//! - spans and metrics that carry operation ids, never addresses, headers or bodies.
//!
//! It knows no vendor and keeps nothing of what it carries.

pub mod egress;

mod body;
mod breaker;
mod certificates;
mod client;
mod failure;
mod lane;
mod limits;
mod pace;
mod transport;
mod upload;

pub use certificates::check_certificates;
pub use client::outcome_word;
pub use limits::{Limits, TransportConfig};
pub use pace::{MemoryPace, Pace};
pub use transport::{BuildError, ConnectionScope, HttpTransport};
