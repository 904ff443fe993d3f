//! Who may use a directory, and as whom the server runs.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    thread,
    time::Duration,
};

use callweave_postgres::{Error, Options, Postgres};

use crate::helpers::{NOBODY, Owner, connect, is_root, scratch, start, store, stored};

#[test]
fn second_owner_is_refused_and_told_who_is_first() {
    let directory = scratch();
    let owner = Owner::start(directory.path());
    let error = start(directory.path()).unwrap_err();
    let expected = owner.child.id();
    assert!(
        matches!(error, Error::Owned { pid: Some(pid), .. } if pid == expected),
        "{error}"
    );
    assert!(
        error.to_string().contains(&format!("pid {expected}")),
        "{error}"
    );
    owner.finish();
    start(directory.path()).unwrap();
}

#[test]
fn patient_owner_waits_its_turn() {
    let directory = scratch();
    let owner = Owner::start(directory.path());
    let waiting = thread::spawn({
        let mut options = Options::new(directory.path());
        options.wait_for_owner = Duration::from_mins(1);
        move || Postgres::start(&options, &|_| {}).map(|postgres| postgres.facts().created)
    });
    owner.finish();
    assert!(!waiting.join().unwrap().unwrap());
}

#[tokio::test]
async fn superuser_is_ours_and_the_server_never_runs_as_root() {
    let directory = scratch();
    let postgres = start(directory.path()).unwrap();
    let mut connection = connect(postgres.url()).await;
    let (user, database, superuser): (String, String, bool) = sqlx::query_as(
        "SELECT current_user::text, current_database()::text, rolsuper \
         FROM pg_roles WHERE rolname = current_user",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(
        (user.as_str(), database.as_str(), superuser),
        ("callweave", "callweave", true)
    );
    let process = fs::metadata(format!("/proc/{}", postgres.facts().pid)).unwrap();
    assert_ne!(process.uid(), 0);
    assert_eq!(postgres.facts().uid.is_some(), is_root());
}

#[tokio::test]
async fn ordinary_user_runs_its_own_and_root_goes_on_with_it() {
    let directory = scratch();
    let data = directory.path().join("data");
    let owner = if is_root() {
        fs::create_dir(&data).unwrap();
        chown(&data, Some(NOBODY), Some(NOBODY)).unwrap();
        let server = start(&directory.path().join("another")).unwrap();
        Owner::start_as(NOBODY, &data, &server.facts().binaries)
    } else {
        Owner::start(&data)
    };
    store(&owner.url, 5).await;
    owner.finish();

    let postgres = start(&data).unwrap();
    assert_eq!(stored(postgres.url()).await, [5]);
    if is_root() {
        assert_eq!(postgres.facts().uid, Some(NOBODY));
    }
}

#[tokio::test]
async fn data_goes_aside_where_the_server_cannot_reach_it() {
    let directory = scratch();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let requested = directory.path().join("data");
    let postgres = start(&requested).unwrap();
    let place = postgres.facts().directory.clone();
    if !is_root() {
        // The server runs as ourselves, so it can.
        assert_eq!(postgres.facts().relocated_from, None);
        return;
    }
    let requested = fs::canonicalize(requested).unwrap();
    assert_eq!(postgres.facts().relocated_from.as_ref(), Some(&requested));
    assert!(
        place.starts_with("/var/lib/callweave"),
        "{}",
        place.display()
    );
    store(postgres.url(), 6).await;
    let attached = callweave_postgres::attach(&requested).unwrap().unwrap();
    assert_eq!(attached.url(), postgres.url());
    postgres.stop().unwrap();

    let again = start(&requested).unwrap();
    assert_eq!(again.facts().directory, place);
    assert_eq!(stored(again.url()).await, [6]);
    again.stop().unwrap();

    // Whoever deletes the directory wants to begin anew, and not to lose what is elsewhere.
    fs::remove_dir_all(&requested).unwrap();
    let fresh = start(&requested).unwrap();
    assert!(fresh.facts().created);
    assert_ne!(fresh.facts().directory, place);
    let second_place = fresh.facts().directory.clone();
    fresh.stop().unwrap();
    for place in [place, second_place] {
        fs::remove_dir_all(place).unwrap();
    }
}

#[test]
fn data_that_became_unreachable_is_not_replaced() {
    let directory = scratch();
    let data = directory.path().join("data");
    start(&data).unwrap().stop().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let result = start(&data);
    if is_root() {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    } else {
        assert!(!result.unwrap().facts().created);
    }
}

#[test]
fn cluster_of_an_unknown_version_is_not_touched() {
    let directory = scratch();
    start(directory.path()).unwrap().stop().unwrap();
    let version = directory.path().join("server/data/PG_VERSION");
    fs::write(&version, "12\n").unwrap();
    let mut options = Options::new(directory.path());
    options.install = false;
    let error = Postgres::start(&options, &|_| {}).unwrap_err();
    assert!(
        matches!(
            error,
            Error::NoBinaries {
                wanted: Some(12),
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("PostgreSQL 12"), "{error}");
}
