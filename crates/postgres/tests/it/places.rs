//! Directories with awkward names.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use callweave_postgres::attach;

use crate::helpers::{scratch, start, store, stored};

#[tokio::test]
async fn names_that_mean_something_elsewhere_work() {
    let long = "long/".repeat(30);
    let names = [
        "space and 50% & more=1+2?#",
        "quote' \\ $HOME `id`",
        "comma, and \"",
        "Кириллица",
        long.as_str(),
    ];
    let names = names
        .map(OsStr::new)
        .into_iter()
        .chain([OsStr::from_bytes(b"not \xff text")]);
    for name in names {
        let directory = scratch();
        let data = directory.path().join(name);
        let postgres = start(&data).unwrap();
        store(postgres.url(), 7).await;
        assert_eq!(stored(postgres.url()).await, [7], "{}", name.display());
        assert_eq!(attach(&data).unwrap().unwrap().url(), postgres.url());
        let socket_directory = postgres.facts().socket_directory.clone();
        postgres.stop().unwrap();
        assert_eq!(
            socket_directory.exists(),
            socket_directory.starts_with(directory.path())
        );
    }
}
