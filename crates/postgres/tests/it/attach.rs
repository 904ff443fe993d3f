//! Commands beside the process that owns the server.

use std::{
    thread,
    time::{Duration, Instant},
};

use callweave_postgres::attach;

use crate::helpers::{Owner, processes, scratch, start, store, stored};

#[tokio::test]
async fn running_server_is_found_and_used() {
    let directory = scratch();
    let owner = Owner::start(directory.path());
    let attached = attach(directory.path()).unwrap().unwrap();
    assert_eq!(attached.url(), owner.url);
    store(attached.url(), 4).await;
    assert_eq!(stored(&owner.url).await, [4]);
    drop(attached);
    assert!(!processes(directory.path()).is_empty());
    owner.finish();
}

#[test]
fn nothing_is_found_before_and_after() {
    let directory = scratch();
    assert_eq!(attach(&directory.path().join("missing")).unwrap(), None);
    assert_eq!(attach(directory.path()).unwrap(), None);
    start(directory.path()).unwrap().stop().unwrap();
    assert_eq!(attach(directory.path()).unwrap(), None);
}

#[test]
fn server_that_is_starting_is_waited_for() {
    let directory = scratch();
    let path = directory.path().to_owned();
    let starting = thread::spawn(move || start(&path).unwrap());
    let deadline = Instant::now() + Duration::from_mins(1);
    let attached = loop {
        // `None` until the lock exists.
        if let Some(attached) = attach(directory.path()).unwrap() {
            break attached;
        }
        assert!(Instant::now() < deadline);
    };
    let postgres = starting.join().unwrap();
    assert_eq!(attached.url(), postgres.url());
    assert_eq!(attached.pid(), postgres.facts().pid);
}

#[test]
fn server_of_a_killed_owner_is_not_used() {
    let directory = scratch();
    let mut owner = Owner::start(directory.path());
    owner.kill();
    // It may still accept for an instant; then it must be gone.
    let deadline = Instant::now() + Duration::from_secs(30);
    while attach(directory.path()).unwrap().is_some() {
        assert!(Instant::now() < deadline);
    }
}
