//! A private PostgreSQL for one owning process.
//!
//! [`Postgres::start`] finds the server programs (or gets them), makes a cluster in a directory of
//! its own, starts the server on a unix socket and gives back a URL. The server lives exactly as
//! long as its owner: it is stopped by [`Postgres::stop`], by dropping the value, and also when
//! the owner is killed without a chance to clean up. [`attach`] finds the server that another
//! process of the same user runs on a directory.
//!
//! Everything here blocks; asynchronous callers use a blocking task.
//!
//! # Who runs what
//! PostgreSQL refuses to run as root. As root this crate runs it as the owner of an existing
//! cluster, else as `postgres`, else as `nobody`; otherwise it runs as the calling user. That
//! account must be able to reach the directory: so where root keeps data below a closed directory
//! (`/root` has mode 0700), the cluster goes to `/var/lib/callweave` instead, a link in the
//! requested directory says where, and [`Facts::relocated_from`] tells the caller.
//!
//! Ctrl-C reaches only the owner: the server is in a process group of its own. A service manager
//! that signals every process of a service must be told to signal the main one (systemd:
//! `KillMode=mixed`), or the server ends its sessions while the owner still finishes its work.
//!
//! # What lies in the directory
//! ```text
//! CALLWEAVE_POSTGRES   marker: this directory is ours; without it a filled directory is refused
//! owner.lock           locked by the owning process, holds its pid
//! server.lock          locked by the server itself, down to its last process
//! server/              mode 0700, belongs to the account that runs the server
//!     data/            the cluster (`disposable/` for one that tests throw away)
//!     postgres.log
//!     .s.PGSQL.5432    the socket, unless the path is too long for one
//! ```
//! Whoever may enter `server/` may connect without a password: on the socket, access to the
//! directory is the authentication. There is no TCP listener.
//!
//! This crate knows nothing of schemas or of the gateway.

mod account;
mod attach;
mod binaries;
mod cluster;
mod error;
mod guard;
mod home;
mod install;
mod options;
mod pid_file;
mod server;
mod socket;
#[cfg(feature = "testing")]
pub mod testing;

pub use attach::{Attached, attach};
pub use error::Error;
pub use options::{Durability, Options, Progress};
pub use server::{Facts, Postgres};

/// The cluster's superuser, and the name of the database that every cluster is made with.
pub const NAME: &str = "callweave";
