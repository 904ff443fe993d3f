//! A gateway that is told to stop while it has work of every kind.

use std::time::{Duration, Instant};

use callweave_sandbox::{FaultKind, FaultSpec, Vendor};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::sleep,
};

use super::{read_answer, status_of};
use crate::{
    outside::{PATIENCE, Stage},
    support::{eventually, http, turn},
};

const IDLE: usize = 50;
const SLOW: usize = 5;

/// A connection that has had one answer and is kept.
async fn kept_alive(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).await.unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    stream
}

/// A request whose body takes four seconds to come in.
async fn slow_request(address: &str, key: &str) -> u16 {
    let body = r#"{"name": "slow", "scopes": ["calls:read"]}"#;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/api-keys HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for piece in body.as_bytes().chunks(1 + body.len() / 8) {
        sleep(Duration::from_millis(500)).await;
        stream.write_all(piece).await.unwrap();
    }
    status_of(&read_answer(&mut stream).await)
}

/// A download that is read slowly; whether it came to its proper end.
async fn slow_download(mut stream: TcpStream) -> (usize, bool) {
    let (mut length, mut last) = (0, Vec::new());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        sleep(Duration::from_millis(40)).await;
        let read = stream.read(&mut buffer).await.unwrap();
        if read == 0 {
            return (length, last.ends_with(b"0\r\n\r\n"));
        }
        length += read;
        last.extend_from_slice(&buffer[..read]);
        last.drain(..last.len().saturating_sub(16));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_080_r11_a_stop_under_way_costs_no_request() {
    let _turn = turn().await;
    let stage = Stage::new(200).await;
    let delay = ("CALLWEAVE__SERVER__DRAIN_DELAY", "2s");
    let gateway = stage.gateway("all", &[delay]).await;
    let api = gateway.api.clone();
    let url = stage.sandbox.base_url();
    stage.connect(&api, Vendor::CallGear, &url).await;
    eventually("enough to download", PATIENCE, async || {
        let page = api.get("/v1/calls?limit=200").await;
        match page["data"].as_array().unwrap().len() {
            200 => Ok(()),
            other => Err(other.to_string()),
        }
    })
    .await;
    // A sync is under way when the stop comes: the vendor takes its time.
    let slow = FaultKind::Slow { ms: 1_500 };
    let world = stage.sandbox.world();
    world.add_fault(FaultSpec::always(Vendor::CallGear, "*", slow));
    let address = api.address().to_owned();
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        idle.push(kept_alive(&address).await);
    }
    let requests: Vec<_> = (0..SLOW)
        .map(|_| {
            let (address, key) = (address.clone(), api.key().to_owned());
            tokio::spawn(async move { slow_request(&address, &key).await })
        })
        .collect();
    let mut download = TcpStream::connect(&address).await.unwrap();
    let request = format!(
        "GET /v1/calls/export?include=transcript,analyses HTTP/1.1\r\nHost: x\r\n\
         Authorization: Bearer {}\r\nAccept: application/x-ndjson\r\nConnection: close\r\n\r\n",
        api.key()
    );
    download.write_all(request.as_bytes()).await.unwrap();
    let mut begin = [0; 12];
    download.read_exact(&mut begin).await.unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    let download = tokio::spawn(slow_download(download));

    let told = Instant::now();
    let stopping = tokio::task::spawn_blocking(move || gateway.running.stop());
    eventually("unready", Duration::from_secs(2), async || {
        let ready = http().get(format!("http://{address}/readyz")).send().await;
        match ready.map(|response| response.status().as_u16()) {
            Ok(503) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let unready = told.elapsed();
    let mut finished = 0;
    for request in requests {
        let status = request.await.unwrap();
        assert_eq!(status, 201, "a request under way is answered");
        finished += 1;
    }
    let (length, whole) = download.await.unwrap();
    assert!(whole, "the download breaks off after {length} bytes");
    let (code, said) = stopping.await.unwrap();
    let took = told.elapsed();
    assert_eq!(code, Some(0), "{said}");
    let pool = stage.database.pool().await;
    let held: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM sync_state WHERE lease_until > now()) \
             + (SELECT count(*) FROM job_queue WHERE lease_until > now())",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    println!(
        "R11 graceful stop: {IDLE} kept-alive connections, {finished} of {SLOW} slow requests and a \
         download of {} KiB finished, unready after {:.2} s, exit 0 after {:.1} s, {held} leases held",
        length / 1024,
        unready.as_secs_f64(),
        took.as_secs_f64()
    );
    assert_eq!(held, 0, "leases are given back");
    assert!(took < Duration::from_secs(20), "{took:?}");
    drop(idle);
}
