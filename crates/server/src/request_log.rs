//! What was asked of vendors, kept for `GET /v1/vendor-requests`: noted beside the work, which never
//! waits for it, and written in batches. Neither addresses, headers nor bodies are noted.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use callweave_credentials::origin;
use callweave_model::{
    Clock, TenantId, Timestamp,
    ids::{AccountId, Ids},
};
use callweave_provider::{
    HttpClient,
    http_client::{Answer, OutgoingRequest, OutgoingUpload, StreamingAnswer, TransportError},
};
use callweave_provider_http::outcome_word;
use callweave_store::{Store, StoreError, vendor_requests::NewVendorRequest};
use http::{HeaderMap, Method, StatusCode, header::CONTENT_LENGTH};
use tokio::{
    sync::{Mutex, mpsc},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// No request is kept longer.
pub(crate) const LONGEST: Duration = Duration::from_hours(7 * 24);
/// Requests that wait to be written; what comes beyond is counted and not kept.
const WAITING: usize = 8_192;
/// Rows of one transaction.
const BATCH: usize = 500;
/// Between two transactions, so that a batch comes together.
const GATHER: Duration = Duration::from_millis(500);

struct Noted {
    tenant: TenantId,
    request: NewVendorRequest,
}

/// The log of requests to vendors. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RequestLog {
    sender: mpsc::Sender<Noted>,
    /// Taken by whoever writes; a writer that ended leaves it to the next one.
    receiver: Arc<Mutex<mpsc::Receiver<Noted>>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    /// Rows of each kind that a tenant keeps.
    keep: u32,
}

impl std::fmt::Debug for RequestLog {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RequestLog")
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}

impl RequestLog {
    /// A log that keeps so many requests of each kind (well, not well) of each tenant.
    pub(crate) fn new(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, keep: u32) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        Self {
            sender,
            receiver: Arc::new(Mutex::new(receiver)),
            clock,
            ids,
            keep,
        }
    }

    /// How many requests of each kind a tenant keeps.
    pub(crate) const fn keep(&self) -> u32 {
        self.keep
    }

    /// A client whose requests are noted.
    pub(crate) fn watching(
        &self,
        client: Arc<dyn HttpClient>,
        vendor: &'static str,
        account: AccountId,
    ) -> Arc<dyn HttpClient> {
        if self.keep == 0 {
            return client;
        }
        Arc::new(Watched {
            client,
            log: self.clone(),
            vendor,
            account,
        })
    }

    fn note(&self, noted: Noted) {
        if self.sender.try_send(noted).is_err() {
            metrics::counter!("callweave_vendor_requests_unlogged_total").increment(1);
        }
    }

    /// Writes what is noted until `shutdown`, and then what is left.
    pub(crate) async fn write(self, store: Store, shutdown: CancellationToken) {
        let mut receiver = self.receiver.lock().await;
        let mut since_trim = HashMap::new();
        loop {
            let mut batch = Vec::with_capacity(BATCH);
            let ended = tokio::select! {
                _count = receiver.recv_many(&mut batch, BATCH) => false,
                () = shutdown.cancelled() => {
                    while let Ok(noted) = receiver.try_recv() {
                        batch.push(noted);
                    }
                    true
                }
            };
            let count = batch.len();
            if let Err(error) = self.write_batch(&store, batch, &mut since_trim).await {
                metrics::counter!("callweave_vendor_requests_unlogged_total")
                    .increment(u64::try_from(count).unwrap_or(0));
                warn!(
                    error = &error as &dyn std::error::Error,
                    "Requests to vendors could not be written to their log"
                );
            }
            if ended {
                return;
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(GATHER) => {}
            }
        }
    }

    async fn write_batch(
        &self,
        store: &Store,
        batch: Vec<Noted>,
        since_trim: &mut HashMap<TenantId, u32>,
    ) -> Result<(), StoreError> {
        let mut by_tenant: BTreeMap<TenantId, Vec<NewVendorRequest>> = BTreeMap::new();
        for noted in batch {
            by_tenant
                .entry(noted.tenant)
                .or_default()
                .push(noted.request);
        }
        for (tenant, requests) in by_tenant {
            let mut tx = store.tenant(tenant).await?;
            for part in requests.chunks(BATCH) {
                tx.note_vendor_requests(part).await?;
            }
            let written = since_trim.entry(tenant).or_default();
            *written = written.saturating_add(u32::try_from(requests.len()).unwrap_or(u32::MAX));
            if *written > self.keep / 4 {
                *written = 0;
                let oldest = self.clock.now().minus(LONGEST);
                tx.trim_vendor_requests(self.keep, oldest).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }
}

/// A client whose requests are noted.
#[derive(Debug)]
struct Watched {
    client: Arc<dyn HttpClient>,
    log: RequestLog,
    vendor: &'static str,
    account: AccountId,
}

/// What is known of a request before it is sent.
struct Begun {
    operation: &'static str,
    method: Method,
    at: Timestamp,
    began: Instant,
    sent_bytes: Option<u64>,
}

impl Watched {
    fn begin(&self, operation: &'static str, method: &Method, sent_bytes: Option<u64>) -> Begun {
        Begun {
            operation,
            method: method.clone(),
            at: self.log.clock.now(),
            began: Instant::now(),
            sent_bytes,
        }
    }

    fn end(
        &self,
        begun: &Begun,
        result: Result<StatusCode, &TransportError>,
        received_bytes: Option<u64>,
    ) {
        let origin = origin::current();
        let status = result.ok();
        self.log.note(Noted {
            tenant: self.account.tenant,
            request: NewVendorRequest {
                id: self.log.ids.next(),
                at: begun.at,
                namespace: self.account.namespace,
                connection: origin.connection.map(|connection| connection.0),
                vendor: self.vendor,
                operation: begun.operation,
                method: begun.method.to_string(),
                status: status.map(|status| status.as_u16()),
                outcome: outcome_word(result),
                failed: status.is_none_or(|status| status.as_u16() >= 400),
                elapsed: begun.began.elapsed(),
                sent_bytes: begun.sent_bytes,
                received_bytes,
                request_id: origin.request_id,
                record: origin.record,
            },
        });
    }
}

fn size(bytes: &[u8]) -> Option<u64> {
    u64::try_from(bytes.len()).ok()
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[async_trait]
impl HttpClient for Watched {
    async fn send(&self, request: OutgoingRequest) -> Result<Answer, TransportError> {
        let begun = self.begin(
            request.operation,
            request.request.method(),
            size(request.request.body()),
        );
        let result = self.client.send(request).await;
        let received = result.as_ref().ok().and_then(|answer| size(&answer.body));
        self.end(
            &begun,
            result.as_ref().map(|answer| answer.status),
            received,
        );
        result
    }

    async fn stream(&self, request: OutgoingRequest) -> Result<StreamingAnswer, TransportError> {
        let begun = self.begin(
            request.operation,
            request.request.method(),
            size(request.request.body()),
        );
        let result = self.client.stream(request).await;
        let received = result
            .as_ref()
            .ok()
            .and_then(|answer| announced(&answer.headers));
        self.end(
            &begun,
            result.as_ref().map(|answer| answer.status),
            received,
        );
        result
    }

    async fn upload(&self, request: OutgoingUpload) -> Result<Answer, TransportError> {
        let begun = self.begin(
            request.operation,
            request.request.method(),
            request.body.length,
        );
        let result = self.client.upload(request).await;
        let received = result.as_ref().ok().and_then(|answer| size(&answer.body));
        self.end(
            &begun,
            result.as_ref().map(|answer| answer.status),
            received,
        );
        result
    }
}
