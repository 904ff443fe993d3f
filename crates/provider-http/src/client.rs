//! One connection's client: admit, pace, send, retry, observe.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use callweave_provider::{
    HttpClient,
    http_client::{
        Answer, OutgoingRequest, OutgoingUpload, Safety, StreamingAnswer, TransportError,
        retry_after,
    },
};
use http::{Method, StatusCode, header::RETRY_AFTER};
use reqwest::Url;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use tracing::{Instrument as _, Span, debug, field, info_span};

use crate::{
    body::Intake,
    breaker::{Pass, Sign},
    failure::{Failure, Stage, outcome},
    lane::Lane,
    limits::Limits,
    transport::{ConnectionScope, Shared},
};

/// The client of one connection.
pub(crate) struct ConnectionClient {
    pub(crate) shared: Arc<Shared>,
    pub(crate) http: reqwest::Client,
    pub(crate) scope: ConnectionScope,
    reach: Reach,
    pub(crate) lane: Arc<Lane>,
    pub(crate) limits: Limits,
}

impl std::fmt::Debug for ConnectionClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ConnectionClient")
            .field("vendor", &self.scope.vendor)
            .field("account", &self.scope.account)
            .finish_non_exhaustive()
    }
}

/// How far a client's requests may go, the guard apart.
pub(crate) enum Reach {
    /// Anywhere.
    Everywhere,
    /// To the scheme, host and port of the connection.
    Origin(Box<Url>),
    /// Nowhere: the connection's address cannot be read.
    Nowhere,
}

impl Reach {
    /// How far a connection with this base address may go.
    pub(crate) fn of(base_url: Option<&str>) -> Self {
        match base_url.map(Url::parse) {
            None => Self::Everywhere,
            Some(Ok(base)) => Self::Origin(Box::new(base)),
            Some(Err(_)) => Self::Nowhere,
        }
    }
}

/// What of an answer an attempt reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    Head,
}

/// What an attempt read.
enum Received {
    Whole(Answer),
    Head(reqwest::Response),
}

impl Received {
    fn status(&self) -> StatusCode {
        match self {
            Self::Whole(answer) => answer.status,
            Self::Head(response) => response.status(),
        }
    }

    fn headers(&self) -> &http::HeaderMap {
        match self {
            Self::Whole(answer) => &answer.headers,
            Self::Head(response) => response.headers(),
        }
    }
}

#[async_trait]
impl HttpClient for ConnectionClient {
    async fn send(&self, request: OutgoingRequest) -> Result<Answer, TransportError> {
        let (received, _slot) = self.observed(&request, Extent::Whole).await?;
        match received {
            Received::Whole(answer) => Ok(answer),
            // Not reached: a whole answer was asked for.
            Received::Head(_) => Err(TransportError::Broken(None)),
        }
    }

    async fn stream(&self, request: OutgoingRequest) -> Result<StreamingAnswer, TransportError> {
        let (received, slot) = self.observed(&request, Extent::Head).await?;
        match received {
            Received::Head(response) => Ok(StreamingAnswer {
                status: response.status(),
                headers: response.headers().clone(),
                body: Intake::new(response, self.limits.stream_cap, &self.limits).stream(slot),
            }),
            // Not reached: only the head was asked for.
            Received::Whole(_) => Err(TransportError::Broken(None)),
        }
    }

    async fn upload(&self, request: OutgoingUpload) -> Result<Answer, TransportError> {
        let operation = request.operation;
        let span = self.span(operation);
        let began = Instant::now();
        let result = Box::pin(self.send_upload(request))
            .instrument(span.clone())
            .await;
        let status = result.as_ref().map(|answer| answer.status);
        self.record(operation, &span, began.elapsed(), status);
        result
    }
}

type Exchange = Result<(Received, OwnedSemaphorePermit), TransportError>;

impl ConnectionClient {
    pub(crate) const fn new(
        shared: Arc<Shared>,
        http: reqwest::Client,
        scope: ConnectionScope,
        reach: Reach,
        lane: Arc<Lane>,
        limits: Limits,
    ) -> Self {
        Self {
            shared,
            http,
            scope,
            reach,
            lane,
            limits,
        }
    }

