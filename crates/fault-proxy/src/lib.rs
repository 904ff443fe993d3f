//! A TCP proxy that misbehaves on command: between the gateway and a vendor, a webhook receiver or
//! PostgreSQL.
//!
//! [`FaultProxy`] forwards to one upstream address, TCP or Unix. A [`Fault`] that is set holds for
//! connections that are open as well as for new ones, until another one is set or it is lifted. The
//! proxy looks at no byte it carries, so it serves any protocol. It knows no other crate of this
//! workspace.
//!
//! ```no_run
//! # async fn test() -> std::io::Result<()> {
//! use callweave_fault_proxy::{Fault, FaultProxy, Upstream};
//!
//! let proxy = FaultProxy::start(Upstream::Tcp("127.0.0.1:8080".parse().unwrap()))?;
//! let address = proxy.address();
//! proxy.set(Fault::Reset { after_bytes: 300 });
//! proxy.lift();
//! # Ok(())
//! # }
//! ```

mod fault;
mod listener;
mod proxy;
mod pump;

pub use fault::{Fault, Upstream};
pub use proxy::FaultProxy;
