//! The state of all four vendors, and what one may do to it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::{
    alovoice::AlovoiceState,
    call::{self, Call, patch::CallPatch},
    callgear::CallgearState,
    clock::Clock,
    config::SandboxConfig,
    faults::{Faults, spec::FaultSpec},
    neuro::NeuroState,
    random::{Random, mix},
    transcripto::TranscriptoState,
    vendor::Vendor,
    vendors::{self, RecordFacts},
};

pub(crate) mod book;
pub(crate) mod ledger;
pub(crate) mod options;
pub(crate) mod requests;
pub(crate) mod tokens;

use book::{Book, Edit};
use ledger::{Action, Ledger, LedgerEntry, LedgerEvent, LedgerPage};
use options::{Options, OptionsError};
use requests::{RequestReport, Requests};
use tokens::{Token, TokenKind, TokenLifetimes, TokenProblem, Tokens};

/// The world as every handler holds it.
pub(crate) type Shared = Arc<World>;

/// Ledger numbers set aside for the records of one seeded call.
const SEQ_PER_CALL: u64 = 8;
/// The seeded calls are spread over this long a time before the epoch.
const SEEDED_SPAN_S: i64 = 60 * 86_400;
/// From the start of a call until its analysis is there.
const ANALYSIS_LAG_S: i64 = 15 * 60;

/// All four vendors: their data, tokens, options, faults, request log and ledger.
#[derive(Debug)]
pub struct World {
    pub(crate) config: SandboxConfig,
    pub(crate) ledger: Ledger,
    pub(crate) tokens: Tokens,
    pub(crate) faults: Faults,
    pub(crate) requests: Requests,
    pub(crate) callgear: CallgearState,
    pub(crate) alovoice: AlovoiceState,
    pub(crate) neuro: NeuroState,
    pub(crate) transcripto: TranscriptoState,
    clock: Clock,
    started_at: Timestamp,
    epoch: Timestamp,
    options: RwLock<Options>,
    books: HashMap<Vendor, Mutex<Book>>,
}

/// What is known of a call without generating its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallHead {
    pub(crate) index: u32,
    pub(crate) version: u32,
    pub(crate) deleted: bool,
    pub(crate) started_at: Timestamp,
    pub(crate) changed_at: Timestamp,
}

/// Locks, and goes on where a test panicked with the lock in its hand: a half-done change of the
/// sandbox's data cannot do worse than the faults it plays on purpose.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The beginning of this UTC day: a sandbox that is started again on the same day shows the same
/// times, and the ids that are made of them.
fn start_of_day(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second() - now.as_second().rem_euclid(86_400)).unwrap_or(now)
}

impl World {
    /// A world as it is at the start.
    pub fn new(config: SandboxConfig) -> Self {
        let clock = Clock::default();
        let started_at = clock.now();
        let epoch = config.epoch.unwrap_or_else(|| start_of_day(started_at));
        let calls = config.calls_per_vendor;
        let world = Self {
            ledger: Ledger::new(
                u64::from(calls)
                    .saturating_mul(SEQ_PER_CALL)
                    .saturating_add(1),
            ),
            tokens: Tokens::new(config.seed),
            faults: Faults::default(),
            requests: Requests::default(),
            callgear: CallgearState::new(&config),
            alovoice: AlovoiceState::new(&config),
            neuro: NeuroState::new(&config),
            transcripto: TranscriptoState::new(&config),
            clock,
            started_at,
            epoch,
            options: RwLock::default(),
            books: Vendor::ALL
                .map(|vendor| (vendor, Mutex::new(Book::new(calls))))
                .into(),
            config,
        };
        // AloVoice has no login: its one token is there from the start.
        world.issue_token(Vendor::AloVoice, TokenKind::Access, "account");
        world
    }

    /// The vendors' present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sets how far the vendors' clock stands from wall time.
    pub fn set_clock_offset_ms(&self, offset_ms: i64) {
        self.clock.set_offset_ms(offset_ms);
    }

