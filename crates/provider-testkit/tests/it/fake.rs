use std::{sync::Arc, time::Duration};

use callweave_provider::{
    Change, Cursor, ErrorKind, Next, Provider, ProviderFactory, RecordRef, Settings, Walk,
};
use callweave_provider_testkit::{
    Caller, CannedClient,
    fake::{FakeFactory, Listing, RefreshRule, Standing, operation},
};
use secrecy::ExposeSecret as _;

fn provider(factory: &FakeFactory) -> Arc<dyn Provider> {
    factory
        .build(Settings::default(), CannedClient::new().shared())
        .unwrap()
}

async fn signed_in(provider: &Arc<dyn Provider>) -> Caller {
    let caller = Caller::new(&[("password", "correct")]);
    let grant = provider
        .token_grant()
        .unwrap()
        .login(&caller.context())
        .await
        .unwrap();
    caller.with_token(grant.access_token.expose_secret())
}

async fn walk(
    provider: &Arc<dyn Provider>,
    caller: &Caller,
    walk: Walk,
    mut cursor: Option<Cursor>,
) -> (Vec<String>, Cursor) {
    let mut met = Vec::new();
    loop {
        let pull = provider.pull().unwrap();
        let page = pull
            .page(&caller.context(), "calls", walk, cursor.as_ref())
            .await
            .unwrap();
        met.extend(page.changes.iter().map(|change| match change {
            Change::Seen { record, .. } => record.remote_id.clone(),
            Change::Upsert(upsert) => upsert.record.remote_id.clone(),
            other => panic!("{other:?}"),
        }));
        match page.next {
            Next::More(next) => cursor = Some(next),
            Next::Done { resume } => return (met, resume),
            Next::Unproved { reason, .. } => panic!("{reason}"),
        }
    }
}

#[tokio::test]
async fn walks_meet_each_call_once_and_only_what_changed_after_that() {
    let factory = FakeFactory::new();
    let (provider, vendor) = (provider(&factory), factory.main());
    let caller = signed_in(&provider).await;
    vendor.put_ids(["3", "1", "2"]);
    vendor.set_page_size(2);
    let (first, resume) = walk(&provider, &caller, Walk::Incremental, None).await;
    assert_eq!(first, ["3", "1", "2"]);
    vendor.put_ids(["1"]);
    vendor.set_listing(Listing::Fingerprints);
    let (second, resume) = walk(&provider, &caller, Walk::Incremental, Some(resume)).await;
    assert_eq!(second, ["1"]);
    vendor.delete("2");
    assert_eq!(
        walk(&provider, &caller, Walk::Incremental, Some(resume))
            .await
            .0
            .len(),
        0
    );
    assert_eq!(
        walk(&provider, &caller, Walk::Full, None).await.0,
        ["1", "3"]
    );
    assert_eq!(vendor.count(operation::PAGE), 5);
}

#[tokio::test]
async fn a_call_is_told_as_it_stands() {
    let factory = FakeFactory::without_tokens();
    let (provider, vendor) = (provider(&factory), factory.main());
    let caller = Caller::new(&[("password", "correct")]);
    vendor.put_ids(["1"]);
    let fetch = async || {
        let record = RecordRef::new("call", "1");
        provider
            .lookup()
            .unwrap()
            .fetch(&caller.context(), &record, None)
            .await
            .unwrap()
    };
    let Change::Upsert(upsert) = fetch().await else {
        panic!()
    };
    let lookup = provider.lookup().unwrap();
    let Some(Change::Upsert(again)) = lookup.remap(&upsert.record, &upsert.raw) else {
        panic!()
    };
    assert_eq!(again.call, upsert.call);
    vendor.set_standing("1", Standing::NotReady);
    assert!(matches!(fetch().await, Change::NotReady { .. }));
    vendor.set_standing("1", Standing::Broken);
    assert!(matches!(fetch().await, Change::Quarantined { .. }));
    vendor.delete("1");
    assert!(matches!(fetch().await, Change::Gone { .. }));
    let stranger = Caller::new(&[("password", "wrong")]);
    let error = provider.check(&stranger.context()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorized);
}

#[tokio::test]
async fn tokens_end_rotate_and_their_reuse_is_counted() {
    let factory = FakeFactory::new();
    let (provider, vendor) = (provider(&factory), factory.main());
    let grant = provider.token_grant().unwrap();
    let caller = Caller::new(&[("password", "correct")]);
    let first = grant.login(&caller.context()).await.unwrap();
    let refresh = first.refresh_token.unwrap();
    let token = first.access_token.expose_secret();
    let later = caller.clone().with_token(token).at("2026-03-02T10:15:00Z");
    assert_eq!(
        provider.check(&later.context()).await.unwrap_err().kind,
        ErrorKind::Unauthorized
    );
    let second = grant
        .refresh(&later.context(), &refresh)
        .await
        .unwrap()
        .unwrap();
    let later = later.with_token(second.access_token.expose_secret());
    provider.check(&later.context()).await.unwrap();
    let error = grant.refresh(&later.context(), &refresh).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorized);
    assert_eq!(
        vendor.tokens(|tokens| (tokens.issued(), tokens.spent_reuses)),
        (2, 1)
    );
    vendor.lose_next(operation::REFRESH);
    let rotated = second.refresh_token.unwrap();
    let error = grant.refresh(&later.context(), &rotated).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transport);
    assert_eq!(vendor.tokens(|tokens| tokens.issued()), 3, "it took place");
    vendor.tokens(|tokens| tokens.refresh = RefreshRule::None);
    assert!(
        grant
            .refresh(&later.context(), &rotated)
            .await
            .unwrap()
            .is_none()
    );
    vendor.delay(operation::LOGIN, Duration::from_millis(1));
    vendor.tokens(|tokens| tokens.jwt = true);
    let jwt = grant.login(&later.context()).await.unwrap();
    let told = callweave_provider::token::jwt_expiry(jwt.access_token.expose_secret());
    assert_eq!(
        told,
        callweave_provider::token::Expiry::At("2026-03-02T11:15:00Z".parse().unwrap())
    );
}
