//! The figures by day are those of the calls, whatever happens to these.

use std::time::Duration;

use callweave_model::{
    AnalyzedCall, CallId, ConnectionId, Timestamp,
    analysis::{Detection, Sentiment},
    call::Party,
    enums::{
        CallStatus, DetectionType, Direction, PartyRole, SentimentLabel, SentimentScope,
        StartedAtSource,
    },
    facts::FactsPatch,
    merge::Share,
    patch::Patch,
};
use callweave_store::{
    Store,
    calls::{CallFilter, CallPatch, ConnectionScope, Figures, GroupBy, Mapped},
    erasure::Subject,
    records::{Fetched, News},
    retention::{Kind, Rules},
};
use sqlx::PgPool;

use crate::{
    forgetting::{erase, sealing_home},
    support::{Home, at, call, connection, fetched, home, noon},
};

/// Numbers that look like chance and follow from a seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap();
        usize::try_from(self.next() % bound).unwrap()
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

const PHONES: [&str; 3] = ["+998900000001", "+998900000002", "+998900000003"];
const STARTS: [Option<&str>; 8] = [
    Some("2026-01-31T23:59:59.999Z"),
    Some("2026-02-01T00:00:00Z"),
    Some("2026-02-01T10:00:00Z"),
    Some("2026-02-02T08:30:00Z"),
    Some("2026-02-02T19:30:00Z"),
    Some("2026-02-03T00:00:00Z"),
    Some("2026-02-28T12:00:00Z"),
    None,
];

