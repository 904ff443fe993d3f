//! What a backfill is expected to cost: the vendor is asked for one page of each stream, and where
//! that tells nothing, what is stored already is counted.

use std::time::Duration;

use callweave_credentials::connector::OpenConnection;
use callweave_model::Timestamp;
use callweave_provider::{Next, Page, ProviderError, Walk, WindowCost};
use callweave_store::{TenantTx, connections::Connection, sync_state::SyncState};

use crate::{ApiState, problem::Problem, wire::backfill::BackfillEstimate};

/// How long the vendor may take for all of the pages.
const PATIENCE: Duration = Duration::from_secs(10);

/// More streams than this are not asked one by one.
const MOST_STREAMS: usize = 20;

/// What one page of each stream told.
struct Probe {
    /// How many records the span holds, where all streams said so.
    records: Option<i64>,
    /// How many of them came on a page at most.
    page: i64,
}

/// What is known here before the vendor is asked.
pub(super) struct Known {
    /// Calls of the span, or all records where the vendor lists everything.
    pub(super) records: i64,
    /// The vendor may be asked at this moment.
    pub(super) may_ask: bool,
}

impl Known {
    /// Reads it.
    pub(super) async fn read(
        tx: &mut TenantTx,
        connection: &Connection,
        cost: WindowCost,
        (from, to): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let records = if cost.lists_everything {
            tx.count_records(connection.id).await?.known
        } else {
            tx.count_calls_between(connection.id, from, to).await?
        };
        let sync = tx.sync_state(connection.id).await?;
        let rests = |sync: SyncState| sync.not_before.is_some_and(|until| now < until);
        Ok(Self {
            records,
            may_ask: !sync.is_some_and(rests),
        })
    }
}

/// Estimates what walking a span costs.
pub(super) async fn estimate(
    state: &ApiState,
    open: &OpenConnection,
    cost: WindowCost,
    known: &Known,
    (from, to): (Timestamp, Timestamp),
) -> BackfillEstimate {
    let walk = Walk::Window { from, to };
    let probe = if known.may_ask {
        let request_id = state.ids().next().to_string();
        // A vendor that fails or takes its time is no reason not to begin.
        match tokio::time::timeout(PATIENCE, probe(open, &request_id, walk)).await {
            Ok(Ok(probe)) => probe,
            Ok(Err(_)) | Err(_) => None,
        }
    } else {
        None
    };
    let told = probe.as_ref().and_then(|probe| probe.records);
    let (records, source) = match (told, known.records) {
        (Some(told), _) => (Some(told), "vendor"),
        (None, stored) if stored > 0 => (Some(stored), "gateway"),
        (None, _) => (None, "nobody"),
    };
    let page = probe.map_or(50, |probe| probe.page.max(1));
    let lists = records.map(|records| records / page + 1);
    let all = lists.zip(records).map(|(lists, records)| {
        let fetches = records.saturating_mul(i64::from(cost.requests_per_record));
        lists.saturating_add(fetches)
    });
    let rate = open.provider().manifest().rate_budget.requests_per_second;
    BackfillEstimate {
        records,
        records_source: source.to_owned(),
        list_requests: lists,
        vendor_requests_max: all,
        seconds_max: all.map(|all| all / i64::from(rate.max(1)) + 1),
        lists_everything: cost.lists_everything,
        charged: cost.charged,
    }
}

/// Asks for one page of each stream; `None` where there are too many of them.
async fn probe(
    open: &OpenConnection,
    request_id: &str,
    walk: Walk,
) -> Result<Option<Probe>, ProviderError> {
    let provider = open.provider();
    let streams = open
        .run(request_id, |access| {
            Box::pin(async move {
                match provider.pull() {
                    Some(pull) => pull.streams(&access.context()).await,
                    None => Ok(Vec::new()),
                }
            })
        })
        .await?;
    if streams.len() > MOST_STREAMS {
        return Ok(None);
    }
    let mut probe = Probe {
        records: Some(0),
        page: 0,
    };
    for stream in &streams {
        let page = open
            .run(request_id, |access| {
                Box::pin(async move {
                    let Some(pull) = provider.pull() else {
                        return Ok(None);
                    };
                    let context = access.context();
                    pull.page(&context, stream, walk, None).await.map(Some)
                })
            })
            .await?;
        if let Some(page) = page {
            probe.take(&page);
        }
    }
    Ok(Some(probe))
}

impl Probe {
    fn take(&mut self, page: &Page) {
        let count = i64::try_from(page.changes.len()).unwrap_or(i64::MAX);
        let whole = matches!(page.next, Next::Done { .. }).then_some(count);
        let told = page
            .total_hint
            .and_then(|total| i64::try_from(total).ok())
            .or(whole);
        self.records = self.records.zip(told).map(|(all, more)| all + more);
        self.page = self.page.max(count);
    }
}