    /// The instant before which everything was seeded.
    pub fn epoch(&self) -> Timestamp {
        self.epoch
    }

    /// The instant this world began to be played.
    pub(crate) fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// The options in force.
    pub fn options(&self) -> Options {
        self.options
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces some options and gives all of them.
    ///
    /// # Errors
    /// When a name is unknown or a value has the wrong type.
    pub fn set_options(&self, changes: Map<String, Value>) -> Result<Options, OptionsError> {
        let mut options = self.options.write().unwrap_or_else(PoisonError::into_inner);
        *options = options.with(changes)?;
        Ok(options.clone())
    }

    /// Plays a fault from now on.
    pub fn add_fault(&self, fault: FaultSpec) {
        self.faults.add(fault);
    }

    /// Plays no fault any more.
    pub fn clear_faults(&self) {
        self.faults.clear();
    }

    /// Counts of requests and the latest of them.
    pub fn requests(&self, vendor: Option<Vendor>, operation: Option<&str>) -> RequestReport {
        self.requests.report(vendor, operation, usize::MAX)
    }

    /// Forgets all requests, so that a test counts from zero.
    pub fn clear_requests(&self) {
        self.requests.clear();
    }

    fn book(&self, vendor: Vendor) -> MutexGuard<'_, Book> {
        #[expect(clippy::indexing_slicing, reason = "`new` made a book for each vendor")]
        lock(&self.books[&vendor])
    }
}

// Calls.
impl World {
    /// The calls that exist, oldest first.
    pub(crate) fn live_calls(&self, vendor: Vendor) -> Vec<u32> {
        self.book(vendor).live().to_vec()
    }

    /// The calls that exist, least recently changed first.
    pub(crate) fn recent_calls(&self, vendor: Vendor) -> Vec<u32> {
        self.book(vendor).recent().to_vec()
    }

    /// What is known of a call without generating its text; deleted ones included.
    pub(crate) fn call_head(&self, vendor: Vendor, index: u32) -> Option<CallHead> {
        let (edit, seeded) = self.edit(vendor, index)?;
        Some(self.head(vendor, index, edit.as_ref(), seeded))
    }

    /// A call that exists, as it is now.
    pub(crate) fn call(&self, vendor: Vendor, index: u32) -> Option<Call> {
        let (edit, seeded) = self.edit(vendor, index)?;
        let head = self.head(vendor, index, edit.as_ref(), seeded);
        (!head.deleted).then(|| self.generate(vendor, head, edit.as_ref()))
    }

    /// A call as it is now, or as it last was before it was deleted.
    pub(crate) fn call_even_deleted(&self, vendor: Vendor, index: u32) -> Option<(Call, bool)> {
        let (edit, seeded) = self.edit(vendor, index)?;
        let head = self.head(vendor, index, edit.as_ref(), seeded);
        Some((self.generate(vendor, head, edit.as_ref()), head.deleted))
    }

    /// Adds a call; what the patch leaves open is generated. Gives the call's index.
    pub(crate) fn add_call(&self, vendor: Vendor, mut patch: CallPatch) -> u32 {
        let now = self.now();
        // A call keeps its start when it changes later, so the start is pinned here.
        patch.started_at = patch.started_at.or_else(|| {
            now.checked_sub(SignedDuration::from_secs(ANALYSIS_LAG_S))
                .ok()
        });
        let index = self.book(vendor).add(patch, now);
        self.note_call(vendor, index, Action::Added);
        index
    }

    /// Changes a call; one point of its checklist is judged in another way, and what the patch
    /// names is set. A call keeps its start. False when there is no such call.
    pub(crate) fn change_call(&self, vendor: Vendor, index: u32, mut patch: CallPatch) -> bool {
        // The order of the calls, and the ids of some vendors, hang on the start of a call.
        patch.started_at = None;
        let changed = self.book(vendor).change(index, patch, self.now()).is_some();
        if changed {
            self.note_call(vendor, index, Action::Changed);
        }
        changed
    }

