//! Load in a closed loop: so many connections, each with one request under way. And in an open one: so many requests a
//! second, whatever becomes of those before.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use tokio::{net::TcpStream, task::JoinSet};

use crate::processes::{Spent, spent};

/// What is asked for: one of the paths by chance, over and over.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    /// The bearer token, if any.
    pub(crate) key: Option<String>,
    pub(crate) paths: Arc<Vec<String>>,
    /// The path that `paths` are posted to as bodies of JSON, instead of being asked for.
    pub(crate) posted_to: Option<&'static str>,
    pub(crate) connections: usize,
    pub(crate) time: Duration,
    pub(crate) seed: u64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// Answers a second.
    pub(crate) rate: f64,
    /// Milliseconds of the middle answer, of the hundredth slowest, and of all in the mean.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) mean: f64,
    /// Bytes of an answer, in the mean.
    pub(crate) size: f64,
    /// CPU microseconds an answer, by process tree.
    pub(crate) cpu: Vec<f64>,
}

/// Runs the load; any answer but a good one fails it. `roots` are the processes whose CPU time counts.
pub(crate) async fn run(load: &Load, roots: &[u32]) -> Result<Loaded> {
    ensure!(!load.paths.is_empty(), "there is nothing to ask for");
    let mut tasks = JoinSet::new();
    let mut connections = Vec::new();
    for _ in 0..load.connections {
        connections.push(connect(load.address).await?);
    }
    let before: Spent = spent(roots);
    let began = Instant::now();
    for (number, connection) in connections.into_iter().enumerate() {
        let load = load.clone();
        let seed = load.seed.wrapping_mul(1_000).wrapping_add(number as u64);
        tasks.spawn(async move { ask(&load, connection, seed, began + load.time).await });
    }
    let mut times = Vec::new();
    let mut size = 0;
    while let Some(ended) = tasks.join_next().await {
        let (of_one, bytes) = ended??;
        times.extend(of_one);
        size += bytes;
    }
    let wall = began.elapsed();
    let used = spent(roots).since(&before);
    Ok(summary(times, size, wall, &used))
}

/// What came of requests at a constant rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    /// Answers a second.
    pub(crate) rate: f64,
    /// Milliseconds from when a request was due until it was answered, however late it was sent.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// Sends requests at a constant rate over the connections of the load. A request whose turn comes while all of them
/// wait for answers is sent late, and its time counts from when it was due; one that was never sent counts until the
/// end.
pub(crate) async fn run_at(load: &Load, rate: u32) -> Result<Kept> {
    ensure!(!load.paths.is_empty(), "there is nothing to ask for");
    let count = u64::from(rate) * load.time.as_secs();
    let next = Arc::new(AtomicU64::new(0));
    let mut connections = Vec::new();
    for _ in 0..load.connections {
        connections.push(connect(load.address).await?);
    }
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for connection in connections {
        let (load, next) = (load.clone(), Arc::clone(&next));
        tasks.spawn(async move { take_turns(&load, connection, &next, count, rate, began).await });
    }
    let mut times = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        times.extend(ended??);
    }
    let answered = times.len();
    let end = began.elapsed();
    for number in next.load(Ordering::Relaxed).min(count)..count {
        times.push(end.saturating_sub(due(number, rate)).as_secs_f64() * 1_000.0);
    }
    let kept = summary(times, 0, end, &[]);
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 answers")]
    let rate = answered as f64 / end.as_secs_f64();
    Ok(Kept {
        rate,
        p50: kept.p50,
        p99: kept.p99,
    })
}

/// When a request is to be sent, from the beginning.
fn due(number: u64, rate: u32) -> Duration {
    Duration::from_nanos(number * 1_000_000_000 / u64::from(rate))
}

