//! The one clock of the sandbox, which a test may push forward or back.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Wall time plus an offset: a vendor whose clock is wrong is one of the things to be played.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    /// The vendors' present instant.
    pub(crate) fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "the sandbox is a server of its own; this is its one clock"
        )]
        let wall = Timestamp::now();
        let offset = SignedDuration::from_millis(self.offset_ms.load(Ordering::Relaxed));
        wall.checked_add(offset).unwrap_or(wall)
    }

    /// Sets how far the vendors' clock stands from wall time.
    pub(crate) fn set_offset_ms(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::Relaxed);
    }
}