    /// Deletes a call; false when there is no such call.
    pub(crate) fn delete_call(&self, vendor: Vendor, index: u32) -> bool {
        let deleted = self.book(vendor).delete(index, self.now()).is_some();
        if deleted {
            self.note_call(vendor, index, Action::Deleted);
        }
        deleted
    }

    fn edit(&self, vendor: Vendor, index: u32) -> Option<(Option<Edit>, u32)> {
        let book = self.book(vendor);
        book.knows(index)
            .then(|| (book.edit(index).cloned(), book.seeded()))
    }

    fn generate(&self, vendor: Vendor, head: CallHead, edit: Option<&Edit>) -> Call {
        let mut call = call::generate(self.config.seed, vendor, head);
        if let Some(edit) = edit {
            edit.patch.apply(&mut call);
        }
        call
    }

    fn head(&self, vendor: Vendor, index: u32, edit: Option<&Edit>, seeded: u32) -> CallHead {
        let pinned = edit.and_then(|edit| edit.patch.started_at);
        let started_at = pinned.unwrap_or_else(|| self.seeded_start(vendor, index, seeded));
        let analysed = started_at.checked_add(SignedDuration::from_secs(ANALYSIS_LAG_S));
        CallHead {
            index,
            version: edit.map_or(1, |edit| edit.version),
            deleted: edit.is_some_and(|edit| edit.deleted),
            started_at,
            changed_at: edit.map_or(analysed.unwrap_or(started_at), |edit| edit.changed_at),
        }
    }

    /// Seeded calls lie evenly before the epoch, each somewhere in its own slot, so that a higher
    /// index is a later call.
    fn seeded_start(&self, vendor: Vendor, index: u32, seeded: u32) -> Timestamp {
        let span_ms = (SEEDED_SPAN_S - ANALYSIS_LAG_S) * 1_000;
        let slot_ms = span_ms / i64::from(seeded.max(1));
        let slots_before = i64::from(seeded.saturating_sub(index));
        let bound = u64::try_from(slot_ms).unwrap_or(0);
        let jitter = mix(&[self.config.seed, vendor.number(), u64::from(index), 0x57a7])
            .checked_rem(bound)
            .and_then(|jitter| i64::try_from(jitter).ok())
            .unwrap_or(0);
        let before_ms = slots_before * slot_ms - jitter + ANALYSIS_LAG_S * 1_000;
        // Whole seconds: two of the vendors have no finer times.
        let start = self.epoch.as_second() - before_ms / 1_000;
        Timestamp::from_second(start).unwrap_or(self.epoch)
    }

    fn note_call(&self, vendor: Vendor, index: u32, action: Action) {
        let Some((call, _)) = self.call_even_deleted(vendor, index) else {
            return;
        };
        for record in vendors::records(self, &call) {
            self.ledger.append(
                self.now(),
                LedgerEvent {
                    vendor,
                    kind: record.kind,
                    id: record.id,
                    call_id: Some(record.call_id),
                    version: call.version,
                    action,
                    facts: record.facts,
                },
            );
        }
    }
}

// Records, as tests and the control surface name them.
impl World {
    /// Adds a call and gives the vendor's ids of its records.
    pub fn add_record(&self, vendor: Vendor, patch: CallPatch) -> Vec<String> {
        let index = self.add_call(vendor, patch);
        self.records_of(vendor, index)
            .into_iter()
            .map(|record| record.id)
            .collect()
    }

    /// Changes the call behind this vendor id; false when there is none.
    pub fn change_record(&self, vendor: Vendor, id: &str, patch: CallPatch) -> bool {
        vendors::find_call(self, vendor, id)
            .is_some_and(|index| self.change_call(vendor, index, patch))
    }

