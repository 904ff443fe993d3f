//! Where the core asks the right vendor.

use axum::Router;
use serde_json::Value;

use crate::{
    alovoice,
    call::Call,
    callgear, neuro, transcripto,
    vendor::Vendor,
    world::{Shared, World},
};

/// One record a vendor shows for a call: one line of the ledger.
#[derive(Debug, Clone)]
pub(crate) struct RecordFacts {
    /// What the vendor calls it: `result`, `call`, `dialog`, `task`.
    pub(crate) kind: &'static str,
    /// The vendor's id of the record.
    pub(crate) id: String,
    /// The vendor's identity of the call the record belongs to.
    pub(crate) call_id: String,
    /// What a reader of the record must find in it.
    pub(crate) facts: Value,
}

/// The vendor's HTTP surface, without its prefix.
pub(crate) fn router(vendor: Vendor, world: &Shared) -> Router {
    match vendor {
        Vendor::CallGear => callgear::router(world),
        Vendor::AloVoice => alovoice::router(world),
        Vendor::Neuro => neuro::router(world),
        Vendor::Transcripto => transcripto::router(world),
    }
}

/// All records the vendor shows for this call.
pub(crate) fn records(world: &World, call: &Call) -> Vec<RecordFacts> {
    match call.vendor {
        Vendor::CallGear => callgear::records(world, call),
        Vendor::AloVoice => alovoice::records(world, call),
        Vendor::Neuro => neuro::records(world, call),
        Vendor::Transcripto => transcripto::records(world, call),
    }
}

/// The call behind one of the vendor's ids.
pub(crate) fn find_call(world: &World, vendor: Vendor, id: &str) -> Option<u32> {
    match vendor {
        Vendor::CallGear => callgear::find_call(world, id),
        Vendor::AloVoice => alovoice::find_call(world, id),
        Vendor::Neuro => neuro::find_call(world, id),
        Vendor::Transcripto => transcripto::find_call(world, id),
    }
}

/// What opens the vendor's account.
pub(crate) fn credentials(world: &World, vendor: Vendor) -> Value {
    match vendor {
        Vendor::CallGear => callgear::credentials(world),
        Vendor::AloVoice => alovoice::credentials(world),
        Vendor::Neuro => neuro::credentials(world),
        Vendor::Transcripto => transcripto::credentials(world),
    }
}

/// The content type and the body of an error the vendor did not mean to send.
pub(crate) fn error_body(vendor: Vendor, status: u16) -> (&'static str, String) {
    match vendor {
        Vendor::CallGear => callgear::error_body(status),
        Vendor::AloVoice => alovoice::error_body(status),
        Vendor::Neuro => neuro::error_body(status),
        Vendor::Transcripto => transcripto::error_body(status),
    }
}