    /// An exchange with its span and its metrics.
    async fn observed(&self, request: &OutgoingRequest, extent: Extent) -> Exchange {
        let span = self.span(request.operation);
        let began = Instant::now();
        let result = self
            .exchange(request, extent)
            .instrument(span.clone())
            .await;
        let status = result.as_ref().map(|(received, _)| received.status());
        self.record(request.operation, &span, began.elapsed(), status);
        result
    }

    fn span(&self, operation: &'static str) -> Span {
        info_span!(
            "vendor.request",
            vendor = self.scope.vendor,
            operation,
            account.id = %self.scope.account,
            status = field::Empty,
            outcome = field::Empty,
            elapsed_ms = field::Empty,
        )
    }

    fn record(
        &self,
        operation: &'static str,
        span: &Span,
        elapsed: Duration,
        result: Result<StatusCode, &TransportError>,
    ) {
        if let Ok(status) = result {
            span.record("status", status.as_u16());
        }
        let outcome = outcome_word(result);
        span.record("outcome", outcome);
        span.record("elapsed_ms", elapsed.as_secs_f64() * 1_000.0);
        let vendor = self.scope.vendor;
        metrics::counter!("callweave_vendor_requests_total",
            "vendor" => vendor, "operation" => operation, "outcome" => outcome)
        .increment(1);
        metrics::histogram!("callweave_vendor_request_seconds",
            "vendor" => vendor, "operation" => operation)
        .record(elapsed.as_secs_f64());
        span.in_scope(|| debug!("Asked the vendor"));
    }

    /// Admits the request, unless the vendor is to be left alone, and carries it out.
    async fn exchange(&self, request: &OutgoingRequest, extent: Extent) -> Exchange {
        let url = self.admit(request.request.uri())?;
        let pass = self.pass()?;
        let result = self.within_budget(request, &url, extent).await;
        pass.settle(sign(result.as_ref().map(|(received, _)| received.status())));
        result
    }

    /// The permission to send, unless the vendor is to be left alone.
    pub(crate) fn pass(&self) -> Result<Pass, TransportError> {
        self.lane
            .breaker
            .admit()
            .map_err(|after| TransportError::CircuitOpen { after })
    }

    /// Waits for a place and for the rate budget, and tries until there is an outcome.
    async fn within_budget(
        &self,
        request: &OutgoingRequest,
        url: &Url,
        extent: Extent,
    ) -> Exchange {
        let slot = self
            .lane
            .slot(self.limits.queue)
            .await
            .ok_or(TransportError::RateLimited { after: None })?;
        self.lane.earn_credit();
        // The wait for the budget is not the vendor's time.
        self.turn(self.limits.queue).await?;
        let total = self.limits.total_for(request.request.body().len());
        let attempts = self.attempts(request, url, extent, Instant::now() + total);
        let received = tokio::time::timeout(total, Box::pin(attempts))
            .await
            .unwrap_or(Err(TransportError::Timeout))?;
        Ok((received, slot))
    }

    /// Where the request goes, if it may go there.
    pub(crate) fn admit(&self, address: &http::Uri) -> Result<Url, TransportError> {
        let text = address.to_string();
        self.shared
            .guard
            .check_url(&text)
            .map_err(|_error| TransportError::EgressDenied)?;
        let url = Url::parse(&text).map_err(|_error| TransportError::EgressDenied)?;
        // Credentials never leave the configured host, whatever an adapter was made to build.
        let reached = match &self.reach {
            Reach::Everywhere => true,
            Reach::Origin(base) => base.origin() == url.origin(),
            Reach::Nowhere => false,
        };
        if reached {
            Ok(url)
        } else {
            Err(TransportError::EgressDenied)
        }
    }

    /// Waits for the rate budget; refuses while the vendor wants to be left alone.
    pub(crate) async fn turn(&self, longest: Duration) -> Result<(), TransportError> {
        self.lane
            .token(longest)
            .await
            .map_err(|wait| TransportError::RateLimited { after: Some(wait) })?;
        match self.shared.pace.remaining(self.scope.account).await {
            Some(left) => Err(TransportError::RateLimited { after: Some(left) }),
            None => Ok(()),
        }
    }