async fn take_turns(
    load: &Load,
    mut connection: SendRequest<Full<Bytes>>,
    next: &AtomicU64,
    count: u64,
    rate: u32,
    began: Instant,
) -> Result<Vec<f64>> {
    let host = load.address.to_string();
    let authorization = load.key.as_ref().map(|key| format!("Bearer {key}"));
    let mut times = Vec::new();
    // Without an end of its own a gateway that is too slow would make the run endless.
    while began.elapsed() < load.time * 2 {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            break;
        }
        let due = began + due(number, rate);
        tokio::time::sleep_until(due.into()).await;
        let mut random = SmallRng::seed_from_u64(load.seed.wrapping_mul(1_000_003) ^ number);
        let place = random.random_range(0..load.paths.len());
        let path = load.paths.get(place).context("a path")?;
        let request = request(load, path, &host, authorization.as_deref())?;
        connection.ready().await?;
        answered(&mut connection, request, path).await?;
        times.push(due.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(times)
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with the sender; what goes wrong the sender tells.
    tokio::spawn(async move { connection.await.ok() });
    Ok(sender)
}

async fn ask(
    load: &Load,
    mut connection: SendRequest<Full<Bytes>>,
    seed: u64,
    until: Instant,
) -> Result<(Vec<f64>, usize)> {
    let mut random = SmallRng::seed_from_u64(seed);
    let host = load.address.to_string();
    let authorization = load.key.as_ref().map(|key| format!("Bearer {key}"));
    let mut times = Vec::new();
    let mut size = 0;
    while Instant::now() < until {
        let place = random.random_range(0..load.paths.len());
        let path = load.paths.get(place).context("a path")?;
        let request = request(load, path, &host, authorization.as_deref())?;
        let began = Instant::now();
        connection.ready().await?;
        size += answered(&mut connection, request, path).await?;
        times.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok((times, size))
}

/// Sends a request, and returns how long the answer is, which has to be a good one.
async fn answered(
    connection: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    path: &str,
) -> Result<usize> {
    let answer = connection.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    ensure!(
        status.is_success(),
        "{path}: {status} {}",
        String::from_utf8_lossy(&body)
    );
    Ok(body.len())
}

fn request(
    load: &Load,
    path: &str,
    host: &str,
    authorization: Option<&str>,
) -> Result<Request<Full<Bytes>>> {
    let (request, body) = match load.posted_to {
        Some(place) => {
            let request = Request::post(place).header(header::CONTENT_TYPE, "application/json");
            (request, Full::from(path.to_owned()))
        }
        None => (Request::get(path), Full::default()),
    };
    let mut request = request.header(header::HOST, host);
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    Ok(request.body(body)?)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "far fewer than 2^53 answers and bytes"
)]
fn summary(mut times: Vec<f64>, size: usize, wall: Duration, used: &[Duration]) -> Loaded {
    times.sort_by(f64::total_cmp);
    let count = times.len() as f64;
    let at = |hundredths: usize| {
        let place = (times.len() * hundredths / 100).min(times.len().saturating_sub(1));
        times.get(place).copied().unwrap_or(f64::NAN)
    };
    Loaded {
        rate: count / wall.as_secs_f64(),
        p50: at(50),
        p99: at(99),
        mean: times.iter().sum::<f64>() / count,
        size: size as f64 / count,
        cpu: used
            .iter()
            .map(|used| used.as_secs_f64() * 1e6 / count)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_evenly() {
        assert_eq!(due(0, 1_000), Duration::ZERO);
        assert_eq!(due(1_500, 1_000), Duration::from_millis(1_500));
    }

    #[test]
    fn a_summary_counts_by_answer() {
        let times: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let cpu = [Duration::from_millis(50)];
        let loaded = summary(times, 5_000, Duration::from_secs(2), &cpu);
        assert_eq!((loaded.rate, loaded.p50, loaded.p99), (50.0, 51.0, 100.0));
        assert_eq!(
            (loaded.mean, loaded.size, loaded.cpu),
            (50.5, 50.0, vec![500.0])
        );
    }
}
