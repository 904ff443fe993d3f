//! An HTTP client that plays scripted answers.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use callweave_provider::{
    HttpClient,
    http_client::{
        Answer, OutgoingRequest, OutgoingUpload, Safety, StreamingAnswer, TransportError,
    },
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::{HeaderMap, Method, Uri};
use serde_json::Value;

/// The size of the pieces in which a streamed body comes.
const PIECE: usize = 7;

/// What was asked.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The operation id.
    pub operation: &'static str,
    /// Whether it may be repeated.
    pub safety: Safety,
    /// The method.
    pub method: Method,
    /// The address.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Recorded {
    /// An upload, its body read to the end.
    pub(crate) async fn of_upload(upload: OutgoingUpload) -> Result<Self, TransportError> {
        let (parts, ()) = upload.request.into_parts();
        let pieces: Vec<Bytes> = upload
            .body
            .content
            .try_collect()
            .await
            .map_err(|error| TransportError::Broken(Some(Box::new(error))))?;
        Ok(Self {
            operation: upload.operation,
            safety: Safety::Write,
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body: pieces.concat().into(),
        })
    }

    pub(crate) fn of(request: OutgoingRequest) -> Self {
        let (parts, body) = request.request.into_parts();
        Self {
            operation: request.operation,
            safety: request.safety,
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body,
        }
    }

    /// Method, path and query, e.g. `GET /calls?limit=2`.
    pub fn line(&self) -> String {
        let target = self
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        format!("{} {target}", self.method)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

type Play = Arc<dyn Fn(&Recorded) -> Result<Answer, TransportError> + Send + Sync>;

struct Script {
    method: Method,
    target: String,
    play: Play,
    lasting: bool,
    used: usize,
}

impl Script {
    fn fits(&self, request: &Recorded) -> bool {
        let path = request.uri.path();
        let whole = request
            .uri
            .path_and_query()
            .map_or(path, |target| target.as_str());
        let target = match self.target.strip_suffix('*') {
            Some(beginning) => whole.starts_with(beginning),
            None if self.target.contains('?') => whole == self.target,
            None => path == self.target,
        };
        self.method == request.method && target && (self.lasting || self.used == 0)
    }
}

/// Plays scripted answers and records what it was asked. Clones share one script.
///
/// A target is a path (any query fits), a path with a query (fits exactly), or either with `*` at
/// its end. Of the scripts that fit, the first that is not used up plays. A request that no script
/// fits ends the test.
#[derive(Clone, Default)]
pub struct CannedClient {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    scripts: Vec<Script>,
    otherwise: Option<Play>,
    requests: Vec<Recorded>,
}

impl fmt::Debug for CannedClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CannedClient")
    }
}

impl CannedClient {
    /// A client without any script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers one such request.
    #[must_use]
    pub fn on(self, method: &str, target: &str, answer: Answer) -> Self {
        self.script(method, target, false, move |_| Ok(answer.clone()))
    }

    /// Answers every such request.
    #[must_use]
    pub fn always(self, method: &str, target: &str, answer: Answer) -> Self {
        self.script(method, target, true, move |_| Ok(answer.clone()))
    }

    /// Fails one such request.
    #[must_use]
    pub fn fails(
        self,
        method: &str,
        target: &str,
        error: impl Fn() -> TransportError + Send + Sync + 'static,
    ) -> Self {
        self.script(method, target, false, move |_| Err(error()))
    }

    /// Answers every such request by looking at it.
    #[must_use]
    pub fn plays(
        self,
        method: &str,
        target: &str,
        play: impl Fn(&Recorded) -> Answer + Send + Sync + 'static,
    ) -> Self {
        self.script(method, target, true, move |request| Ok(play(request)))
    }

    /// What a request gets that no script fits.
    #[must_use]
    pub fn otherwise(
        self,
        play: impl Fn(&Recorded) -> Result<Answer, TransportError> + Send + Sync + 'static,
    ) -> Self {
        self.lock().otherwise = Some(Arc::new(play));
        self
    }

    /// The same client as the contract wants it.
    pub fn shared(&self) -> Arc<dyn HttpClient> {
        Arc::new(self.clone())
    }

    /// Everything that was asked so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.lock().requests.clone()
    }

    /// Method, path and query of everything that was asked so far.
    pub fn lines(&self) -> Vec<String> {
        self.lock().requests.iter().map(Recorded::line).collect()
    }

    /// Fails the test when a script was never played.
    pub fn assert_all_used(&self) {
        let state = self.lock();
        let unused: Vec<String> = state
            .scripts
            .iter()
            .filter(|script| script.used == 0)
            .map(|script| format!("{} {}", script.method, script.target))
            .collect();
        drop(state);
        assert!(
            unused.is_empty(),
            "never asked: {unused:#?}\nasked: {:#?}",
            self.lines()
        );
    }

    fn script(
        self,
        method: &str,
        target: &str,
        lasting: bool,
        play: impl Fn(&Recorded) -> Result<Answer, TransportError> + Send + Sync + 'static,
    ) -> Self {
        self.lock().scripts.push(Script {
            method: method.parse().expect("a method"),
            target: target.to_owned(),
            play: Arc::new(play),
            lasting,
            used: 0,
        });
        self
    }

    fn play(&self, recorded: &Recorded) -> Result<Answer, TransportError> {
        let mut state = self.lock();
        state.requests.push(recorded.clone());
        let scripted = state
            .scripts
            .iter_mut()
            .find(|script| script.fits(recorded));
        let play = match scripted {
            Some(script) => {
                script.used += 1;
                Some(Arc::clone(&script.play))
            }
            None => state.otherwise.clone(),
        };
        drop(state);
        match play {
            Some(play) => play(recorded),
            None => panic!("nothing is scripted for {}", recorded.line()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HttpClient for CannedClient {
    async fn send(&self, request: OutgoingRequest) -> Result<Answer, TransportError> {
        self.play(&Recorded::of(request))
    }

    async fn upload(&self, request: OutgoingUpload) -> Result<Answer, TransportError> {
        self.play(&Recorded::of_upload(request).await?)
    }

    async fn stream(&self, request: OutgoingRequest) -> Result<StreamingAnswer, TransportError> {
        let answer = self.play(&Recorded::of(request))?;
        let pieces: Vec<_> = answer
            .body
            .chunks(PIECE)
            .map(Bytes::copy_from_slice)
            .map(Ok)
            .collect();
        Ok(StreamingAnswer {
            status: answer.status,
            headers: answer.headers,
            body: stream::iter(pieces).boxed(),
        })
    }
}