/// A call of which everything that is counted is left to chance.
fn any_call(chance: &mut Chance, remote_id: &str) -> AnalyzedCall {
    let mut call = call(remote_id, "2026-02-01T10:00:00Z", "some words");
    call.started_at = chance.of(&STARTS).map(at);
    if call.started_at.is_none() {
        call.started_at_source = StartedAtSource::None;
    }
    call.duration_ms = chance.of(&[None, Some(0), Some(61_500), Some(3_600_000)]);
    call.direction = chance.of(&[Direction::Inbound, Direction::Outbound, Direction::Unknown]);
    call.status = chance.of(&[CallStatus::Completed, CallStatus::NoAnswer]);
    if chance.below(3) == 0 {
        call.transcript = None;
    }
    call.parties = vec![Party::new(0, PartyRole::Customer)];
    call.parties[0].phone = Some(chance.of(&PHONES).to_owned());
    for (index, name) in [(1, "Anna"), (2, "Boris")] {
        if chance.below(2) == 0 {
            let mut agent = Party::new(index, PartyRole::Agent);
            agent.name = Some(name.to_owned());
            agent.remote_id = chance.of(&[None, Some("7".to_owned())]);
            call.parties.push(agent);
        }
    }
    let analysis = &mut call.analyses[0];
    let card = &mut analysis.scorecards[0];
    card.score_pct = chance.of(&[None, Some(0.0), Some(33.3333), Some(81.25), Some(100.0)]);
    card.passed = chance.of(&[None, Some(true), Some(false)]);
    analysis.detections = Vec::new();
    for tag in ["greeting", "complaint"] {
        if chance.below(2) == 0 {
            let detection = Detection::new(tag, DetectionType::Tag);
            analysis.detections.push(detection);
        }
    }
    let label = chance.of(&[
        None,
        Some(SentimentLabel::Positive),
        Some(SentimentLabel::Mixed),
    ]);
    analysis.sentiments = label
        .map(|label| Sentiment {
            scope: SentimentScope::Call,
            party_index: None,
            label: Some(label),
            score: None,
            narrative: None,
            vendor_values: std::collections::BTreeMap::new(),
        })
        .into_iter()
        .collect();
    call
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn days() -> GroupBy {
    GroupBy::Day("UTC".to_owned())
}

fn groups() -> [GroupBy; 9] {
    [
        GroupBy::Nothing,
        days(),
        GroupBy::Vendor,
        GroupBy::Connection,
        GroupBy::Agent,
        GroupBy::Tag,
        GroupBy::Status,
        GroupBy::Direction,
        GroupBy::Sentiment,
    ]
}

/// Filters that the figures by day answer for all of days, vendors and connections, and what is asked
/// with them.
fn questions(connection: ConnectionId) -> Vec<(CallFilter, GroupBy)> {
    let all = CallFilter::default;
    let mut questions: Vec<(CallFilter, GroupBy)> =
        groups().map(|by| (all(), by)).into_iter().collect();
    let window = |after: &str, before: &str| CallFilter {
        started_after: Some(at(after)),
        started_before: Some(at(before)),
        ..all()
    };
    let narrowed = [
        window("2026-02-01T00:00:00Z", "2026-02-03T00:00:00Z"),
        window("2026-01-31T20:00:00Z", "2026-02-02T19:00:00Z"),
        CallFilter {
            started_after: Some(at("2026-01-31T09:00:00Z")),
            ..all()
        },
        CallFilter {
            started_before: Some(at("2026-02-28T00:00:00Z")),
            ..all()
        },
        CallFilter {
            with_deleted: true,
            ..all()
        },
        CallFilter {
            connections: vec![connection.0],
            vendors: words(&["acme"]),
            ..all()
        },
        CallFilter {
            directions: words(&["inbound", "unknown"]),
            ..all()
        },
        CallFilter {
            statuses: words(&["completed"]),
            with_deleted: true,
            ..all()
        },
        CallFilter {
            sentiments: words(&["positive"]),
            ..all()
        },
        CallFilter {
            kinds: words(&["human_call"]),
            channels: Vec::new(),
            ..all()
        },
        CallFilter {
            channels: words(&["voice"]),
            ..all()
        },
        CallFilter {
            agent: Some("Anna".to_owned()),
            ..all()
        },
        CallFilter {
            tags: words(&["complaint"]),
            ..window("2026-01-31T00:00:00Z", "2026-02-02T12:00:00Z")
        },
    ];
    let ways = [GroupBy::Nothing, days(), GroupBy::Connection];
    for (filter, by) in narrowed.into_iter().zip(ways.into_iter().cycle()) {
        questions.push((filter, by));
    }
    let inbound = CallFilter {
        directions: words(&["inbound"]),
        ..all()
    };
    questions.push((inbound, GroupBy::Direction));
    for zone in ["Asia/Tashkent", "Europe/Berlin", "America/New_York"] {
        questions.push((all(), GroupBy::Day(zone.to_owned())));
    }
    questions
}

/// Whether the answers may be taken from the figures by day.
async fn trust(pool: &PgPool, home: &Home, counted: bool) {
    sqlx::query("UPDATE tenants SET days_counted = $2 WHERE tenant_id = $1")
        .bind(home.tenant.0)
        .bind(counted)
        .execute(pool)
        .await
        .unwrap();
}

async fn answers(home: &Home, questions: &[(CallFilter, GroupBy)]) -> Vec<Vec<Figures>> {
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    let mut answers = Vec::new();
    for (filter, by) in questions {
        answers.push(tx.call_figures(filter, by, 1_000).await.unwrap());
    }
    answers
}

/// The figures by day, those of the calls themselves, and that nothing is left to correct.
async fn compare(pool: &PgPool, home: &Home, what: &str) {
    let questions = questions(home.scope.id);
    let added_up = answers(home, &questions).await;
    trust(pool, home, false).await;
    let counted = answers(home, &questions).await;
    trust(pool, home, true).await;
    for ((question, added_up), counted) in questions.iter().zip(added_up).zip(counted) {
        assert_eq!(added_up, counted, "{what}: {question:?}");
    }
    let corrected = home.store.count_days(home.tenant).await.unwrap();
    assert_eq!(corrected, Some(0), "{what}");
}

async fn fold(home: &Home) -> u64 {
    let mut all = 0;
    loop {
        let mut tx = home.store.tenant(home.tenant).await.unwrap();
        let folded = tx.fold_days().await.unwrap();
        tx.commit().await.unwrap();
        if folded == 0 {
            return all;
        }
        all += folded;
    }
}

async fn apply(
    store: &Store,
    home: &Home,
    scope: &ConnectionScope,
    batch: &[Fetched],
    now: Timestamp,
) {
    store.prepare_months(batch, now).await.unwrap();
    let mut tx = store.tenant(home.tenant).await.unwrap();
    tx.apply(scope, batch, now).await.unwrap();
    tx.commit().await.unwrap();
}

fn news(remote_id: &str, news: News, now: Timestamp) -> Fetched {
    Fetched {
        news,
        documents: Vec::new(),
        ..fetched(AnalyzedCall::new(remote_id), now)
    }
}

/// A tenant with two connections, and what happens to its calls.
struct World {
    home: Home,
    scopes: [ConnectionScope; 2],
    chance: Chance,
    erasures: u128,
}

impl World {
    async fn step(&mut self, now: Timestamp) -> &'static str {
        let scope = self.chance.of(&self.scopes);
        let name = format!("call {}", self.chance.below(10));
        let id = CallId::derive(scope.namespace, &name);
        match self.chance.below(15) {
            0..4 => {
                let names: std::collections::BTreeSet<usize> =
                    (0..6).map(|_| self.chance.below(10)).collect();
                let calls = names.into_iter().map(|number| {
                    let call = any_call(&mut self.chance, &format!("call {number}"));
                    fetched(call, now)
                });
                let batch: Vec<Fetched> = calls.collect();
                apply(&self.home.store, &self.home, &scope, &batch, now).await;
                "calls are new, change or come back"
            }
            4 | 5 => {
                let evidence = "404".to_owned();
                let gone = news(&name, News::Gone { evidence }, now);
                apply(&self.home.store, &self.home, &scope, &[gone], now).await;
                "a call goes at the vendor"
            }
            6 => {
                let evidence = "too old".to_owned();
                let aged = news(&name, News::Aged { evidence }, now);
                apply(&self.home.store, &self.home, &scope, &[aged], now).await;
                "the vendor keeps a call no longer"
            }
            7 => {
                let registered = News::NotReady {
                    call: Some(Box::new(AnalyzedCall::new(name.as_str()))),
                    due_at: Some(now),
                };
                let batch = [news(&name, registered, now)];
                apply(&self.home.store, &self.home, &scope, &batch, now).await;
                "a call is registered"
            }
            8 => {
                let mut tx = self.home.store.tenant(self.home.tenant).await.unwrap();
                tx.delete_call(&scope, id, now).await.unwrap();
                tx.commit().await.unwrap();
                "a call is deleted here"
            }
            9 => {
                self.erase(id).await;
                "a call or a person is erased"
            }
            10 => {
                self.patch(&scope, id, now).await;
                "the CRM tells facts"
            }
            11 => {
                self.map_again(&scope, now).await;
                "calls are mapped again"
            }
            12 => {
                self.expire(now).await;
                "what is too old goes"
            }
            13 => {
                let call = any_call(&mut self.chance, &name);
                let mut tx = self.home.store.tenant(self.home.tenant).await.unwrap();
                let batch = [fetched(call, now)];
                tx.apply(&scope, &batch, now).await.unwrap();
                drop(tx);
                "a change is undone"
            }
            _ => {
                fold(&self.home).await;
                "figures are gathered"
            }
        }
    }

    async fn erase(&mut self, id: CallId) {
        self.erasures += 1;
        let phone = Subject::phone(self.chance.of(&PHONES)).unwrap();
        let subject = self.chance.of(&[Subject::Call(id), phone]);
        erase(&self.home, self.erasures, &subject).await;
        let mut tx = self.home.store.tenant(self.home.tenant).await.unwrap();
        tx.lift_erasure(&subject).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn patch(&mut self, scope: &ConnectionScope, id: CallId, now: Timestamp) {
        let started_at = match self.chance.of(&STARTS) {
            Some(start) => Patch::Set(at(start)),
            None => Patch::Clear,
        };
        let facts = FactsPatch {
            started_at,
            direction: Patch::Set(Direction::Internal),
            ..FactsPatch::default()
        };
        let patch = CallPatch {
            facts,
            ..CallPatch::default()
        };
        let mut tx = self.home.store.tenant(self.home.tenant).await.unwrap();
        tx.patch_call(scope, id, None, patch, now).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn map_again(&mut self, scope: &ConnectionScope, now: Timestamp) {
        let mut tx = self.home.store.tenant(self.home.tenant).await.unwrap();
        let stored = tx.calls_for_mapping(scope.id, None, 4).await.unwrap();
        drop(tx);
        let mapped: Vec<Mapped> = stored
            .into_iter()
            .map(|stored| {
                let call = any_call(&mut self.chance, &stored.remote_id);
                let records = stored.records.into_iter().map(|known| Fetched {
                    kind: known.kind,
                    observed_at: known.observed_at,
                    documents: Vec::new(),
                    news: News::Upsert {
                        call: Box::new(call.clone()),
                        share: Share::Whole,
                        unmapped: Vec::new(),
                        due_at: None,
                    },
                    ..fetched(call.clone(), now)
                });
                Mapped {
                    id: stored.id,
                    records: records.collect(),
                    given_up: false,
                }
            })
            .collect();
        self.home.store.prepare_mapped(&mapped, now).await.unwrap();
        let mut tx = self.home.store.tenant(self.home.tenant).await.unwrap();
        tx.apply_mapped(scope, &mapped, now).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn expire(&mut self, now: Timestamp) {
        let before = at(self
            .chance
            .of(&["2026-02-01T09:00:00Z", "2026-02-02T12:00:00Z"]));
        let mut tx = self.home.store.tenant(self.home.tenant).await.unwrap();
        if self.chance.below(2) == 0 {
            tx.expire_calls(before, now).await.unwrap();
        } else {
            let mut rules = Rules::default();
            rules.set(Kind::Transcripts, Some(1));
            tx.set_retention(&rules, now).await.unwrap();
            tx.expire_transcripts(before, now).await.unwrap();
            tx.set_retention(&Rules::default(), now).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

/// How often something happens to calls.
const STEPS: u64 = 40;

#[tokio::test]
async fn figures_by_day_are_those_of_the_calls_whatever_happens_to_them() {
    let home = sealing_home().await;
    let pool = home.pool().await;
    let second = connection(&home.store, home.tenant, 2).await;
    let scopes = [home.scope.clone(), second];
    let mut world = World {
        home,
        scopes,
        chance: Chance(20_260_302),
        erasures: 0,
    };
    for step in 0..STEPS {
        let now = noon().plus(Duration::from_secs(step * 60));
        let what = world.step(now).await;
        compare(&pool, &world.home, &format!("step {step}, {what}")).await;
    }
    // Gathered, they are the same; and what comes to nothing leaves nothing.
    fold(&world.home).await;
    compare(&pool, &world.home, "at the end").await;
    assert_eq!(fold(&world.home).await, 0);
    let mut tx = world.home.store.tenant(world.home.tenant).await.unwrap();
    let later = noon().plus(Duration::from_hours(24 * 365));
    while tx.expire_calls(later, later).await.unwrap() > 0 {}
    tx.commit().await.unwrap();
    assert_eq!(world.home.count("calls").await, 0);
    fold(&world.home).await;
    assert_eq!(world.home.count("call_days").await, 0);
}

#[tokio::test]
async fn these_questions_are_answered_without_the_calls() {
    let home = home().await;
    let pool = home.pool().await;
    let mut told = call("1", "2026-02-01T10:00:00Z", "hello");
    told.direction = Direction::Inbound;
    told.status = CallStatus::Completed;
    told.analyses[0].detections = vec![Detection::new("complaint", DetectionType::Tag)];
    told.analyses[0].sentiments = vec![Sentiment {
        scope: SentimentScope::Call,
        party_index: None,
        label: Some(SentimentLabel::Positive),
        score: None,
        narrative: None,
        vendor_values: std::collections::BTreeMap::new(),
    }];
    home.apply(&[fetched(told, noon())]).await;
    let questions = questions(home.scope.id);
    let before = answers(&home, &questions).await;
    // What the calls do not say.
    sqlx::query("UPDATE call_days SET calls = calls + 41")
        .execute(&pool)
        .await
        .unwrap();
    let after = answers(&home, &questions).await;
    for ((question, before), after) in questions.iter().zip(before).zip(after) {
        let calls = |figures: &[Figures]| figures.iter().map(|group| group.calls).sum::<i64>();
        assert_eq!((calls(&before), calls(&after)), (1, 42), "{question:?}");
    }
    // And that is put right, were it ever to happen.
    assert!(home.store.count_days(home.tenant).await.unwrap() > Some(0));
    compare(&pool, &home, "corrected").await;
}

#[tokio::test]
async fn others_are_answered_by_the_calls() {
    let home = home().await;
    let pool = home.pool().await;
    home.apply(&[fetched(call("1", "2026-02-01T18:45:00Z", "hello"), noon())])
        .await;
    sqlx::query("UPDATE call_days SET calls = calls + 41")
        .execute(&pool)
        .await
        .unwrap();
    let all = CallFilter::default;
    let questions = [
        // Its midnight is in the middle of an hour.
        (all(), GroupBy::Day("Asia/Kolkata".to_owned())),
        (
            CallFilter {
                agent: Some("Anna".to_owned()),
                ..all()
            },
            GroupBy::Day("Asia/Tashkent".to_owned()),
        ),
        (
            CallFilter {
                passed: Some(true),
                ..all()
            },
            days(),
        ),
        (
            CallFilter {
                agent: Some("Anna".to_owned()),
                ..all()
            },
            GroupBy::Agent,
        ),
        (
            CallFilter {
                words: words(&["hello"]),
                ..all()
            },
            days(),
        ),
        (
            CallFilter {
                started_after: Some(at("2026-02-01T10:00:00Z")),
                started_before: Some(at("2026-02-02T10:00:00Z")),
                ..all()
            },
            days(),
        ),
    ];
    for (question, answer) in questions.iter().zip(answers(&home, &questions).await) {
        assert_eq!((answer.len(), answer[0].calls), (1, 1), "{question:?}");
    }
    let zone = &answers(&home, &questions).await[0][0];
    assert_eq!(zone.key.as_deref(), Some("2026-02-02"));
}

#[tokio::test]
async fn a_call_that_moves_to_another_day_takes_its_figures_along() {
    let home = home().await;
    let pool = home.pool().await;
    let keys = async |home: &Home| -> Vec<Option<String>> {
        let groups = answers(home, &[(CallFilter::default(), days())]).await;
        groups[0].iter().map(|group| group.key.clone()).collect()
    };
    let mut undated = call("1", "2026-02-01T10:00:00Z", "hello");
    undated.started_at = None;
    undated.started_at_source = StartedAtSource::None;
    home.apply(&[fetched(undated, noon())]).await;
    assert_eq!(keys(&home).await, [None]);
    let later = noon().plus(Duration::from_secs(60));
    for (day, now) in [("2026-02-01", noon()), ("2026-01-15", later)] {
        let moved = call("1", &format!("{day}T10:00:00Z"), "hello");
        home.apply_at(&[fetched(moved, now)], now).await;
        assert_eq!(keys(&home).await, [Some(day.to_owned())]);
        compare(&pool, &home, day).await;
    }
    // So does a deleted one whose start the CRM tells.
    let last = later.plus(Duration::from_secs(60));
    let undated = news(
        "2",
        News::NotReady {
            call: Some(Box::new(AnalyzedCall::new("2"))),
            due_at: None,
        },
        later,
    );
    home.apply_at(&[undated], later).await;
    let evidence = "404".to_owned();
    let gone = news("2", News::Gone { evidence }, last);
    home.apply_at(&[gone], last).await;
    let facts = FactsPatch {
        started_at: Patch::Set(at("2026-02-02T08:00:00Z")),
        ..FactsPatch::default()
    };
    let patch = CallPatch {
        facts,
        ..CallPatch::default()
    };
    let id = CallId::derive(home.scope.namespace, "2");
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    tx.patch_call(&home.scope, id, None, patch, last)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(keys(&home).await, [Some("2026-01-15".to_owned())]);
    let window = CallFilter {
        started_after: Some(at("2026-02-02T00:00:00Z")),
        with_deleted: true,
        ..CallFilter::default()
    };
    let groups = answers(&home, &[(window, days())]).await;
    assert_eq!(groups[0][0].key.as_deref(), Some("2026-02-02"));
    compare(&pool, &home, "deleted and moved").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_who_change_the_same_days_wait_for_nobody_and_lose_nothing() {
    let home = home().await;
    let pool = home.pool().await;
    let starts = ["2026-02-01T10:00:00Z", "2026-02-02T10:00:00Z"];
    let first: Vec<Fetched> = (0..20)
        .map(|number| {
            fetched(
                call(&format!("call {number}"), starts[number % 2], "a"),
                noon(),
            )
        })
        .collect();
    home.apply(&first).await;
    for month in ["2026-01-31T12:00:00Z", "2026-03-01T12:00:00Z"] {
        home.store.prepare_month(at(month), noon()).await.unwrap();
    }
    // One is in the middle of its transaction all the while.
    let now = noon().plus(Duration::from_secs(3_600));
    let mut open = home.store.tenant(home.tenant).await.unwrap();
    let batch = [fetched(call("open", starts[0], "a"), now)];
    open.apply(&home.scope, &batch, now).await.unwrap();
    let writers = (0..4_u64).map(|writer| {
        let home = &home;
        async move {
            let mut chance = Chance(writer);
            for round in 0..15_u64 {
                let now = noon().plus(Duration::from_secs(60 * (round + 1)));
                // Each has calls of its own, on days that all share, forward and backward.
                let batch: Vec<Fetched> = (0..5_u64)
                    .map(|number| {
                        let name = format!("call {}", number * 4 + writer);
                        fetched(any_call(&mut chance, &name), now)
                    })
                    .collect();
                apply(&home.store, home, &home.scope, &batch, now).await;
                if writer == 0 {
                    fold(home).await;
                }
            }
        }
    });
    futures::future::join_all(writers).await;
    open.commit().await.unwrap();
    compare(&pool, &home, "after all").await;
    fold(&home).await;
    compare(&pool, &home, "gathered").await;
}

/// What the release before had.
const BEFORE: &str = "DROP TRIGGER count_new_in_days ON calls; DROP TRIGGER count_gone_in_days ON calls; \
    DROP TRIGGER count_before_in_days ON calls; DROP TRIGGER count_after_in_days ON calls; \
    DROP FUNCTION count_in_days; DROP FUNCTION call_axes; DROP FUNCTION exact_score; DROP TABLE call_days; \
    ALTER TABLE tenants DROP COLUMN days_counted; DELETE FROM _sqlx_migrations WHERE version = 32";

#[tokio::test]
async fn calls_from_before_there_were_figures_are_counted_while_others_change() {
    let home = home().await;
    let pool = home.pool().await;
    sqlx::raw_sql(BEFORE).execute(&pool).await.unwrap();
    let mut chance = Chance(7);
    let batch: Vec<Fetched> = (0..12)
        .map(|number| fetched(any_call(&mut chance, &format!("call {number}")), noon()))
        .collect();
    home.apply(&batch).await;
    home.store.migrate().await.unwrap();
    // Whoever knows nothing of figures changes calls, and deletes them: before they were ever counted.
    let now = noon().plus(Duration::from_secs(60));
    let evidence = "404".to_owned();
    let mut later: Vec<Fetched> = (0..4)
        .map(|number| fetched(any_call(&mut chance, &format!("call {number}")), now))
        .collect();
    later.push(news("call 5", News::Gone { evidence }, now));
    home.apply_at(&later, now).await;
    let id = CallId::derive(home.scope.namespace, "call 6");
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert!(tx.delete_call(&home.scope, id, now).await.unwrap());
    tx.expire_calls(at("2026-02-01T00:00:00Z"), now)
        .await
        .unwrap();
    assert!(!tx.days_are_counted().await.unwrap());
    tx.commit().await.unwrap();
    fold(&home).await;
    let all = [(CallFilter::default(), GroupBy::Nothing)];
    let counted = answers(&home, &all).await;
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM calls WHERE deleted_at IS NULL")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(
        counted[0][0].calls, stored,
        "not taken from the figures yet"
    );
    // One who has not committed yet is missed by the count, and adds its part itself.
    let mut open = home.store.tenant(home.tenant).await.unwrap();
    let ninth = [fetched(any_call(&mut chance, "call 9"), now)];
    home.store.prepare_months(&ninth, now).await.unwrap();
    open.apply(&home.scope, &ninth, now).await.unwrap();
    assert!(home.store.count_days(home.tenant).await.unwrap() > Some(0));
    open.commit().await.unwrap();
    let mut tx = home.store.tenant(home.tenant).await.unwrap();
    assert!(tx.days_are_counted().await.unwrap());
    drop(tx);
    compare(&pool, &home, "counted").await;
    fold(&home).await;
    compare(&pool, &home, "gathered").await;
}

#[tokio::test]
async fn two_who_count_at_once_do_not_both_add_what_is_missing() {
    let home = home().await;
    let pool = home.pool().await;
    home.apply(&[fetched(call("1", "2026-02-01T10:00:00Z", "a"), noon())])
        .await;
    sqlx::query("DELETE FROM call_days")
        .execute(&pool)
        .await
        .unwrap();
    let mut held = home.store.tenant(home.tenant).await.unwrap();
    assert_eq!(held.fold_days().await.unwrap(), 0);
    assert_eq!(home.store.count_days(home.tenant).await.unwrap(), None);
    let mut other = home.store.tenant(home.tenant).await.unwrap();
    assert_eq!(other.fold_days().await.unwrap(), 0);
    held.commit().await.unwrap();
    other.commit().await.unwrap();
    assert!(home.store.count_days(home.tenant).await.unwrap() > Some(0));
    compare(&pool, &home, "counted").await;
}
