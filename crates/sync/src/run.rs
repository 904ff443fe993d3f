//! One turn of one connection: walk, fetch, sweep, and say how it went.

use std::time::{Duration, Instant};

use callweave_credentials::connector::{Access, OpenConnection, Operation};
use callweave_model::{Timestamp, connection::ConnectionState};
use callweave_provider::{ErrorKind, Provider, ProviderError, Pull};
use callweave_store::{
    StoreError, TenantTx,
    calls::ConnectionScope,
    connections::{Connection, LastError},
    events::Event,
    sync_state::{Lease, RunEnd, SyncState},
};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{Engine, failure, failure::Patience, outcome::Rules, progress::Progress, walk::Pass};

/// Why a turn stopped before its work was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// The time of the turn is up, or the process ends.
    #[error("the turn is over")]
    TurnOver,
    /// The vendor failed in a way that concerns the whole connection.
    #[error("the vendor failed")]
    Vendor(#[source] ProviderError),
    /// Our own side failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl From<ProviderError> for Stop {
    fn from(error: ProviderError) -> Self {
        Self::Vendor(error)
    }
}

/// One turn of one connection.
pub(crate) struct Run<'e> {
    pub(crate) engine: &'e Engine,
    pub(crate) lease: Lease,
    pub(crate) connection: Connection,
    pub(crate) scope: ConnectionScope,
    pub(crate) open: OpenConnection,
    pub(crate) state: SyncState,
    pub(crate) progress: Progress,
    /// When every stream had been walked over what is new.
    walked: Option<Instant>,
    /// Everything that was new at this instant is here.
    complete_since: Option<Timestamp>,
    /// How long until the streams are to be walked over what is new, from the start of the turn.
    walk_due_in: Duration,
    /// When the turn went over to work that makes way for what is new.
    aside: Option<Instant>,
    started: Instant,
}

/// How a turn ended, as far as the vendor is concerned.
enum Ending<'a> {
    /// All of its work is done.
    Done,
    /// Its time was up.
    Over,
    /// The vendor failed.
    Failed(&'a ProviderError),
}