    /// Deletes the call behind this vendor id; false when there is none.
    pub fn delete_record(&self, vendor: Vendor, id: &str) -> bool {
        vendors::find_call(self, vendor, id).is_some_and(|index| self.delete_call(vendor, index))
    }

    /// The truth about the call behind this vendor id, with its text.
    pub fn record(&self, vendor: Vendor, id: &str) -> Option<Value> {
        let index = vendors::find_call(self, vendor, id)?;
        let (call, deleted) = self.call_even_deleted(vendor, index)?;
        let records: Vec<Value> = vendors::records(self, &call)
            .into_iter()
            .map(|record| json!({
                "kind": record.kind, "id": record.id, "call_id": record.call_id, "facts": record.facts,
            }))
            .collect();
        Some(json!({
            "vendor": vendor, "version": call.version, "deleted": deleted,
            "changed_at": call.changed_at, "records": records, "call": call.facts(),
            "text": call.text(),
        }))
    }

    /// A stretch of the vendor's ledger: first what was seeded, then what happened.
    pub fn ledger_page(&self, vendor: Vendor, after: u64, limit: usize) -> LedgerPage {
        let limit = limit.max(1);
        let mut entries = Vec::new();
        let seeded = self.book(vendor).seeded();
        let mut index = u32::try_from(after / SEQ_PER_CALL).unwrap_or(u32::MAX);
        while index < seeded && entries.len() < limit {
            entries.extend(
                self.seeded_entries(vendor, index)
                    .filter(|entry| entry.seq > after),
            );
            index += 1;
        }
        let mut more = index < seeded;
        if entries.len() < limit {
            let rest = limit - entries.len();
            let (events, left) = self.ledger.after(vendor, after, rest);
            entries.extend(events);
            more = left;
        } else if !more {
            more = !self
                .ledger
                .after(vendor, self.ledger.first_seq() - 1, 1)
                .0
                .is_empty();
        }
        let next_after = entries.last().map_or(after, |entry| entry.seq);
        LedgerPage {
            entries,
            next_after,
            more,
        }
    }

    fn seeded_entries(&self, vendor: Vendor, index: u32) -> impl Iterator<Item = LedgerEntry> {
        let head = self.head(vendor, index, None, self.book(vendor).seeded());
        let call = self.generate(vendor, head, None);
        let at = call.changed_at;
        let first = u64::from(index) * SEQ_PER_CALL + 1;
        let numbers = first..first + SEQ_PER_CALL;
        numbers
            .zip(vendors::records(self, &call))
            .map(move |(seq, record)| LedgerEntry {
                seq,
                at,
                vendor,
                kind: record.kind.to_owned(),
                id: record.id,
                call_id: Some(record.call_id),
                version: 1,
                deleted: false,
                action: Action::Seeded,
                facts: record.facts,
            })
    }

    fn records_of(&self, vendor: Vendor, index: u32) -> Vec<RecordFacts> {
        self.call_even_deleted(vendor, index)
            .map(|(call, _)| vendors::records(self, &call))
            .unwrap_or_default()
    }
}

// Credentials and tokens.
impl World {
    /// The password of the vendor's account. Invented from the seed; it protects nothing.
    pub(crate) fn password(&self, vendor: Vendor) -> String {
        format!(
            "play-{}",
            Random::new(&[self.config.seed, vendor.number(), 0x9a55]).hex(16)
        )
    }

    /// The accounts of the four vendors, with base URLs that start with `base_url`.
    pub fn credentials(&self, base_url: &str) -> Value {
        let accounts = Vendor::ALL.map(|vendor| {
            let mut account = vendors::credentials(self, vendor);
            if let Some(members) = account.as_object_mut() {
                members.insert("base_url".into(), json!(format!("{base_url}/{vendor}")));
            }
            (vendor.key().to_owned(), account)
        });
        Value::Object(accounts.into_iter().collect())
    }

    /// Gives out a token and writes it down.
    pub(crate) fn issue_token(&self, vendor: Vendor, kind: TokenKind, name: &str) -> Token {
        let token = self.tokens.issue(vendor, kind, name, self.now());
        self.note_token(vendor, &token, Action::Issued, None);
        token
    }

