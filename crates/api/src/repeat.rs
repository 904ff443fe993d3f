//! Requests that another transaction was in the way of are carried out again, before anybody hears
//! of it.
//!
//! Only what changes nothing but our own data, all of it in the one transaction that was undone: a
//! handler that acts on a vendor is not called twice.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use bytes::BytesMut;
use callweave_store::StoreError;
use futures::{StreamExt as _, stream};

use crate::{
    ApiState,
    audit::Trail,
    idempotency::{self, is_form},
    problem::Problem,
};

/// How often something is tried again.
const TIMES: u32 = 3;
/// The longest pause before the first repetition; each further one may be twice as long.
const PAUSE: Duration = Duration::from_millis(30);

/// Calls the handler again when its transaction was undone in favour of another one.
pub(crate) async fn repeat(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Some(trail) = parts.extensions.get::<Trail>().cloned() else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    if is_form(&parts.headers) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let heard = Heard::new(idempotency::body_limit(&state, parts.uri.path()));
    let mut body = heard.listen(body);
    for repetition in 0..TIMES {
        let request = Request::from_parts(parts.clone(), body);
        let response = next.clone().run(request).await;
        let contended = response
            .extensions()
            .get::<Problem>()
            .is_some_and(Problem::is_contended);
        let may = parts.method.is_safe() || trail.is_ours_alone();
        match heard.again() {
            Some(again) if contended && may => body = Body::from(again),
            _ => return response,
        }
        pause(repetition).await;
    }
    next.run(Request::from_parts(parts, body)).await
}

/// What may have become of a transaction.
pub(crate) trait Outcome {
    /// Whether it was undone in favour of another one, so that nothing of it was written.
    fn is_undone(&self) -> bool;
}

impl Outcome for StoreError {
    fn is_undone(&self) -> bool {
        matches!(self, Self::Contended(_))
    }
}

impl Outcome for Problem {
    fn is_undone(&self) -> bool {
        self.is_contended()
    }
}

/// Carries a transaction out, again when it was undone in favour of another one: for what a handler
/// writes after it asked a vendor.
pub(crate) async fn again<T, E, Attempt>(mut attempt: impl FnMut() -> Attempt) -> Result<T, E>
where
    E: Outcome,
    Attempt: Future<Output = Result<T, E>>,
{
    for repetition in 0..TIMES {
        match attempt().await {
            Err(error) if error.is_undone() => pause(repetition).await,
            other => return other,
        }
    }
    attempt().await
}

/// Two that were in each other's way must not meet again.
async fn pause(repetition: u32) {
    metrics::counter!("callweave_transactions_repeated_total").increment(1);
    let longest = PAUSE * 2_u32.pow(repetition);
    tokio::time::sleep(longest.mul_f64(rand::random())).await;
}

/// What a handler has read of a body.
#[derive(Clone)]
struct Heard {
    limit: usize,
    read: Arc<Mutex<Read>>,
}

enum Read {
    /// Nothing: the handler reads no body.
    Untouched,
    /// Some of it.
    Partly(BytesMut),
    /// All of it.
    Whole(Bytes),
    /// More than a handler takes, or it broke off.
    Lost,
}

impl Heard {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            read: Arc::new(Mutex::new(Read::Untouched)),
        }
    }

    /// The body, which is noted as it is read.
    fn listen(&self, body: Body) -> Body {
        let heard = self.clone();
        let pieces = body.into_data_stream().map(Some);
        let end = stream::once(async { None });
        let noted = pieces.chain(end).filter_map(move |piece| {
            heard.note(piece.as_ref());
            std::future::ready(piece)
        });
        Body::from_stream(noted)
    }

    /// Notes a piece; `None` is the end.
    fn note<E>(&self, piece: Option<&Result<Bytes, E>>) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match std::mem::replace(&mut *read, Read::Lost) {
            Read::Untouched => BytesMut::new(),
            Read::Partly(before) => before,
            Read::Whole(_) | Read::Lost => return,
        };
        *read = match piece {
            None => Read::Whole(before.freeze()),
            Some(Ok(piece)) if before.len() + piece.len() <= self.limit => {
                let mut longer = before;
                longer.extend_from_slice(piece);
                Read::Partly(longer)
            }
            Some(_) => Read::Lost,
        };
    }

    /// The body once more, where it is known.
    fn again(&self) -> Option<Bytes> {
        match &*self.read.lock().unwrap_or_else(PoisonError::into_inner) {
            Read::Untouched => Some(Bytes::new()),
            Read::Whole(bytes) => Some(bytes.clone()),
            Read::Partly(_) | Read::Lost => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    fn body(pieces: &'static [&'static str]) -> Body {
        let pieces = pieces.iter().map(|piece| Ok::<_, std::io::Error>(*piece));
        Body::from_stream(stream::iter(pieces))
    }

    #[tokio::test]
    async fn a_body_is_heard_once_it_was_read_to_its_end() {
        let heard = Heard::new(6);
        let listened = heard.listen(body(&["ab", "cd"]));
        assert_eq!(heard.again().unwrap(), "", "nobody reads it");
        assert_eq!(to_bytes(listened, 10).await.unwrap(), "abcd");
        assert_eq!(heard.again().unwrap(), "abcd");

        let heard = Heard::new(6);
        let mut partly = heard.listen(body(&["ab", "cd"])).into_data_stream();
        partly.next().await.unwrap().unwrap();
        assert_eq!(heard.again(), None, "half of it is no body");

        let heard = Heard::new(3);
        let listened = heard.listen(body(&["ab", "cd"]));
        to_bytes(listened, 10).await.unwrap();
        assert_eq!(heard.again(), None, "more than is kept");
    }
}
