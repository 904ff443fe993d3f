//! One account of the fake vendor: what it holds, what it does wrong, what it counts.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use callweave_model::merge::Share;
use callweave_model::{AnalyzedCall, Clock, Timestamp};
use callweave_provider::{
    CallContext, Change, ErrorKind, ProviderError, RawDocument, RecordRef, Result, Retry,
    change::Upsert, raw::fingerprint,
};
use serde_json::json;

use super::{operation, owned::Owned, tokens::Tokens};

/// The kind of the fake vendor's records.
pub(super) const KIND: &str = "call";

/// How the vendor lists its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// By id and fingerprint: the gateway has to fetch each changed one.
    Fingerprints,
    /// Whole.
    Whole,
}

/// How it stands with a call at the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Analysed.
    Ready,
    /// Known and not analysed yet.
    NotReady,
    /// In a form that cannot be translated.
    Broken,
    /// Left out of lists, found by its id.
    Hidden,
}

pub(super) struct Record {
    pub(super) call: AnalyzedCall,
    pub(super) standing: Standing,
    pub(super) revision: u64,
    pub(super) stream: String,
}

enum Fault {
    Fails {
        kind: ErrorKind,
        retry: Option<Retry>,
    },
    Loses,
    Panics,
}

/// Whether the answer of an operation arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Answers,
    Lost,
}

pub(super) struct World {
    pub(super) vendor: &'static str,
    pub(super) name: String,
    pub(super) records: BTreeMap<String, Record>,
    pub(super) media: BTreeMap<(String, String), Bytes>,
    pub(super) revision: u64,
    pub(super) page_size: usize,
    pub(super) listing: Listing,
    pub(super) streams: Vec<String>,
    pub(super) unproved: Option<String>,
    pub(super) proves_absence: bool,
    pub(super) unproving: bool,
    pub(super) stuck: bool,
    pub(super) tokens: Tokens,
    owned: Owned,
    clock: Option<Arc<dyn Clock>>,
    delays: BTreeMap<&'static str, Duration>,
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
    refusing: Vec<&'static str>,
    counts: BTreeMap<&'static str, u64>,
}

/// One account of the fake vendor. Clones are the same account.
#[derive(Clone)]
pub struct FakeVendor {
    world: Arc<Mutex<World>>,
}

impl fmt::Debug for FakeVendor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FakeVendor")
    }
}

impl FakeVendor {
    pub(super) fn new(vendor: &'static str, name: &str) -> Self {
        let world = World {
            vendor,
            name: name.to_owned(),
            records: BTreeMap::new(),
            media: BTreeMap::new(),
            revision: 0,
            page_size: 50,
            listing: Listing::Whole,
            streams: vec!["calls".to_owned()],
            unproved: None,
            proves_absence: true,
            unproving: false,
            stuck: false,
            tokens: Tokens::default(),
            owned: Owned::default(),
            clock: None,
            delays: BTreeMap::new(),
            faults: BTreeMap::new(),
            refusing: Vec::new(),
            counts: BTreeMap::new(),
        };
        Self {
            world: Arc::new(Mutex::new(world)),
        }
    }

    /// Puts a call into the first stream, new or changed.
    pub fn put(&self, call: AnalyzedCall) {
        let stream = self.lock().streams.first().cloned().unwrap_or_default();
        self.put_in(&stream, call);
    }

    /// Puts a call into a stream, new or changed.
    pub fn put_in(&self, stream: &str, call: AnalyzedCall) {
        let mut world = self.lock();
        world.revision += 1;
        let record = Record {
            standing: Standing::Ready,
            revision: world.revision,
            stream: stream.to_owned(),
            call,
        };
        world.records.insert(record.call.remote_id.clone(), record);
    }

