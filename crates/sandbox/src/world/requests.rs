//! Which requests came in: counts for ever, and the latest ones with their details.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Mutex,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::lock;
use crate::vendor::Vendor;

const KEPT: usize = 2_000;

/// One request as it was met. It holds no header, no query and no body: there are secrets in them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestEntry {
    /// Ascending over all vendors.
    pub seq: u64,
    /// When it arrived.
    pub at: Timestamp,
    /// Whom it went to.
    pub vendor: Vendor,
    /// The operation's id in the checklist of the documents, such as `CG-16`.
    pub operation: String,
    /// The HTTP method.
    pub method: String,
    /// The path with its parameters unfilled: AloVoice carries its token in the path.
    pub path: String,
    /// The status of the answer; 0 where the connection was closed without one.
    pub status: u16,
    /// The fault that was played, if any.
    pub fault: Option<String>,
    /// How long the answer took to begin.
    pub duration_ms: i64,
}

/// Counts and the latest requests.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RequestReport {
    /// All requests that match the question.
    pub total: u64,
    /// How many of them per operation.
    pub by_operation: BTreeMap<String, u64>,
    /// How many of them per status.
    pub by_status: BTreeMap<u16, u64>,
    /// The latest of them, oldest first.
    pub latest: Vec<RequestEntry>,
}

/// The request log.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    next_seq: u64,
    counts: BTreeMap<(Vendor, &'static str, u16), u64>,
    latest: VecDeque<RequestEntry>,
}

/// What the guard knows of a request when it is over.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) at: Timestamp,
    pub(crate) vendor: Vendor,
    pub(crate) operation: &'static str,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) fault: Option<String>,
    pub(crate) duration_ms: i64,
}

impl Requests {
    /// Writes a request down.
    pub(crate) fn record(&self, observed: Observed) {
        let mut inner = lock(&self.inner);
        let key = (observed.vendor, observed.operation, observed.status);
        *inner.counts.entry(key).or_default() += 1;
        inner.next_seq += 1;
        let seq = inner.next_seq;
        if inner.latest.len() == KEPT {
            inner.latest.pop_front();
        }
        inner.latest.push_back(RequestEntry {
            seq,
            at: observed.at,
            vendor: observed.vendor,
            operation: observed.operation.to_owned(),
            method: observed.method,
            path: observed.path,
            status: observed.status,
            fault: observed.fault,
            duration_ms: observed.duration_ms,
        });
    }

    /// Counts and the latest `limit` requests, of one vendor and one operation where given.
    pub(crate) fn report(
        &self,
        vendor: Option<Vendor>,
        operation: Option<&str>,
        limit: usize,
    ) -> RequestReport {
        let inner = lock(&self.inner);
        let mut report = RequestReport {
            total: 0,
            by_operation: BTreeMap::new(),
            by_status: BTreeMap::new(),
            latest: Vec::new(),
        };
        let asked = |found: Vendor, id: &str| {
            vendor.is_none_or(|wanted| wanted == found)
                && operation.is_none_or(|wanted| wanted == id)
        };
        for ((found, id, status), count) in &inner.counts {
            if asked(*found, id) {
                report.total += count;
                *report.by_operation.entry((*id).to_owned()).or_default() += count;
                *report.by_status.entry(*status).or_default() += count;
            }
        }
        let latest = inner
            .latest
            .iter()
            .rev()
            .filter(|entry| asked(entry.vendor, &entry.operation));
        report.latest = latest.take(limit).cloned().collect();
        report.latest.reverse();
        report
    }

    /// Forgets everything, so that a test counts from zero.
    pub(crate) fn clear(&self) {
        let mut inner = lock(&self.inner);
        inner.counts.clear();
        inner.latest.clear();
    }
}
