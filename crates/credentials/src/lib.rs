//! Secrets at rest, and the token broker.
//!
//! Vendors say *how* to log in and refresh; the [`broker`] decides *when*, once for all vendors:
//! ahead of the end, once in a process, once across replicas, never more often than a login
//! budget allows. The [`vault`] seals what is stored. The [`connector`] opens a stored connection
//! for use, [`origin`] tells what a request is made for, [`rotation`] seals everything anew under
//! another key, and [`ending`] asks for new credentials before handed-in ones end. Nothing here knows a
//! vendor or opens a socket.

pub mod broker;
pub mod connector;
pub mod ending;
pub mod origin;
pub mod redact;
pub mod rotation;
pub mod vault;

mod faults;
mod sealed;
mod sealer;
