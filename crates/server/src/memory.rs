//! What the process holds in memory is nobody else's to read.

/// Has the system write no core file of this process, and lets nobody but root read its memory or the
/// environment it was started with: both hold secrets.
pub(crate) fn keep_to_ourselves() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};

        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            crate::output::note(format!(
                "callweave: core files cannot be turned off: {error}"
            ));
        }
    }
}
