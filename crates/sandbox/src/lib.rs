//! Four call-analytics vendors, played faithfully from their own documents.
//!
//! The sandbox is what a gateway talks to when there is no vendor account at hand: a demo, a test,
//! a chaos run, a benchmark. It answers as the documents say, oddities included, over real HTTP:
//!
//! | path | what it plays |
//! |---|---|
//! | `/callgear` | CallGear, "API Documentation for CA Operations", both editions |
//! | `/alovoice` | AloVoice, the two methods of recorded-call analytics and the audio they point at |
//! | `/neuro` | Neuro.net, External API |
//! | `/transcripto` | Transcripto |
//! | `/control` | the knobs: faults, token lifetimes, records, and the ledger of the truth |
//!
//! Three ideas carry it:
//!
//! * **Data out of arithmetic.** A call is computed from (seed, vendor, index) when somebody asks
//!   for it, so a million calls cost no more memory than a thousand. What changed since lies in a
//!   small overlay.
//! * **A ledger of the truth.** Every record, version and deletion, every token issued, refreshed,
//!   spent or revoked stands in the ledger, so a test compares what arrived with what was sent.
//! * **Faults by operation.** Every route is registered with the id of its operation; the guard in
//!   front of it counts the request, writes the log and plays the fault that was asked for.
//!
//! The crate depends on no other crate of this workspace: it must not share their reading of the
//! vendors' documents. To play a further vendor, write a module with the functions that
//! `vendors.rs` dispatches to and mount its router there.

mod alovoice;
mod audio;
mod call;
mod callgear;
mod clock;
mod config;
mod control;
mod edit;
mod faults;
mod identity;
mod neuro;
mod operation;
mod random;
mod server;
mod transcripto;
mod vendor;
mod vendors;
mod world;

pub use crate::{
    call::patch::{CallPatch, LinePatch},
    config::SandboxConfig,
    faults::spec::{FaultKind, FaultSpec},
    neuro::DateForm as NeuroDateForm,
    server::{Sandbox, router},
    vendor::{UnknownVendor, Vendor},
    world::{
        World,
        ledger::{Action, LedgerEntry, LedgerPage},
        options::{Options, OptionsError},
        requests::{RequestEntry, RequestReport},
        tokens::TokenLifetimes,
    },
};
