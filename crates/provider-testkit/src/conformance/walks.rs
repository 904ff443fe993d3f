//! Walks are deterministic, survive JSON, and stay where they belong.

use std::sync::Arc;

use callweave_provider::{Change, Cursor, Next, ProviderFactory};

use super::{Action, Case, fingerprints};

/// The most pages of a healthy account in a test.
const MOST_PAGES: usize = 200;

pub(super) async fn check(factory: &dyn ProviderFactory, case: &Case) {
    let first = everything(factory, case).await;
    let second = everything(factory, case).await;
    assert_eq!(first, second, "the same answers give different changes");
    for action in Action::ALL {
        let client = case.client();
        let provider = case.provider(factory, Arc::new(client.clone()));
        // A healthy account may have nothing scripted for a login.
        if matches!(action, Action::Login | Action::Refresh) {
            continue;
        }
        let stream = first_stream(factory, case).await;
        if let Some(outcome) = case.act(action, provider.as_ref(), &stream).await {
            let about = format!("{action:?} of a healthy account");
            assert!(outcome.is_ok(), "{about}: {outcome:?}");
            case.assert_contained(&about, &client.requests());
            operations(
                factory,
                &about,
                client.requests().iter().map(|request| request.operation),
            );
        }
    }
    lookup(factory, case).await;
}

/// Every change of every stream, with each cursor sent through JSON.
async fn everything(factory: &dyn ProviderFactory, case: &Case) -> Vec<String> {
    let client = case.client();
    let provider = case.provider(factory, Arc::new(client.clone()));
    let Some(pull) = provider.pull() else {
        return Vec::new();
    };
    let mut met = Vec::new();
    for stream in pull
        .streams(&case.context())
        .await
        .expect("the streams of a healthy account")
    {
        let mut cursor: Option<Cursor> = None;
        for number in 0.. {
            assert!(number < MOST_PAGES, "the walk of {stream} does not end");
            let page = pull
                .page(&case.context(), &stream, case.walk, cursor.as_ref())
                .await
                .expect("a page of a healthy account");
            met.extend(fingerprints(&page.changes));
            let (next, last) = match page.next {
                Next::More(next) => (next, false),
                Next::Done { resume } => (resume, true),
                Next::Unproved { reason, .. } => panic!("a healthy walk is unproved: {reason}"),
            };
            let text = serde_json::to_string(&next).expect("a cursor is JSON");
            assert!(text.len() < 8 * 1024, "a cursor of {} bytes", text.len());
            let read: Cursor = serde_json::from_str(&text).expect("a cursor is JSON");
            assert_eq!(read, next, "a cursor does not survive JSON");
            assert_ne!(cursor.as_ref(), Some(&read), "the walk stands still");
            if last {
                break;
            }
            cursor = Some(read);
        }
    }
    case.assert_contained("a walk", &client.requests());
    met
}

/// The first stream of a healthy account.
pub(super) async fn first_stream(factory: &dyn ProviderFactory, case: &Case) -> String {
    let provider = case.provider(factory, Arc::new(case.client()));
    let Some(pull) = provider.pull() else {
        return String::new();
    };
    let streams = pull
        .streams(&case.context())
        .await
        .expect("the streams of a healthy account");
    streams.into_iter().next().unwrap_or_default()
}

/// Every operation named is one of the coverage table.
pub(super) fn operations(
    factory: &dyn ProviderFactory,
    about: &str,
    named: impl Iterator<Item = &'static str>,
) {
    let covered = factory.manifest().coverage;
    for operation in named {
        let known = covered.iter().any(|row| row.operation == operation);
        assert!(known, "{about}: {operation} is not in the coverage table");
    }
}

/// A fetched call can be translated again from its documents, and odd ids are refused.
async fn lookup(factory: &dyn ProviderFactory, case: &Case) {
    let provider = case.provider(factory, Arc::new(case.client()));
    let Some(lookup) = provider.lookup() else {
        return;
    };
    // What could leave its place in an address, or in a line of text.
    for odd in ["", ".", "..", "../1", "a\nb", "\u{0}", &"9".repeat(10_000)] {
        let taken = lookup.validate_call_id(odd).is_ok();
        assert!(
            !taken,
            "the call id {:?} is taken",
            odd.chars().take(20).collect::<String>()
        );
    }
    let Some((record, hint)) = &case.record else {
        return;
    };
    let fetched = lookup.fetch(&case.context(), record, hint.as_ref()).await;
    let Ok(Change::Upsert(upsert)) = fetched else {
        panic!("the record of a healthy account is not there: {fetched:?}");
    };
    assert!(
        !upsert.raw.is_empty(),
        "the documents behind a call are not kept"
    );
    if let Some(again) = lookup.remap(&upsert.record, &upsert.raw) {
        let Change::Upsert(again) = again else {
            panic!("a call translated again is none: {again:?}");
        };
        assert_eq!(
            again.call, upsert.call,
            "a call translated again is another one"
        );
    }
}
