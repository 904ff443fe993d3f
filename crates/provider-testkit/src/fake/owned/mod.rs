//! What the fake vendor owns besides calls: a small list of each kind.
//!
//! A test puts things in and looks at them through [`super::FakeVendor::owned`]. Ids count up.

mod account;
mod agents;
mod dialogs;
mod documents;
mod evaluations;
mod passthrough;
mod reports;
mod rubrics;
mod submit;
mod taxonomy;

use std::collections::BTreeMap;

use bytes::Bytes;
use callweave_model::owned::{
    AgentField, Campaign, DialogRequest, Evaluation, QueuedItem, Report, Rubric, RubricItem,
    SpeechKey, Term, TimeSlot, Usage, VendorToken, VoiceAgent,
};
use callweave_provider::{
    ErrorKind, ProviderError, Result,
    agents::FieldSide,
    dialogs::{BatchItem, DialogTarget},
    http_client::Answer,
    listing::{ListQuery, Listing},
    passthrough::PassRequest,
    submit::Submission,
    taxonomy::TermKind,
};
use serde_json::{Map, Value};

use super::provider::FakeProvider;
pub use submit::MINUTES;

/// Whether the vendor can tell if something that was sent arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finds {
    /// It tells the truth.
    #[default]
    Truth,
    /// It has never heard of it.
    Nothing,
    /// It cannot tell.
    CannotTell,
}

/// An analysis that arrived.
#[derive(Clone, Debug)]
pub struct Work {
    /// The id of its call.
    pub id: String,
    /// What was sent.
    pub submission: Submission,
    /// The size of the file that came along.
    pub bytes: Option<u64>,
}

/// A batch that was started.
#[derive(Clone, Debug)]
struct Batch {
    id: String,
    task: String,
    items: Vec<BatchItem>,
}

/// A voice agent with all that belongs to it.
#[derive(Clone, Debug)]
pub struct OwnedAgent {
    /// The agent.
    pub agent: VoiceAgent,
    /// When it may call.
    pub schedule: Vec<TimeSlot>,
    /// What its dialogs are started with.
    pub inputs: Vec<AgentField>,
    /// What its dialogs bring back.
    pub outputs: Vec<AgentField>,
    /// Its speech keys, each with the value that nobody may see.
    pub speech_keys: Vec<(SpeechKey, String)>,
    /// What waits for it.
    pub queue: Vec<QueuedItem>,
    /// Its campaigns.
    pub campaigns: Vec<Campaign>,
}

/// What an account of the fake vendor owns besides calls.
#[derive(Debug, Default)]
pub struct Owned {
    /// The most entries of a page; no limit of its own by default.
    pub page_limit: Option<usize>,
    /// Rubrics, each with its points or questions.
    pub rubrics: Vec<(Rubric, Vec<RubricItem>)>,
    /// Tags, categories, folders and saved searches.
    pub terms: Vec<(TermKind, Term)>,
    /// Voice agents.
    pub agents: Vec<OwnedAgent>,
    /// Dialogs that were started, with where.
    pub started: Vec<(DialogTarget, DialogRequest)>,
    /// Evaluations.
    pub evaluations: Vec<Evaluation>,
    /// Reports.
    pub reports: Vec<Report>,
    /// The files of reports, by report and name: type and bytes.
    pub report_files: BTreeMap<(String, String), (String, Bytes)>,
    /// Documents of calls, by call and ending.
    pub documents: BTreeMap<(String, &'static str), Bytes>,
    /// The plan.
    pub usage: Usage,
    /// Tokens of the account, whole.
    pub vendor_tokens: Vec<VendorToken>,
    /// Procedures that were called.
    pub rpc_calls: Vec<(String, Map<String, Value>)>,
    /// Searches that were made.
    pub searches: Vec<Map<String, Value>>,
    /// Requests that were passed through.
    pub passed: Vec<PassRequest>,
    /// What the next request that is passed through gets, if not an echo of itself.
    pub pass_answer: Option<Answer>,
    /// Analyses that arrived, one entry each.
    pub work: Vec<Work>,
    /// Whether the vendor can tell if something arrived.
    pub finds: Finds,
    /// Uploads that broke off before they were whole.
    pub broken_uploads: u64,
    /// How much of the last upload was read so far.
    pub bytes_read: u64,
    /// An upload is refused once more than this was read of it.
    pub reads_at_most: Option<u64>,
    /// The most dialogs of one request; 100 by default.
    pub batch_limit: Option<usize>,
    /// Batches are still being worked on.
    pub batches_run: bool,
    batches: Vec<Batch>,
    last_id: u64,
}

impl Owned {
    /// A fresh id.
    pub fn next_id(&mut self) -> String {
        self.last_id += 1;
        self.last_id.to_string()
    }

    /// Puts an agent of which little is known, and returns its id.
    pub fn put_agent(&mut self, name: &str) -> String {
        let id = self.next_id();
        self.agents.push(OwnedAgent {
            agent: agents::named(&id, name),
            schedule: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            speech_keys: Vec::new(),
            queue: Vec::new(),
            campaigns: Vec::new(),
        });
        id
    }

    /// The agent with this id; fails when there is none.
    pub fn agent(&mut self, id: &str) -> &mut OwnedAgent {
        let mut agents = self.agents.iter_mut();
        agents
            .find(|owned| owned.agent.remote_id == id)
            .expect("an agent that was put")
    }

    fn page<T: Clone>(&self, items: &[T], query: &ListQuery) -> Option<Listing<T>> {
        let offset: usize = match &query.position {
            None => 0,
            Some(position) => position.parse().ok()?,
        };
        let limit = self.page_limit.unwrap_or(usize::MAX);
        let limit = limit.min(usize::try_from(query.limit).unwrap_or(usize::MAX));
        let shown: Vec<T> = items.iter().skip(offset).take(limit).cloned().collect();
        let end = offset + shown.len();
        Some(Listing {
            next: (end < items.len()).then(|| end.to_string()),
            total: Some(items.len() as u64),
            items: shown,
        })
    }
}

impl OwnedAgent {
    fn fields(&mut self, side: FieldSide) -> &mut Vec<AgentField> {
        match side {
            FieldSide::Input => &mut self.inputs,
            FieldSide::Output => &mut self.outputs,
        }
    }
}

impl FakeProvider {
    /// Reads or changes what the vendor owns; `None` is "no such thing".
    fn owned<T>(
        &self,
        operation: &'static str,
        change: impl FnOnce(&mut Owned) -> Option<T>,
    ) -> Result<T> {
        let done = self.vendor.owned(change);
        done.ok_or_else(|| self.vendor.error(operation, ErrorKind::NotFound))
    }

    fn refused(&self, operation: &'static str, pointer: &str, detail: &str) -> ProviderError {
        ProviderError::invalid_input(self.manifest.vendor, operation, pointer, detail)
    }
}

/// Takes the entry with an id out of a list.
fn take<T>(items: &mut Vec<T>, is_it: impl Fn(&T) -> bool) -> Option<T> {
    let place = items.iter().position(is_it)?;
    Some(items.remove(place))
}

/// Whether a name holds what is searched for.
fn matches(query: &ListQuery, name: &str) -> bool {
    query
        .search
        .as_deref()
        .is_none_or(|text| name.to_lowercase().contains(&text.to_lowercase()))
}
