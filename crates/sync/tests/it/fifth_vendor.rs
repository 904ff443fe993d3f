//! A vendor that is in no registry: what a fifth one costs is its own crate and a line.

use std::time::Duration;

use callweave_model::connection::ConnectionState;
use callweave_provider::ErrorKind;
use callweave_provider_testkit::{
    damage,
    fake::{Listing, Standing, operation},
};

use crate::support::{Gateway, gateway};

fn numbered(count: u32) -> Vec<String> {
    (0..count).map(|number| format!("c{number:04}")).collect()
}

async fn filled(count: u32, listing: Listing) -> (Gateway, Vec<String>) {
    let gateway = gateway().await;
    let ids = numbered(count);
    let vendor = gateway.vendor.main();
    vendor.tokens(|tokens| tokens.life = Duration::from_hours(1_000));
    vendor.set_listing(listing);
    vendor.put_ids(ids.iter().map(String::as_str));
    (gateway, ids)
}

#[tokio::test]
async fn every_listed_call_arrives_once_whichever_way_it_is_listed() {
    for listing in [Listing::Fingerprints, Listing::Whole] {
        let (gateway, ids) = filled(130, listing).await;
        gateway.turn().await;
        assert_eq!(gateway.remote_ids().await, ids);
        assert_eq!(gateway.state().await, ConnectionState::Active);
        assert_eq!(gateway.vendor.main().count(operation::LOGIN), 1);
    }
}

#[tokio::test]
async fn an_unchanged_vendor_costs_lists_and_no_fetches_and_no_versions() {
    let (gateway, _) = filled(60, Listing::Fingerprints).await;
    gateway.turn().await;
    let fetched = gateway.vendor.main().count(operation::FETCH);
    for _ in 0..3 {
        gateway.sync(false).await;
    }
    assert_eq!(gateway.vendor.main().count(operation::FETCH), fetched);
    assert!(gateway.calls().await.iter().all(|call| call.version == 1));
}

#[tokio::test]
async fn a_changed_call_is_fetched_again_and_gets_a_version() {
    let (gateway, _) = filled(3, Listing::Fingerprints).await;
    gateway.turn().await;
    let mut changed = callweave_model::AnalyzedCall::new("c0001");
    changed.subject = Some("changed".into());
    gateway.vendor.main().put(changed);
    gateway.clock.forward(Duration::from_secs(1));
    gateway.sync(false).await;
    let calls = gateway.calls().await;
    let call = calls
        .iter()
        .find(|call| call.call.remote_id == "c0001")
        .unwrap();
    assert_eq!(
        (call.version, call.call.subject.as_deref()),
        (2, Some("changed"))
    );
}

