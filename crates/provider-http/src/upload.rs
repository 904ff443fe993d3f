//! Requests with a streamed body: sent once, at the pace of both ends.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use callweave_provider::http_client::{Answer, OutgoingUpload, TransportError, UploadBody};
use futures::{StreamExt as _, stream::BoxStream};
use http::{StatusCode, header::CONTENT_LENGTH};
use tokio::time::Instant;

use crate::{
    body::Intake,
    client::{ConnectionClient, sign},
    failure::{Failure, Stage},
    pace::lock,
};

/// How far a body has gone out.
#[derive(Debug)]
struct Progress {
    moved_at: Instant,
    complete: bool,
}

impl ConnectionClient {
    /// Sends an upload and reads the whole answer.
    pub(crate) async fn send_upload(
        &self,
        upload: OutgoingUpload,
    ) -> Result<Answer, TransportError> {
        let url = self.admit(upload.request.uri())?;
        let _slot = self
            .lane
            .slot(self.limits.queue)
            .await
            .ok_or(TransportError::RateLimited { after: None })?;
        let pass = self.pass()?;
        self.turn(self.limits.queue).await?;
        let progress = Arc::new(Mutex::new(Progress {
            moved_at: Instant::now(),
            complete: false,
        }));
        let length = upload.body.length;
        let mut request = self
            .http
            .request(upload.request.method().clone(), url)
            .headers(upload.request.headers().clone())
            .body(reqwest::Body::wrap_stream(watched(
                upload.body,
                progress.clone(),
            )));
        if let Some(length) = length {
            request = request.header(CONTENT_LENGTH, length);
        }
        let exchange = self.exchange_upload(request);
        let result = tokio::select! {
            answer = exchange => answer.map_err(|failure| failure.error),
            () = stalled(&progress, self.limits.idle, self.limits.total) => Err(TransportError::Timeout),
        };
        pass.settle(sign(result.as_ref().map(|answer| answer.status)));
        result
    }

    async fn exchange_upload(&self, request: reqwest::RequestBuilder) -> Result<Answer, Failure> {
        let response = request
            .send()
            .await
            .map_err(|error| Failure::of(error, Stage::Head))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(Failure::last(TransportError::Redirect { status }));
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            self.pause(response.headers()).await;
        } else {
            self.lane.accepted();
        }
        let headers = response.headers().clone();
        let body = Intake::new(response, self.limits.body_cap, &self.limits)
            .whole()
            .await?;
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}

/// The pieces of a body, each noted as it goes out.
fn watched(
    body: UploadBody,
    progress: Arc<Mutex<Progress>>,
) -> BoxStream<'static, std::io::Result<bytes::Bytes>> {
    let end = progress.clone();
    body.content
        .inspect(move |_piece| lock(&progress).moved_at = Instant::now())
        .chain(
            futures::stream::once(async move {
                let mut progress = lock(&end);
                progress.moved_at = Instant::now();
                progress.complete = true;
            })
            .filter_map(|()| async { None }),
        )
        .boxed()
}

/// Ends when nothing has moved for too long: `idle` while the body goes out, `answer` after it.
async fn stalled(progress: &Mutex<Progress>, idle: Duration, answer: Duration) {
    loop {
        let deadline = {
            let progress = lock(progress);
            progress.moved_at + if progress.complete { answer } else { idle }
        };
        if Instant::now() >= deadline {
            return;
        }
        tokio::time::sleep_until(deadline).await;
    }
}