    async fn attempts(
        &self,
        request: &OutgoingRequest,
        url: &Url,
        extent: Extent,
        deadline: Instant,
    ) -> Result<Received, TransportError> {
        let mut retries = Retries::new(request, &self.limits);
        loop {
            let outcome = self.attempt(request, url, extent).await;
            let Some((reason, pause)) = retries.next(&outcome, &self.lane) else {
                return outcome.map_err(|failure| failure.error);
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if pause >= left {
                return outcome.map_err(|failure| failure.error);
            }
            metrics::counter!("callweave_vendor_retries_total",
                "vendor" => self.scope.vendor, "operation" => request.operation, "reason" => reason)
            .increment(1);
            debug!(retry.reason = reason, "Trying the vendor again");
            tokio::time::sleep(pause).await;
            // Where the vendor asked for a pause meanwhile, that is the outcome.
            self.turn(left).await?;
        }
    }

    /// Sends the request once.
    async fn attempt(
        &self,
        request: &OutgoingRequest,
        url: &Url,
        extent: Extent,
    ) -> Result<Received, Failure> {
        let response = self
            .http
            .request(request.request.method().clone(), url.clone())
            .headers(request.request.headers().clone())
            .body(request.request.body().clone())
            .send()
            .await
            .map_err(|error| Failure::of(error, Stage::Head))?;
        let status = response.status();
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            return Err(Failure::last(TransportError::Redirect { status }));
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            self.pause(response.headers()).await;
        } else {
            self.lane.accepted();
        }
        if extent == Extent::Head {
            return Ok(Received::Head(response));
        }
        let headers = response.headers().clone();
        let body = Intake::new(response, self.limits.body_cap, &self.limits)
            .whole()
            .await?;
        Ok(Received::Whole(Answer {
            status,
            headers,
            body,
        }))
    }

    /// Notes the pause that a 429 asked for, or one of our own making.
    pub(crate) async fn pause(&self, headers: &http::HeaderMap) {
        let own = self.lane.refused(rand::random());
        let pause = retry_after(headers, self.shared.clock.now()).unwrap_or(own);
        self.shared.pace.note(self.scope.account, pause).await;
    }
}

/// What an exchange says about the vendor. What was never sent, or refused for what it is, says
/// nothing.
pub(crate) fn sign(result: Result<StatusCode, &TransportError>) -> Sign {
    match result {
        Ok(status) if status.is_server_error() => Sign::Ill,
        Ok(_) => Sign::Well,
        Err(
            TransportError::Connect(_)
            | TransportError::Timeout
            | TransportError::Broken(_)
            | TransportError::Truncated(_),
        ) => Sign::Ill,
        Err(_) => Sign::None,
    }
}

/// What is left of a request's permission to be repeated.
struct Retries {
    safe: bool,
    may_be_stale: bool,
    left: u32,
    pause: Duration,
}

impl Retries {
    fn new(request: &OutgoingRequest, limits: &Limits) -> Self {
        let safe = request.safety == Safety::Read;
        let method = request.request.method();
        Self {
            safe,
            may_be_stale: safe && (method == Method::GET || method == Method::HEAD),
            left: if safe { limits.retries } else { 0 },
            pause: limits.retry_pause,
        }
    }

    /// Whether to try again, why, and after which pause.
    fn next(
        &mut self,
        outcome: &Result<Received, Failure>,
        lane: &Lane,
    ) -> Option<(&'static str, Duration)> {
        if !self.safe {
            return None;
        }
        let reason = match outcome {
            Err(failure) if failure.stale && self.may_be_stale => {
                self.may_be_stale = false;
                return Some(("stale_connection", Duration::ZERO));
            }
            Err(failure) if failure.passing => crate::failure::outcome(&failure.error),
            // A vendor that names a time is not asked before it; that is for the caller.
            Ok(received) if received.headers().contains_key(RETRY_AFTER) => return None,
            Ok(received) => match received.status().as_u16() {
                502 => "502",
                503 => "503",
                504 => "504",
                _ => return None,
            },
            Err(_) => return None,
        };
        if self.left == 0 || !lane.spend_credit() {
            return None;
        }
        self.left -= 1;
        let pause = self.pause.mul_f64(rand::random());
        self.pause = self.pause.saturating_mul(2);
        Some((reason, pause))
    }
}

/// How an exchange went, in one word: for metrics, traces and logs.
pub fn outcome_word(result: Result<StatusCode, &TransportError>) -> &'static str {
    match result {
        Ok(status) => status_word(status),
        Err(error) => outcome(error),
    }
}

/// The word of an answer.
const fn status_word(status: StatusCode) -> &'static str {
    match status.as_u16() {
        429 => "429",
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