#[tokio::test]
async fn case_066_a_page_that_fails_keeps_what_came_before_and_deletes_nothing() {
    let (gateway, ids) = filled(130, Listing::Fingerprints).await;
    let vendor = gateway.vendor.main();
    vendor.set_page_size(20);
    gateway.turn().await;
    vendor.put_ids(numbered(150).iter().map(String::as_str));
    for _ in 0..3 {
        vendor.fail_next_with(
            operation::PAGE,
            ErrorKind::VendorFailure,
            callweave_provider::Retry::After(Duration::from_millis(50)),
        );
        gateway.sync(true).await;
        assert_eq!(gateway.state().await, ConnectionState::Degraded);
        assert!(gateway.remote_ids().await.len() >= ids.len());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    gateway.sync(true).await;
    assert_eq!(gateway.remote_ids().await, numbered(150));
}

#[tokio::test]
async fn case_068_a_call_is_deleted_after_two_full_walks_and_the_vendors_own_word() {
    let (gateway, ids) = filled(30, Listing::Fingerprints).await;
    gateway.turn().await;
    let vendor = gateway.vendor.main();
    vendor.delete("c0003");
    vendor.set_standing("c0004", Standing::Hidden);
    for round in 0..3 {
        gateway.clock.forward(Duration::from_hours(2));
        gateway.sync(true).await;
        let left = gateway.remote_ids().await;
        assert!(
            left.contains(&"c0004".to_owned()),
            "the vendor still has it"
        );
        assert_eq!(
            left.contains(&"c0003".to_owned()),
            round == 0,
            "round {round}"
        );
    }
    vendor.put_ids(["c0003"]);
    gateway.clock.forward(Duration::from_secs(1));
    gateway.sync(false).await;
    assert_eq!(
        gateway.remote_ids().await,
        ids,
        "a call that is seen again is restored"
    );
}

#[tokio::test]
async fn case_067_an_empty_list_deletes_nothing() {
    let (gateway, ids) = filled(40, Listing::Fingerprints).await;
    gateway.turn().await;
    let vendor = gateway.vendor.main();
    for id in &ids {
        vendor.delete(id);
    }
    for _ in 0..3 {
        gateway.clock.forward(Duration::from_hours(2));
        gateway.sync(true).await;
    }
    assert_eq!(gateway.remote_ids().await, ids);
    let mut tx = gateway.store.tenant(gateway.tenant).await.unwrap();
    let state = tx.sync_state(gateway.connection).await.unwrap().unwrap();
    assert_eq!(state.deletions_withheld, 40);
}

#[tokio::test]
async fn a_broken_record_costs_itself_only() {
    let (gateway, _) = filled(10, Listing::Fingerprints).await;
    gateway
        .vendor
        .main()
        .set_standing("c0005", Standing::Broken);
    gateway.turn().await;
    assert_eq!(gateway.remote_ids().await.len(), 9);
    let mut tx = gateway.store.tenant(gateway.tenant).await.unwrap();
    let quarantine = tx
        .list_quarantine(gateway.connection, None, 10)
        .await
        .unwrap();
    assert_eq!(quarantine.len(), 1);
    assert!(quarantine[0].reason.is_some());
    drop(tx);
    gateway.vendor.main().set_standing("c0005", Standing::Ready);
    let mut tx = gateway.store.tenant(gateway.tenant).await.unwrap();
    let now = callweave_model::Clock::now(&*gateway.clock);
    assert_eq!(
        tx.replay_quarantine(gateway.connection, now).await.unwrap(),
        1
    );
    tx.commit().await.unwrap();
    gateway.sync(false).await;
    assert_eq!(gateway.remote_ids().await.len(), 10);
}

/// U+0000 in a vendor's text stops nothing: the call is there, with U+FFFD and a flag.
#[tokio::test]
async fn case_024_a_zero_character_stops_no_sync_and_is_flagged() {
    let (gateway, ids) = filled(3, Listing::Fingerprints).await;
    let mut odd = callweave_model::AnalyzedCall::new("c0001");
    odd.subject = Some("before\u{0}after".to_owned());
    gateway.vendor.main().put(odd);
    gateway.turn().await;
    assert_eq!(gateway.remote_ids().await, ids);
    for call in gateway.calls().await {
        let call = call.call;
        if call.remote_id == "c0001" {
            assert_eq!(call.subject.as_deref(), Some("before\u{fffd}after"));
            let flags: Vec<&str> = call.flags.iter().map(String::as_str).collect();
            assert_eq!(flags, ["zero_characters"]);
        } else {
            assert!(call.flags.is_empty());
        }
    }
    assert_eq!(gateway.state().await, ConnectionState::Active);
}

/// Records of the poisoned account, unless `CALLWEAVE_POISON_RECORDS` says another number.
const POISONED: u64 = 1_000;

/// Two of a hundred cannot be translated: they are set aside, each with its reason and pointer,
/// and cost nothing else. Put right at the vendor and looked at again, all are there.
#[tokio::test]
async fn r12_bad_records_among_many_stop_no_sync() {
    let count = damage::number("CALLWEAVE_POISON_RECORDS", POISONED);
    let gateway = gateway().await;
    let vendor = gateway.vendor.main();
    vendor.tokens(|tokens| tokens.life = Duration::from_hours(1_000));
    vendor.set_page_size(100);
    let ids: Vec<String> = (0..count).map(|number| format!("c{number:06}")).collect();
    vendor.put_ids(ids.iter().map(String::as_str));
    let bad: Vec<&String> = ids.iter().skip(7).step_by(50).collect();
    for id in &bad {
        vendor.set_standing(id, Standing::Broken);
    }
    let aside = i64::try_from(bad.len()).unwrap();
    let good = i64::try_from(count).unwrap() - aside;
    gateway.turn().await;
    // A turn is bounded; what is left is due at once and comes with the next ones.
    while gateway
        .number("SELECT count(*) FROM records WHERE state = 'quarantined'")
        .await
        < aside
        || gateway.number("SELECT count(*) FROM calls").await < good
    {
        assert_eq!(gateway.state().await, ConnectionState::Active);
        let before = gateway.number("SELECT count(*) FROM records").await
            + gateway.number("SELECT count(*) FROM calls").await;
        gateway.sync(false).await;
        let after = gateway.number("SELECT count(*) FROM records").await
            + gateway.number("SELECT count(*) FROM calls").await;
        assert!(after > before, "a turn that brings nothing");
    }
    assert_eq!(gateway.number("SELECT count(*) FROM calls").await, good);
    let explained = "SELECT count(*) FROM records \
         WHERE state = 'quarantined' AND reason <> '' AND pointer LIKE '/%'";
    let told = gateway.number(explained).await;
    let failed = "SELECT count(*) FROM events WHERE type = 'sync.failed'";
    let failed = gateway.number(failed).await;
    println!(
        "R12 poison: {aside} bad records among {count}: {good} stored, {told} quarantined with \
         reason and pointer, {failed} syncs aborted"
    );
    assert_eq!(told, aside);
    assert_eq!(failed, 0);
    assert_eq!(gateway.state().await, ConnectionState::Active);
}

#[tokio::test]
async fn a_call_that_is_not_ready_is_asked_for_again() {
    let (gateway, _) = filled(2, Listing::Fingerprints).await;
    gateway
        .vendor
        .main()
        .set_standing("c0001", Standing::NotReady);
    gateway.turn().await;
    gateway.vendor.main().set_standing("c0001", Standing::Ready);
    gateway.clock.forward(Duration::from_mins(1));
    gateway.sync(false).await;
    let calls = gateway.calls().await;
    assert_eq!(calls.len(), 2);
    let mut tx = gateway.store.tenant(gateway.tenant).await.unwrap();
    assert_eq!(
        tx.count_records(gateway.connection)
            .await
            .unwrap()
            .not_ready,
        0
    );
}

#[tokio::test]
async fn case_046_a_refused_login_stops_and_asks_the_owner() {
    let (gateway, _) = filled(2, Listing::Fingerprints).await;
    let vendor = gateway.vendor.main();
    vendor.tokens(|tokens| "another".clone_into(&mut tokens.password));
    gateway.turn().await;
    assert_eq!(gateway.state().await, ConnectionState::ReauthRequired);
    assert_eq!(vendor.count(operation::LOGIN), 1);
}

#[tokio::test]
async fn case_041_an_expired_token_is_renewed_and_nobody_notices() {
    let (gateway, ids) = filled(120, Listing::Fingerprints).await;
    let vendor = gateway.vendor.main();
    vendor.fail_next(operation::FETCH, ErrorKind::Unauthorized);
    gateway.turn().await;
    assert_eq!(gateway.remote_ids().await, ids);
    assert_eq!(gateway.state().await, ConnectionState::Active);
}

#[tokio::test]
async fn a_walk_without_proof_is_walked_again() {
    let (gateway, ids) = filled(60, Listing::Fingerprints).await;
    gateway.vendor.main().unprove_next_walk("the total moved");
    gateway.turn().await;
    assert_eq!(gateway.remote_ids().await, ids);
    let mut tx = gateway.store.tenant(gateway.tenant).await.unwrap();
    assert!(
        tx.sync_state(gateway.connection)
            .await
            .unwrap()
            .unwrap()
            .fresh_as_of
            .is_some()
    );
}

#[tokio::test]
async fn case_064_walks_that_cannot_be_proved_are_told_once_and_end() {
    let (gateway, ids) = filled(60, Listing::Fingerprints).await;
    let vendor = gateway.vendor.main();
    vendor.set_unproving(true);
    for _ in 0..4 {
        gateway.sync(false).await;
    }
    let pages = vendor.count(operation::PAGE);
    assert!(pages < 20, "{pages}");
    assert_eq!(gateway.events("sync.paging_broken").await, 1);
    assert_eq!(gateway.remote_ids().await, ids, "what came is kept");
    let fresh_as_of = async || {
        let mut tx = gateway.store.tenant(gateway.tenant).await.unwrap();
        let state = tx.sync_state(gateway.connection).await.unwrap();
        state.unwrap().fresh_as_of
    };
    assert!(fresh_as_of().await.is_none(), "the watermark stays");
    vendor.set_unproving(false);
    gateway.sync(false).await;
    assert!(fresh_as_of().await.is_some());
    vendor.set_unproving(true);
    for _ in 0..4 {
        gateway.sync(false).await;
    }
    assert_eq!(gateway.events("sync.paging_broken").await, 2);
}

#[tokio::test]
async fn case_064_a_cursor_that_does_not_move_is_given_up() {
    let (gateway, _) = filled(60, Listing::Fingerprints).await;
    let vendor = gateway.vendor.main();
    vendor.set_page_size(20);
    vendor.set_stuck(true);
    for _ in 0..7 {
        gateway.sync_forgiven().await;
    }
    let pages = vendor.count(operation::PAGE);
    assert!(pages < 40, "{pages}");
    assert_eq!(gateway.events("sync.paging_broken").await, 1);
    vendor.set_stuck(false);
    gateway.sync_forgiven().await;
    assert_eq!(gateway.remote_ids().await.len(), 60);
}

#[tokio::test]
async fn a_sync_tells_of_its_first_completion_and_of_changes_only() {
    let (gateway, _) = filled(5, Listing::Fingerprints).await;
    let vendor = gateway.vendor.main();
    for _ in 0..3 {
        gateway.sync(false).await;
    }
    assert_eq!(gateway.events("sync.completed").await, 1);
    vendor.put_ids(["c0009"]);
    for _ in 0..2 {
        gateway.sync(false).await;
    }
    assert_eq!(gateway.events("sync.completed").await, 2);
    for _ in 0..3 {
        vendor.fail_next(operation::PAGE, ErrorKind::VendorFailure);
        gateway.sync_hard().await;
    }
    assert_eq!(gateway.events("sync.failed").await, 1, "told once in a row");
    gateway.sync_hard().await;
    vendor.fail_next(operation::PAGE, ErrorKind::VendorFailure);
    gateway.sync_hard().await;
    assert_eq!(gateway.events("sync.failed").await, 2);
}

#[tokio::test]
async fn case_009_a_rate_limit_pauses_the_connection_and_loses_nothing() {
    let (gateway, ids) = filled(20, Listing::Fingerprints).await;
    let vendor = gateway.vendor.main();
    vendor.fail_next_with(
        operation::PAGE,
        ErrorKind::RateLimited,
        callweave_provider::Retry::After(Duration::from_secs(1)),
    );
    gateway.turn().await;
    assert_eq!(gateway.state().await, ConnectionState::RateLimited);
    let shutdown = tokio_util::sync::CancellationToken::new();
    assert!(
        !gateway.engine.turn(&shutdown).await.unwrap(),
        "nothing is due during the pause"
    );
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    gateway.turn().await;
    assert_eq!(gateway.remote_ids().await, ids);
    assert_eq!(gateway.state().await, ConnectionState::Active);
}
