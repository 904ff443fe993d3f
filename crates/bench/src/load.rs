//! Load in a closed loop: so many connections, each with one request under way.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Empty};
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

async fn connect(address: SocketAddr) -> Result<SendRequest<Empty<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with the sender; what goes wrong the sender tells.
    tokio::spawn(async move { connection.await.ok() });
    Ok(sender)
}

async fn ask(
    load: &Load,
    mut connection: SendRequest<Empty<Bytes>>,
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
        let mut request = Request::get(path).header(header::HOST, &host);
        if let Some(authorization) = &authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request.body(Empty::new())?;
        let began = Instant::now();
        connection.ready().await?;
        let answer = connection.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        ensure!(
            status.is_success(),
            "{path}: {status} {}",
            String::from_utf8_lossy(&body)
        );
        times.push(began.elapsed().as_secs_f64() * 1_000.0);
        size += body.len();
    }
    Ok((times, size))
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