    /// Puts calls with these ids of which nothing else is known.
    pub fn put_ids<'a>(&self, ids: impl IntoIterator<Item = &'a str>) {
        for id in ids {
            self.put(AnalyzedCall::new(id));
        }
    }

    /// Deletes a call as if it had never been.
    pub fn delete(&self, id: &str) {
        self.lock().records.remove(id);
    }

    /// Changes how it stands with a call; counts as a change of it.
    pub fn set_standing(&self, id: &str, standing: Standing) {
        let mut world = self.lock();
        world.revision += 1;
        let revision = world.revision;
        let record = world.records.get_mut(id).expect("a call that was put");
        record.standing = standing;
        record.revision = revision;
    }

    /// Puts the bytes of a recording.
    pub fn put_media(&self, call_id: &str, remote_key: &str, bytes: impl Into<Bytes>) {
        let key = (call_id.to_owned(), remote_key.to_owned());
        self.lock().media.insert(key, bytes.into());
    }

    /// The most calls a page holds; 50 by default.
    pub fn set_page_size(&self, size: usize) {
        self.lock().page_size = size.max(1);
    }

    /// How calls are listed; whole by default.
    pub fn set_listing(&self, listing: Listing) {
        self.lock().listing = listing;
    }

    /// The streams; one named `calls` by default.
    pub fn set_streams(&self, streams: &[&str]) {
        self.lock().streams = streams.iter().map(|&name| name.to_owned()).collect();
    }

    /// Whether a call that a full walk does not meet is gone; `true` by default.
    pub fn set_proves_absence(&self, proves: bool) {
        self.lock().proves_absence = proves;
    }

    /// The next walk to reach its end says that pages shifted under it.
    pub fn unprove_next_walk(&self, reason: &str) {
        self.lock().unproved = Some(reason.to_owned());
    }

    /// Every walk that reaches its end says that pages shifted under it, or they stop doing so.
    pub fn set_unproving(&self, unproving: bool) {
        self.lock().unproving = unproving;
    }

    /// Every page but the first one leads to itself, or they stop doing so.
    pub fn set_stuck(&self, stuck: bool) {
        self.lock().stuck = stuck;
    }

    /// The next such operation fails so. Several line up.
    pub fn fail_next(&self, operation: &'static str, kind: ErrorKind) {
        self.line_up(operation, Fault::Fails { kind, retry: None });
    }

    /// The next such operation fails so, with another retryability than usual.
    pub fn fail_next_with(&self, operation: &'static str, kind: ErrorKind, retry: Retry) {
        self.line_up(
            operation,
            Fault::Fails {
                kind,
                retry: Some(retry),
            },
        );
    }

    /// The next such login, renewal, submission, start or order takes place at the vendor, and its
    /// answer is lost on the way.
    pub fn lose_next(&self, operation: &'static str) {
        self.line_up(operation, Fault::Loses);
    }

    /// The next such operation panics.
    pub fn panic_next(&self, operation: &'static str) {
        self.line_up(operation, Fault::Panics);
    }

    /// Each such operation takes so long.
    pub fn delay(&self, operation: &'static str, duration: Duration) {
        self.lock().delays.insert(operation, duration);
    }

    /// Such operations answer "unauthorized" whatever the token, or stop doing so.
    pub fn refuse(&self, operation: &'static str, refuses: bool) {
        let mut world = self.lock();
        world.refusing.retain(|refused| *refused != operation);
        if refuses {
            world.refusing.push(operation);
        }
    }

    /// The vendor's own clock; without one it shares the caller's.
    pub fn set_clock(&self, clock: Arc<dyn Clock>) {
        self.lock().clock = Some(clock);
    }

    /// How often an operation was asked for.
    pub fn count(&self, operation: &'static str) -> u64 {
        self.lock().counts.get(operation).copied().unwrap_or(0)
    }

    /// Changes the rules of tokens, or reads what was counted about them.
    pub fn tokens<T>(&self, change: impl FnOnce(&mut Tokens) -> T) -> T {
        change(&mut self.lock().tokens)
    }

    /// Changes what the vendor owns besides calls, or looks at it.
    pub fn owned<T>(&self, change: impl FnOnce(&mut Owned) -> T) -> T {
        change(&mut self.lock().owned)
    }

    fn line_up(&self, operation: &'static str, fault: Fault) {
        self.lock()
            .faults
            .entry(operation)
            .or_default()
            .push_back(fault);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What every operation begins with: it is counted, takes its time, and fails if it is to.
    pub(super) async fn begin(&self, operation: &'static str) -> Result<Fate> {
        let (delay, fault) = {
            let mut world = self.lock();
            *world.counts.entry(operation).or_default() += 1;
            let fault = world
                .faults
                .get_mut(operation)
                .and_then(VecDeque::pop_front);
            (world.delays.get(operation).copied(), fault)
        };
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        match fault {
            None => Ok(Fate::Answers),
            Some(Fault::Loses) => Ok(Fate::Lost),
            Some(Fault::Panics) => panic!("the fake vendor was told to panic"),
            Some(Fault::Fails { kind, retry }) => {
                let mut error = self.error(operation, kind);
                error.retry = retry.unwrap_or(error.retry);
                Err(error)
            }
        }
    }

    /// The same for an operation that needs to be let in.
    pub(super) async fn enter(
        &self,
        operation: &'static str,
        context: &CallContext<'_>,
        tokens: bool,
    ) -> Result<Fate> {
        let fate = self.begin(operation).await?;
        let world = self.lock();
        let now = world.now(context);
        let admitted = if tokens {
            world.tokens.admits(context.access_token, now)
        } else {
            world.tokens.knows_password(context.credentials)
        };
        let refused = world.refusing.contains(&operation) || !admitted;
        drop(world);
        if refused {
            Err(self.error(operation, ErrorKind::Unauthorized))
        } else {
            Ok(fate)
        }
    }

    pub(super) fn error(&self, operation: &'static str, kind: ErrorKind) -> ProviderError {
        ProviderError::new(self.lock().vendor, operation, kind)
    }
}

impl World {
    pub(super) fn now(&self, context: &CallContext<'_>) -> Timestamp {
        self.clock.as_ref().map_or(context.now, |clock| clock.now())
    }
}

impl Record {
    fn reference(&self) -> RecordRef {
        RecordRef::new(KIND, self.call.remote_id.clone())
    }

    fn raw(&self) -> Vec<RawDocument> {
        let body = serde_json::to_vec(&self.call).expect("a call is JSON");
        vec![RawDocument::json(operation::FETCH, body)]
    }

    /// The call as a list tells it.
    pub(super) fn listed(&self, listing: Listing) -> Change {
        match listing {
            Listing::Whole => self.whole(),
            Listing::Fingerprints => Change::Seen {
                record: self.reference(),
                fingerprint: fingerprint(&self.revision.to_be_bytes()),
                hint: Some(json!({"revision": self.revision})),
            },
        }
    }

    /// The call as it is told by its id.
    pub(super) fn whole(&self) -> Change {
        let record = self.reference();
        let raw = self.raw();
        match self.standing {
            Standing::Ready | Standing::Hidden => {
                let upsert = Upsert {
                    raw,
                    ..Upsert::new(record, self.call.clone(), Share::Whole)
                };
                Change::Upsert(Box::new(upsert))
            }
            Standing::NotReady => Change::NotReady {
                record,
                call: None,
                raw,
            },
            Standing::Broken => Change::Quarantined {
                record,
                raw,
                reason: "a member is missing or has another type".to_owned(),
                pointer: Some("/remote_id".to_owned()),
            },
        }
    }
}
