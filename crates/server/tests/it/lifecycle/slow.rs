//! Clients that hold what they can for as long as they can.

use std::time::{Duration, Instant};

use callweave_sandbox::Vendor;
use reqwest::Method;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::status_of;
use crate::{
    outside::{Api, PATIENCE, Stage},
    support::{eventually, turn},
};

const SOCKETS: usize = 2_000;
const REQUESTS: usize = 300;
/// The limits, shortened so that a test can wait for them.
const LIMITS: [(&str, &str); 3] = [
    ("CALLWEAVE__SERVER__HEADER_TIMEOUT", "3s"),
    ("CALLWEAVE__SERVER__BODY_TIMEOUT", "3s"),
    ("CALLWEAVE__SERVER__WRITE_TIMEOUT", "3s"),
];
const LIMIT: Duration = Duration::from_secs(3);

/// The sockets of this test are many.
fn allow_many_files() {
    let allowed = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: allowed.maximum,
        ..allowed
    };
    setrlimit(Resource::Nofile, raised).unwrap();
}

/// Requests of honest clients, each on a connection of its own: 99 % take no longer than this.
async fn honest(api: &Api) -> Duration {
    let mut times = Vec::new();
    for _ in 0..REQUESTS {
        let began = Instant::now();
        let client = crate::support::http();
        let url = format!("http://{}/v1/calls?limit=5", api.address());
        let response = client.get(url).bearer_auth(api.key()).send().await.unwrap();
        assert_eq!(response.status(), 200);
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times[REQUESTS * 99 / 100]
}

/// Sends a byte of a head now and then, until the gateway closes; how long that took.
async fn dribble(address: String) -> Duration {
    let began = Instant::now();
    let Ok(mut stream) = TcpStream::connect(&address).await else {
        return began.elapsed();
    };
    let head = b"GET /v1/calls HTTP/1.1\r\nHost: x\r\nX-Slow: ";
    if stream.write_all(head).await.is_err() {
        return began.elapsed();
    }
    let mut nothing = [0; 256];
    loop {
        match timeout(Duration::from_millis(700), stream.read(&mut nothing)).await {
            Ok(Ok(0) | Err(_)) => return began.elapsed(),
            Ok(Ok(_)) => {}
            Err(_still_open) => {
                if stream.write_all(b"a").await.is_err() {
                    return began.elapsed();
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_112_r22_two_thousand_dribbling_sockets_harm_nobody() {
    let _turn = turn().await;
    allow_many_files();
    let stage = Stage::new(5).await;
    let gateway = stage.gateway("api", &LIMITS).await;
    let api = &gateway.api;
    stage
        .connect(api, Vendor::CallGear, &stage.sandbox.base_url())
        .await;
    let calm = honest(api).await;
    let attack = tokio::spawn({
        let address = api.address().to_owned();
        async move {
            let sockets = (0..SOCKETS).map(|_| dribble(address.clone()));
            futures::future::join_all(sockets).await
        }
    });
    let attacked = honest(api).await;
    let longest = attack.await.unwrap().into_iter().max().unwrap();
    println!(
        "R22 slow-loris: {SOCKETS} sockets, {REQUESTS} honest requests, 0 refused; 99 % within {:.1} ms \
         before, {:.1} ms meanwhile; no socket held longer than {:.1} s",
        calm.as_secs_f64() * 1e3,
        attacked.as_secs_f64() * 1e3,
        longest.as_secs_f64()
    );
    // Counted from the connect, which may wait in the queue of the system.
    assert!(longest < LIMIT * 5, "{longest:?}");
    assert!(attacked < LIMIT, "nobody waits for a place: {attacked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_112_slow_bodies_and_slow_readers_are_let_go() {
    let _turn = turn().await;
    let stage = Stage::new(5).await;
    let gateway = stage.gateway("api", &LIMITS).await;
    let api = &gateway.api;
    let began = Instant::now();
    let mut stream = TcpStream::connect(api.address()).await.unwrap();
    let head = format!(
        "POST /v1/calls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{{",
        api.key()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    let dribbling = tokio::spawn(async move {
        while to.write_all(b" ").await.is_ok() {
            sleep(Duration::from_millis(300)).await;
        }
    });
    let mut head = [0; 12];
    from.read_exact(&mut head).await.unwrap();
    assert_eq!(status_of(&String::from_utf8_lossy(&head)), 400);
    assert!(began.elapsed() >= LIMIT && began.elapsed() < LIMIT * 4);
    dribbling.abort();
    drop(from);

    // Answers that nobody takes: as many as the buffers on the way do not hold.
    let mut greedy = TcpStream::connect(api.address()).await.unwrap();
    let request = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
    let asked = timeout(LIMIT * 10, async {
        while greedy.write_all(request).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(
        asked.is_ok(),
        "the connection is not kept for somebody who takes nothing"
    );
    eventually("no connection but ours", PATIENCE, async || {
        let figures = api.metrics().await;
        let open = figures
            .lines()
            .find_map(|line| line.strip_prefix("callweave_http_connections "))
            .unwrap_or_default()
            .to_owned();
        // The client of this test keeps one or two.
        match open.parse::<f64>() {
            Ok(number) if number <= 2.0 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let (status, _) = api.send(Method::GET, "/v1/calls", None).await;
    assert_eq!(status, 200);
}
