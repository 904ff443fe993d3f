//! Erasing people for good: nothing of them stays, nothing of them comes back, nobody else goes.

use std::sync::Arc;

use callweave_model::{AnalyzedCall, CallId, Timestamp, facts::CallFacts, facts::PartyFacts};
use callweave_store::{
    StoreError,
    audit::{Actor, ActorKind},
    calls::CallPatch,
    documents::Document,
    erasure::{Counts, Erasure, ErasureRecord, NewErasure, Subject},
    records::{Fetched, News, Seen},
    sealed::{SealError, SealedPlace, Sealer},
};
use secrecy::{ExposeSecret as _, SecretSlice};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Home, at, call, fetched, home, noon};

/// Seals so that a test can tell; nothing but the place and the key is kept.
#[derive(Debug)]
struct Wrapping;

impl Sealer for Wrapping {
    fn open(&self, place: &SealedPlace, sealed: &[u8]) -> Result<SecretSlice<u8>, SealError> {
        let opened = sealed
            .strip_prefix(mark(place).as_bytes())
            .ok_or("it belongs elsewhere")?;
        Ok(opened.to_vec().into())
    }

    fn seal(&self, place: &SealedPlace, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        Ok([mark(place).as_bytes(), secret].concat())
    }

    fn fresh(&self) -> SecretSlice<u8> {
        Uuid::new_v5(&Uuid::nil(), b"key")
            .as_bytes()
            .to_vec()
            .into()
    }
}

fn mark(place: &SealedPlace) -> String {
    format!(
        "{} {} {} {}|",
        place.table, place.column, place.tenant, place.row
    )
}

const PHONE: &str = "+998900000077";

pub(crate) async fn sealing_home() -> Home {
    let mut home = home().await;
    home.store = home.store.clone().with_sealer(Arc::new(Wrapping));
    home
}

/// A call with this customer; its document names the call.
fn call_of(remote_id: &str, phone: &str) -> Fetched {
    let mut call = call(remote_id, "2026-02-01T10:00:00Z", "secret words");
    call.parties[1].phone = Some(phone.to_owned());
    call.parties[1].phone_raw = Some(phone.to_owned());
    call.parties[1].external_id = Some(format!("client of {remote_id}"));
    record(call, noon())
}

fn record(call: AnalyzedCall, observed_at: Timestamp) -> Fetched {
    let body = json!({"id": call.remote_id}).to_string().into_bytes();
    let mut record = fetched(call, observed_at);
    record.documents[0].body = body;
    record
}

pub(crate) async fn erase(home: &Home, number: u128, subject: &Subject) -> Option<Erasure> {
    let actor = Actor::of(ActorKind::CommandLine);
    let erasure = NewErasure {
        id: Uuid::from_u128(number),
        subject,
        actor: &actor,
        key_id: Uuid::from_u128(number + 1_000),
    };
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let erased = tx.erase(erasure, at("2026-03-02T13:00:00Z")).await.unwrap();
    tx.commit().await.unwrap();
    erased
}

fn seen(remote_id: &str, hint: Option<serde_json::Value>) -> Seen {
    Seen {
        kind: "call".into(),
        remote_id: remote_id.into(),
        fingerprint: b"a".to_vec(),
        hint,
    }
}