impl<'e> Run<'e> {
    /// Loads what the turn needs. `None` when the connection is gone or cannot be opened; its
    /// schedule is moved on then.
    pub(crate) async fn open(engine: &'e Engine, lease: Lease) -> Result<Option<Self>, StoreError> {
        let mut tx = engine.store.tenant(lease.tenant).await?;
        let connection = tx.find_connection(lease.connection).await?;
        let state = tx.sync_state(lease.connection).await?;
        let walk_due_in = tx.walk_due_in(lease.connection).await?;
        tx.commit().await?;
        let (Some(connection), Some(state)) = (connection, state) else {
            return Ok(None);
        };
        let scope = ConnectionScope {
            id: connection.id,
            vendor: connection.vendor.clone(),
            namespace: connection.namespace,
        };
        match engine.connector.open(&connection) {
            Ok(open) => Ok(Some(Self {
                engine,
                lease,
                connection,
                scope,
                open,
                state,
                progress: Progress::default(),
                walked: None,
                complete_since: None,
                walk_due_in,
                aside: None,
                started: Instant::now(),
            })),
            Err(error) => {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "A connection cannot be opened"
                );
                let reason = error.to_string();
                let mut tx = engine.store.tenant(lease.tenant).await?;
                let now = engine.clock.now();
                tx.hold_connection(lease.connection).await?;
                tx.set_connection_state(
                    lease.connection,
                    ConnectionState::Degraded,
                    Some(&reason),
                    now,
                )
                .await?;
                tx.end_run(&lease, failure::closed()).await?;
                tx.commit().await?;
                Ok(None)
            }
        }
    }

    /// Works until everything is done or the turn is over, and ends the run.
    pub(crate) async fn turn(mut self, shutdown: &CancellationToken) -> Result<(), StoreError> {
        let result = self.work(shutdown).await;
        let trouble = self.progress.take_trouble();
        match (result, &trouble) {
            (Err(Stop::Store(error)), _) => Err(error),
            (Err(Stop::Vendor(error)), _) => self.end(Ending::Failed(&error)).await,
            (_, Some(error)) => self.end(Ending::Failed(error)).await,
            (Ok(()), None) => self.end(Ending::Done).await,
            (Err(Stop::TurnOver), None) => self.end(Ending::Over).await,
        }
    }

    /// One turn's work: what is new first, then what takes its time.
    async fn work(&mut self, shutdown: &CancellationToken) -> Result<(), Stop> {
        let began = self.now();
        let provider = self.provider();
        self.remap(shutdown).await?;
        let Some(pull) = provider.pull() else {
            self.fetch_due(shutdown, None).await?;
            self.walked = Some(Instant::now());
            self.complete_since = Some(began);
            return Ok(());
        };
        let aside = self.full_walk_due().is_some() || self.has_backfill().await?;
        if !self.state.walk_due && !aside {
            return self.fetch_due(shutdown, None).await;
        }
        // Records that keep the vendor busy must not keep new ones from being listed.
        let opening = self.started + self.engine.options.turn / 3;
        self.fetch_due(shutdown, Some(opening)).await?;
        let streams = self.streams().await?;
        if self.state.walk_due {
            self.walk_streams(&streams, shutdown).await?;
        }
        self.aside = Some(Instant::now());
        self.run_backfills(&streams, shutdown).await?;
        self.sweep(pull, &streams, shutdown).await?;
        self.fetch_due(shutdown, None).await
    }

    async fn streams(&self) -> Result<Vec<String>, ProviderError> {
        let provider = self.open.provider();
        self.call(|access| {
            Box::pin(async move {
                match provider.pull() {
                    Some(pull) => pull.streams(&access.context()).await,
                    None => Ok(Vec::new()),
                }
            })
        })
        .await
    }

    async fn has_backfill(&self) -> Result<bool, StoreError> {
        let mut tx = self.tenant().await?;
        let open = tx.list_backfills(self.connection.id, true).await?;
        tx.commit().await?;
        Ok(!open.is_empty())
    }

    /// Walks all streams over what is new, and fetches it; a stream that fails does not keep the
    /// others from being walked.
    async fn walk_streams(
        &mut self,
        streams: &[String],
        shutdown: &CancellationToken,
    ) -> Result<(), Stop> {
        let (mut proved, mut walked) = (true, true);
        for stream in streams {
            match self.walk_stream(stream, Pass::Incremental, shutdown).await {
                Ok(complete) => proved &= complete,
                Err(Stop::Vendor(error)) if !failure::concerns_connection(error.kind) => {
                    self.note_stream_trouble(stream, &error).await?;
                    self.progress.note_trouble(error);
                    walked = false;
                }
                Err(stop) => return Err(stop),
            }
        }
        if walked {
            self.walked = Some(Instant::now());
        }
        self.fetch_due(shutdown, None).await?;
        if walked && proved {
            self.complete_since = self.walked_since(streams).await?;
        }
        Ok(())
    }

    /// The start of the walk that began first among the last proved ones of these streams.
    async fn walked_since(&self, streams: &[String]) -> Result<Option<Timestamp>, StoreError> {
        let mut tx = self.tenant().await?;
        let known = tx.list_streams(self.connection.id).await?;
        tx.commit().await?;
        let starts = known
            .iter()
            .filter(|stream| streams.contains(&stream.stream))
            .filter_map(|stream| stream.fresh_as_of);
        // Nothing is walked where there is nothing: an account without agents is complete.
        Ok(starts.min().or(Some(self.now())))
    }

    /// Keeps beside a stream why it could not be walked.
    pub(crate) async fn note_stream_trouble(
        &self,
        stream: &str,
        error: &ProviderError,
    ) -> Result<(), StoreError> {
        warn!(sync.stream = %stream, error = %error, "A stream could not be walked");
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        tx.note_stream_trouble(self.connection.id, stream, error.kind.code(), self.now())
            .await?;
        tx.commit().await
    }

    /// Ends the run in one transaction: the state of the connection, what is told of it, the
    /// schedule.
    async fn end(&self, ending: Ending<'_>) -> Result<(), StoreError> {
        let now = self.now();
        let mut tx = self.tenant().await?;
        tx.hold_lease(&self.lease, self.engine.options.lease)
            .await?;
        // A run that heard nothing of the vendor says nothing about it.
        let heard = self.walked.is_some() || self.progress.has_answer();
        if heard {
            tx.note_success(self.connection.id, now).await?;
        }
        if self.complete_since.is_some() {
            self.announce(&mut tx, now).await?;
        }
        let outcome = match ending {
            Ending::Done => "done",
            Ending::Over => "over",
            Ending::Failed(_) => "failed",
        };
        let end = match ending {
            Ending::Failed(error) => self.fail(&mut tx, error, heard, now).await?,
            Ending::Done | Ending::Over => {
                if heard {
                    tx.set_connection_state(self.connection.id, ConnectionState::Active, None, now)
                        .await?;
                }
                if self.progress.is_clean() {
                    // What failed while the vendor was unwell need not wait any longer.
                    tx.hurry_failed(self.connection.id, now).await?;
                }
                let over = matches!(ending, Ending::Over);
                let next_in = if over {
                    Duration::ZERO
                } else {
                    self.next_in(&mut tx, now).await?
                };
                RunEnd {
                    next_in,
                    ..failure::continued()
                }
            }
        };
        let end = RunEnd {
            complete_since: self.complete_since,
            walk_in: self.walk_in(),
            ..end
        };
        tx.end_run(&self.lease, end).await?;
        tx.commit().await?;
        let vendor = self.scope.vendor.clone();
        metrics::counter!("callweave_sync_turns_total",
            "vendor" => vendor.clone(), "outcome" => outcome)
        .increment(1);
        metrics::histogram!("callweave_sync_turn_seconds", "vendor" => vendor)
            .record(self.started.elapsed().as_secs_f64());
        Ok(())
    }

    /// Tells of a complete run, the first one or one that brought something.
    async fn announce(&self, tx: &mut TenantTx, now: Timestamp) -> Result<(), StoreError> {
        let [created, updated, restored, deleted] = tx.take_unannounced(self.connection.id).await?;
        let first = self.state.synced_at.is_none();
        if !first && created + updated + restored + deleted == 0 {
            return Ok(());
        }
        let event = Event {
            event_type: "sync.completed",
            connection: Some(self.connection.id),
            subject: Some(self.connection.id.0),
            data: json!({
                "vendor": self.scope.vendor, "first": first, "created": created,
                "updated": updated, "restored": restored, "deleted": deleted,
                "data_fresh_as_of": self.complete_since,
            }),
        };
        tx.insert_events(&[event], now).await
    }

    /// How long until there is something to do again.
    async fn next_in(&self, tx: &mut TenantTx, now: Timestamp) -> Result<Duration, StoreError> {
        let next_walk = match self.walk_in() {
            Some(pause) => pause,
            None => tx.walk_due_in(self.connection.id).await?,
        };
        // Nobody fetches due records of a vendor that has no lookup.
        let next_due = match self.provider().lookup() {
            Some(_) => tx.next_record_due(self.connection.id).await?,
            None => None,
        };
        Ok(next_due.map_or(next_walk, |due| due.since(now).min(next_walk)))
    }

    /// When the next walk over what is new is due, if the streams were walked.
    fn walk_in(&self) -> Option<Duration> {
        let poll = self.engine.options.poll_interval;
        self.walked.map(|at| poll.saturating_sub(at.elapsed()))
    }

    /// Notes what failed. A pause that the vendor asks for is no failure.
    async fn fail(
        &self,
        tx: &mut TenantTx,
        error: &ProviderError,
        heard: bool,
        now: Timestamp,
    ) -> Result<RunEnd, StoreError> {
        let silent = if heard {
            Some(Duration::ZERO)
        } else {
            self.connection.last_ok_at.map(|at| now.since(at))
        };
        let patience = Patience::new(self.engine.options.poll_interval, silent);
        let verdict = failure::verdict(error, self.state.failures, patience);
        info!(
            sync.error = %error,
            sync.state = %verdict.state,
            "A sync stopped; it goes on in {:?}",
            verdict.end.next_in
        );
        let last = LastError {
            at: now,
            code: error.kind.code().to_owned(),
            detail: Some(error.to_string()),
        };
        tx.note_failure(self.connection.id, &last).await?;
        tx.set_connection_state(self.connection.id, verdict.state, Some(verdict.reason), now)
            .await?;
        let before = self.connection.last_error.as_ref();
        let again =
            self.state.failures > 0 && before.is_some_and(|before| before.code == last.code);
        if error.kind != ErrorKind::RateLimited && !again {
            let event = Event {
                event_type: "sync.failed",
                connection: Some(self.connection.id),
                subject: Some(self.connection.id.0),
                data: json!({
                    "vendor": self.scope.vendor, "code": last.code, "operation": error.operation,
                    "retry_in_s": verdict.end.next_in.as_secs(),
                }),
            };
            tx.insert_events(&[event], now).await?;
        }
        Ok(verdict.end)
    }

    /// When the turn began.
    pub(crate) const fn started_at(&self) -> Instant {
        self.started
    }

    /// Fails when the turn is over.
    pub(crate) fn go_on(&self, shutdown: &CancellationToken) -> Result<(), Stop> {
        let over = shutdown.is_cancelled() || self.started.elapsed() >= self.engine.options.turn;
        if over { Err(Stop::TurnOver) } else { Ok(()) }
    }

    /// The same for work that makes way for what is new: it fails as well when the streams are to
    /// be walked again and it has had its share of the turn.
    pub(crate) fn go_on_aside(&self, shutdown: &CancellationToken) -> Result<(), Stop> {
        self.go_on(shutdown)?;
        let due = match self.walked {
            Some(at) => at.elapsed() >= self.engine.options.poll_interval,
            None => self.started.elapsed() >= self.walk_due_in,
        };
        let share = self.engine.options.turn / 3;
        let had_share = self.aside.is_none_or(|since| since.elapsed() >= share);
        if due && had_share {
            return Err(Stop::TurnOver);
        }
        Ok(())
    }

    /// One or the other, by the walk.
    pub(crate) fn go_on_with(&self, pass: Pass, shutdown: &CancellationToken) -> Result<(), Stop> {
        match pass {
            Pass::Incremental => self.go_on(shutdown),
            Pass::Full(_) => self.go_on_aside(shutdown),
        }
    }

    /// By which rules an answer of the vendor is judged.
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            deadline: self.engine.options.readiness_deadline,
            kept_since: self.kept_since(),
            lists_prove_absence: self
                .open
                .provider()
                .pull()
                .is_some_and(Pull::full_walk_proves_absence),
        }
    }

    /// A vendor operation with a valid token.
    pub(crate) async fn call<'a, T: Send>(
        &'a self,
        operation: impl Fn(Access) -> Operation<'a, T> + Send + Sync + 'a,
    ) -> Result<T, ProviderError> {
        let request_id = self.engine.ids.next().to_string();
        self.open.run(&request_id, operation).await
    }

    pub(crate) fn provider(&self) -> std::sync::Arc<dyn Provider> {
        self.open.provider().clone()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.engine.clock.now()
    }

    pub(crate) async fn tenant(&self) -> Result<TenantTx, StoreError> {
        self.engine.store.tenant(self.lease.tenant).await
    }
}
