//! `callweave serve`: the listener's limits and the way it stops.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::{fs::MetadataExt as _, process::ExitStatusExt as _},
    process::Command,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::support::{Place, Running, eventually, free_address, http, turn};

async fn serve(place: &Place, arguments: &[&str]) -> (Running, String) {
    let address = free_address();
    let mut command: Command = place.command();
    command
        .args(["serve", "--listen", &address])
        .args(arguments)
        .env("CALLWEAVE__SERVER__HEADER_TIMEOUT", "1s");
    let running = Running::start(&mut command);
    ready(&address).await;
    (running, address)
}

/// Waits until it serves.
async fn ready(address: &str) {
    let url = format!("http://{address}/readyz");
    eventually("ready", Duration::from_secs(60), async || {
        let response = http()
            .get(&url)
            .send()
            .await
            .map_err(|error| error.to_string())?;
        if response.status() == 200 {
            Ok(())
        } else {
            Err(response.status().to_string())
        }
    })
    .await;
}

#[tokio::test]
async fn slow_and_silent_clients_are_let_go() {
    let _turn = turn().await;
    let place = Place::new();
    let (running, address) = serve(&place, &[]).await;
    for begun in ["", "P", "GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(8)))
            .unwrap();
        stream.write_all(begun.as_bytes()).unwrap();
        let began = Instant::now();
        let mut rest = Vec::new();
        // Closed, with or without an answer; not left open.
        let closed = stream.read_to_end(&mut rest);
        assert!(closed.is_ok(), "{begun:?}: {closed:?}");
        assert!(began.elapsed() < Duration::from_secs(5), "{begun:?}");
    }
    let (code, said) = running.stop();
    assert_eq!(code, Some(0), "{said}");
    place.assert_abandoned();
}

#[tokio::test]
async fn short_commands_use_the_database_of_a_running_gateway() {
    let _turn = turn().await;
    let place = Place::new();
    let (running, address) = serve(&place, &[]).await;
    let request = http()
        .get(format!("http://{address}/v1/connections"))
        .bearer_auth(place.key("*"));
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(running.stop().0, Some(0));
    place.assert_abandoned();
}

#[tokio::test]
async fn a_worker_answers_health_checks_only() {
    let _turn = turn().await;
    let place = Place::new();
    let (running, address) = serve(&place, &["--role", "worker"]).await;
    let status = async |path: &str| {
        let url = format!("http://{address}{path}");
        http().get(url).send().await.unwrap().status()
    };
    assert_eq!(status("/livez").await, 200);
    assert_eq!(status("/metrics").await, 200);
    assert_eq!(status("/v1/calls").await, 404);
    assert_eq!(running.stop().0, Some(0));
    place.assert_abandoned();
}

#[tokio::test]
async fn a_stop_finishes_what_is_under_way() {
    let _turn = turn().await;
    let place = Place::new();
    let (running, address) = serve(&place, &[]).await;
    // A kept-alive connection with nothing under way must not hold up the end.
    let mut idle = TcpStream::connect(&address).unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let began = Instant::now();
    let (code, said) = running.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    place.assert_abandoned();
}

#[tokio::test]
async fn a_stop_ends_event_streams() {
    let _turn = turn().await;
    let place = Place::new();
    let (running, address) = serve(&place, &[]).await;
    let key = place.key("events:read");
    let mut streams = Vec::new();
    for _ in 0..10 {
        let url = format!("http://{address}/v1/events/stream");
        let request = http().get(url).bearer_auth(&key);
        let mut response = request.send().await.unwrap();
        let greeting = response.chunk().await.unwrap().unwrap();
        assert!(greeting.starts_with(b": callweave"));
        streams.push(response);
    }
    let began = Instant::now();
    let stopping = tokio::task::spawn_blocking(move || running.stop());
    for mut stream in streams {
        // To its proper end: it is not cut off.
        while stream.chunk().await.unwrap().is_some() {}
    }
    let (code, said) = stopping.await.unwrap();
    assert_eq!(code, Some(0), "{said}");
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    place.assert_abandoned();
}

#[tokio::test]
async fn a_taken_address_is_said_in_words() {
    let _turn = turn().await;
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = place
        .command()
        .args(["serve", "--listen", &address])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("taken by another process"), "{said}");
    assert!(!place.data_dir().exists(), "nothing was begun");
}

#[tokio::test]
async fn case_113_no_core_file_and_no_environment_tell_of_secrets() {
    let _turn = turn().await;
    let place = Place::of_ordinary_user();
    let address = free_address();
    let mut serving = place.command();
    serving.args(["serve", "--listen", &address]);
    // As loud as a system may be: core files of any size.
    let mut unlimited = Command::new("sh");
    unlimited
        .args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\""])
        .arg(serving.get_program())
        .args(serving.get_args())
        .env_clear();
    for (name, value) in serving.get_envs() {
        unlimited.env(name, value.unwrap_or_default());
    }
    let running = Running::start(place.as_its_user(&mut unlimited));
    ready(&address).await;
    let environment = std::fs::metadata(format!("/proc/{}/environ", running.pid())).unwrap();
    assert_eq!(environment.uid(), 0, "only root reads it");
    running.signal(Signal::ABORT);
    let status = running.status().await;
    assert_eq!(status.signal(), Some(Signal::ABORT.as_raw()));
    assert!(!status.core_dumped());
    place.assert_abandoned();
}
