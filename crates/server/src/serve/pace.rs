//! Clients that are slow on purpose: a body that trickles in, an answer that nobody takes.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::HttpBody;
use hyper::body::{Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

/// A body must bring so much, or its end, each time that its limit is waited for.
const PIECE: usize = 1024;

/// What is said of a client that is too slow.
fn too_slow(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

/// A request's body that ends with an error when the client keeps it waiting. Only the client's time
/// counts: while nobody reads, it may be as slow as we are.
#[derive(Debug)]
pub(super) struct PacedBody<B> {
    body: Pin<Box<B>>,
    limit: Duration,
    /// Runs while more is waited for.
    waiting: Option<Pin<Box<Sleep>>>,
    /// What came since it was started.
    came: usize,
}

impl<B> PacedBody<B> {
    pub(super) fn new(body: B, limit: Duration) -> Self {
        Self {
            body: Box::pin(body),
            limit,
            waiting: None,
            came: 0,
        }
    }
}

impl<B> HttpBody for PacedBody<B>
where
    B: HttpBody<Data = bytes::Bytes>,
    B::Error: Into<axum::BoxError>,
{
    type Data = B::Data;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Poll::Ready(frame) = self.body.as_mut().poll_frame(context) {
            let length = match &frame {
                Some(Ok(frame)) => frame.data_ref().map_or(0, bytes::Bytes::len),
                Some(Err(_)) | None => PIECE,
            };
            self.came = self.came.saturating_add(length);
            if self.came >= PIECE {
                self.waiting = None;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let limit = self.limit;
        if self.waiting.is_none() {
            self.came = 0;
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(waiting.as_mut().poll(context));
        let error = too_slow("the body comes in too slowly");
        Poll::Ready(Some(Err(error.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection that ends when the client does not take what is written to it.
#[derive(Debug)]
pub(super) struct PacedStream {
    stream: TcpStream,
    limit: Duration,
    /// Runs while the client takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl PacedStream {
    pub(super) const fn new(stream: TcpStream, limit: Duration) -> Self {
        Self {
            stream,
            limit,
            stalled: None,
        }
    }

    /// Passes on what came of a write, or says that it has taken too long.
    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let limit = self.limit;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(too_slow("the client does not take its answer")))
    }
}

impl AsyncRead for PacedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for PacedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use futures::stream;

    use super::*;

    /// Pieces of a length, each after a pause.
    fn trickle(length: usize, pause: Duration, pieces: usize) -> Body {
        let pieces = stream::unfold(0, move |number| async move {
            sleep(pause).await;
            let piece = bytes::Bytes::from(vec![b'x'; length]);
            (number < pieces).then_some((Ok::<_, io::Error>(piece), number + 1))
        });
        Body::from_stream(pieces)
    }

    #[tokio::test(start_paused = true)]
    async fn case_112_a_body_that_trickles_is_given_up() {
        let limit = Duration::from_secs(30);
        let read =
            async |body: Body| to_bytes(Body::new(PacedBody::new(body, limit)), 1 << 20).await;
        let begun = tokio::time::Instant::now();
        let trickling = read(trickle(1, Duration::from_secs(1), 600)).await;
        assert!(trickling.is_err());
        assert_eq!(begun.elapsed(), limit);
        // Slow, and honest.
        let slow = read(trickle(2_000, Duration::from_secs(20), 5))
            .await
            .unwrap();
        assert_eq!(slow.len(), 10_000);
        let stopped = read(trickle(2_000, Duration::from_secs(31), 5)).await;
        assert!(stopped.is_err());
    }
}
