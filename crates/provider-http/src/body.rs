//! Reading a body: capped in decompressed bytes, never idle, never slower than the least rate.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use callweave_provider::http_client::TransportError;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use crate::{
    failure::{Failure, Stage},
    limits::Limits,
};

/// Memory that is set aside ahead for an answer whose length is announced.
const MOST_RESERVED: u64 = 1024 * 1024;

/// A body as it comes in, held to the limits.
pub(crate) struct Intake {
    response: reqwest::Response,
    cap: u64,
    received: u64,
    idle: Duration,
    window: Window,
}

impl Intake {
    pub(crate) fn new(response: reqwest::Response, cap: u64, limits: &Limits) -> Self {
        Self {
            response,
            cap,
            received: 0,
            idle: limits.idle,
            window: Window::new(limits),
        }
    }

    /// The next piece; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        // What the vendor announces is compressed where a coding is named; then it is no bound.
        if self
            .response
            .content_length()
            .is_some_and(|length| length > self.cap)
        {
            return Err(self.too_large());
        }
        let (piece, waited) = self.wait().await?;
        let Some(piece) = piece else {
            return Ok(None);
        };
        let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.received = self.received.saturating_add(length);
        if self.received > self.cap {
            return Err(self.too_large());
        }
        if self.window.count(waited, length) {
            Ok(Some(piece))
        } else {
            Err(Failure::last(TransportError::Timeout))
        }
    }

    /// Waits for a piece; tells what of the wait belongs to the current span of the least rate.
    async fn wait(&mut self) -> Result<(Option<Bytes>, Duration), Failure> {
        let patience = Instant::now() + self.idle;
        loop {
            let began = Instant::now();
            let until = patience.min(began + self.window.left());
            match tokio::time::timeout_at(until, self.response.chunk()).await {
                Ok(Ok(piece)) => return Ok((piece, began.elapsed())),
                Ok(Err(error)) => return Err(Failure::of(error, Stage::Body)),
                Err(_elapsed) if until < patience && self.window.met() => self.window.restart(),
                Err(_elapsed) => return Err(Failure::last(TransportError::Timeout)),
            }
        }
    }

    /// The whole body.
    pub(crate) async fn whole(mut self) -> Result<Bytes, Failure> {
        let announced = self
            .response
            .content_length()
            .unwrap_or(0)
            .min(MOST_RESERVED);
        let mut body = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
        while let Some(piece) = self.next().await? {
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }

    /// The body piece by piece. `slot` is given back when the stream ends or is dropped.
    pub(crate) fn stream(
        self,
        slot: OwnedSemaphorePermit,
    ) -> BoxStream<'static, Result<Bytes, TransportError>> {
        stream::try_unfold((self, slot), |(mut intake, slot)| async move {
            let piece = intake.next().await.map_err(|failure| failure.error)?;
            Ok(piece.map(|piece| (piece, (intake, slot))))
        })
        .boxed()
    }

    const fn too_large(&self) -> Failure {
        Failure::last(TransportError::TooLarge { limit: self.cap })
    }
}

/// The least rate. Only the time spent waiting for the vendor counts, so that a slow consumer is
/// not taken for a slow vendor.
struct Window {
    span: Duration,
    least: u64,
    waited: Duration,
    bytes: u64,
}

impl Window {
    const fn new(limits: &Limits) -> Self {
        Self {
            span: limits.rate_window,
            least: limits.rate_bytes,
            waited: Duration::ZERO,
            bytes: 0,
        }
    }

    const fn left(&self) -> Duration {
        self.span.saturating_sub(self.waited)
    }

    const fn met(&self) -> bool {
        self.bytes >= self.least
    }

    const fn restart(&mut self) {
        self.waited = Duration::ZERO;
        self.bytes = 0;
    }

    /// Counts a piece; `false` when a span went by with fewer bytes than the least.
    fn count(&mut self, waited: Duration, bytes: u64) -> bool {
        self.waited += waited;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.waited < self.span {
            return true;
        }
        let met = self.met();
        self.restart();
        met
    }
}