    /// Gives out an access token with its refresh token and writes both down.
    pub(crate) fn issue_pair(&self, vendor: Vendor) -> (Token, Token) {
        let (access, refresh) = self.tokens.issue_pair(vendor, self.now());
        self.note_token(vendor, &access, Action::Issued, None);
        self.note_token(vendor, &refresh, Action::Issued, None);
        (access, refresh)
    }

    /// The token behind this value, if it opens something now.
    pub(crate) fn check_token(
        &self,
        vendor: Vendor,
        kind: TokenKind,
        value: &str,
    ) -> Result<Token, TokenProblem> {
        self.tokens.check(vendor, kind, value, self.now())
    }

    /// Exchanges a refresh token for a new pair. A second use of the same one is written down too.
    pub(crate) fn spend_refresh(
        &self,
        vendor: Vendor,
        value: &str,
    ) -> Result<(Token, Token), TokenProblem> {
        let (old, outcome) = self.tokens.spend_refresh(vendor, value, self.now());
        if let Some(old) = old {
            let problem = outcome.as_ref().err();
            let action = if problem.is_some() {
                Action::Rejected
            } else {
                Action::Spent
            };
            self.note_token(vendor, &old, action, problem.copied());
        }
        if let Ok((access, refresh)) = &outcome {
            self.note_token(vendor, access, Action::Refreshed, None);
            self.note_token(vendor, refresh, Action::Refreshed, None);
        }
        outcome
    }

    /// Takes a token back; false when there is none with this id.
    pub(crate) fn revoke_token(&self, vendor: Vendor, id: &str) -> bool {
        let revoked = self.tokens.revoke(vendor, id);
        if revoked {
            let event = LedgerEvent {
                vendor,
                kind: "token",
                id: id.to_owned(),
                call_id: None,
                version: 1,
                action: Action::Revoked,
                facts: Value::Null,
            };
            self.ledger.append(self.now(), event);
        }
        revoked
    }

    /// Writes a login down. The user name is left out: it may hold a password typed there.
    pub(crate) fn note_login(&self, vendor: Vendor, accepted: bool) {
        let action = if accepted {
            Action::Login
        } else {
            Action::LoginRejected
        };
        let event = LedgerEvent {
            vendor,
            kind: "login",
            id: String::new(),
            call_id: None,
            version: 1,
            action,
            facts: Value::Null,
        };
        self.ledger.append(self.now(), event);
    }

    /// Sets how long the vendor's tokens live that are given out from now on.
    pub fn set_token_lifetimes(&self, vendor: Vendor, lifetimes: TokenLifetimes) {
        self.tokens.set_lifetimes(vendor, lifetimes);
    }

    /// Lets the vendor's access tokens run out at once, and with `refresh` its refresh tokens too.
    /// Gives how many. AloVoice's account then has a new token, which only the credentials tell.
    pub fn expire_tokens(&self, vendor: Vendor, refresh: bool) -> usize {
        let kind = (!refresh).then_some(TokenKind::Access);
        let expired = self.tokens.expire(vendor, kind, self.now()).len();
        if vendor == Vendor::AloVoice {
            self.issue_token(vendor, TokenKind::Access, "account");
        }
        expired
    }

    fn note_token(
        &self,
        vendor: Vendor,
        token: &Token,
        action: Action,
        problem: Option<TokenProblem>,
    ) {
        let facts = json!({
            "token_kind": token.kind,
            "pair": token.pair,
            "expires_at": token.expires_at,
            "problem": problem.map(|problem| format!("{problem:?}").to_lowercase()),
        });
        let event = LedgerEvent {
            vendor,
            kind: "token",
            id: token.id.clone(),
            call_id: None,
            version: 1,
            action,
            facts,
        };
        self.ledger.append(self.now(), event);
    }
}