#[tokio::test]
async fn case_118_a_phone_goes_with_all_that_hangs_on_it_and_stays_away() {
    let home = sealing_home().await;
    let quarantined = Fetched {
        kind: "call".into(),
        remote_id: "q".into(),
        observed_at: noon(),
        fingerprint: None,
        news: News::Quarantined {
            reason: "no start".into(),
            pointer: None,
        },
        documents: vec![Document {
            operation: "X-01".into(),
            part: String::new(),
            content_type: "application/json".into(),
            // Cut off: no JSON.
            body: br#"{"customer": {"phone": "998 90 000-00-77", "na"#.to_vec(),
        }],
    };
    home.apply(&[
        call_of("1", PHONE),
        call_of("2", "+998900000001"),
        quarantined,
    ])
    .await;
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let hint = json!({"msisdn": 998_900_000_077_u64});
    tx.note_seen(
        home.scope.id,
        &[seen("h", Some(hint.clone()))],
        None,
        noon(),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    assert!(home.everything().await.contains("998900000077"));

    let subject = Subject::phone("998 90 000 00 77").unwrap();
    let erased = erase(&home, 1, &subject).await.unwrap();
    assert_eq!(
        erased.counts,
        Counts {
            calls: 1,
            versions: 1,
            records: 3,
            documents: 2,
            events: 3,
            jobs: 0,
            answers: 0,
        }
    );
    let left = home.everything().await;
    for trace in ["998900000077", "client of 1", "998 90 000"] {
        assert!(!left.contains(trace), "{trace} in {left}");
    }
    assert_eq!(home.count("calls").await, 1);
    assert_eq!(home.count("raw_documents").await, 1);
    assert_eq!(home.count("records").await, 1);

    // A full walk lists all of it again, and fetches under way end.
    let later = at("2026-03-03T12:00:00Z");
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let listed = [
        seen("1", None),
        seen("q", None),
        seen("h", None),
        seen("new", Some(hint)),
        seen("2", None),
    ];
    let due = tx
        .note_seen(home.scope.id, &listed, Some(1), later)
        .await
        .unwrap();
    assert_eq!(due, 1, "the other one's");
    tx.commit().await.unwrap();
    let mut unlisted = call_of("3", "00998 90 000 00 77");
    unlisted.observed_at = later;
    let mut again = call_of("1", "+998900000055");
    again.observed_at = later;
    let applied = home.apply_at(&[unlisted, again], later).await;
    assert_eq!((applied.erased, applied.changes()), (2, 0));
    // A call that turns out to be theirs goes, too.
    let mut turned = call_of("2", PHONE);
    turned.observed_at = later;
    assert_eq!(home.apply_at(&[turned], later).await.erased, 1);
    for table in [
        "calls",
        "call_keys",
        "records",
        "raw_documents",
        "call_versions",
        "call_search",
        "call_documents",
    ] {
        assert_eq!(home.count(table).await, 0, "{table}");
    }
    assert!(!home.everything().await.contains("998900000077"));
}

#[tokio::test]
async fn a_person_is_found_among_more_calls_than_one_statement_looks_at() {
    let home = sealing_home().await;
    // Many times the others' call, so that few are in between that the person's stand far apart.
    home.apply(&[call_of("0", PHONE)]).await;
    let copies = "INSERT INTO calls SELECT (copy).* FROM (SELECT jsonb_populate_record(calls, \
         jsonb_build_object('id', gen_random_uuid(), 'body', replace(body, '998900000077', '5'), \
             'sort_at', sort_at + number * interval '1 s')) AS copy \
         FROM calls, generate_series(1, 2500) AS number) AS copies";
    sqlx::query(copies)
        .execute(&home.pool().await)
        .await
        .unwrap();
    let mut last = call("last", "2026-02-20T10:00:00Z", "secret words");
    last.parties[1].phone_raw = Some("998 (90) 000-00-77".to_owned());
    home.apply(&[record(last, noon())]).await;
    assert_eq!(home.count("calls").await, 2_502);
    let subject = Subject::phone(PHONE).unwrap();
    assert_eq!(erase(&home, 1, &subject).await.unwrap().counts.calls, 2);
    assert_eq!(home.count("calls").await, 2_500);
}

#[tokio::test]
async fn what_a_crm_adds_about_an_erased_person_is_refused() {
    let home = sealing_home().await;
    home.apply(&[call_of("1", PHONE), call_of("2", "+998900000001")])
        .await;
    let client = Subject::client("client of 1").unwrap();
    assert_eq!(erase(&home, 1, &client).await.unwrap().counts.calls, 1);
    let other = CallId::derive(home.scope.namespace, "2");
    let patch = |external_id: &str| CallPatch {
        facts: CallFacts {
            parties: vec![PartyFacts {
                role: callweave_model::enums::PartyRole::Customer,
                name: None,
                phone: None,
                external_id: Some(external_id.to_owned()),
            }],
            ..CallFacts::default()
        }
        .into(),
        ..CallPatch::default()
    };
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let refused = tx
        .patch_call(&home.scope, other, None, patch("client of 1"), noon())
        .await;
    assert!(matches!(refused, Err(StoreError::Erased)), "{refused:?}");
    let taken = tx
        .patch_call(&home.scope, other, None, patch("client of 10"), noon())
        .await;
    assert!(taken.unwrap());
}

#[tokio::test]
async fn one_call_is_erased_for_good_and_a_second_time_without_harm() {
    let home = sealing_home().await;
    home.apply(&[call_of("1", PHONE), call_of("2", PHONE)])
        .await;
    let id = CallId::derive(home.scope.namespace, "1");
    let nobody = CallId::derive(home.scope.namespace, "nobody");
    assert_eq!(erase(&home, 1, &Subject::Call(nobody)).await, None);
    assert_eq!(home.count("erasures").await, 0);
    let first = erase(&home, 2, &Subject::Call(id)).await.unwrap();
    assert_eq!(first.counts.calls, 1);
    let second = erase(&home, 3, &Subject::Call(id)).await.unwrap();
    assert!(second.counts.is_empty(), "{second:?}");
    assert_eq!(home.count("calls").await, 1);
    let mut changed = call_of("1", "+998900000055");
    changed.observed_at = at("2026-03-03T12:00:00Z");
    changed.fingerprint = Some(b"changed".to_vec());
    assert_eq!(home.apply(&[changed]).await.erased, 1);
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let listed = tx.list_erasures(None, 10).await.unwrap();
    let numbers: Vec<u128> = listed.iter().map(|erasure| erasure.id.as_u128()).collect();
    assert_eq!(numbers, [3, 2]);
}

#[tokio::test]
async fn a_phone_that_is_let_in_again_brings_no_erased_call_back() {
    let home = sealing_home().await;
    home.apply(&[call_of("1", PHONE)]).await;
    let subject = Subject::phone(PHONE).unwrap();
    erase(&home, 1, &subject).await.unwrap();
    assert_eq!(home.apply(&[call_of("2", PHONE)]).await.erased, 1);
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert!(tx.lift_erasure(&subject).await.unwrap());
    assert!(!tx.lift_erasure(&subject).await.unwrap());
    tx.commit().await.unwrap();
    let applied = home
        .apply(&[
            call_of("1", PHONE),
            call_of("2", PHONE),
            call_of("3", PHONE),
        ])
        .await;
    assert_eq!((applied.erased, applied.created), (2, 1));
}

#[tokio::test]
async fn an_erasure_and_a_sync_at_once_leave_nothing() {
    let home = sealing_home().await;
    let batch = [call_of("1", PHONE)];
    home.store.prepare_months(&batch, noon()).await.unwrap();
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    tx.apply(&home.scope, &batch, noon()).await.unwrap();
    let subject = Subject::phone(PHONE).unwrap();
    let pool = home.pool().await;
    let commit = async {
        loop {
            let waits: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON oid = database \
                 WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted)",
            )
            .fetch_one(&pool)
            .await
            .unwrap();
            if waits {
                break;
            }
            tokio::task::yield_now().await;
        }
        tx.commit().await.unwrap();
    };
    let (erased, ()) = tokio::join!(erase(&home, 1, &subject), commit);
    assert_eq!(erased.unwrap().counts.calls, 1);
    assert_eq!(home.count("calls").await, 0);
}

