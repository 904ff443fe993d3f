//! Work passed to vendors.
//!
//! Uploading audio, starting an analysis, dialling a phone: such work costs money and cannot be
//! taken back, so it is recorded before it is sent, sent once, and never sent again on an unknown
//! outcome. A job's row says `submitting` before its request leaves. Whoever finds that mark
//! without a live lease never sends: it asks the vendor whether the work arrived ([`Jobs`] goes
//! through `find`), and where the vendor cannot tell, the job stays `outcome_unknown` until
//! somebody decides ([`Jobs::resubmit`]).
//!
//! What the vendor took is a record of the pull engine's from then on; a job is completed when the
//! engine has stored what came of it. Every write carries the lease's epoch: a worker that lost
//! its lease writes nothing any more.

mod batch;
mod desk;
mod doer;
mod engine;
mod guard;
mod input;
mod options;
mod pace;
mod refusal;
mod traces;
mod turn;
mod verdict;

pub use desk::{Accepted, BatchOrder, Begun, Confirmation, Requester, Upload};
pub use doer::Doer;
pub use engine::Jobs;
pub use input::{AnalysisOrder, Attachment, DialogOrder, ReportOrder};
pub use options::JobOptions;
pub use refusal::{Refusal, Shortfall};
pub use traces::Traces;
