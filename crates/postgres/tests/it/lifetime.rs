//! The server lives as long as its owner, and not longer.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    thread,
    time::{Duration, Instant},
};

use callweave_postgres::{Error, Options, Postgres, Progress};
use rustix::process::{Pid, Signal, kill_process};

use crate::helpers::{
    Owner, assert_no_process_remains, connect, processes, scratch, start, store, stored,
};

#[tokio::test]
async fn data_outlives_an_orderly_stop() {
    let directory = scratch();
    let mut first = start(directory.path()).unwrap();
    assert!(first.facts().created && first.is_running());
    store(first.url(), 1).await;
    first.stop().unwrap();
    assert_eq!(processes(directory.path()), []);

    let second = start(directory.path()).unwrap();
    assert!(!second.facts().created);
    assert_eq!(stored(second.url()).await, [1]);
}

#[tokio::test]
async fn dropping_stops_despite_open_sessions() {
    let directory = scratch();
    let postgres = start(directory.path()).unwrap();
    let _session = connect(postgres.url()).await;
    drop(postgres);
    assert_eq!(processes(directory.path()), []);
}

#[tokio::test]
async fn server_follows_a_killed_owner_and_the_next_start_waits_for_it() {
    let directory = scratch();
    let mut owner = Owner::start(directory.path());
    store(&owner.url, 2).await;
    owner.kill();
    // At once, while the old server is shutting down.
    let next = start(directory.path()).unwrap();
    assert_eq!(stored(next.url()).await, [2]);
    drop(next);

    let mut owner = Owner::start(directory.path());
    owner.kill();
    assert_no_process_remains(directory.path());
}

#[test]
fn owner_may_be_killed_at_any_moment() {
    let directory = scratch();
    for step in 0..10 {
        // Through the making of the cluster, then through a warm start.
        let data = directory.path().join(format!("data-{step}"));
        Owner::start_and_kill(&data, Duration::from_millis(step * 40));
        start(&data).unwrap().stop().unwrap();
        Owner::start_and_kill(&data, Duration::from_millis(step * 5));
        start(&data).unwrap().stop().unwrap();
    }
    assert_no_process_remains(directory.path());
}

#[tokio::test]
async fn start_recovers_after_everything_was_killed() {
    let directory = scratch();
    let mut owner = Owner::start(directory.path());
    store(&owner.url, 3).await;
    // Guard and all, as when the machine loses power: pid file and socket stay behind.
    for (pid, _) in processes(directory.path()) {
        kill(pid);
    }
    owner.kill();
    assert_no_process_remains(directory.path());
    let cluster = directory.path().join("server/data");
    // After a restart of a container the old number belongs to somebody else.
    let pid_file = fs::read_to_string(cluster.join("postmaster.pid")).unwrap();
    let (_, rest) = pid_file.split_once('\n').unwrap();
    fs::write(
        cluster.join("postmaster.pid"),
        format!("{}\n{rest}", std::process::id()),
    )
    .unwrap();

    let next = start(directory.path()).unwrap();
    assert_eq!(stored(next.url()).await, [3]);
}

#[tokio::test]
async fn server_ends_although_its_guard_was_killed() {
    let directory = scratch();
    let postgres = start(directory.path()).unwrap();
    let guard = processes(directory.path())
        .into_iter()
        .find(|(pid, line)| {
            line.contains("callweave-postgres-guard") && parent(*pid) == std::process::id()
        })
        .unwrap();
    kill(guard.0);
    postgres.stop().unwrap();
    assert_no_process_remains(directory.path());
}

#[test]
fn guard_goes_when_the_server_ends_by_itself() {
    let directory = scratch();
    let mut postgres = start(directory.path()).unwrap();
    kill(postgres.facts().pid);
    assert_no_process_remains_but_zombies(&mut postgres);
    assert!(matches!(postgres.stop(), Ok(())));
    start(directory.path()).unwrap().stop().unwrap();
}

/// The guard is our child, and stays in the table until it is asked for.
fn assert_no_process_remains_but_zombies(postgres: &mut Postgres) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while postgres.is_running() {
        assert!(Instant::now() < deadline);
        thread::sleep(Duration::from_millis(5));
    }
    assert_no_process_remains(&postgres.facts().directory);
}

#[test]
fn interrupt_from_the_terminal_reaches_only_the_owner() {
    let directory = scratch();
    let postgres = start(directory.path()).unwrap();
    let server = processes(&postgres.facts().directory);
    assert!(server.len() >= 3, "{server:?}");
    let own = process_group(std::process::id());
    for (pid, line) in server {
        assert_ne!(process_group(pid), own, "{line}");
    }
    // A service manager may signal every process: the guard must outlive its server.
    let guard = processes(&postgres.facts().directory)
        .into_iter()
        .find(|(pid, _)| parent(*pid) == std::process::id())
        .unwrap();
    for signal in [Signal::HUP, Signal::INT, Signal::TERM] {
        send(signal, guard.0);
    }
    let mut postgres = postgres;
    assert!(postgres.is_running());
    postgres.stop().unwrap();
}

#[test]
fn interrupted_creation_is_begun_again() {
    let directory = scratch();
    start(directory.path()).unwrap().stop().unwrap();
    let server = directory.path().join("server");
    fs::rename(server.join("data"), server.join("data.new")).unwrap();
    let postgres = start(directory.path()).unwrap();
    assert!(postgres.facts().created);
    assert!(!server.join("data.new").exists());
}

#[test]
fn failure_to_start_shows_what_the_server_says() {
    let directory = scratch();
    let mut options = Options::new(directory.path());
    options
        .settings
        .push(("shared_buffers".to_owned(), "lots".to_owned()));
    let error = Postgres::start(&options, &|_| {}).unwrap_err();
    assert!(
        matches!(&error, Error::Ended { tail, .. } if tail.contains("lots")),
        "{error}"
    );
    assert_no_process_remains(directory.path());
}

#[test]
fn steps_are_told() {
    let directory = scratch();
    let steps = std::cell::RefCell::new(Vec::new());
    let options = Options::new(directory.path());
    let postgres =
        Postgres::start(&options, &|progress| steps.borrow_mut().push(progress)).unwrap();
    let cluster = postgres.facts().directory.join("server/data");
    let expected = [
        Progress::Creating {
            directory: cluster.clone(),
        },
        Progress::Starting,
        Progress::Ready,
    ];
    assert_eq!(*steps.borrow(), expected);
    let server = fs::metadata(cluster.parent().unwrap()).unwrap();
    assert_eq!(server.mode() & 0o7777, 0o700);
}

fn kill(pid: u32) {
    send(Signal::KILL, pid);
}

fn send(signal: Signal, pid: u32) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    // One that has just ended is fine.
    let _ = kill_process(pid, signal);
}

/// Fields after the program's name in parentheses: state, parent, process group.
fn stat(pid: u32) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat
        .rsplit_once(") ")
        .map(|(_, fields)| fields.to_owned())
        .unwrap_or_default();
    fields.split(' ').map(str::to_owned).collect()
}

fn parent(pid: u32) -> u32 {
    stat(pid)
        .get(1)
        .and_then(|field| field.parse().ok())
        .unwrap_or_default()
}

fn process_group(pid: u32) -> u32 {
    stat(pid)
        .get(2)
        .and_then(|field| field.parse().ok())
        .unwrap_or_default()
}