#[tokio::test]
async fn erasures_are_carried_out_again_in_a_database_that_does_not_know_them() {
    let home = sealing_home().await;
    let calls = [call_of("1", PHONE), call_of("2", "+998900000001")];
    home.apply(&calls).await;
    let subject = Subject::phone(PHONE).unwrap();
    erase(&home, 1, &subject).await.unwrap();
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let keys = tx.export_suppression_keys().await.unwrap();
    let erasure = tx.find_erasure(Uuid::from_u128(1)).await.unwrap().unwrap();
    let digests = tx.export_digests(erasure.id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(digests.len(), 3, "the phone, the call, the record");

    let restored = sealing_home().await;
    restored.apply(&calls).await;
    let now = at("2026-03-04T12:00:00Z");
    let record = ErasureRecord { erasure, digests };
    let mut tx = restored.store.tenant(restored.tenant).await.unwrap();
    tx.import_erasures(&keys, &[record], now).await.unwrap();
    let counts = tx.replay_erasures(now).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(counts.calls, 1);
    assert!(!restored.everything().await.contains("998900000077"));
    let mut tx = restored.store.tenant(restored.tenant).await.unwrap();
    let again = tx.replay_erasures(now).await.unwrap();
    assert!(again.is_empty(), "{again:?}");
    let kept = tx.find_erasure(Uuid::from_u128(1)).await.unwrap().unwrap();
    assert_eq!(kept.replayed_at, Some(now));
    tx.commit().await.unwrap();

    let broken = callweave_store::erasure::SuppressionKey {
        id: Uuid::from_u128(9),
        sealed: b"of somebody else".to_vec(),
    };
    let mut tx = restored.store.tenant(restored.tenant).await.unwrap();
    assert!(tx.import_erasures(&[broken], &[], now).await.is_err());
}

#[test]
fn the_wrapping_of_these_tests_tells_places_apart() {
    let place = |row| SealedPlace {
        table: "t",
        column: "c",
        tenant: callweave_model::TenantId(Uuid::nil()),
        row: Uuid::from_u128(row),
    };
    let sealed = Wrapping.seal(&place(1), b"s").unwrap();
    assert_eq!(
        Wrapping.open(&place(1), &sealed).unwrap().expose_secret(),
        b"s"
    );
    assert!(Wrapping.open(&place(2), &sealed).is_err());
}
